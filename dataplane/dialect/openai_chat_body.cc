#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/match.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/media.h"
#include "dataplane/dialect/openai_chat.h"
#include "dataplane/dialect/openai_chat_wire.h"
#include "dataplane/dialect/openai_request.h"
#include "dataplane/dialect/seal.h"
#include "dataplane/dialect/tool_id.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using chat::ResponseFormat;
using chat::Role;
using chat::ToolChoice;

Json Typed(std::string_view type, Json value) {
  Json object = Json::object();
  object["type"] = type;
  object[std::string(type)] = std::move(value);
  return object;
}

Json Message(std::string_view role, Json content) {
  Json message = Json::object();
  message["role"] = role;
  message["content"] = std::move(content);
  return message;
}

std::string_view FieldOf(const Part& part) {
  return part.field.empty() ? std::string_view("messages") : part.field;
}

bool IsTextFile(const Part& part) {
  return part.kind == PartKind::kFile && !part.data.empty() &&
         (part.media_type.starts_with("text/") || part.media_type == "application/json");
}

absl::StatusOr<Json> EncodeFile(const Part& part) {
  Json file = Json::object();
  if (!part.file_id.empty()) {
    file["file_id"] = part.file_id;
    return Typed("file", std::move(file));
  }
  if (part.data.empty())
    return BadField(FieldOf(part), "a file by URL has no place in openai-chat");
  // OpenAI takes PDF files only; a text says as much as text.
  if (IsTextFile(part)) {
    std::string text;
    if (absl::Base64Unescape(part.data, &text)) {
      if (!part.filename.empty()) text.insert(0, StrCat(part.filename, ":\n"));
      return Typed("text", std::move(text));
    }
  }
  const std::string_view format = FormatOf(part.media_type);
  // With file_data the name is required: OpenAI API reference, Chat, file.
  file["filename"] =
      part.filename.empty() ? StrCat("file.", format.empty() ? "bin" : format) : part.filename;
  file["file_data"] = WriteUrl(part);
  return Typed("file", std::move(file));
}

absl::StatusOr<Json> EncodeAudio(const Part& part) {
  const std::string_view format = FormatOf(part.media_type);
  if (part.data.empty() || format.empty()) {
    return BadField(FieldOf(part),
                    StrCat("audio of type \"", part.media_type, "\" has no place in openai-chat"));
  }
  Json audio = Json::object();
  audio["data"] = part.data;
  audio["format"] = format;
  return Typed("input_audio", std::move(audio));
}

absl::StatusOr<Json> EncodeImage(const Part& part) {
  const std::string url = WriteUrl(part);
  if (url.empty()) {
    return BadField(FieldOf(part), "an image that the provider holds has no place in openai-chat");
  }
  Json image = Json::object();
  image["url"] = url;
  // "original" is known to Responses only.
  if (!part.detail.empty()) image["detail"] = part.detail == "original" ? "high" : part.detail;
  return Typed("image_url", std::move(image));
}

absl::StatusOr<Json> EncodeUserPart(const Part& part) {
  switch (part.kind) {
    case PartKind::kImage:
      return EncodeImage(part);
    case PartKind::kFile:
      return EncodeFile(part);
    case PartKind::kAudio:
      return EncodeAudio(part);
    case PartKind::kText:
    case PartKind::kRefusal:
      return Typed("text", part.text);
    default:
      return BadField("messages", "a user's turn holds what only an assistant says");
  }
}

// A result's text; what is no text is added to `lifted`, for the user's message behind the results.
Json EncodeResult(const Part& result, std::vector<const Part*>* lifted) {
  std::string text;
  bool first = true;
  for (const Part& part : result.parts) {
    if (part.kind != PartKind::kText) {
      lifted->push_back(&part);
      continue;
    }
    if (!std::exchange(first, false)) text.push_back('\n');
    text.append(part.text);
  }
  if (first && !result.parts.empty()) text = "[attached below]";
  if (result.is_error) text.insert(0, "Error: ");
  Json message = Json::object();
  message["role"] = "tool";
  message["tool_call_id"] = result.id;
  message["content"] = std::move(text);
  return message;
}

