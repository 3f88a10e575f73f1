#include <absl/status/status.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/anthropic.h"
#include "dataplane/dialect/anthropic_content.h"
#include "dataplane/dialect/claude_model.h"
#include "dataplane/dialect/claude_thinking.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::ReasoningRequest;
using chat::ResponseFormat;
using chat::Tool;
using chat::ToolChoice;
using Mode = ReasoningRequest::Mode;

// Members that ReadAnthropicRequest reads, and hints: what serves the provider's bookkeeping, its
// caches or its speed. Claude Code sends several of them with each request. All others mean
// something that no other dialect can say.
constexpr std::string_view kKnownMembers[] = {
    "model", "stream", "max_tokens", "messages", "system", "temperature", "top_p", "top_k",
    "stop_sequences", "tools", "tool_choice", "thinking", "output_config", "output_format",
    "metadata", "cache_control",
    // Hints.
    "context_management", "betas", "anthropic_beta", "anthropic_version", "speed", "service_tier",
    "diagnostics", "fallback_credit_token", "user_profile_id"};

constexpr std::array<std::string_view, 5> kEfforts = {"low", "medium", "high", "xhigh", "max"};
constexpr int64_t kBudgetMin = 1024;

// ---- Reading.

absl::Status ReadTools(const Json& body, ChatRequest* request) {
  const Json* const tools = Find(body, "tools");
  if (tools == nullptr) return absl::OkStatus();
  if (!tools->is_array()) return BadField("tools", "must be a list");
  for (size_t i = 0; i < tools->size(); ++i) {
    const Json& tool = (*tools)[i];
    const std::string path = StrCat("tools[", i, "]");
    if (!tool.is_object()) return BadField(path, "must be an object");
    const std::string type = FindString(tool, "type");
    if (!type.empty() && type != "custom") {
      // web_search_20250305, bash_20250124, mcp_toolset …: the provider runs or defines them.
      request->own_fields.push_back(path);
      continue;
    }
    Tool read;
    read.name = FindString(tool, "name");
    if (read.name.empty()) return BadField(StrCat(path, ".name"), "is required");
    LMGATE_ASSIGN_OR_RETURN(const std::optional<std::string> description,
                            ReadString(tool, "description", StrCat(path, ".description")));
    read.description = description.value_or("");
    const Json* const schema = Find(tool, "input_schema");
    if (schema == nullptr || !schema->is_object()) {
      return BadField(StrCat(path, ".input_schema"), "must be an object");
    }
    read.parameters = DumpJson(*schema);
    LMGATE_ASSIGN_OR_RETURN(read.strict, ReadBool(tool, "strict", StrCat(path, ".strict")));
    read.cache = Find(tool, "cache_control") != nullptr;
    request->tools.push_back(std::move(read));
  }
  return absl::OkStatus();
}

absl::Status ReadToolChoice(const Json& body, ChatRequest* request) {
  const Json* const choice = Find(body, "tool_choice");
  if (choice == nullptr) return absl::OkStatus();
  if (!choice->is_object()) return BadField("tool_choice", "must be an object");
  const std::string type = FindString(*choice, "type");
  if (type == "auto") {
    request->tool_choice.mode = ToolChoice::Mode::kAuto;
  } else if (type == "any") {
    request->tool_choice.mode = ToolChoice::Mode::kAny;
  } else if (type == "none") {
    request->tool_choice.mode = ToolChoice::Mode::kNone;
  } else if (type == "tool") {
    request->tool_choice.mode = ToolChoice::Mode::kOne;
    request->tool_choice.names = {FindString(*choice, "name")};
    if (request->tool_choice.names[0].empty()) return BadField("tool_choice.name", "is required");
  } else {
    return BadField("tool_choice.type", "must be auto, any, tool or none");
  }
  LMGATE_ASSIGN_OR_RETURN(
      const std::optional<bool> disabled,
      ReadBool(*choice, "disable_parallel_tool_use", "tool_choice.disable_parallel_tool_use"));
  if (disabled.has_value()) request->parallel_tool_calls = !*disabled;
  return absl::OkStatus();
}

absl::Status ReadFormat(const Json& format, std::string_view field, ResponseFormat* read) {
  if (FindString(format, "type") != "json_schema") {
    return BadField(StrCat(field, ".type"), "must be json_schema");
  }
  const Json* const schema = Find(format, "schema");
  if (schema == nullptr || !schema->is_object()) {
    return BadField(StrCat(field, ".schema"), "must be an object");
  }
  read->kind = ResponseFormat::Kind::kJsonSchema;
  read->schema = DumpJson(*schema);
  return absl::OkStatus();
}

