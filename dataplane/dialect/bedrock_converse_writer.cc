#include "dataplane/dialect/bedrock_converse_writer.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/bedrock_converse_content.h"
#include "dataplane/dialect/claude_model.h"
#include "dataplane/dialect/claude_thinking.h"

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

// Of an object schema: Claude wants it stated, and no choice at the top.
absl::StatusOr<Json> SchemaOf(const chat::Tool& tool) {
  if (tool.parameters.empty()) {
    Json schema = Json::object();
    schema["type"] = "object";
    schema["properties"] = Json::object();
    return schema;
  }
  absl::StatusOr<Json> schema = ParseObject(tool.parameters);
  if (!schema.ok()) {
    return absl::InvalidArgumentError(
        StrCat("the parameters of tool \"", tool.name, "\" are no JSON Schema object"));
  }
  if (Find(*schema, "type") == nullptr) (*schema)["type"] = "object";
  if (Find(*schema, "properties") == nullptr) (*schema)["properties"] = Json::object();
  return schema;
}

std::set<std::string> RequiredOf(const Json& schema) {
  std::set<std::string> names;
  const Json* const required = Find(schema, "required");
  if (required == nullptr || !required->is_array()) return names;
  for (const Json& name : *required) {
    if (name.is_string()) names.insert(name.get<std::string>());
  }
  return names;
}

// Puts the alternatives at the top of a schema together: their properties, and of what they
// require all (allOf) or what each of them requires.
void MergeAlternatives(Json* schema) {
  for (const char* const keyword : {"allOf", "anyOf", "oneOf"}) {
    const Json* const found = Find(*schema, keyword);
    if (found == nullptr) continue;
    const Json alternatives = *found;
    schema->erase(keyword);
    if (!alternatives.is_array() || alternatives.empty()) continue;
    std::set<std::string> required = RequiredOf(alternatives.front());
    for (const Json& alternative : alternatives) {
      const Json* const properties = Find(alternative, "properties");
      if (properties != nullptr && properties->is_object() && (*schema)["properties"].is_object()) {
        for (const auto& [name, value] : properties->items()) {
          if (!(*schema)["properties"].contains(name)) (*schema)["properties"][name] = value;
        }
      }
      const std::set<std::string> own = RequiredOf(alternative);
      if (std::string_view(keyword) == "allOf") {
        required.insert(own.begin(), own.end());
      } else {
        std::erase_if(required, [&own](const std::string& name) { return !own.contains(name); });
      }
    }
    for (const std::string& name : RequiredOf(*schema)) required.insert(name);
    if (required.empty()) continue;
    (*schema)["required"] = Json::array();
    for (const std::string& name : required) (*schema)["required"].push_back(name);
  }
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

class RequestWriter {
 public:
  RequestWriter(const ChatRequest& request, const BackendTraits& traits)
      : request_(request),
        traits_(traits),
        claude_(ClaudeModelOf(traits.model)),
        // Other makers' models on Bedrock have names of their own for it.
        thinking_(claude_.is_claude ? ThinkingOf(request, traits)
                                    : Thinking{.max_tokens = request.max_tokens}),
        is_nova_(traits.model.find("nova") != std::string::npos),
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
    ConverseContentWriter writer({.model = traits_.model,
                                  .sends_reasoning = thinking_.on,
                                  .sends_cache_points = claude_.is_claude || is_nova_});
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
      if (part.cache && (claude_.is_claude || is_nova_)) system.push_back(CachePoint());
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
    if (thinking_.max_tokens.has_value()) config["maxTokens"] = *thinking_.max_tokens;
    const bool thinks = thinking_.on;
    const bool samples = claude_.takes_sampling;
    const bool has_temperature = request_.temperature.has_value() && samples && !thinks;
    if (has_temperature) config["temperature"] = std::min(*request_.temperature, 1.0);
    // Claude takes one of the two, and with thinking hardly any top_p.
    constexpr double kTopPMinWithThinking = 0.95;
    const bool has_top_p = request_.top_p.has_value() && samples &&
                           !(claude_.is_claude && has_temperature) &&
                           !(thinks && *request_.top_p < kTopPMinWithThinking);
    if (has_top_p) config["topP"] = *request_.top_p;
    Json stop = Json::array();
    for (const std::string& sequence : request_.stop) {
      if (IsConverseText(sequence) || !claude_.is_claude) stop.push_back(sequence);
    }
    if (!stop.empty()) {
      config["stopSequences"] = std::move(stop);
      // Claude says which one it was.
      if (claude_.is_claude) {
        (*body)["additionalModelResponseFieldPaths"] = Json::array();
        (*body)["additionalModelResponseFieldPaths"].push_back("/stop_sequence");
      }
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
      if (claude_.is_claude) MergeAlternatives(&schema);
      spec["inputSchema"]["json"] = std::move(schema);
      list.push_back(std::move(entry));
      if (tool.cache && claude_.is_claude) list.push_back(CachePoint());
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
    if (request_.top_k.has_value() && !thinking_.on && claude_.takes_sampling) {
      // Amazon Nova has a name of its own for it (Nova user guide, request schema).
      (is_nova_ ? fields["inferenceConfig"]["topK"] : fields["top_k"]) = *request_.top_k;
    }
    WriteThinking(thinking_, &fields);
    if (!fields.empty()) (*body)["additionalModelRequestFields"] = std::move(fields);
  }

  static Json CachePoint() {
    Json point = Json::object();
    point["cachePoint"]["type"] = "default";
    return point;
  }

  const ChatRequest& request_;
  const BackendTraits& traits_;
  const ClaudeModel claude_;
  const Thinking thinking_;
  const bool is_nova_;
  // The client forbade it or offered no tools. Definitions are then sent only for the calls of the
  // history, which Converse refuses without.
  const bool must_not_call_;
};

}  // namespace

absl::StatusOr<Json> WriteConverseRequest(const ChatRequest& request, const BackendTraits& traits) {
  return RequestWriter(request, traits).Write();
}

}  // namespace lmgate::dialect