absl::Status EncodeUser(const std::vector<Part>& parts, Json* messages) {
  std::vector<const Part*> said;
  for (const Part& part : parts) {
    if (part.kind == PartKind::kToolResult) messages->push_back(EncodeResult(part, &said));
  }
  for (const Part& part : parts) {
    if (part.kind != PartKind::kToolResult) said.push_back(&part);
  }
  if (said.empty()) return absl::OkStatus();
  if (said.size() == 1 && said.front()->kind == PartKind::kText) {
    messages->push_back(Message("user", said.front()->text));
    return absl::OkStatus();
  }
  Json content = Json::array();
  for (const Part* const part : said) {
    LMGATE_ASSIGN_OR_RETURN(Json entry, EncodeUserPart(*part));
    content.push_back(std::move(entry));
  }
  messages->push_back(Message("user", std::move(content)));
  return absl::OkStatus();
}

// Google's own chat endpoint takes it back; all others do not know the field. A signature that a
// Gemini client sent says nothing of its model.
bool IsGeminis(const chat::Signature& signature, const BackendTraits& traits) {
  if (!IsSignedFor(signature, kOriginGemini, traits.model)) return false;
  return !signature.model.empty() ||
         absl::StrContains(absl::AsciiStrToLower(ToAbsl(traits.model)), "gemini");
}

Json EncodeCall(const Part& part, const BackendTraits& traits) {
  Json function = Json::object();
  function["name"] = part.name;
  function["arguments"] = chat::IsBlank(part.arguments) ? "{}" : part.arguments;
  Json call = Json::object();
  call["id"] = part.id;
  call["type"] = "function";
  call["function"] = std::move(function);
  if (IsGeminis(part.signature, traits)) {
    call["extra_content"] = ExtraContent(part.signature.data);
  }
  return call;
}

// Texts become one, with a blank line where something stood between them; calls keep their order;
// reasoning has no place (translation.md 5.4, 7.3).
absl::Status EncodeAssistant(const std::vector<Part>& parts, const BackendTraits& traits,
                             Json* messages) {
  std::string content;
  std::string refusal;
  Json calls = Json::array();
  PartKind before = PartKind::kText;
  for (const Part& part : parts) {
    const bool apart = std::exchange(before, part.kind) != PartKind::kText || part.apart;
    switch (part.kind) {
      case PartKind::kText:
        if (apart && !content.empty()) content.append("\n\n");
        content.append(part.text);
        break;
      case PartKind::kRefusal:
        refusal.append(part.text);
        break;
      case PartKind::kToolCall:
        calls.push_back(EncodeCall(part, traits));
        break;
      case PartKind::kReasoning:
        break;
      default:
        return BadField("messages", "an assistant's turn in openai-chat is text and calls only");
    }
  }
  if (content.empty() && refusal.empty() && calls.empty()) return absl::OkStatus();
  Json message = Message("assistant", nullptr);
  if (!content.empty()) {
    message["content"] = std::move(content);
    if (!refusal.empty()) message["refusal"] = std::move(refusal);
  } else if (!refusal.empty()) {
    Json entries = Json::array();
    entries.push_back(Typed("refusal", std::move(refusal)));
    message["content"] = std::move(entries);
  }
  if (!calls.empty()) message["tool_calls"] = std::move(calls);
  messages->push_back(std::move(message));
  return absl::OkStatus();
}

// One message: the templates of many servers know only one.
std::string JoinTexts(const std::vector<Part>& parts) {
  std::string text;
  for (const Part& part : parts) {
    if (part.text.empty()) continue;
    if (!text.empty()) text.append("\n\n");
    text.append(part.text);
  }
  return text;
}