absl::Status ReadOutputConfig(const Json& body, ChatRequest* request) {
  if (const Json* const format = Find(body, "output_format")) {
    LMGATE_RETURN_IF_ERROR(ReadFormat(*format, "output_format", &request->response_format));
  }
  const Json* const config = Find(body, "output_config");
  if (config == nullptr) return absl::OkStatus();
  if (!config->is_object()) return BadField("output_config", "must be an object");
  if (const Json* const format = Find(*config, "format")) {
    LMGATE_RETURN_IF_ERROR(ReadFormat(*format, "output_config.format", &request->response_format));
  }
  LMGATE_ASSIGN_OR_RETURN(const std::optional<std::string> effort,
                          ReadString(*config, "effort", "output_config.effort"));
  if (!effort.has_value()) return absl::OkStatus();
  if (std::find(kEfforts.begin(), kEfforts.end(), *effort) == kEfforts.end()) {
    return BadField("output_config.effort", "must be low, medium, high, xhigh or max");
  }
  request->reasoning.effort = *effort;
  return absl::OkStatus();
}

// After ReadOutputConfig.
absl::Status ReadThinkingConfig(const Json& body, ReasoningRequest* reasoning) {
  if (!reasoning->effort.empty()) reasoning->mode = Mode::kEffort;
  const Json* const thinking = Find(body, "thinking");
  reasoning->effort_only = reasoning->mode == Mode::kEffort && thinking == nullptr;
  if (thinking == nullptr) return absl::OkStatus();
  if (!thinking->is_object()) return BadField("thinking", "must be an object");
  const std::string type = FindString(*thinking, "type");
  LMGATE_ASSIGN_OR_RETURN(const std::optional<int64_t> budget,
                          ReadInteger(*thinking, "budget_tokens", "thinking.budget_tokens"));
  if (type == "disabled") {
    reasoning->mode = Mode::kOff;
    reasoning->effort.clear();
    return absl::OkStatus();
  }
  if (type == "adaptive" || (type == "enabled" && !budget.has_value())) {
    reasoning->mode = Mode::kAdaptive;
  } else if (type == "enabled") {
    if (*budget < kBudgetMin) return BadField("thinking.budget_tokens", "must be at least 1024");
    reasoning->mode = Mode::kBudget;
    reasoning->budget_tokens = *budget;
  } else {
    return BadField("thinking.type", "must be enabled, adaptive or disabled");
  }
  reasoning->want_text = FindString(*thinking, "display") != "omitted";
  return absl::OkStatus();
}

absl::Status ReadStop(const Json& body, ChatRequest* request) {
  const Json* const stop = Find(body, "stop_sequences");
  if (stop == nullptr) return absl::OkStatus();
  if (!stop->is_array()) return BadField("stop_sequences", "must be a list");
  for (size_t i = 0; i < stop->size(); ++i) {
    if (!(*stop)[i].is_string())
      return BadField(StrCat("stop_sequences[", i, "]"), "must be a string");
    request->stop.push_back((*stop)[i].get<std::string>());
  }
  return absl::OkStatus();
}

// Says nothing: absent, null, {} and [].
bool IsVoid(const Json& value) {
  return value.is_null() || (value.is_structured() && value.empty());
}

void ReadOwnFields(const Json& body, ChatRequest* request) {
  for (const auto& [name, value] : body.items()) {
    const bool known = std::find(std::begin(kKnownMembers), std::end(kKnownMembers), name) !=
                       std::end(kKnownMembers);
    if (!known && !IsVoid(value)) request->own_fields.push_back(name);
  }
}

// ---- Writing.

// Anthropic takes objects only, and refuses a choice of schemas at the top: the alternatives are
// merged into one object, which asks for less than they do but leaves no member out.
Json WriteInputSchema(const std::string& parameters) {
  Json schema = Json::object();
  if (absl::StatusOr<Json> parsed = ParseObject(parameters); parsed.ok())
    schema = *std::move(parsed);
  for (const std::string_view name : {"oneOf", "anyOf", "allOf"}) {
    const Json* const found = Find(schema, name);
    if (found == nullptr) continue;
    Json alternatives = *found;
    schema.erase(std::string(name));
    if (!alternatives.is_array()) continue;
    for (const Json& alternative : alternatives) {
      const Json* const properties = Find(alternative, "properties");
      if (properties == nullptr || !properties->is_object()) continue;
      Json& merged = schema["properties"];
      if (!merged.is_object()) merged = Json::object();
      for (const auto& [key, value] : properties->items()) {
        if (!merged.contains(key)) merged[key] = value;
      }
      // Only what every schema of an allOf demands is demanded.
      const Json* const required = Find(alternative, "required");
      if (name != "allOf" || required == nullptr || !required->is_array()) continue;
      Json& all = schema["required"];
      if (!all.is_array()) all = Json::array();
      for (const Json& key : *required) {
        if (std::find(all.begin(), all.end(), key) == all.end()) all.push_back(key);
      }
    }
  }
  if (FindString(schema, "type") != "object") schema["type"] = "object";
  if (Find(schema, "properties") == nullptr) schema["properties"] = Json::object();
  return schema;
}

