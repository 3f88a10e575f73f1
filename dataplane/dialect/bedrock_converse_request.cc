#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/percent_encode.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/anthropic.h"
#include "dataplane/dialect/bedrock_converse.h"
#include "dataplane/dialect/bedrock_converse_content.h"
#include "dataplane/dialect/bedrock_converse_writer.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using chat::ReasoningRequest;
using chat::Role;
using chat::ToolChoice;
using chat::Turn;

absl::Status NeedObject(const Json& value, std::string_view field) {
  return value.is_object() ? absl::OkStatus() : BadField(field, "must be an object");
}

absl::Status ReadSystem(const Json& system, const std::string& field, ChatRequest* request) {
  LMGATE_ASSIGN_OR_RETURN(std::vector<Part> parts,
                          ReadConverseContent(system, field, &request->own_fields));
  for (Part& part : parts) {
    if (part.kind != PartKind::kText) return BadField(field, "must be texts");
    if (!part.text.empty()) request->system.push_back(std::move(part));
  }
  return absl::OkStatus();
}

absl::Status ReadMessages(const Json& messages, ChatRequest* request) {
  if (!messages.is_array()) return BadField("messages", "must be a list");
  for (size_t i = 0; i < messages.size(); ++i) {
    const std::string field = StrCat("messages[", i, "]");
    const Json& message = messages[i];
    LMGATE_RETURN_IF_ERROR(NeedObject(message, field));
    const std::string role = FindString(message, "role");
    if (role != "user" && role != "assistant" && role != "system") {
      return BadField(StrCat(field, ".role"), "must be user, assistant or system");
    }
    const Json* const content = Find(message, "content");
    if (content == nullptr) return BadField(StrCat(field, ".content"), "is missing");
    if (role == "system" && request->turns.empty()) {
      LMGATE_RETURN_IF_ERROR(ReadSystem(*content, StrCat(field, ".content"), request));
      continue;
    }
    Turn turn{.role = role == "user" ? Role::kUser : Role::kAssistant};
    if (role == "system") turn.role = Role::kSystem;
    LMGATE_ASSIGN_OR_RETURN(
        turn.parts, ReadConverseContent(*content, StrCat(field, ".content"), &request->own_fields));
    const bool is_text = std::all_of(turn.parts.begin(), turn.parts.end(),
                                     [](const Part& part) { return part.kind == PartKind::kText; });
    if (role == "system" && !is_text) return BadField(StrCat(field, ".content"), "must be texts");
    request->turns.push_back(std::move(turn));
  }
  return absl::OkStatus();
}

absl::Status ReadStop(const Json& stop, ChatRequest* request) {
  constexpr std::string_view kField = "inferenceConfig.stopSequences";
  if (!stop.is_array()) return BadField(kField, "must be a list of strings");
  for (const Json& sequence : stop) {
    if (!sequence.is_string()) return BadField(kField, "must be a list of strings");
    request->stop.push_back(sequence.get<std::string>());
  }
  return absl::OkStatus();
}

absl::Status ReadInference(const Json& config, ChatRequest* request) {
  LMGATE_RETURN_IF_ERROR(NeedObject(config, "inferenceConfig"));
  for (const auto& [name, value] : config.items()) {
    const std::string field = StrCat("inferenceConfig.", name);
    if (value.is_null()) continue;
    if (name == "maxTokens") {
      LMGATE_ASSIGN_OR_RETURN(request->max_tokens, ReadInteger(config, name, field));
    } else if (name == "temperature") {
      LMGATE_ASSIGN_OR_RETURN(request->temperature, ReadNumber(config, name, field));
    } else if (name == "topP") {
      LMGATE_ASSIGN_OR_RETURN(request->top_p, ReadNumber(config, name, field));
    } else if (name == "stopSequences") {
      LMGATE_RETURN_IF_ERROR(ReadStop(value, request));
    } else {
      request->own_fields.push_back(field);
    }
  }
  return absl::OkStatus();
}

absl::Status ReadTool(const Json& spec, const std::string& field, ChatRequest* request) {
  LMGATE_RETURN_IF_ERROR(NeedObject(spec, field));
  chat::Tool tool;
  LMGATE_ASSIGN_OR_RETURN(auto name, ReadString(spec, "name", StrCat(field, ".name")));
  if (!name.has_value() || name->empty()) return BadField(StrCat(field, ".name"), "is missing");
  tool.name = *std::move(name);
  LMGATE_ASSIGN_OR_RETURN(auto description,
                          ReadString(spec, "description", StrCat(field, ".description")));
  tool.description = std::move(description).value_or(std::string());
  LMGATE_ASSIGN_OR_RETURN(tool.strict, ReadBool(spec, "strict", StrCat(field, ".strict")));
  if (const Json* const schema = Find(spec, "inputSchema")) {
    const Json* const json = Find(*schema, "json");
    if (json == nullptr || !json->is_object()) {
      return BadField(StrCat(field, ".inputSchema.json"), "must be an object");
    }
    tool.parameters = DumpJson(*json);
  }
  request->tools.push_back(std::move(tool));
  return absl::OkStatus();
}

