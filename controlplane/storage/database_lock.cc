#include "controlplane/storage/database_lock.h"

#include <absl/strings/ascii.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "common/base/strings.h"

namespace lmgate::storage {
namespace {

std::string ReadOwner(int file) {
  std::array<char, 64> text{};
  const ssize_t count = pread(file, text.data(), text.size(), 0);
  if (count <= 0) return "";
  return std::string(
      absl::StripAsciiWhitespace(absl::string_view(text.data(), static_cast<size_t>(count))));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DatabaseLock>> DatabaseLock::Create(
    const std::string& database_path) {
  // Two names of one file must meet at one lock.
  std::error_code error;
  const auto canonical = std::filesystem::weakly_canonical(database_path, error);
  const std::string path = StrCat(error ? database_path : canonical.string(), ".lock");
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return absl::FailedPreconditionError(
        StrCat("database lock ", path, ": ", std::string(strerror(errno))));
  }
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    const std::string owner = ReadOwner(file);
    close(file);
    return absl::FailedPreconditionError(
        StrCat("database ", database_path, " is in use by another control plane",
               owner.empty() ? "" : StrCat(" (process ", owner, ")")));
  }
  const std::string text = StrCat(getpid(), "\n");
  // For the message above only; the lock holds without it.
  if (ftruncate(file, 0) != 0 || pwrite(file, text.data(), text.size(), 0) < 0) errno = 0;
  return std::unique_ptr<DatabaseLock>(new DatabaseLock(file));
}

DatabaseLock::~DatabaseLock() { close(file_); }

}  // namespace lmgate::storage
