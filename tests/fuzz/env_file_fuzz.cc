#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/options/env_file.h"

namespace {

std::optional<std::string> Environment(std::string_view name) {
  if (name == "HOME") return "/root";
  return std::nullopt;
}

}  // namespace

// Any bytes give variables within the limit or a one-line error, and variables written back in
// single quotes give the same variables.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto variables = lmgate::options::ParseEnvFile(text, Environment);
  if (!variables.ok()) {
    LMGATE_CHECK(absl::IsInvalidArgument(variables.status()));
    LMGATE_CHECK(variables.status().message().find('\n') == absl::string_view::npos);
    return 0;
  }

  std::string written;
  std::map<std::string, std::string> expected;
  size_t bytes = 0;
  for (const auto& [key, value] : *variables) {
    bytes += value.size();
    if (key.find('\'') != std::string::npos) continue;  // cannot be written in quotes
    std::string quoted;
    for (const char c : value) {
      if (c == '\'' || c == '\\') quoted += '\\';
      quoted += c;
    }
    expected[key] = value;
    lmgate::StrAppend(&written, "'", key, "'='", quoted, "'\n");
  }
  LMGATE_CHECK(bytes <= 1024 * 1024);
  const auto read_back = lmgate::options::ParseEnvFile(written, Environment);
  if (written.size() <= 1024 * 1024) LMGATE_CHECK(read_back.ok() && *read_back == expected);
  return 0;
}