bool IsNamed(const ToolChoice& choice, std::string_view name) {
  return std::find(choice.names.begin(), choice.names.end(), name) != choice.names.end();
}

// Objects of a schema must be closed (Anthropic docs, Structured outputs). One that says which
// further members it takes is left alone: the provider explains its refusal better.
void CloseObjects(Json* schema) {
  if (!schema->is_object()) return;
  const Json* const type = Find(*schema, "type");
  const bool object =
      Find(*schema, "properties") != nullptr ||
      (type != nullptr &&
       (*type == "object" || (type->is_array() && std::find(type->begin(), type->end(),
                                                            Json("object")) != type->end())));
  if (object) {
    const Json* const further = Find(*schema, "additionalProperties");
    if (further == nullptr || *further == true) (*schema)["additionalProperties"] = false;
  }
  for (auto& [name, value] : schema->items()) {
    if (name == "properties" || name == "$defs" || name == "definitions") {
      if (!value.is_object()) continue;
      for (auto& [key, inner] : value.items()) CloseObjects(&inner);
    } else if (name == "anyOf" || name == "oneOf" || name == "allOf" || name == "prefixItems") {
      if (!value.is_array()) continue;
      for (Json& inner : value) CloseObjects(&inner);
    } else if (name == "items" || name == "not") {
      CloseObjects(&value);
    }
  }
}

// Whether a strict schema may hold it: many of the keywords that bound a value it may not
// (Anthropic docs, Structured outputs, JSON Schema limitations). A property of such a name counts
// as one.
bool HasBounds(const Json& schema) {
  constexpr std::string_view kBounds[] = {
      "minimum",   "maximum",   "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
      "minLength", "maxLength", "maxItems",         "uniqueItems",      "minProperties",
      "contains",  "not",       "maxProperties",    "patternProperties"};
  for (const auto& [name, value] : schema.items()) {
    if (std::find(std::begin(kBounds), std::end(kBounds), name) != std::end(kBounds)) return true;
    if (value.is_structured() && HasBounds(value)) return true;
  }
  return false;
}

Json WriteTools(const ChatRequest& request, const ClaudeModel& model,
                AnthropicContentRules* rules) {
  const ToolChoice& choice = request.tool_choice;
  const bool subset =
      choice.mode == ToolChoice::Mode::kSubsetAuto || choice.mode == ToolChoice::Mode::kSubsetAny;
  Json tools = Json::array();
  for (const Tool& tool : request.tools) {
    if (subset && !IsNamed(choice, tool.name)) continue;
    Json written = {{"name", tool.name}};
    if (!tool.description.empty()) written["description"] = tool.description;
    Json schema = WriteInputSchema(tool.parameters);
    const bool strict = tool.strict == true && model.takes_schema && !HasBounds(schema);
    if (strict) CloseObjects(&schema);
    written["input_schema"] = std::move(schema);
    if (strict) written["strict"] = true;
    MarkForCache(tool.cache, rules, &written);
    tools.push_back(std::move(written));
  }
  return tools;
}

bool IsForced(const ToolChoice& choice) {
  return choice.mode == ToolChoice::Mode::kAny || choice.mode == ToolChoice::Mode::kOne ||
         choice.mode == ToolChoice::Mode::kSubsetAny;
}

// Null = not said.
Json WriteToolChoice(const ChatRequest& request, bool forced) {
  const bool one_by_one = request.parallel_tool_calls == false;
  Json choice = {{"type", "auto"}};
  switch (request.tool_choice.mode) {
    case ToolChoice::Mode::kDefault:
      if (!one_by_one) return Json();
      break;
    case ToolChoice::Mode::kAuto:
    case ToolChoice::Mode::kSubsetAuto:
      break;
    case ToolChoice::Mode::kNone:
      return Json{{"type", "none"}};
    case ToolChoice::Mode::kAny:
    case ToolChoice::Mode::kSubsetAny:
      if (forced) choice["type"] = "any";
      break;
    case ToolChoice::Mode::kOne:
      if (forced && !request.tool_choice.names.empty()) {
        choice = {{"type", "tool"}, {"name", request.tool_choice.names.front()}};
      }
      break;
  }
  if (one_by_one) choice["disable_parallel_tool_use"] = true;
  return choice;
}

