#include "dataplane/dialect/bedrock_converse_writer.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/bedrock_converse_content.h"
#include "dataplane/dialect/reasoning_effort.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using chat::Role;
using chat::ToolChoice;
using chat::Turn;

bool HasPart(const Turn& turn, PartKind kind) {
  return std::any_of(turn.parts.begin(), turn.parts.end(),
                     [kind](const Part& part) { return part.kind == kind; });
}

bool HasToolParts(const ChatRequest& request) {
  return std::any_of(request.turns.begin(), request.turns.end(), [](const Turn& turn) {
    return HasPart(turn, PartKind::kToolCall) || HasPart(turn, PartKind::kToolResult);
  });
}

bool IsForced(ToolChoice::Mode mode) {
  return mode == ToolChoice::Mode::kAny || mode == ToolChoice::Mode::kOne ||
         mode == ToolChoice::Mode::kSubsetAny;
}

// Of an object schema: that must be stated.
absl::StatusOr<Json> SchemaOf(const chat::Tool& tool) {
  if (tool.parameters.empty()) {
    Json schema = Json::object();
    schema["type"] = "object";
    schema["properties"] = Json::object();
    return schema;
  }
  absl::StatusOr<Json> schema = ParseObject(tool.parameters);
  if (!schema.ok()) {
    return BadField("toolConfig.tools",
                    StrCat("the parameters of tool \"", tool.name, "\" are no JSON Schema object"));
  }
  if (Find(*schema, "type") == nullptr) (*schema)["type"] = "object";
  if (Find(*schema, "properties") == nullptr) (*schema)["properties"] = Json::object();
  return schema;
}

// The tools that may be called: of a choice of some only those.
std::vector<chat::Tool> ToolsOf(const ChatRequest& request) {
  const ToolChoice& choice = request.tool_choice;
  const bool subset =
      choice.mode == ToolChoice::Mode::kSubsetAuto || choice.mode == ToolChoice::Mode::kSubsetAny;
  std::vector<chat::Tool> tools;
  for (const chat::Tool& tool : request.tools) {
    const bool named =
        std::find(choice.names.begin(), choice.names.end(), tool.name) != choice.names.end();
    if (!subset || named) tools.push_back(tool);
  }
  return tools;
}

// Stands in for the definitions that a history with calls demands.
std::vector<chat::Tool> ToolsOfHistory(const ChatRequest& request) {
  std::vector<chat::Tool> tools;
  std::set<std::string> names;
  for (const Turn& turn : request.turns) {
    for (const Part& part : turn.parts) {
      const bool named = (part.kind == PartKind::kToolCall || part.kind == PartKind::kToolResult) &&
                         !part.name.empty();
      if (!named || !names.insert(part.name).second) continue;
      chat::Tool tool;
      tool.name = part.name;
      tools.push_back(std::move(tool));
    }
  }
  return tools;
}

// Of a model whose name says nothing: that of a profile or of throughput that is the account's own.
bool MayBeClaude(std::string_view model) {
  for (const std::string_view kind :
       {"application-inference-profile/", "provisioned-model/", "custom-model-deployment/"}) {
    if (model.find(kind) != std::string_view::npos) return true;
  }
  return false;
}

// "Extraneous key" is what they say to it.
bool TakesNoTopK(std::string_view model) {
  for (const std::string_view name :
       {"llama", "gpt-oss", "deepseek", "titan", "jamba", "palmyra"}) {
    if (model.find(name) != std::string_view::npos) return true;
  }
  return false;
}

// low, medium or high; empty = nothing is asked, or to think little, for which they have no word.
std::string_view EffortOf(const chat::ReasoningRequest& reasoning) {
  using Mode = chat::ReasoningRequest::Mode;
  std::string_view effort = reasoning.effort;
  if (reasoning.mode == Mode::kDefault || reasoning.mode == Mode::kOff) return {};
  if (reasoning.mode == Mode::kBudget) effort = EffortOfBudget(reasoning.budget_tokens);
  if (effort == "minimal" || effort == "low") return "low";
  if (effort == "high" || effort == "xhigh" || effort == "max") return "high";
  if (effort == "medium" || (effort.empty() && reasoning.mode == Mode::kAdaptive)) return "medium";
  return {};
}

