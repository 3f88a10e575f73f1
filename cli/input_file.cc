#include "cli/input_file.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "cli/exit_code.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::cli {
namespace {

constexpr size_t kSecretBytesMax = 8 << 10;
constexpr size_t kReadBytes = 64 << 10;

absl::StatusOr<std::string> ReadStream(std::istream& in, const std::string& name,
                                       size_t bytes_max) {
  std::string content;
  std::string piece(kReadBytes, '\0');
  while (in) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    content.append(piece, 0, static_cast<size_t>(in.gcount()));
    if (content.size() > bytes_max) {
      return UsageError(StrCat(name, " is longer than ", bytes_max, " bytes"));
    }
  }
  if (in.bad()) return UsageError(StrCat("cannot read ", name, ": ", std::strerror(errno)));
  return content;
}

}  // namespace

absl::StatusOr<std::string> ReadInput(const Console& console, const std::string& path,
                                      size_t bytes_max) {
  if (path == "-") return ReadStream(console.in, "standard input", bytes_max);
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return UsageError(StrCat("cannot read ", path, ": ", std::strerror(errno)));
  // A folder opens, but its first read fails.
  if (file.peek() == std::ifstream::traits_type::eof() && errno != 0) {
    return UsageError(StrCat("cannot read ", path, ": ", std::strerror(errno)));
  }
  file.clear();
  return ReadStream(file, path, bytes_max);
}

absl::StatusOr<std::string> ReadSecret(const Console& console, const std::string& path) {
  LMGATE_ASSIGN_OR_RETURN(std::string secret, ReadInput(console, path, kSecretBytesMax));
  const std::string name = path == "-" ? "standard input" : path;
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  if (secret.empty()) return UsageError(StrCat(name, " is empty: expected a secret"));
  if (!IsSecretText(secret)) {
    return UsageError(StrCat(name, " is not one line of printable characters: expected a secret"));
  }
  return secret;
}

bool IsSecretText(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
}

}  // namespace lmgate::cli
