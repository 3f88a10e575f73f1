#include "tests/fakeprovider/api_key_file.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::fakeprovider {
namespace {

constexpr size_t kKeyBytesMax = 8 << 10;

absl::StatusOr<std::string> ParseKey(std::string_view text) {
  const std::string key(absl::StripAsciiWhitespace(ToAbsl(text)));
  if (key.empty()) return absl::InvalidArgumentError("is empty");
  if (key.size() > kKeyBytesMax) {
    return absl::InvalidArgumentError(StrCat("is longer than ", kKeyBytesMax, " bytes"));
  }
  const bool printable = std::all_of(key.begin(), key.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (!printable) return absl::InvalidArgumentError("holds more than one key of printable ASCII");
  return key;
}

}  // namespace

options::ValueParser ToApiKeyFile(const options::Surroundings& surroundings, std::string* api_key) {
  return [read_file = surroundings.read_file, api_key](std::string_view path) -> absl::Status {
    const std::string name(path);
    auto key = read_file(name);
    if (key.ok()) key = ParseKey(*key);
    if (!key.ok()) {
      return absl::Status(key.status().code(), StrCat(name, " ", ToStd(key.status().message())));
    }
    *api_key = *std::move(key);
    return absl::OkStatus();
  };
}

}  // namespace lmgate::fakeprovider
