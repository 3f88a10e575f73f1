#include "tests/fakeprovider/aws_keys_file.h"

#include <absl/strings/str_split.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/base/strings.h"

namespace lmgate::fakeprovider {

options::ValueParser ToAwsKeysFile(const options::Surroundings& surroundings, AwsKeys* keys) {
  return [read_file = surroundings.read_file, keys](std::string_view path) -> absl::Status {
    const std::string name(path);
    const auto text = read_file(name);
    if (!text.ok()) {
      return absl::Status(text.status().code(), StrCat(name, " ", ToStd(text.status().message())));
    }
    const std::vector<std::string> words =
        absl::StrSplit(*text, absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty());
    if (words.size() != 2) {
      return absl::InvalidArgumentError(
          StrCat(name, " must hold an access key id and a secret access key"));
    }
    *keys = AwsKeys{.access_key_id = words[0], .secret_access_key = words[1]};
    return absl::OkStatus();
  };
}

}  // namespace lmgate::fakeprovider