absl::Status ReadTools(const Json& tools, ChatRequest* request) {
  if (!tools.is_array()) return BadField("toolConfig.tools", "must be a list");
  for (size_t i = 0; i < tools.size(); ++i) {
    const std::string field = StrCat("toolConfig.tools[", i, "]");
    LMGATE_RETURN_IF_ERROR(NeedObject(tools[i], field));
    if (const Json* const spec = Find(tools[i], "toolSpec")) {
      LMGATE_RETURN_IF_ERROR(ReadTool(*spec, StrCat(field, ".toolSpec"), request));
    } else if (Find(tools[i], "cachePoint") != nullptr) {
      if (!request->tools.empty()) request->tools.back().cache = true;
    } else {
      request->own_fields.push_back(field);  // a tool of the provider: systemTool
    }
  }
  return absl::OkStatus();
}

absl::Status ReadToolChoice(const Json& choice, ChatRequest* request) {
  constexpr std::string_view kField = "toolConfig.toolChoice";
  LMGATE_RETURN_IF_ERROR(NeedObject(choice, kField));
  if (Find(choice, "auto") != nullptr) {
    request->tool_choice.mode = ToolChoice::Mode::kAuto;
  } else if (Find(choice, "any") != nullptr) {
    request->tool_choice.mode = ToolChoice::Mode::kAny;
  } else if (const Json* const tool = Find(choice, "tool")) {
    const std::string name = FindString(*tool, "name");
    if (name.empty()) return BadField("toolConfig.toolChoice.tool.name", "is missing");
    request->tool_choice = {.mode = ToolChoice::Mode::kOne, .names = {name}};
  } else {
    return BadField(kField, "must be auto, any or tool");
  }
  return absl::OkStatus();
}

absl::Status ReadToolConfig(const Json& config, ChatRequest* request) {
  LMGATE_RETURN_IF_ERROR(NeedObject(config, "toolConfig"));
  if (const Json* const tools = Find(config, "tools")) {
    LMGATE_RETURN_IF_ERROR(ReadTools(*tools, request));
  }
  if (const Json* const choice = Find(config, "toolChoice")) {
    LMGATE_RETURN_IF_ERROR(ReadToolChoice(*choice, request));
  }
  return absl::OkStatus();
}

// Claude's `thinking`; older models of others call the same thing reasoning_config.
absl::Status ReadThinking(const Json& thinking, const std::string& field, ChatRequest* request) {
  LMGATE_RETURN_IF_ERROR(NeedObject(thinking, field));
  ReasoningRequest& reasoning = request->reasoning;
  const std::string type = FindString(thinking, "type");
  if (type == "disabled") {
    reasoning = {.mode = ReasoningRequest::Mode::kOff};
    return absl::OkStatus();
  }
  if (type != "enabled" && type != "adaptive") {
    return BadField(StrCat(field, ".type"), "must be enabled, adaptive or disabled");
  }
  reasoning.want_text = FindString(thinking, "display") != "omitted";
  reasoning.effort_only = false;
  if (type == "adaptive") {
    reasoning.mode = ReasoningRequest::Mode::kAdaptive;
    return absl::OkStatus();
  }
  const std::string path = StrCat(field, ".budget_tokens");
  LMGATE_ASSIGN_OR_RETURN(const auto budget, ReadInteger(thinking, "budget_tokens", path));
  if (!budget.has_value()) return BadField(path, "is missing");
  reasoning.mode = ReasoningRequest::Mode::kBudget;
  reasoning.budget_tokens = *budget;
  return absl::OkStatus();
}

// `only`: the answer's, which does not ask to think.
void AddEffort(std::string effort, bool only, ChatRequest* request) {
  if (effort.empty()) return;
  ReasoningRequest& reasoning = request->reasoning;
  reasoning.effort = std::move(effort);
  if (reasoning.mode == ReasoningRequest::Mode::kDefault) {
    reasoning.mode = ReasoningRequest::Mode::kEffort;
    reasoning.effort_only = only;
  }
}