class RequestWriter {
 public:
  RequestWriter(const ChatRequest& request, const BackendTraits& traits)
      : request_(request),
        traits_(traits),
        is_nova_(traits.model.find("nova") != std::string::npos),
        effort_(EffortOf(request.reasoning)),
        // Nova Premier and Pro of the first generation do not think.
        nova_thinks_(traits.model.find("nova-2-") != std::string::npos && !effort_.empty() &&
                     !request.reasoning.effort_only),
        must_not_call_(request.tool_choice.mode == ToolChoice::Mode::kNone ||
                       request.tools.empty()) {}

  absl::StatusOr<Json> Write() {
    Json body = Json::object();
    LMGATE_RETURN_IF_ERROR(WriteMessages(&body));
    WriteSystem(&body);
    WriteInference(&body);
    LMGATE_RETURN_IF_ERROR(WriteTools(&body));
    WriteModelFields(&body);
    return body;
  }

 private:
  absl::Status WriteMessages(Json* body) {
    ConverseContentWriter writer({.model = traits_.model, .sends_cache_points = is_nova_});
    Json messages = Json::array();
    for (const Turn& turn : request_.turns) {
      const std::string_view role = turn.role == Role::kAssistant ? "assistant" : "user";
      Json content = Json::array();
      LMGATE_RETURN_IF_ERROR(writer.Write(turn.parts, &content));
      if (content.empty()) continue;
      // Roles must alternate, and the user begins.
      if (messages.empty() && role == "assistant") messages.push_back(Message("user", DotText()));
      if (!messages.empty() && FindString(messages.back(), "role") == role) {
        Json& before = messages.back()["content"];
        before.insert(before.end(), content.begin(), content.end());
      } else {
        messages.push_back(Message(role, std::move(content)));
      }
    }
    if (messages.empty()) messages.push_back(Message("user", DotText()));
    for (Json& message : messages) AddTextBesideDocument(&message["content"]);
    TrimPrefill(&messages);
    (*body)["messages"] = std::move(messages);
    return absl::OkStatus();
  }

  static Json Message(std::string_view role, Json content) {
    Json message = Json::object();
    message["role"] = role;
    message["content"] = std::move(content);
    return message;
  }

  static Json DotText() {
    Json block = Json::object();
    block["text"] = ".";
    Json content = Json::array();
    content.push_back(std::move(block));
    return content;
  }

  // "If you include a document, you must also include a text" (Bedrock API reference, Message).
  static void AddTextBesideDocument(Json* content) {
    bool has_document = false;
    bool has_text = false;
    for (const Json& block : *content) {
      has_document |= Find(block, "document") != nullptr;
      has_text |= Find(block, "text") != nullptr;
    }
    if (has_document && !has_text) content->push_back(DotText().front());
  }

  // An answer that the model shall go on with must not end in white space.
  static void TrimPrefill(Json* messages) {
    Json& last = messages->back();
    if (FindString(last, "role") != "assistant") return;
    const auto text = last["content"].back().find("text");
    if (text == last["content"].back().end()) return;
    *text = std::string(absl::StripTrailingAsciiWhitespace(text->get_ref<const std::string&>()));
  }

  void WriteSystem(Json* body) const {
    Json system = Json::array();
    const auto add = [&system](std::string_view text) {
      Json block = Json::object();
      block["text"] = text;
      system.push_back(std::move(block));
    };
    for (const Part& part : request_.system) {
      if (!IsConverseText(part.text)) continue;
      add(part.text);
      if (part.cache && is_nova_) system.push_back(CachePoint());
    }
    if (request_.response_format.kind == chat::ResponseFormat::Kind::kJsonObject) {
      add("Answer with one JSON object and nothing else: no text around it, no code fence.");
    }
    if (must_not_call_ && HasToolParts(request_)) {
      add("Do not call any tool. Answer with text only.");
    }
    if (!system.empty()) (*body)["system"] = std::move(system);
  }

