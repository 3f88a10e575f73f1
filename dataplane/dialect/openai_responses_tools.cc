#include "dataplane/dialect/openai_responses_tools.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/freeform_input.h"
#include "dataplane/dialect/openai_responses_input.h"
#include "dataplane/dialect/openai_responses_item.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;

// What a freeform tool's description says to a model that knows functions only.
std::string FreeformDescription(const Json& tool) {
  std::string text = FindString(tool, "description");
  if (!text.empty()) text.append("\n\n");
  text.append(
      "This tool takes freeform text: put its whole input, as it is and not as JSON, into the "
      "argument `input`.");
  const Json* const format = Find(tool, "format");
  if (format == nullptr || FindString(*format, "type") != "grammar") return text;
  // As older documents of the API have it: one level deeper.
  const Json* const nested = Find(*format, "grammar");
  const Json& grammar = nested != nullptr ? *nested : *format;
  StrAppend(&text, " The input must match this ", FindString(grammar, "syntax"), " grammar:\n",
            FindString(grammar, "definition"));
  return text;
}

bool IsOwnTool(std::string_view type) { return type == "function" || type == "custom"; }

// Codex offers the search of the web beside its own tools in every request and says from where it
// may search (codex-rs, ToolSpec::WebSearch). The model can do without: refusing it would refuse
// Codex. A search that stands alone, or that says nothing of that, is what the client came for.
bool IsSparedSearch(const Json& tool, const Json& tools) {
  if (FindString(tool, "type") != "web_search" || Find(tool, "external_web_access") == nullptr) {
    return false;
  }
  return std::any_of(tools.begin(), tools.end(), [](const Json& other) {
    return other.is_object() && IsOwnTool(FindString(other, "type"));
  });
}

absl::Status ReadTool(const Json& tool, std::string_view space, const std::string& field,
                      ChatRequest* request) {
  if (!tool.is_object()) return BadField(field, "must be an object");
  LMGATE_ASSIGN_OR_RETURN(const std::string type,
                          RequireString(tool, "type", StrCat(field, ".type")));
  if (type == "namespace" && space.empty()) {
    LMGATE_ASSIGN_OR_RETURN(const std::string name,
                            RequireString(tool, "name", StrCat(field, ".name")));
    const Json* const members = Find(tool, "tools");
    if (members == nullptr || !members->is_array()) {
      return BadField(StrCat(field, ".tools"), "must be a list");
    }
    for (size_t i = 0; i < members->size(); ++i) {
      LMGATE_RETURN_IF_ERROR(
          ReadTool((*members)[i], name, StrCat(field, ".tools[", i, "]"), request));
    }
    return absl::OkStatus();
  }
  if (!IsOwnTool(type)) {
    request->own_fields.push_back(field);
    return absl::OkStatus();
  }
  chat::Tool read;
  LMGATE_ASSIGN_OR_RETURN(const std::string name,
                          RequireString(tool, "name", StrCat(field, ".name")));
  read.name = NameInNamespace(space, name);
  LMGATE_ASSIGN_OR_RETURN(const auto description,
                          ReadString(tool, "description", StrCat(field, ".description")));
  read.freeform = type == "custom";
  if (read.freeform) {
    read.description = FreeformDescription(tool);
    read.parameters = FreeformSchema();
    request->tools.push_back(std::move(read));
    return absl::OkStatus();
  }
  read.description = description.value_or("");
  LMGATE_ASSIGN_OR_RETURN(read.strict, ReadBool(tool, "strict", StrCat(field, ".strict")));
  const Json* const parameters = Find(tool, "parameters");
  if (parameters != nullptr && !parameters->is_object()) {
    return BadField(StrCat(field, ".parameters"), "must be an object");
  }
  if (parameters != nullptr && !parameters->empty()) read.parameters = DumpJson(*parameters);
  request->tools.push_back(std::move(read));
  return absl::OkStatus();
}

}  // namespace

std::string NameInNamespace(std::string_view space, std::string_view name) {
  return space.empty() ? std::string(name) : StrCat(space, std::string(1, kNamespaceMark), name);
}

absl::Status ReadResponsesTools(const Json& tools, std::string_view field, ChatRequest* request) {
  if (!tools.is_array()) return BadField(field, "must be a list");
  for (size_t i = 0; i < tools.size(); ++i) {
    if (IsSparedSearch(tools[i], tools)) continue;
    LMGATE_RETURN_IF_ERROR(ReadTool(tools[i], "", StrCat(field, "[", i, "]"), request));
  }
  return absl::OkStatus();
}

void DropReplacedTools(ChatRequest* request) {
  std::vector<chat::Tool>& tools = request->tools;
  absl::flat_hash_map<std::string, size_t> last;
  for (size_t i = 0; i < tools.size(); ++i) last[tools[i].name] = i;
  if (last.size() == tools.size()) return;
  std::vector<chat::Tool> kept;
  for (size_t i = 0; i < tools.size(); ++i) {
    if (last[tools[i].name] == i) kept.push_back(std::move(tools[i]));
  }
  tools = std::move(kept);
}

}  // namespace lmgate::dialect
