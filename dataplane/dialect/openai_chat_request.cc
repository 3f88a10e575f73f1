#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/media.h"
#include "dataplane/dialect/openai_chat.h"
#include "dataplane/dialect/openai_chat_wire.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using chat::ReasoningRequest;
using chat::ResponseFormat;
using chat::Role;
using chat::ToolChoice;
using chat::Turn;

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
    "metadata", "service_tier", "store", "prompt_cache_key", "prompt_cache_retention", "prediction",
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

std::string At(std::string_view field, size_t i) { return StrCat(field, "[", i, "]"); }

// The member that must be there and an object.
absl::StatusOr<const Json*> GetObject(const Json& object, std::string_view name,
                                      std::string_view field) {
  const Json* const value = Find(object, name);
  if (value == nullptr) return BadField(field, "is required");
  if (!value->is_object()) return BadField(field, "must be an object");
  return value;
}

absl::StatusOr<std::string> GetText(const Json& object, std::string_view name,
                                    std::string_view field) {
  LMGATE_ASSIGN_OR_RETURN(std::optional<std::string> text, ReadString(object, name, field));
  if (!text.has_value()) return BadField(field, "is required");
  return *std::move(text);
}

// As GetText, and something must be said.
absl::StatusOr<std::string> GetName(const Json& object, std::string_view name,
                                    std::string_view field) {
  LMGATE_ASSIGN_OR_RETURN(std::string text, GetText(object, name, field));
  if (text.empty()) return BadField(field, "must not be empty");
  return text;
}

absl::StatusOr<Part> DecodeImage(const Json& entry, const std::string& field) {
  Part part;
  part.kind = PartKind::kImage;
  const std::string at = StrCat(field, ".image_url");
  const Json* const image = Find(entry, "image_url");
  if (image == nullptr) return BadField(at, "is required");
  std::string url;
  if (image->is_string()) {  // as Responses has it
    url = image->get<std::string>();
  } else {
    LMGATE_ASSIGN_OR_RETURN(url, GetText(*image, "url", StrCat(at, ".url")));
    LMGATE_ASSIGN_OR_RETURN(const auto detail, ReadString(*image, "detail", StrCat(at, ".detail")));
    part.detail = detail.value_or("");
  }
  if (url.empty()) return BadField(StrCat(at, ".url"), "must not be empty");
  const absl::Status read = ReadUrl(url, &part);
  if (!read.ok()) return BadField(StrCat(at, ".url"), ToStd(read.message()));
  if (part.media_type == "application/pdf") part.kind = PartKind::kFile;
  return part;
}

absl::StatusOr<Part> DecodeAudio(const Json& entry, const std::string& field) {
  const std::string at = StrCat(field, ".input_audio");
  LMGATE_ASSIGN_OR_RETURN(const Json* const audio, GetObject(entry, "input_audio", at));
  LMGATE_ASSIGN_OR_RETURN(const std::string format,
                          GetName(*audio, "format", StrCat(at, ".format")));
  Part part;
  part.kind = PartKind::kAudio;
  LMGATE_ASSIGN_OR_RETURN(part.data, GetName(*audio, "data", StrCat(at, ".data")));
  if (!IsBase64(part.data)) return BadField(StrCat(at, ".data"), "must be base64");
  part.media_type = MediaTypeOf("audio", format);
  return part;
}

