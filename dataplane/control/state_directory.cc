#include "dataplane/control/state_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "common/base/clock.h"
#include "common/base/logging.h"
#include "common/base/strings.h"
#include "dataplane/control/file_error.h"

namespace lmgate::control {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr std::string_view kDamagedMark = ".damaged-";

// The names in a directory, sorted.
absl::StatusOr<std::vector<std::string>> ListNames(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(path, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return absl::UnavailableError(StrCat("cannot list ", path, ": ", error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

StateDirectory::StateDirectory(std::string path, FileHandle lock)
    : path_(std::move(path)), lock_(std::move(lock)) {}

absl::StatusOr<StateDirectory> StateDirectory::Open(std::string path) {
  if (::mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    return FileError("make state directory", path);
  }
  const std::string lock_path = StrCat(path, "/lock");
  FileHandle lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (lock.fd() < 0) return FileError("open", lock_path);
  if (::flock(lock.fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FileError("lock", lock_path);
    return absl::FailedPreconditionError(
        StrCat("state directory ", path,
               " is in use by another replica: each needs one of its own (--state-dir)"));
  }
  return StateDirectory(std::move(path), std::move(lock));
}

std::string StateDirectory::PathOf(std::string_view kind, uint64_t number) const {
  return StrCat(path_, "/", kind, "-", number);
}

std::string StateDirectory::PathOf(std::string_view name) const { return StrCat(path_, "/", name); }

absl::StatusOr<std::vector<uint64_t>> StateDirectory::FindNumbers(std::string_view kind) const {
  auto names = ListNames(path_);
  if (!names.ok()) return names.status();
  const std::string prefix = StrCat(kind, "-");
  std::vector<uint64_t> numbers;
  for (const std::string& name : *names) {
    if (!name.starts_with(prefix)) continue;
    uint64_t number = 0;
    const char* const end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + prefix.size(), end, number);
    if (error == std::errc() && rest == end) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

void StateDirectory::SetAside(const std::string& path) const {
  const int64_t now = absl::ToUnixSeconds(SystemClock().Now());
  const std::string target = StrCat(path, kDamagedMark, now);
  if (::rename(path.c_str(), target.c_str()) != 0) {
    LogWarn(ToStd(FileError("set aside", path).message()));
  }
  auto names = ListNames(path_);
  if (!names.ok()) return;
  std::erase_if(
      *names, [](const std::string& name) { return name.find(kDamagedMark) == std::string::npos; });
  const auto time_of = [](const std::string& name) {
    return std::string_view(name).substr(name.find(kDamagedMark) + kDamagedMark.size());
  };
  std::stable_sort(names->begin(), names->end(), [&](const std::string& a, const std::string& b) {
    return time_of(a) < time_of(b);
  });
  for (size_t i = 0; i + kDamagedMax < names->size(); ++i) DeleteFile(PathOf((*names)[i]));
}

void DeleteFile(const std::string& path) { ::unlink(path.c_str()); }

}  // namespace lmgate::control
