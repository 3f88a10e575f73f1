#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/openai_chat.h"
#include "dataplane/dialect/openai_chat_messages.h"
#include "dataplane/dialect/openai_request.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::ReasoningRequest;
using chat::ResponseFormat;
using chat::ToolChoice;

// Fields that are read below.
constexpr std::string_view kReadFields[] = {
    "model",
    "messages",
    "tools",
    "tool_choice",
    "functions",
    "function_call",
    "parallel_tool_calls",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "n",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "response_format",
    "reasoning_effort",
    "verbosity",
    "user",
    "safety_identifier",
    "stream",
    "stream_options",
    "logprobs",
    "top_logprobs",
    "modalities",
    "audio",
};
// Hints: the answer means the same without them.
constexpr std::string_view kHintFields[] = {
    "metadata",         "service_tier",         "store",
    "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
    "prediction",
};
constexpr std::string_view kEfforts[] = {"minimal", "low", "medium", "high", "xhigh", "max"};
constexpr int64_t kChoicesMax = 128;  // OpenAI API reference, Chat, n

template <typename List>
bool IsAmong(std::string_view word, const List& list) {
  for (const std::string_view entry : list) {
    if (entry == word) return true;
  }
  return false;
}

absl::StatusOr<chat::Tool> DecodeFunction(const Json& function, const std::string& field) {
  chat::Tool tool;
  LMGATE_ASSIGN_OR_RETURN(tool.name, GetChatName(function, "name", StrCat(field, ".name")));
  LMGATE_ASSIGN_OR_RETURN(const auto description,
                          ReadString(function, "description", StrCat(field, ".description")));
  tool.description = description.value_or("");
  LMGATE_ASSIGN_OR_RETURN(tool.strict, ReadBool(function, "strict", StrCat(field, ".strict")));
  const Json* const parameters = Find(function, "parameters");
  if (parameters == nullptr) return tool;
  if (!parameters->is_object()) {
    return BadField(StrCat(field, ".parameters"), "must be an object");
  }
  if (!parameters->empty()) tool.parameters = DumpJson(*parameters);
  return tool;
}

absl::Status DecodeTools(const Json& body, ChatRequest* request) {
  const Json* const tools = Find(body, "tools");
  if (tools != nullptr && !tools->is_array()) return BadField("tools", "must be a list");
  for (size_t i = 0; tools != nullptr && i < tools->size(); ++i) {
    const Json& entry = (*tools)[i];
    const std::string at = ChatEntry("tools", i);
    if (!entry.is_object()) return BadField(at, "must be an object");
    LMGATE_ASSIGN_OR_RETURN(const std::string type,
                            GetChatText(entry, "type", StrCat(at, ".type")));
    if (type != "function") {
      request->own_fields.push_back(at);
      continue;
    }
    const std::string function_at = StrCat(at, ".function");
    LMGATE_ASSIGN_OR_RETURN(const Json* const function,
                            GetChatObject(entry, "function", function_at));
    LMGATE_ASSIGN_OR_RETURN(chat::Tool tool, DecodeFunction(*function, function_at));
    tool.cache =
        Find(entry, "cache_control") != nullptr || Find(*function, "cache_control") != nullptr;
    request->tools.push_back(std::move(tool));
  }
  return absl::OkStatus();
}

absl::Status DecodeAllowedTools(const Json& choice, ToolChoice* tool_choice) {
  const std::string at = "tool_choice.allowed_tools";
  LMGATE_ASSIGN_OR_RETURN(const Json* const allowed, GetChatObject(choice, "allowed_tools", at));
  LMGATE_ASSIGN_OR_RETURN(const std::string mode,
                          GetChatText(*allowed, "mode", StrCat(at, ".mode")));
  if (mode != "auto" && mode != "required") {
    return BadField(StrCat(at, ".mode"), "must be auto or required");
  }
  tool_choice->mode = mode == "auto" ? ToolChoice::Mode::kSubsetAuto : ToolChoice::Mode::kSubsetAny;
  const Json* const tools = Find(*allowed, "tools");
  const std::string tools_at = StrCat(at, ".tools");
  if (tools == nullptr || !tools->is_array() || tools->empty()) {
    return BadField(tools_at, "must be a list that is not empty");
  }
  for (size_t i = 0; i < tools->size(); ++i) {
    const std::string function_at = StrCat(ChatEntry(tools_at, i), ".function");
    LMGATE_ASSIGN_OR_RETURN(const Json* const function,
                            GetChatObject((*tools)[i], "function", function_at));
    LMGATE_ASSIGN_OR_RETURN(std::string name,
                            GetChatName(*function, "name", StrCat(function_at, ".name")));
    tool_choice->names.push_back(std::move(name));
  }
  return absl::OkStatus();
}

