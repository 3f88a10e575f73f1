#include "controlplane/importer/config_file.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <utility>

#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "controlplane/importer/config_expander.h"
#include "controlplane/importer/document.h"

namespace lmgate::importer {
namespace {

std::string FindingText(std::string_view file_name, const Finding& finding) {
  return StrCat(file_name, ":", finding.line, ": ", finding.path, finding.path.empty() ? "" : ": ",
                finding.message, finding.hint.empty() ? "" : "; ", finding.hint);
}

absl::Status FindingsError(std::string_view file_name, const std::vector<Finding>& errors) {
  std::string message;
  const size_t shown = std::min(errors.size(), kFileErrorsMax);
  for (size_t i = 0; i < shown; ++i) {
    StrAppend(&message, i == 0 ? "" : "\n", FindingText(file_name, errors[i]));
  }
  if (shown < errors.size()) {
    StrAppend(&message, "\n", file_name, ": and ", errors.size() - shown, " more errors");
  }
  return WithFieldHint(absl::InvalidArgumentError(message),
                       {.field = errors.front().path, .hint = errors.front().hint});
}

bool HasSection(const Document& document, std::string_view name) {
  const Document::Node& root = document.root();
  for (size_t i = 0; i < root.keys.size(); ++i) {
    if (root.keys[i] == name) return document[root.items[i]].kind != Document::Kind::kNull;
  }
  return false;
}

}  // namespace

absl::StatusOr<ParsedConfig> ParseConfigFile(std::string_view content, std::string_view file_name) {
  LMGATE_ASSIGN_OR_RETURN(const Document document, Document::Parse(content, file_name,
                                                                   {.bytes_max = kFileBytesMax,
                                                                    .depth_max = kFileDepthMax,
                                                                    .nodes_max = kFileNodesMax}));
  const Expansion expansion = ExpandConfig(document);
  if (!expansion.errors.empty()) return FindingsError(file_name, expansion.errors);

  ParsedConfig parsed;
  const auto status = google::protobuf::util::JsonStringToMessage(expansion.json, &parsed.config);
  if (!status.ok()) {
    return absl::InvalidArgumentError(StrCat(file_name, ": ", std::string(status.message())));
  }
  parsed.has_connections = HasSection(document, "connections");
  parsed.has_routes = HasSection(document, "routes");
  parsed.has_groups = HasSection(document, "groups");
  parsed.has_settings = HasSection(document, "settings");
  for (const Finding& warning : expansion.warnings) {
    parsed.warnings.push_back(FindingText(file_name, warning));
  }
  return parsed;
}

}  // namespace lmgate::importer