absl::Status ReadModelFields(const Json& fields, ChatRequest* request) {
  constexpr std::string_view kField = "additionalModelRequestFields";
  LMGATE_RETURN_IF_ERROR(NeedObject(fields, kField));
  std::string effort;
  bool effort_only = false;
  for (const auto& [name, value] : fields.items()) {
    const std::string field = StrCat(kField, ".", name);
    if (value.is_null()) continue;
    if (name == "anthropic_beta") {
      LMGATE_RETURN_IF_ERROR(ReadBetas(value, field, request));
    } else if (name == "top_k") {
      LMGATE_ASSIGN_OR_RETURN(request->top_k, ReadInteger(fields, name, field));
    } else if (name == "thinking" || name == "reasoning_config") {
      LMGATE_RETURN_IF_ERROR(ReadThinking(value, field, request));
    } else if (name == "reasoning_effort" && value.is_string()) {
      effort = value.get<std::string>();
    } else if (name == "output_config" && value.is_object() && value.size() == 1 &&
               !FindString(value, "effort").empty()) {
      effort = FindString(value, "effort");
      effort_only = true;
    } else {
      request->own_fields.push_back(field);
    }
  }
  AddEffort(std::move(effort), effort_only, request);
  return absl::OkStatus();
}

// {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": TEXT, …}}}}
absl::Status ReadOutputConfig(const Json& config, ChatRequest* request) {
  LMGATE_RETURN_IF_ERROR(NeedObject(config, "outputConfig"));
  LMGATE_ASSIGN_OR_RETURN(auto effort, ReadString(config, "effort", "outputConfig.effort"));
  AddEffort(std::move(effort).value_or(std::string()), /*only=*/true, request);
  const Json* const format = Find(config, "textFormat");
  if (format == nullptr) return absl::OkStatus();
  const Json* const structure = Find(*format, "structure");
  const Json* const schema = structure == nullptr ? nullptr : Find(*structure, "jsonSchema");
  if (schema == nullptr || !ParseObject(FindString(*schema, "schema")).ok()) {
    return BadField("outputConfig.textFormat.structure.jsonSchema.schema",
                    "must be the JSON text of a schema");
  }
  request->response_format = {.kind = chat::ResponseFormat::Kind::kJsonSchema,
                              .name = FindString(*schema, "name"),
                              .description = FindString(*schema, "description"),
                              .schema = FindString(*schema, "schema")};
  return absl::OkStatus();
}

// The one path whose value an answer always has, where there is one.
bool AsksForStopSequenceOnly(const Json& paths) {
  return paths.is_array() && std::all_of(paths.begin(), paths.end(), [](const Json& path) {
           return path.is_string() && path.get_ref<const std::string&>() == "/stop_sequence";
         });
}

absl::Status ReadMember(const std::string& name, const Json& value, ChatRequest* request) {
  constexpr std::string_view kHints[] = {"requestMetadata", "performanceConfig", "serviceTier"};
  if (name == "messages") return ReadMessages(value, request);
  if (name == "system") return ReadSystem(value, name, request);
  if (name == "inferenceConfig") return ReadInference(value, request);
  if (name == "toolConfig") return ReadToolConfig(value, request);
  if (name == "additionalModelRequestFields") return ReadModelFields(value, request);
  if (name == "outputConfig") return ReadOutputConfig(value, request);
  if (std::find(std::begin(kHints), std::end(kHints), name) != std::end(kHints)) {
    return absl::OkStatus();
  }
  if (name == "additionalModelResponseFieldPaths" && AsksForStopSequenceOnly(value)) {
    request->names_stop_sequence = !value.empty();
    return absl::OkStatus();
  }
  // guardrailConfig, promptVariables, and what is still to come.
  request->own_fields.push_back(name);
  return absl::OkStatus();
}

}  // namespace

std::string_view BedrockConverse::name() const { return "bedrock"; }

absl::StatusOr<ChatRequest> BedrockConverse::DecodeRequest(const RequestSource& source) const {
  LMGATE_ASSIGN_OR_RETURN(const Json body, ParseObject(source.body));
  ChatRequest request;
  request.model = source.model;
  request.stream = source.stream;
  if (Find(body, "messages") == nullptr) return BadField("messages", "is missing");
  for (const auto& [name, value] : body.items()) {
    if (!value.is_null()) LMGATE_RETURN_IF_ERROR(ReadMember(name, value, &request));
  }
  return request;
}

absl::StatusOr<UpstreamBody> BedrockConverse::EncodeRequest(const ChatRequest& request,
                                                            const BackendTraits& traits) const {
  LMGATE_ASSIGN_OR_RETURN(const Json body, WriteConverseRequest(request, traits));
  UpstreamBody upstream;
  upstream.path = StrCat("/model/", PercentEncode(traits.model),
                         request.stream ? "/converse-stream" : "/converse");
  upstream.body = DumpJson(body);
  upstream.headers = {
      {"accept", request.stream ? "application/vnd.amazon.eventstream" : "application/json"}};
  return upstream;
}

}  // namespace lmgate::dialect