absl::Status DecodeToolChoice(const Json& body, ChatRequest* request) {
  using Mode = ToolChoice::Mode;
  const Json* const choice = Find(body, "tool_choice");
  if (choice == nullptr) return absl::OkStatus();
  ToolChoice& tool_choice = request->tool_choice;
  if (choice->is_string()) {
    const std::string word = choice->get<std::string>();
    if (word == "auto") {
      tool_choice.mode = Mode::kAuto;
    } else if (word == "none") {
      tool_choice.mode = Mode::kNone;
    } else if (word == "required" || word == "any") {  // Mistral says any
      tool_choice.mode = Mode::kAny;
    } else {
      return BadField("tool_choice", StrCat("\"", word, "\" is not known"));
    }
    return absl::OkStatus();
  }
  if (!choice->is_object()) return BadField("tool_choice", "must be a string or an object");
  LMGATE_ASSIGN_OR_RETURN(const std::string type, GetChatText(*choice, "type", "tool_choice.type"));
  if (type == "allowed_tools") return DecodeAllowedTools(*choice, &tool_choice);
  if (type != "function") {
    request->own_fields.push_back("tool_choice");
    return absl::OkStatus();
  }
  LMGATE_ASSIGN_OR_RETURN(const Json* const function,
                          GetChatObject(*choice, "function", "tool_choice.function"));
  LMGATE_ASSIGN_OR_RETURN(std::string name,
                          GetChatName(*function, "name", "tool_choice.function.name"));
  tool_choice.mode = Mode::kOne;
  tool_choice.names.push_back(std::move(name));
  return absl::OkStatus();
}

// `functions` and `function_call`, the older form of tools: at most one call in an answer. Beside
// `tools` they are more of those.
absl::Status DecodeFunctions(const Json& body, ChatRequest* request) {
  const Json* const functions = Find(body, "functions");
  if (functions != nullptr && !functions->is_array()) {
    return BadField("functions", "must be a list");
  }
  const bool speaks_tools = !request->tools.empty();
  for (size_t i = 0; functions != nullptr && i < functions->size(); ++i) {
    LMGATE_ASSIGN_OR_RETURN(chat::Tool tool,
                            DecodeFunction((*functions)[i], ChatEntry("functions", i)));
    request->tools.push_back(std::move(tool));
    if (speaks_tools) continue;
    request->calls_functions = true;
    request->parallel_tool_calls = false;
  }
  const Json* const call = Find(body, "function_call");
  if (call == nullptr) return absl::OkStatus();
  if (call->is_object()) {
    LMGATE_ASSIGN_OR_RETURN(std::string name, GetChatName(*call, "name", "function_call.name"));
    request->tool_choice.mode = ToolChoice::Mode::kOne;
    request->tool_choice.names.push_back(std::move(name));
  } else if (*call == "auto") {
    request->tool_choice.mode = ToolChoice::Mode::kAuto;
  } else if (*call == "none") {
    request->tool_choice.mode = ToolChoice::Mode::kNone;
  } else {
    return BadField("function_call", "must be auto, none or an object");
  }
  return absl::OkStatus();
}

absl::Status DecodeStop(const Json& body, ChatRequest* request) {
  const Json* const stop = Find(body, "stop");
  if (stop == nullptr) return absl::OkStatus();
  if (stop->is_string()) {
    const std::string text = stop->get<std::string>();
    if (!text.empty()) request->stop.push_back(text);
    return absl::OkStatus();
  }
  if (!stop->is_array()) return BadField("stop", "must be a string or a list");
  for (size_t i = 0; i < stop->size(); ++i) {
    const Json& entry = (*stop)[i];
    if (!entry.is_string()) return BadField(ChatEntry("stop", i), "must be a string");
    std::string text = entry.get<std::string>();
    if (!text.empty()) request->stop.push_back(std::move(text));
  }
  return absl::OkStatus();
}

