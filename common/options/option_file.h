#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lmgate::options {

// One line of the file named by --config.
struct OptionFileEntry {
  std::string key;
  std::optional<std::string> value;  // nullopt: the file has a list, a map or nothing there
};

// Reads a YAML file that is one flat map of plain values, in its order; an empty file has none. At
// most 1 MiB, 1000 keys and one document. InvalidArgument names the line, never a value.
absl::StatusOr<std::vector<OptionFileEntry>> ParseOptionFile(std::string_view text);

}  // namespace lmgate::options