// Where the model refuses to be forced.
std::string ForceByWords(const ToolChoice& choice) {
  if (choice.mode == ToolChoice::Mode::kOne && !choice.names.empty()) {
    return StrCat("You must call the tool \"", choice.names.front(), "\" now.");
  }
  return "You must call one of the tools now.";
}

// Temperature, top_p and top_k, as far as they are lawful together (translation.md 3).
void WriteSampling(const ChatRequest& request, const ClaudeModel& model, bool thinks, Json* body) {
  if (!model.takes_sampling) return;
  constexpr double kTemperatureMax = 1;
  constexpr double kThinkingTopPMin = 0.95;
  if (request.temperature.has_value() && !thinks) {
    const double temperature = std::min(*request.temperature, kTemperatureMax);
    (*body)["temperature"] = temperature;
  }
  const bool top_p_fits =
      thinks ? request.top_p >= kThinkingTopPMin : !request.temperature.has_value();
  if (request.top_p.has_value() && top_p_fits) (*body)["top_p"] = *request.top_p;
  if (request.top_k.has_value() && !thinks) (*body)["top_k"] = *request.top_k;
}

// Anthropic refuses mail addresses here (API reference, metadata.user_id), and more than 256
// characters.
bool IsLawfulUserId(std::string_view user) {
  constexpr size_t kBytesMax = 256;
  return !user.empty() && user.size() <= kBytesMax && user.find('@') == std::string_view::npos;
}

absl::Status WriteStopSequences(const std::vector<std::string>& stop, Json* body) {
  if (stop.empty()) return absl::OkStatus();
  for (const std::string& sequence : stop) {
    if (chat::IsBlank(sequence)) {
      return BadField("stop_sequences", "the provider takes none of nothing but white space");
    }
  }
  (*body)["stop_sequences"] = stop;
  return absl::OkStatus();
}

constexpr std::string_view kJsonObjectInstruction =
    "Answer with one valid JSON object and nothing else: no prose, no code fences.";

}  // namespace

absl::StatusOr<ChatRequest> ReadAnthropicRequest(const Json& body, bool count_only) {
  ChatRequest request;
  LMGATE_ASSIGN_OR_RETURN(request.max_tokens, ReadInteger(body, "max_tokens", "max_tokens"));
  if (!request.max_tokens.has_value() && !count_only) return BadField("max_tokens", "is required");
  if (request.max_tokens.value_or(1) < 1) return BadField("max_tokens", "must be at least 1");
  LMGATE_RETURN_IF_ERROR(ReadAnthropicMessages(body, &request));
  LMGATE_RETURN_IF_ERROR(ReadTools(body, &request));
  LMGATE_RETURN_IF_ERROR(ReadToolChoice(body, &request));
  LMGATE_ASSIGN_OR_RETURN(request.temperature, ReadNumber(body, "temperature", "temperature"));
  LMGATE_ASSIGN_OR_RETURN(request.top_p, ReadNumber(body, "top_p", "top_p"));
  LMGATE_ASSIGN_OR_RETURN(request.top_k, ReadInteger(body, "top_k", "top_k"));
  LMGATE_RETURN_IF_ERROR(ReadStop(body, &request));
  LMGATE_RETURN_IF_ERROR(ReadOutputConfig(body, &request));
  LMGATE_RETURN_IF_ERROR(ReadThinkingConfig(body, &request.reasoning));
  if (const Json* const metadata = Find(body, "metadata")) {
    request.end_user = FindString(*metadata, "user_id");
  }
  // The mark for the whole prompt stands on its last part.
  if (Find(body, "cache_control") != nullptr && !request.turns.empty() &&
      !request.turns.back().parts.empty()) {
    request.turns.back().parts.back().cache = true;
  }
  ReadOwnFields(body, &request);
  return request;
}