absl::Status DecodeResponseFormat(const Json& body, ChatRequest* request) {
  const Json* const format = Find(body, "response_format");
  if (format == nullptr) return absl::OkStatus();
  if (!format->is_object()) return BadField("response_format", "must be an object");
  LMGATE_ASSIGN_OR_RETURN(const std::string type,
                          GetChatText(*format, "type", "response_format.type"));
  ResponseFormat& read = request->response_format;
  if (type == "text") return absl::OkStatus();
  if (type == "json_object") {
    read.kind = ResponseFormat::Kind::kJsonObject;
    return absl::OkStatus();
  }
  if (type != "json_schema") {
    request->own_fields.push_back("response_format");
    return absl::OkStatus();
  }
  const std::string at = "response_format.json_schema";
  read.kind = ResponseFormat::Kind::kJsonSchema;
  LMGATE_ASSIGN_OR_RETURN(const Json* const schema, GetChatObject(*format, "json_schema", at));
  LMGATE_ASSIGN_OR_RETURN(const auto name, ReadString(*schema, "name", StrCat(at, ".name")));
  LMGATE_ASSIGN_OR_RETURN(const auto description,
                          ReadString(*schema, "description", StrCat(at, ".description")));
  LMGATE_ASSIGN_OR_RETURN(read.strict, ReadBool(*schema, "strict", StrCat(at, ".strict")));
  const Json* const inner = Find(*schema, "schema");
  if (inner == nullptr) {  // the API lets it be absent
    read.kind = ResponseFormat::Kind::kJsonObject;
    return absl::OkStatus();
  }
  if (!inner->is_object()) return BadField(StrCat(at, ".schema"), "must be an object");
  read.name = name.value_or("");
  read.description = description.value_or("");
  read.schema = DumpJson(*inner);
  return absl::OkStatus();
}

absl::Status DecodeReasoning(const Json& body, ChatRequest* request) {
  LMGATE_ASSIGN_OR_RETURN(const auto effort,
                          ReadString(body, "reasoning_effort", "reasoning_effort"));
  if (!effort.has_value()) return absl::OkStatus();
  ReasoningRequest& reasoning = request->reasoning;
  if (*effort == "none") {
    reasoning.mode = ReasoningRequest::Mode::kOff;
    return absl::OkStatus();
  }
  if (!IsAmong(*effort, kEfforts)) {
    return BadField("reasoning_effort", StrCat("\"", *effort, "\" is not known"));
  }
  reasoning.mode = ReasoningRequest::Mode::kEffort;
  reasoning.effort = *effort;
  // Chat cannot ask for the text; clients read it as reasoning_content where it comes.
  reasoning.want_text = true;
  return absl::OkStatus();
}

absl::Status DecodeNumbers(const Json& body, ChatRequest* request) {
  LMGATE_ASSIGN_OR_RETURN(request->max_tokens,
                          ReadInteger(body, "max_completion_tokens", "max_completion_tokens"));
  LMGATE_ASSIGN_OR_RETURN(const auto legacy, ReadInteger(body, "max_tokens", "max_tokens"));
  if (!request->max_tokens.has_value()) request->max_tokens = legacy;
  if (request->max_tokens.has_value() && *request->max_tokens < 1) {
    return BadField(legacy.has_value() ? "max_tokens" : "max_completion_tokens",
                    "must be at least 1");
  }
  LMGATE_ASSIGN_OR_RETURN(request->temperature, ReadNumber(body, "temperature", "temperature"));
  LMGATE_ASSIGN_OR_RETURN(request->top_p, ReadNumber(body, "top_p", "top_p"));
  // Not OpenAI's, but common among compatible servers.
  LMGATE_ASSIGN_OR_RETURN(request->top_k, ReadInteger(body, "top_k", "top_k"));
  LMGATE_ASSIGN_OR_RETURN(request->seed, ReadInteger(body, "seed", "seed"));
  LMGATE_ASSIGN_OR_RETURN(request->presence_penalty,
                          ReadNumber(body, "presence_penalty", "presence_penalty"));
  LMGATE_ASSIGN_OR_RETURN(request->frequency_penalty,
                          ReadNumber(body, "frequency_penalty", "frequency_penalty"));
  LMGATE_ASSIGN_OR_RETURN(const auto n, ReadInteger(body, "n", "n"));
  request->n = n.value_or(1);
  if (request->n < 1 || request->n > kChoicesMax) {
    return BadField("n", StrCat("must be from 1 to ", kChoicesMax));
  }
  return absl::OkStatus();
}