absl::StatusOr<Part> DecodeFile(const Json& entry, const std::string& field) {
  const std::string at = StrCat(field, ".file");
  LMGATE_ASSIGN_OR_RETURN(const Json* const file, GetObject(entry, "file", at));
  LMGATE_ASSIGN_OR_RETURN(const auto data,
                          ReadString(*file, "file_data", StrCat(at, ".file_data")));
  LMGATE_ASSIGN_OR_RETURN(const auto id, ReadString(*file, "file_id", StrCat(at, ".file_id")));
  LMGATE_ASSIGN_OR_RETURN(const auto name, ReadString(*file, "filename", StrCat(at, ".filename")));
  Part part;
  part.kind = PartKind::kFile;
  part.filename = name.value_or("");
  if (id.has_value() && !id->empty()) {
    part.file_id = *id;
    return part;
  }
  if (!data.has_value() || data->empty()) {
    return BadField(StrCat(at, ".file_data"), "is required, or file_id");
  }
  const size_t dot = part.filename.rfind('.');
  const std::string by_name =
      dot == std::string::npos ? "" : MediaTypeOf("", part.filename.substr(dot + 1));
  const bool bare = IsBase64(*data);
  const absl::Status read =
      bare ? ReadUrl(StrCat("data:;base64,", *data), &part) : ReadUrl(*data, &part);
  if (!read.ok()) return BadField(StrCat(at, ".file_data"), ToStd(read.message()));
  if (bare || part.media_type == "application/octet-stream") {
    part.media_type = by_name.empty() || by_name.starts_with('/') ? "application/pdf" : by_name;
  }
  return part;
}

// One entry of a message's content. Nullopt = it says nothing.
absl::StatusOr<std::optional<Part>> DecodePart(const Json& entry, const std::string& field) {
  if (entry.is_string()) {
    std::string text = entry.get<std::string>();
    if (text.empty()) return std::nullopt;
    return chat::TextPart(std::move(text));
  }
  if (!entry.is_object()) return BadField(field, "must be an object");
  LMGATE_ASSIGN_OR_RETURN(const std::string type, GetText(entry, "type", StrCat(field, ".type")));
  Part part;
  if (type == "text" || type == "input_text" || type == "output_text") {
    LMGATE_ASSIGN_OR_RETURN(part.text, GetText(entry, "text", StrCat(field, ".text")));
    if (part.text.empty()) return std::nullopt;
  } else if (type == "refusal") {
    part.kind = PartKind::kRefusal;
    LMGATE_ASSIGN_OR_RETURN(part.text, GetText(entry, "refusal", StrCat(field, ".refusal")));
    if (part.text.empty()) return std::nullopt;
  } else if (type == "image_url") {
    LMGATE_ASSIGN_OR_RETURN(part, DecodeImage(entry, field));
  } else if (type == "input_audio") {
    LMGATE_ASSIGN_OR_RETURN(part, DecodeAudio(entry, field));
  } else if (type == "file") {
    LMGATE_ASSIGN_OR_RETURN(part, DecodeFile(entry, field));
  } else {
    return BadField(StrCat(field, ".type"), StrCat("\"", type, "\" is not known"));
  }
  part.cache = Find(entry, "cache_control") != nullptr;  // a vendor field, as OpenRouter takes it
  return part;
}

// `kinds`: what may stand in such a message.
absl::StatusOr<std::vector<Part>> DecodeContent(const Json& message, const std::string& field,
                                                std::initializer_list<PartKind> kinds) {
  std::vector<Part> parts;
  const Json* const content = Find(message, "content");
  if (content == nullptr) return parts;
  const std::string at = StrCat(field, ".content");
  if (content->is_string()) {
    Part part = chat::TextPart(content->get<std::string>());
    part.cache = Find(message, "cache_control") != nullptr;
    if (!part.text.empty()) parts.push_back(std::move(part));
    return parts;
  }
  if (!content->is_array()) return BadField(at, "must be a string or a list");
  for (size_t i = 0; i < content->size(); ++i) {
    LMGATE_ASSIGN_OR_RETURN(std::optional<Part> part, DecodePart((*content)[i], At(at, i)));
    if (!part.has_value()) continue;
    if (std::find(kinds.begin(), kinds.end(), part->kind) == kinds.end()) {
      return BadField(StrCat(At(at, i), ".type"), "is not allowed in a message of this role");
    }
    parts.push_back(*std::move(part));
  }
  return parts;
}

