#include "controlplane/storage/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::storage {
namespace {

constexpr size_t kFileBytesMax = 4096;

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

absl::Status SystemError(const std::string& path) {
  return absl::FailedPreconditionError(StrCat(path, ": ", std::string(strerror(errno))));
}

absl::Status SyncDirectoryOf(const std::string& path) {
  std::string parent = std::filesystem::path(path).parent_path().string();
  if (parent.empty()) parent = ".";
  const File directory(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || fsync(directory.get()) != 0) return SystemError(parent);
  return absl::OkStatus();
}

// Written aside and linked into place: a crash leaves no half a file, and of two writers one wins.
absl::Status CreatePrivateFile(const std::string& path, std::string_view content) {
  const std::string draft = StrCat(path, ".", getpid(), ".tmp");
  unlink(draft.c_str());
  const File file(open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0) return SystemError(draft);
  absl::Status result;
  if (write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
      fsync(file.get()) != 0 || (link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST)) {
    result = SystemError(path);
  }
  unlink(draft.c_str());
  if (!result.ok()) return result;
  return SyncDirectoryOf(path);
}

}  // namespace

absl::Status CreatePrivateDirectory(const std::string& path) {
  std::string sofar;
  for (const auto& part : std::filesystem::path(path)) {
    sofar = (std::filesystem::path(sofar) / part).string();
    if (mkdir(sofar.c_str(), 0700) == 0 || errno == EEXIST || errno == EISDIR) continue;
    // A parent on a read-only file system, say, may be there all the same.
    struct stat found {};
    const int error = errno;
    if (stat(sofar.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) continue;
    errno = error;
    return SystemError(sofar);
  }
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return SystemError(path);
  if (!S_ISDIR(found.st_mode)) {
    return absl::FailedPreconditionError(StrCat(path, ": is no directory"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadPrivateFile(const std::string& path) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT) return absl::NotFoundError(StrCat(path, ": is not there"));
    return SystemError(path);
  }
  struct stat found {};
  if (fstat(file.get(), &found) != 0) return SystemError(path);
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    LogWarn(StrCat(path, " can be read by others than its owner: chmod 600"));
  }
  std::string content(kFileBytesMax + 1, '\0');
  const ssize_t count = read(file.get(), content.data(), content.size());
  if (count < 0) return SystemError(path);
  content.resize(static_cast<size_t>(count));
  if (content.empty()) return absl::FailedPreconditionError(StrCat(path, ": is empty"));
  if (content.size() > kFileBytesMax) {
    return absl::FailedPreconditionError(
        StrCat(path, ": is longer than ", kFileBytesMax, " bytes"));
  }
  return content;
}

absl::StatusOr<std::string> ReadOrCreatePrivateFile(const std::string& path,
                                                    absl::FunctionRef<std::string()> make) {
  auto content = ReadPrivateFile(path);
  if (!absl::IsNotFound(content.status())) return content;
  LMGATE_RETURN_IF_ERROR(CreatePrivateFile(path, make()));
  return ReadPrivateFile(path);
}

}  // namespace lmgate::storage