absl::Status DecodeStreaming(const Json& body, ChatRequest* request) {
  LMGATE_ASSIGN_OR_RETURN(const auto stream, ReadBool(body, "stream", "stream"));
  request->stream = stream.value_or(false);
  const Json* const options = Find(body, "stream_options");
  if (options == nullptr) return absl::OkStatus();
  if (!options->is_object()) return BadField("stream_options", "must be an object");
  LMGATE_ASSIGN_OR_RETURN(const auto include_usage,
                          ReadBool(*options, "include_usage", "stream_options.include_usage"));
  request->include_usage = include_usage.value_or(false);
  return absl::OkStatus();
}

absl::Status DecodeWords(const Json& body, ChatRequest* request) {
  LMGATE_ASSIGN_OR_RETURN(const auto verbosity, ReadString(body, "verbosity", "verbosity"));
  request->verbosity = verbosity.value_or("");
  LMGATE_ASSIGN_OR_RETURN(const auto user, ReadString(body, "user", "user"));
  LMGATE_ASSIGN_OR_RETURN(const auto safety_identifier,
                          ReadString(body, "safety_identifier", "safety_identifier"));
  request->end_user = user.has_value() ? *user : safety_identifier.value_or("");
  request->openai_fields = ReadOpenAiFields(body);
  const Json* const logit_bias = Find(body, "logit_bias");
  if (logit_bias == nullptr) return absl::OkStatus();
  if (!logit_bias->is_object()) return BadField("logit_bias", "must be an object");
  if (!logit_bias->empty()) request->logit_bias = DumpJson(*logit_bias);
  return absl::OkStatus();
}

// What changes the answer and has no place in a ChatRequest.
absl::Status CollectOwnFields(const Json& body, ChatRequest* request) {
  LMGATE_ASSIGN_OR_RETURN(const auto logprobs, ReadBool(body, "logprobs", "logprobs"));
  LMGATE_ASSIGN_OR_RETURN(const auto top_logprobs,
                          ReadInteger(body, "top_logprobs", "top_logprobs"));
  if (logprobs.value_or(false) || top_logprobs.value_or(0) > 0) {
    request->top_logprobs = top_logprobs.value_or(0);
  }
  bool speaks = false;
  if (const Json* const modalities = Find(body, "modalities")) {
    if (!modalities->is_array()) return BadField("modalities", "must be a list");
    for (const Json& modality : *modalities) speaks = speaks || modality != "text";
  }
  if (speaks) request->own_fields.push_back("modalities");
  if (Find(body, "audio") != nullptr) request->own_fields.push_back("audio");
  for (const auto& [name, value] : body.items()) {
    if (value.is_null() || IsAmong(name, kReadFields) || IsAmong(name, kHintFields)) continue;
    request->own_fields.push_back(name);
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view OpenAiChat::name() const { return "openai-chat"; }

absl::StatusOr<ChatRequest> OpenAiChat::DecodeRequest(const RequestSource& source) const {
  LMGATE_ASSIGN_OR_RETURN(const Json body, ParseObject(source.body));
  ChatRequest request;
  if (source.model.empty()) {
    LMGATE_ASSIGN_OR_RETURN(request.model, GetChatName(body, "model", "model"));
  } else {
    request.model = source.model;
  }
  LMGATE_RETURN_IF_ERROR(DecodeChatMessages(body, &request));
  LMGATE_RETURN_IF_ERROR(DecodeTools(body, &request));
  LMGATE_ASSIGN_OR_RETURN(request.parallel_tool_calls,
                          ReadBool(body, "parallel_tool_calls", "parallel_tool_calls"));
  LMGATE_RETURN_IF_ERROR(DecodeToolChoice(body, &request));
  LMGATE_RETURN_IF_ERROR(DecodeFunctions(body, &request));
  LMGATE_RETURN_IF_ERROR(DecodeNumbers(body, &request));
  LMGATE_RETURN_IF_ERROR(DecodeStop(body, &request));
  LMGATE_RETURN_IF_ERROR(DecodeResponseFormat(body, &request));
  LMGATE_RETURN_IF_ERROR(DecodeReasoning(body, &request));
  LMGATE_RETURN_IF_ERROR(DecodeStreaming(body, &request));
  LMGATE_RETURN_IF_ERROR(DecodeWords(body, &request));
  LMGATE_RETURN_IF_ERROR(CollectOwnFields(body, &request));
  return request;
}

}  // namespace lmgate::dialect