absl::StatusOr<Json> EncodeMessages(const ChatRequest& request, const BackendTraits& traits) {
  Json messages = Json::array();
  std::string system = JoinTexts(request.system);
  if (!system.empty()) messages.push_back(Message("system", std::move(system)));
  for (const chat::Turn& turn : request.turns) {
    if (turn.role == Role::kUser) {
      LMGATE_RETURN_IF_ERROR(EncodeUser(turn.parts, &messages));
    } else if (turn.role == Role::kAssistant) {
      LMGATE_RETURN_IF_ERROR(EncodeAssistant(turn.parts, traits, &messages));
    } else if (std::string text = JoinTexts(turn.parts); !text.empty()) {
      messages.push_back(Message("system", std::move(text)));
    }
  }
  return messages;
}

// JSON text of the request's own making.
absl::StatusOr<Json> EncodeSchema(std::string_view text, std::string_view field) {
  absl::StatusOr<Json> schema = ParseObject(text);
  if (!schema.ok()) return BadField(field, "must be a JSON object");
  return schema;
}

Json FunctionNamed(std::string_view name) {
  Json function = Json::object();
  function["name"] = name;
  return Typed("function", std::move(function));
}

Json EncodeToolChoice(const ToolChoice& choice) {
  switch (choice.mode) {
    case ToolChoice::Mode::kDefault:
      return nullptr;
    case ToolChoice::Mode::kAuto:
      return "auto";
    case ToolChoice::Mode::kNone:
      return "none";
    case ToolChoice::Mode::kAny:
      return "required";
    case ToolChoice::Mode::kOne:
      return choice.names.empty() ? Json("required") : FunctionNamed(choice.names.front());
    case ToolChoice::Mode::kSubsetAuto:
    case ToolChoice::Mode::kSubsetAny:
      break;
  }
  Json tools = Json::array();
  for (const std::string& name : choice.names) tools.push_back(FunctionNamed(name));
  Json allowed = Json::object();
  allowed["mode"] = choice.mode == ToolChoice::Mode::kSubsetAny ? "required" : "auto";
  allowed["tools"] = std::move(tools);
  return Typed("allowed_tools", std::move(allowed));
}

// tool_choice and parallel_tool_calls without tools are refused by OpenAI.
absl::Status EncodeTools(const ChatRequest& request, Json* body) {
  if (request.tools.empty()) return absl::OkStatus();
  Json tools = Json::array();
  for (const chat::Tool& tool : request.tools) {
    Json function = Json::object();
    function["name"] = tool.name;
    if (!tool.description.empty()) function["description"] = tool.description;
    if (!tool.parameters.empty()) {
      LMGATE_ASSIGN_OR_RETURN(
          function["parameters"],
          EncodeSchema(tool.parameters, StrCat("tools[", tools.size(), "].function.parameters")));
    }
    if (tool.strict.has_value()) function["strict"] = *tool.strict;
    tools.push_back(Typed("function", std::move(function)));
  }
  (*body)["tools"] = std::move(tools);
  Json choice = EncodeToolChoice(request.tool_choice);
  if (!choice.is_null()) (*body)["tool_choice"] = std::move(choice);
  if (request.parallel_tool_calls.has_value()) {
    (*body)["parallel_tool_calls"] = *request.parallel_tool_calls;
  }
  return absl::OkStatus();
}

absl::Status EncodeResponseFormat(const ResponseFormat& format, Json* body) {
  if (format.kind == ResponseFormat::Kind::kText) return absl::OkStatus();
  if (format.kind == ResponseFormat::Kind::kJsonObject) {
    (*body)["response_format"] = Json{{"type", "json_object"}};
    return absl::OkStatus();
  }
  constexpr size_t kNameBytesMax = 64;  // OpenAI API reference, Chat, response_format
  Json schema = Json::object();
  schema["name"] = format.name.empty() ? "response" : ToolNameFor(format.name, kNameBytesMax);
  if (!format.description.empty()) schema["description"] = format.description;
  LMGATE_ASSIGN_OR_RETURN(
      schema["schema"], EncodeSchema(format.schema.empty() ? "{}" : std::string_view(format.schema),
                                     "response_format.json_schema.schema"));
  if (format.strict.has_value()) schema["strict"] = *format.strict;
  (*body)["response_format"] = Typed("json_schema", std::move(schema));
  return absl::OkStatus();
}

