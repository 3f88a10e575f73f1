#include "common/options/surroundings.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "common/base/strings.h"

namespace lmgate::options {
namespace {

constexpr size_t kFileBytesMax = 1024 * 1024;

absl::Status FileError(int error) {
  if (error == EISDIR) return absl::NotFoundError("is a directory");
  return absl::ErrnoToStatus(error, "cannot be read");
}

// Reads instead of asking for the size first: --config may name a pipe.
absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return absl::NotFoundError("does not exist");
    return FileError(errno);
  }

  std::string contents;
  std::array<char, 16384> block;
  absl::Status status;
  while (status.ok()) {
    const ssize_t count = read(descriptor, block.data(), block.size());
    if (count == 0) break;
    if (count < 0) {
      if (errno != EINTR) status = FileError(errno);
      continue;
    }
    contents.append(block.data(), static_cast<size_t>(count));
    if (contents.size() > kFileBytesMax) {
      status = absl::InvalidArgumentError("is larger than 1 MiB");
    }
  }
  close(descriptor);
  if (!status.ok()) return status;
  return contents;
}

std::optional<std::string> Environment(std::string_view name) {
  const char* const value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

}  // namespace

Surroundings ProcessSurroundings(int argc, const char* const* argv) {
  Surroundings surroundings{.arguments = {}, .environment = Environment, .read_file = ReadFile};
  for (int i = 1; i < argc; ++i) surroundings.arguments.emplace_back(argv[i]);
  return surroundings;
}

}  // namespace lmgate::options