// The arguments of a call: text, or the object that it should have been the text of.
absl::StatusOr<std::string> DecodeArguments(const Json& function, const std::string& field) {
  const Json* const arguments = Find(function, "arguments");
  if (arguments == nullptr) return std::string();
  if (arguments->is_string()) return arguments->get<std::string>();
  if (arguments->is_object()) return DumpJson(*arguments);
  return BadField(StrCat(field, ".arguments"), "must be a string");
}

// Reads the messages in their order.
class MessagesDecoder {
 public:
  explicit MessagesDecoder(ChatRequest* request) : request_(*request) {}

  absl::Status Decode(const Json& body) {
    const Json* const messages = Find(body, "messages");
    if (messages == nullptr) return BadField("messages", "is required");
    if (!messages->is_array()) return BadField("messages", "must be a list");
    if (messages->empty()) return BadField("messages", "must not be empty");
    for (size_t i = 0; i < messages->size(); ++i) {
      LMGATE_RETURN_IF_ERROR(DecodeMessage((*messages)[i], At("messages", i)));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status DecodeMessage(const Json& message, const std::string& field) {
    if (!message.is_object()) return BadField(field, "must be an object");
    LMGATE_ASSIGN_OR_RETURN(const std::string role,
                            GetText(message, "role", StrCat(field, ".role")));
    if (role == "system" || role == "developer") return DecodeSystem(message, field);
    if (role == "user") return DecodeUser(message, field);
    if (role == "assistant") return DecodeAssistant(message, field);
    if (role == "tool" || role == "function") return DecodeResult(message, role, field);
    return BadField(StrCat(field, ".role"), StrCat("\"", role, "\" is not known"));
  }

  absl::Status DecodeSystem(const Json& message, const std::string& field) {
    LMGATE_ASSIGN_OR_RETURN(std::vector<Part> parts,
                            DecodeContent(message, field, {PartKind::kText}));
    if (request_.turns.empty()) {
      for (Part& part : parts) request_.system.push_back(std::move(part));
    } else {
      AddTurn(Role::kSystem, std::move(parts));
    }
    return absl::OkStatus();
  }

  absl::Status DecodeUser(const Json& message, const std::string& field) {
    LMGATE_ASSIGN_OR_RETURN(
        std::vector<Part> parts,
        DecodeContent(message, field,
                      {PartKind::kText, PartKind::kImage, PartKind::kAudio, PartKind::kFile}));
    AddTurn(Role::kUser, std::move(parts));
    return absl::OkStatus();
  }

  absl::Status DecodeAssistant(const Json& message, const std::string& field) {
    std::vector<Part> parts;
    ChatReasoning reasoning = ReadChatReasoning(message);
    if (!reasoning.signed_parts.empty()) {
      parts = std::move(reasoning.signed_parts);
    } else if (!reasoning.text.empty()) {
      parts.emplace_back().kind = PartKind::kReasoning;
      parts.back().text = std::move(reasoning.text);
    }
    LMGATE_ASSIGN_OR_RETURN(std::vector<Part> content,
                            DecodeContent(message, field, {PartKind::kText, PartKind::kRefusal}));
    for (Part& part : content) parts.push_back(std::move(part));
    LMGATE_ASSIGN_OR_RETURN(std::optional<std::string> refusal,
                            ReadString(message, "refusal", StrCat(field, ".refusal")));
    if (refusal.has_value() && !refusal->empty()) {
      parts.emplace_back().kind = PartKind::kRefusal;
      parts.back().text = *std::move(refusal);
    }
    if (Find(message, "audio") != nullptr) {
      request_.own_fields.push_back(StrCat(field, ".audio"));
    }
    LMGATE_RETURN_IF_ERROR(DecodeCalls(message, field, &parts));
    AddTurn(Role::kAssistant, std::move(parts));
    return absl::OkStatus();
  }

  absl::Status DecodeCalls(const Json& message, const std::string& field,
                           std::vector<Part>* parts) {
    const Json* const calls = Find(message, "tool_calls");
    const std::string at = StrCat(field, ".tool_calls");
    if (calls != nullptr && !calls->is_array()) return BadField(at, "must be a list");
    for (size_t i = 0; calls != nullptr && i < calls->size(); ++i) {
      const Json& entry = (*calls)[i];
      const std::string entry_at = At(at, i);
      if (!entry.is_object()) return BadField(entry_at, "must be an object");
      LMGATE_ASSIGN_OR_RETURN(const auto type,
                              ReadString(entry, "type", StrCat(entry_at, ".type")));
      if (type.value_or("function") != "function") {
        request_.own_fields.push_back(entry_at);
        continue;
      }
      const std::string function_at = StrCat(entry_at, ".function");
      LMGATE_ASSIGN_OR_RETURN(const Json* const function,
                              GetObject(entry, "function", function_at));
      Part part;
      part.kind = PartKind::kToolCall;
      LMGATE_ASSIGN_OR_RETURN(part.id, GetName(entry, "id", StrCat(entry_at, ".id")));
      LMGATE_ASSIGN_OR_RETURN(part.name, GetName(*function, "name", StrCat(function_at, ".name")));
      LMGATE_ASSIGN_OR_RETURN(part.arguments, DecodeArguments(*function, function_at));
      part.signature = ReadExtraContent(entry, {});
      parts->push_back(std::move(part));
    }
    const Json* const function_call = Find(message, "function_call");
    if (function_call == nullptr) return absl::OkStatus();
    const std::string function_at = StrCat(field, ".function_call");
    Part part;
    part.kind = PartKind::kToolCall;
    LMGATE_ASSIGN_OR_RETURN(part.name,
                            GetName(*function_call, "name", StrCat(function_at, ".name")));
    LMGATE_ASSIGN_OR_RETURN(part.arguments, DecodeArguments(*function_call, function_at));
    part.id = NextFunctionId();
    parts->push_back(std::move(part));
    return absl::OkStatus();
  }

  // A message of role tool, or the older function, which has no id: it answers the last call.
  absl::Status DecodeResult(const Json& message, const std::string& role,
                            const std::string& field) {
    Part result;
    result.kind = PartKind::kToolResult;
    if (role == "tool") {
      LMGATE_ASSIGN_OR_RETURN(result.id,
                              GetName(message, "tool_call_id", StrCat(field, ".tool_call_id")));
    } else {
      LMGATE_ASSIGN_OR_RETURN(result.name, GetName(message, "name", StrCat(field, ".name")));
      result.id = function_id_.empty() ? NextFunctionId() : function_id_;
    }
    // Images are not OpenAI's, but clients send them, and other dialects take them.
    LMGATE_ASSIGN_OR_RETURN(
        result.parts,
        DecodeContent(message, field, {PartKind::kText, PartKind::kImage, PartKind::kFile}));
    std::vector<Part> parts;
    parts.push_back(std::move(result));
    AddTurn(Role::kUser, std::move(parts));
    return absl::OkStatus();
  }

  void AddTurn(Role role, std::vector<Part> parts) {
    request_.turns.push_back(Turn{.role = role, .parts = std::move(parts)});
  }

  std::string NextFunctionId() {
    function_id_ = StrCat("call_function_", ++function_ids_);
    return function_id_;
  }

  ChatRequest& request_;
  std::string function_id_;
  int function_ids_ = 0;
};

absl::StatusOr<chat::Tool> DecodeFunction(const Json& function, const std::string& field) {
  chat::Tool tool;
  LMGATE_ASSIGN_OR_RETURN(tool.name, GetName(function, "name", StrCat(field, ".name")));
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
    const std::string at = At("tools", i);
    if (!entry.is_object()) return BadField(at, "must be an object");
    LMGATE_ASSIGN_OR_RETURN(const std::string type, GetText(entry, "type", StrCat(at, ".type")));
    if (type != "function") {
      request->own_fields.push_back(at);
      continue;
    }
    const std::string function_at = StrCat(at, ".function");
    LMGATE_ASSIGN_OR_RETURN(const Json* const function, GetObject(entry, "function", function_at));
    LMGATE_ASSIGN_OR_RETURN(chat::Tool tool, DecodeFunction(*function, function_at));
    tool.cache =
        Find(entry, "cache_control") != nullptr || Find(*function, "cache_control") != nullptr;
    request->tools.push_back(std::move(tool));
  }
  return absl::OkStatus();
}

absl::Status DecodeAllowedTools(const Json& choice, ToolChoice* tool_choice) {
  const std::string at = "tool_choice.allowed_tools";
  LMGATE_ASSIGN_OR_RETURN(const Json* const allowed, GetObject(choice, "allowed_tools", at));
  LMGATE_ASSIGN_OR_RETURN(const std::string mode, GetText(*allowed, "mode", StrCat(at, ".mode")));
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
    const std::string function_at = StrCat(At(tools_at, i), ".function");
    LMGATE_ASSIGN_OR_RETURN(const Json* const function,
                            GetObject((*tools)[i], "function", function_at));
    LMGATE_ASSIGN_OR_RETURN(std::string name,
                            GetName(*function, "name", StrCat(function_at, ".name")));
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
  LMGATE_ASSIGN_OR_RETURN(const std::string type, GetText(*choice, "type", "tool_choice.type"));
  if (type == "allowed_tools") return DecodeAllowedTools(*choice, &tool_choice);
  if (type != "function") {
    request->own_fields.push_back("tool_choice");
    return absl::OkStatus();
  }
  LMGATE_ASSIGN_OR_RETURN(const Json* const function,
                          GetObject(*choice, "function", "tool_choice.function"));
  LMGATE_ASSIGN_OR_RETURN(std::string name,
                          GetName(*function, "name", "tool_choice.function.name"));
  tool_choice.mode = Mode::kOne;
  tool_choice.names.push_back(std::move(name));
  return absl::OkStatus();
}

// `functions` and `function_call`, the older form of tools: at most one call in an answer.
absl::Status DecodeFunctions(const Json& body, ChatRequest* request) {
  const Json* const functions = Find(body, "functions");
  if (functions != nullptr && !functions->is_array()) {
    return BadField("functions", "must be a list");
  }
  for (size_t i = 0; functions != nullptr && i < functions->size(); ++i) {
    LMGATE_ASSIGN_OR_RETURN(chat::Tool tool, DecodeFunction((*functions)[i], At("functions", i)));
    request->tools.push_back(std::move(tool));
    request->parallel_tool_calls = false;
  }
  const Json* const call = Find(body, "function_call");
  if (call == nullptr) return absl::OkStatus();
  if (call->is_object()) {
    LMGATE_ASSIGN_OR_RETURN(std::string name, GetName(*call, "name", "function_call.name"));
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
    if (!entry.is_string()) return BadField(At("stop", i), "must be a string");
    std::string text = entry.get<std::string>();
    if (!text.empty()) request->stop.push_back(std::move(text));
  }
  return absl::OkStatus();
}

absl::Status DecodeResponseFormat(const Json& body, ChatRequest* request) {
  const Json* const format = Find(body, "response_format");
  if (format == nullptr) return absl::OkStatus();
  if (!format->is_object()) return BadField("response_format", "must be an object");
  LMGATE_ASSIGN_OR_RETURN(const std::string type, GetText(*format, "type", "response_format.type"));
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
  LMGATE_ASSIGN_OR_RETURN(const Json* const schema, GetObject(*format, "json_schema", at));
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
  if (logprobs.value_or(false)) request->own_fields.push_back("logprobs");
  if (top_logprobs.value_or(0) > 0) request->own_fields.push_back("top_logprobs");
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
    LMGATE_ASSIGN_OR_RETURN(request.model, GetName(body, "model", "model"));
  } else {
    request.model = source.model;
  }
  LMGATE_RETURN_IF_ERROR(MessagesDecoder(&request).Decode(body));
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
