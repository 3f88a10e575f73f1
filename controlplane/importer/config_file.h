#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

#include "lmgate/v1/config.pb.h"

namespace lmgate::importer {

// What a configuration file says. Secrets are as in the file: references, literals or `stored:`.
struct ParsedConfig {
  // Route names are filled in (the first pattern); `order` and `revision` are 0 everywhere.
  v1::ConfigSet config;
  // Whether the file has the section, be it an empty one. A section that is null counts as absent.
  bool has_connections = false;
  bool has_routes = false;
  bool has_groups = false;
  bool has_settings = false;
  // Lawful but ignored or suspicious, each with file, line and path.
  std::vector<std::string> warnings;
};

// Limits of a file; a test each at the limit and one past it.
inline constexpr size_t kFileBytesMax = 16 << 20;
inline constexpr int kFileDepthMax = 64;  // mappings and lists within each other
inline constexpr size_t kFileNodesMax =
    1'000'000;                                // keys, values, mappings, lists; aliases expanded
inline constexpr size_t kFileErrorsMax = 20;  // reported together; the others are counted

// Reads the native format, YAML or JSON, and expands its shorthands (the list of them stands in
// config_expander.h). Form only: vocabularies, references and limits of resources are the check of
// contract/config_check.h, when the plan is carried out.
// InvalidArgument with one line an error, the field hint being the first one's:
// `config.yaml:12: routes[2].to[0].conection: unknown field; did you mean "connection"?`
// `file_name` is only for messages. Messages never quote values of secret fields.
absl::StatusOr<ParsedConfig> ParseConfigFile(std::string_view content, std::string_view file_name);

}  // namespace lmgate::importer