template <typename T>
void Set(std::string_view name, const std::optional<T>& value, Json* body) {
  if (value.has_value()) (*body)[std::string(name)] = *value;
}

absl::Status EncodeNumbers(const ChatRequest& request, const BackendTraits& traits,
                           const OpenAiModel& model, Json* body) {
  const std::string effort = OpenAiEffort(request.reasoning, model);
  // OpenAI's reasoning models answer 400 to `max_tokens`, wherever they are served.
  const bool legacy = traits.legacy_max_tokens && model.takes_max_tokens;
  Set(legacy ? "max_tokens" : "max_completion_tokens", request.max_tokens, body);
  if (TakesSampling(model, effort)) {
    Set("temperature", request.temperature, body);
    Set("top_p", request.top_p, body);
    if (request.top_logprobs.has_value()) (*body)["logprobs"] = true;
    if (request.top_logprobs.value_or(0) > 0) (*body)["top_logprobs"] = *request.top_logprobs;
  }
  if (request.n > 1) (*body)["n"] = request.n;
  Set("seed", request.seed, body);
  if (model.takes_penalties) {
    Set("presence_penalty", request.presence_penalty, body);
    Set("frequency_penalty", request.frequency_penalty, body);
    if (!request.logit_bias.empty()) {
      LMGATE_ASSIGN_OR_RETURN((*body)["logit_bias"],
                              EncodeSchema(request.logit_bias, "logit_bias"));
    }
  }
  if (!effort.empty()) (*body)["reasoning_effort"] = effort;
  if (model.takes_verbosity && !request.verbosity.empty()) {
    (*body)["verbosity"] = request.verbosity;
  }
  return absl::OkStatus();
}

absl::Status EncodeStop(const ChatRequest& request, const BackendTraits& traits,
                        const OpenAiModel& model, Json* body) {
  constexpr size_t kStopMax = 4;  // OpenAI API reference, Chat, stop
  if (request.stop.empty()) return absl::OkStatus();
  if (!model.takes_stop) {
    return BadField("stop", StrCat("the model ", traits.model, " takes no stop sequences"));
  }
  if (request.stop.size() > kStopMax) {
    return BadField("stop", StrCat("openai-chat takes at most ", kStopMax, " stop sequences"));
  }
  (*body)["stop"] = request.stop;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<UpstreamBody> OpenAiChat::EncodeRequest(const ChatRequest& request,
                                                       const BackendTraits& traits) const {
  const OpenAiModel model = OpenAiModelOf(traits.model);
  Json body = Json::object();
  body["model"] = traits.model;
  LMGATE_ASSIGN_OR_RETURN(Json messages, EncodeMessages(request, traits));
  // All of it was another provider's reasoning: OpenAI takes no conversation without a word.
  if (messages.empty()) messages.push_back({{"role", "user"}, {"content", "."}});
  body["messages"] = std::move(messages);
  LMGATE_RETURN_IF_ERROR(EncodeTools(request, &body));
  LMGATE_RETURN_IF_ERROR(EncodeNumbers(request, traits, model, &body));
  LMGATE_RETURN_IF_ERROR(EncodeStop(request, traits, model, &body));
  LMGATE_RETURN_IF_ERROR(EncodeResponseFormat(request.response_format, &body));
  SetOpenAiFields(request, model, name(), &body);
  if (request.stream) {
    body["stream"] = true;
    // Always: the gateway counts by it, and other dialects state it without being asked.
    body["stream_options"] = Json{{"include_usage", true}};
  }
  UpstreamBody encoded;
  encoded.path = "/chat/completions";
  encoded.body = DumpJson(body);
  return encoded;
}

}  // namespace lmgate::dialect