absl::StatusOr<Json> WriteAnthropicRequest(const ChatRequest& request,
                                           const BackendTraits& traits) {
  const ClaudeModel model = ClaudeModelOf(traits.model);
  const Thinking thinking = ThinkingOf(request, traits);
  AnthropicContentRules rules{.model = traits.model};
  rules.sends_reasoning = thinking.on;
  Json body = Json::object();
  const int64_t most = model.output_tokens_max > 0 ? model.output_tokens_max : INT64_MAX;
  body["max_tokens"] = thinking.max_tokens.value_or(std::min(traits.default_max_tokens, most));

  const Json tools = WriteTools(request, model, &rules);
  const bool forced = IsForced(request.tool_choice) && !tools.empty();
  std::string instruction;
  if (forced && model.always_thinks) instruction = ForceByWords(request.tool_choice);
  if (request.response_format.kind == ResponseFormat::Kind::kJsonObject) {
    if (!instruction.empty()) instruction.push_back('\n');
    instruction.append(kJsonObjectInstruction);
  }
  Json system = WriteAnthropicSystem(request.system, instruction, &rules);
  if (!system.is_null()) body["system"] = std::move(system);
  LMGATE_ASSIGN_OR_RETURN(body["messages"], WriteAnthropicMessages(request.turns, &rules));
  if (!tools.empty()) {
    body["tools"] = tools;
    Json choice = WriteToolChoice(request, forced && !model.always_thinks);
    if (!choice.is_null()) body["tool_choice"] = std::move(choice);
  }
  WriteSampling(request, model, thinking.on, &body);
  LMGATE_RETURN_IF_ERROR(WriteStopSequences(request.stop, &body));
  WriteThinking(thinking, &body);
  if (request.response_format.kind == ResponseFormat::Kind::kJsonSchema) {
    LMGATE_ASSIGN_OR_RETURN(Json schema, ParseObject(request.response_format.schema));
    CloseObjects(&schema);
    body["output_config"]["format"] = Json{{"type", "json_schema"}, {"schema", std::move(schema)}};
  }
  if (IsLawfulUserId(request.end_user)) body["metadata"] = Json{{"user_id", request.end_user}};
  return body;
}

absl::Status ReadBetas(const Json& betas, std::string_view field, ChatRequest* request) {
  const auto add = [&](const Json& beta) {
    if (beta.is_string()) request->betas.push_back(beta.get<std::string>());
    return beta.is_string();
  };
  if (betas.is_array() ? std::all_of(betas.begin(), betas.end(), add) : add(betas)) {
    return absl::OkStatus();
  }
  return BadField(field, "must be a list of strings");
}

std::vector<std::string> BetasOf(const ChatRequest& request) {
  std::vector<std::string> betas;
  for (const std::string& beta : request.betas) {
    if (IsModelsBeta(beta) && std::find(betas.begin(), betas.end(), beta) == betas.end()) {
      betas.push_back(beta);
    }
  }
  return betas;
}

std::string_view Anthropic::name() const { return "anthropic"; }

absl::StatusOr<ChatRequest> Anthropic::DecodeRequest(const RequestSource& source) const {
  LMGATE_ASSIGN_OR_RETURN(const Json body, ParseObject(source.body));
  LMGATE_ASSIGN_OR_RETURN(const std::optional<std::string> model,
                          ReadString(body, "model", "model"));
  if (!model.has_value() || model->empty()) return BadField("model", "is required");
  LMGATE_ASSIGN_OR_RETURN(const std::optional<bool> stream, ReadBool(body, "stream", "stream"));
  LMGATE_ASSIGN_OR_RETURN(ChatRequest request, ReadAnthropicRequest(body, source.count_only));
  request.model = *model;
  request.stream = stream.value_or(false);
  for (const absl::string_view beta : absl::StrSplit(ToAbsl(source.betas), ',')) {
    const absl::string_view name = absl::StripAsciiWhitespace(beta);
    if (!name.empty()) request.betas.emplace_back(name);
  }
  return request;
}

absl::StatusOr<UpstreamBody> Anthropic::EncodeRequest(const ChatRequest& request,
                                                      const BackendTraits& traits) const {
  LMGATE_ASSIGN_OR_RETURN(const Json written, WriteAnthropicRequest(request, traits));
  Json body = {{"model", traits.model}};
  body.update(written);
  if (request.stream) body["stream"] = true;
  UpstreamBody upstream;
  upstream.path = "/messages";
  upstream.body = DumpJson(body);
  upstream.headers = {{"anthropic-version", "2023-06-01"}};
  const std::vector<std::string> betas = BetasOf(request);
  if (!betas.empty()) upstream.headers.emplace_back("anthropic-beta", absl::StrJoin(betas, ","));
  return upstream;
}

}  // namespace lmgate::dialect