  void WriteInference(Json* body) const {
    Json config = Json::object();
    if (request_.max_tokens.has_value()) config["maxTokens"] = *request_.max_tokens;
    constexpr double kTemperatureMax = 1;
    if (request_.temperature.has_value()) {
      config["temperature"] = std::min(*request_.temperature, kTemperatureMax);
    }
    // Newer Claude models refuse both.
    const bool top_p_fits = !MayBeClaude(traits_.model) || !request_.temperature.has_value();
    if (request_.top_p.has_value() && top_p_fits) config["topP"] = *request_.top_p;
    if (!request_.stop.empty()) {
      config["stopSequences"] = request_.stop;
      // Which one it was: of models that say it.
      (*body)["additionalModelResponseFieldPaths"] = Json::array();
      (*body)["additionalModelResponseFieldPaths"].push_back("/stop_sequence");
    }
    if (!config.empty()) (*body)["inferenceConfig"] = std::move(config);
  }

  absl::Status WriteTools(Json* body) const {
    const bool has_history = HasToolParts(request_);
    if (must_not_call_ && !has_history) return absl::OkStatus();
    std::vector<chat::Tool> tools = ToolsOf(request_);
    if (tools.empty() && has_history) tools = ToolsOfHistory(request_);
    Json list = Json::array();
    for (const chat::Tool& tool : tools) {
      Json entry = Json::object();
      Json& spec = entry["toolSpec"];
      spec["name"] = tool.name;
      if (!tool.description.empty()) spec["description"] = tool.description;
      LMGATE_ASSIGN_OR_RETURN(Json schema, SchemaOf(tool));
      spec["inputSchema"]["json"] = std::move(schema);
      list.push_back(std::move(entry));
    }
    if (list.empty()) return absl::OkStatus();
    Json& config = (*body)["toolConfig"];
    config["tools"] = std::move(list);
    if (must_not_call_) return absl::OkStatus();
    // `auto` is what is done anyway, and some models know no toolChoice.
    if (request_.tool_choice.mode == ToolChoice::Mode::kOne &&
        !request_.tool_choice.names.empty()) {
      config["toolChoice"]["tool"]["name"] = request_.tool_choice.names.front();
    } else if (IsForced(request_.tool_choice.mode)) {
      config["toolChoice"]["any"] = Json::object();
    }
    return absl::OkStatus();
  }

  void WriteModelFields(Json* body) const {
    Json fields = Json::object();
    if (nova_thinks_) {
      Json& reasoning = fields["reasoningConfig"];
      reasoning["type"] = "enabled";
      // "maxTokens, temperature and topP must be unset" at high effort (Amazon Nova 2 user guide).
      const bool limited = request_.max_tokens.has_value() || request_.temperature.has_value() ||
                           request_.top_p.has_value();
      reasoning["maxReasoningEffort"] = limited && effort_ == "high" ? "medium" : effort_;
    } else if (traits_.model.find("gpt-oss") != std::string::npos && !effort_.empty()) {
      fields["reasoning_effort"] = effort_;
    }
    if (request_.top_k.has_value() && !TakesNoTopK(traits_.model)) {
      // Amazon Nova has a name of its own for it (Nova user guide, request schema).
      (is_nova_ ? fields["inferenceConfig"]["topK"] : fields["top_k"]) = *request_.top_k;
    }
    if (!fields.empty()) (*body)["additionalModelRequestFields"] = std::move(fields);
  }

  static Json CachePoint() {
    Json point = Json::object();
    point["cachePoint"]["type"] = "default";
    return point;
  }

  const ChatRequest& request_;
  const BackendTraits& traits_;
  const bool is_nova_;
  const std::string_view effort_;
  const bool nova_thinks_;
  // The client forbade it or offered no tools. Definitions are then sent only for the calls of the
  // history, which Converse refuses without.
  const bool must_not_call_;
};

}  // namespace

absl::StatusOr<Json> WriteConverseRequest(const ChatRequest& request, const BackendTraits& traits) {
  return RequestWriter(request, traits).Write();
}

}  // namespace lmgate::dialect
