#include "tests/fakeprovider/openai_chat_request.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "tests/fakeprovider/media_url.h"
#include "tests/fakeprovider/openai_error.h"
#include "tests/fakeprovider/openai_schema.h"

namespace lmgate::fakeprovider {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kStopsMax = 4;
// Older deployments refuse longer ids; those are what a gateway must not send.
constexpr size_t kCallIdBytesMax = 40;
// OpenAI, "Reasoning models": they do not know max_tokens.
constexpr std::string_view kReasoningModels[] = {"o1", "o3", "o4", "gpt-5"};

absl::Status RefuseEmpty(std::string_view param) {
  return RefuseParam(param, "empty_array",
                     StrCat("Invalid '", param,
                            "': empty array. Expected an array with minimum "
                            "length 1, but got an empty array instead."));
}

struct Message {
  std::string_view role;
  std::string text = {};
  bool has_text = false;
  std::vector<std::string> calls = {};  // their ids
  std::string call_id = {};             // that a tool's message answers
};

class Reader {
 public:
  Reader(const dom::object& body, std::string_view model) : body_(body), model_(model) {}

  absl::StatusOr<Prompt> Read();

 private:
  absl::Status CheckMembers();
  absl::Status ReadLimits();
  absl::Status ReadTools();
  absl::Status ReadTool(const dom::object& tool, const std::string& param);
  absl::Status ReadToolChoice();
  absl::Status ReadFormat();
  absl::Status ReadMessages();
  absl::Status ReadMessage(const dom::object& object, const std::string& param);
  absl::Status ReadContent(const dom::object& object, const std::string& param, Message* message);
  absl::Status ReadPart(const dom::object& part, const std::string& param, Message* message);
  absl::Status ReadCalls(const dom::object& object, const std::string& param, Message* message);
  absl::Status CheckTurns();
  void EndPrompt();

  const dom::object& body_;
  const std::string_view model_;
  Prompt prompt_;
  std::vector<Message> messages_;
};

absl::StatusOr<Prompt> Reader::Read() {
  LMGATE_RETURN_IF_ERROR(CheckMembers());
  LMGATE_RETURN_IF_ERROR(ReadLimits());
  LMGATE_RETURN_IF_ERROR(ReadTools());
  LMGATE_RETURN_IF_ERROR(ReadToolChoice());
  LMGATE_RETURN_IF_ERROR(ReadFormat());
  LMGATE_RETURN_IF_ERROR(ReadMessages());
  LMGATE_RETURN_IF_ERROR(CheckTurns());
  EndPrompt();
  return std::move(prompt_);
}

absl::Status Reader::CheckMembers() {
  const std::string_view unknown = FindUnknownMember(body_, {"model",
                                                             "messages",
                                                             "stream",
                                                             "stream_options",
                                                             "max_tokens",
                                                             "max_completion_tokens",
                                                             "temperature",
                                                             "top_p",
                                                             "n",
                                                             "stop",
                                                             "tools",
                                                             "tool_choice",
                                                             "parallel_tool_calls",
                                                             "response_format",
                                                             "reasoning_effort",
                                                             "user",
                                                             "safety_identifier",
                                                             "prompt_cache_key",
                                                             "prompt_cache_retention",
                                                             "seed",
                                                             "logprobs",
                                                             "top_logprobs",
                                                             "logit_bias",
                                                             "presence_penalty",
                                                             "frequency_penalty",
                                                             "metadata",
                                                             "store",
                                                             "service_tier",
                                                             "verbosity",
                                                             "audio",
                                                             "modalities",
                                                             "prediction",
                                                             "web_search_options",
                                                             "function_call",
                                                             "functions"});
  if (!unknown.empty()) return RefuseUnknown(unknown);
  const auto options = FindObject(body_, "stream_options");
  if (options.has_value() && !IsTrue(body_, "stream")) {
    return RefuseParam("stream_options", "",
                       "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
  }
  prompt_.uses_cache = FindElement(body_, "prompt_cache_key").has_value();
  const auto effort = FindString(body_, "reasoning_effort");
  if (!effort.has_value()) return absl::OkStatus();
  for (const std::string_view word : {"none", "minimal", "low", "medium", "high", "xhigh", "max"}) {
    if (*effort != word) continue;
    prompt_.reasons = *effort != "none";
    return absl::OkStatus();
  }
  return RefuseValue("reasoning_effort", *effort);
}

absl::Status Reader::ReadLimits() {
  double number = 0;
  const auto temperature = FindElement(body_, "temperature");
  if (temperature.has_value() &&
      (temperature->get(number) != simdjson::SUCCESS || number < 0 || number > 2)) {
    return RefuseParam("temperature", "decimal_above_max_value",
                       "Invalid 'temperature': expected a value between 0 and 2.");
  }
  const auto legacy = FindInteger(body_, "max_tokens");
  prompt_.token_limit = FindInteger(body_, "max_completion_tokens");
  if (legacy.has_value() && prompt_.token_limit.has_value()) {
    return RefuseParam("max_tokens", "invalid_parameter_combination",
                       "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not "
                       "supported.");
  }
  const bool reasons =
      std::any_of(std::begin(kReasoningModels), std::end(kReasoningModels),
                  [this](std::string_view name) { return model_.starts_with(name); });
  if (legacy.has_value() && reasons) {
    return RefuseParam("max_tokens", "unsupported_parameter",
                       "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                       "'max_completion_tokens' instead.");
  }
  if (legacy.has_value()) prompt_.token_limit = legacy;
  if (prompt_.token_limit.has_value() && *prompt_.token_limit < 1) {
    return RefuseParam(legacy.has_value() ? "max_tokens" : "max_completion_tokens",
                       "integer_below_min_value",
                       "Invalid limit of tokens: integer below minimum value. Expected a value >= "
                       "1.");
  }
  if (const auto stop = FindString(body_, "stop")) prompt_.stops.emplace_back(*stop);
  for (const dom::element element : FindEntries(body_, "stop")) {
    std::string_view stop;
    if (element.get(stop) != simdjson::SUCCESS) return RefuseType("stop", "a string");
    prompt_.stops.emplace_back(stop);
  }
  if (prompt_.stops.size() > kStopsMax) {
    return RefuseParam("stop", "array_above_max_length",
                       "Invalid 'stop': array too long. Expected an array with maximum length 4.");
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadTools() {
  const auto tools = FindElement(body_, "tools");
  if (!tools.has_value()) {
    for (const std::string_view name : {"tool_choice", "parallel_tool_calls"}) {
      if (!FindElement(body_, name).has_value()) continue;
      return RefuseParam(name, "",
                         StrCat("'", name, "' is only allowed when 'tools' are specified."));
    }
    return absl::OkStatus();
  }
  if (!tools->is_array()) return RefuseType("tools", "an array of objects");
  const auto entries = FindEntries(body_, "tools");
  if (entries.empty()) return RefuseEmpty("tools");
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string param = StrCat("tools[", i, "]");
    dom::object tool;
    if (entries[i].get(tool) != simdjson::SUCCESS) return RefuseType(param, "an object");
    LMGATE_RETURN_IF_ERROR(ReadTool(tool, param));
  }
  if (FindElement(body_, "parallel_tool_calls").has_value()) {
    prompt_.parallel = IsTrue(body_, "parallel_tool_calls");
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadTool(const dom::object& tool, const std::string& param) {
  const auto type = FindString(tool, "type");
  if (!type.has_value()) return RefuseMissing(StrCat(param, ".type"));
  if (*type == "custom") return absl::OkStatus();
  if (*type != "function") return RefuseValue(StrCat(param, ".type"), *type);
  const auto function = FindObject(tool, "function");
  if (!function.has_value()) return RefuseMissing(StrCat(param, ".function"));
  const std::string_view unknown =
      FindUnknownMember(*function, {"name", "description", "parameters", "strict"});
  if (!unknown.empty()) return RefuseUnknown(StrCat(param, ".function.", unknown));
  const auto name = FindString(*function, "name");
  if (!name.has_value()) return RefuseMissing(StrCat(param, ".function.name"));
  if (!IsOpenaiName(*name)) {
    return RefuseParam(StrCat(param, ".function.name"), "invalid_value",
                       StrCat("Invalid '", param,
                              ".function.name': string does not match pattern. Expected a string "
                              "that matches the pattern '^[a-zA-Z0-9_-]+$'."));
  }
  const auto schema = FindElement(*function, "parameters");
  if (schema.has_value() && IsTrue(*function, "strict")) {
    const std::string fault = FindStrictFault(*schema);
    if (!fault.empty()) {
      return RefuseParam(StrCat(param, ".function.parameters"), "invalid_function_parameters",
                         StrCat("Invalid schema for function '", *name, "': ", fault));
    }
  }
  prompt_.tools.push_back(ToolSpec{.name = std::string(*name), .schema = schema});
  return absl::OkStatus();
}

absl::Status Reader::ReadToolChoice() {
  if (const auto word = FindString(body_, "tool_choice")) {
    if (*word != "auto" && *word != "none" && *word != "required") {
      return RefuseValue("tool_choice", *word);
    }
    prompt_.may_call = *word != "none";
    return absl::OkStatus();
  }
  const auto choice = FindObject(body_, "tool_choice");
  if (!choice.has_value() || FindString(*choice, "type") != "function") return absl::OkStatus();
  const auto function = FindObject(*choice, "function");
  if (!function.has_value()) return RefuseMissing("tool_choice.function");
  prompt_.forced = FindString(*function, "name").value_or("");
  for (const ToolSpec& tool : prompt_.tools) {
    if (tool.name == prompt_.forced) return absl::OkStatus();
  }
  return RefuseParam(
      "tool_choice", "",
      StrCat("The function '", prompt_.forced, "' of 'tool_choice' is not found in 'tools'."));
}

absl::Status Reader::ReadFormat() {
  const auto format = FindObject(body_, "response_format");
  if (!format.has_value()) return absl::OkStatus();
  const std::string_view type = FindString(*format, "type").value_or("");
  if (type == "text") return absl::OkStatus();
  if (type == "json_object") {
    prompt_.wants_json_object = true;
    return absl::OkStatus();
  }
  if (type != "json_schema") return RefuseValue("response_format.type", type);
  const auto json_schema = FindObject(*format, "json_schema");
  if (!json_schema.has_value()) return RefuseMissing("response_format.json_schema");
  const std::string_view unknown =
      FindUnknownMember(*json_schema, {"name", "description", "schema", "strict"});
  if (!unknown.empty()) return RefuseUnknown(StrCat("response_format.json_schema.", unknown));
  const auto name = FindString(*json_schema, "name");
  if (!name.has_value()) return RefuseMissing("response_format.json_schema.name");
  if (!IsOpenaiName(*name)) return RefuseValue("response_format.json_schema.name", *name);
  prompt_.schema = FindElement(*json_schema, "schema");
  if (!prompt_.schema.has_value() || !IsTrue(*json_schema, "strict")) return absl::OkStatus();
  const std::string fault = FindStrictFault(*prompt_.schema);
  if (fault.empty()) return absl::OkStatus();
  return RefuseParam("response_format", "",
                     StrCat("Invalid schema for response_format '", *name, "': ", fault));
}

absl::Status Reader::ReadMessages() {
  if (!FindArray(body_, "messages").has_value()) return RefuseMissing("messages");
  const auto messages = FindEntries(body_, "messages");
  if (messages.empty()) return RefuseEmpty("messages");
  for (size_t i = 0; i < messages.size(); ++i) {
    const std::string param = StrCat("messages[", i, "]");
    dom::object message;
    if (messages[i].get(message) != simdjson::SUCCESS) return RefuseType(param, "an object");
    LMGATE_RETURN_IF_ERROR(ReadMessage(message, param));
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadMessage(const dom::object& object, const std::string& param) {
  // What compatible servers say beside the API's members comes back from their clients.
  const std::string_view unknown =
      FindUnknownMember(object, {"role", "content", "name", "tool_calls", "tool_call_id", "refusal",
                                 "audio", "annotations", "function_call", "reasoning_content",
                                 "reasoning", "reasoning_details", "extra_content"});
  if (!unknown.empty()) return RefuseUnknown(StrCat(param, ".", unknown));
  Message message{.role = FindString(object, "role").value_or("")};
  const std::string_view role = message.role;
  if (role != "system" && role != "developer" && role != "user" && role != "assistant" &&
      role != "tool" && role != "function") {
    return RefuseValue(StrCat(param, ".role"), role);
  }
  if (FindElement(object, "tool_calls").has_value()) {
    if (role != "assistant") return RefuseUnknown(StrCat(param, ".tool_calls"));
    LMGATE_RETURN_IF_ERROR(ReadCalls(object, param, &message));
  }
  const bool may_be_empty = role == "assistant" &&
                            (!message.calls.empty() || FindElement(object, "refusal").has_value() ||
                             FindElement(object, "audio").has_value() ||
                             FindElement(object, "function_call").has_value());
  if (FindElement(object, "content").has_value()) {
    LMGATE_RETURN_IF_ERROR(ReadContent(object, param, &message));
  } else if (!may_be_empty) {
    return RefuseParam(StrCat(param, ".content"), "",
                       "Invalid value for 'content': expected a string, got null.");
  }
  if (role == "tool") {
    const auto id = FindString(object, "tool_call_id");
    if (!id.has_value()) return RefuseMissing(StrCat(param, ".tool_call_id"));
    message.call_id = *id;
  }
  prompt_.input_tokens += CountTokens(message.text);
  messages_.push_back(std::move(message));
  return absl::OkStatus();
}

absl::Status Reader::ReadContent(const dom::object& object, const std::string& param,
                                 Message* message) {
  const std::string in = StrCat(param, ".content");
  if (const auto text = FindString(object, "content")) {
    message->text = *text;
    message->has_text = !text->empty();
    return absl::OkStatus();
  }
  if (!FindArray(object, "content").has_value()) return RefuseType(in, "a string or an array");
  const auto parts = FindEntries(object, "content");
  if (parts.empty()) return RefuseEmpty(in);
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string at = StrCat(in, "[", i, "]");
    dom::object part;
    if (parts[i].get(part) != simdjson::SUCCESS) return RefuseType(at, "an object");
    LMGATE_RETURN_IF_ERROR(ReadPart(part, at, message));
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadPart(const dom::object& part, const std::string& param, Message* message) {
  const std::string_view type = FindString(part, "type").value_or("");
  if (type == "text") {
    const auto text = FindString(part, "text");
    if (!text.has_value()) return RefuseMissing(StrCat(param, ".text"));
    message->has_text = true;
    AppendText(&message->text, *text);
    return absl::OkStatus();
  }
  if (type == "refusal" && message->role == "assistant") return absl::OkStatus();
  if (message->role != "user") {
    if (type == "image_url") {
      return RefuseParam(param, "invalid_value",
                         StrCat("Invalid '", param,
                                "'. Image URLs are only allowed for messages with role "
                                "'user', but this message with role '",
                                message->role, "' contains an image URL."));
    }
    return RefuseValue(StrCat(param, ".type"), type);
  }
  if (type == "image_url") {
    const auto image = FindObject(part, "image_url");
    if (!image.has_value()) return RefuseType(StrCat(param, ".image_url"), "an object");
    const std::string_view unknown = FindUnknownMember(*image, {"url", "detail"});
    if (!unknown.empty()) return RefuseUnknown(StrCat(param, ".image_url.", unknown));
    const auto mark = FindMediaMark("image", FindString(*image, "url").value_or(""));
    if (!mark.has_value()) {
      return RefuseParam(StrCat(param, ".image_url.url"), "invalid_value",
                         StrCat("Invalid '", param, ".image_url.url'. Expected a valid URL."));
    }
    AppendText(&message->text, *mark);
    return absl::OkStatus();
  }
  if (type == "input_audio") {
    const auto audio = FindObject(part, "input_audio");
    if (!audio.has_value()) return RefuseMissing(StrCat(param, ".input_audio"));
    const std::string_view format = FindString(*audio, "format").value_or("");
    if (format != "wav" && format != "mp3") {
      return RefuseValue(StrCat(param, ".input_audio.format"), format);
    }
    const std::string_view data = FindString(*audio, "data").value_or("");
    if (!IsBase64(data)) return RefuseValue(StrCat(param, ".input_audio.data"), "");
    AppendText(&message->text, MediaMark("audio", StrCat("audio/", format), data));
    return absl::OkStatus();
  }
  if (type == "file") {
    const auto file = FindObject(part, "file");
    if (!file.has_value()) return RefuseMissing(StrCat(param, ".file"));
    if (const auto id = FindString(*file, "file_id")) {
      AppendText(&message->text, MediaUrlMark("document", *id));
      return absl::OkStatus();
    }
    const auto mark = FindMediaMark("document", FindString(*file, "file_data").value_or(""));
    if (!mark.has_value()) {
      return RefuseParam(StrCat(param, ".file.file_data"), "invalid_value",
                         StrCat("Invalid '", param, ".file.file_data'. Expected a data URL."));
    }
    if (!FindString(*file, "filename").has_value()) {
      return RefuseMissing(StrCat(param, ".file.filename"));
    }
    AppendText(&message->text, *mark);
    return absl::OkStatus();
  }
  return RefuseValue(StrCat(param, ".type"), type);
}

absl::Status Reader::ReadCalls(const dom::object& object, const std::string& param,
                               Message* message) {
  const auto calls = FindEntries(object, "tool_calls");
  if (calls.empty()) return RefuseEmpty(StrCat(param, ".tool_calls"));
  for (size_t i = 0; i < calls.size(); ++i) {
    const std::string in = StrCat(param, ".tool_calls[", i, "]");
    dom::object call;
    if (calls[i].get(call) != simdjson::SUCCESS) return RefuseType(in, "an object");
    const auto id = FindString(call, "id");
    if (!id.has_value()) return RefuseMissing(StrCat(in, ".id"));
    if (id->size() > kCallIdBytesMax) {
      return RefuseParam(StrCat(in, ".id"), "string_above_max_length",
                         StrCat("Invalid '", in,
                                ".id': string too long. Expected a string with "
                                "maximum length 40, but got a string with length ",
                                id->size(), " instead."));
    }
    if (!FindString(call, "type").has_value()) return RefuseMissing(StrCat(in, ".type"));
    message->calls.emplace_back(*id);
    if (FindString(call, "type") != "function") continue;
    const auto function = FindObject(call, "function");
    if (!function.has_value()) return RefuseMissing(StrCat(in, ".function"));
    if (!IsOpenaiName(FindString(*function, "name").value_or(""))) {
      return RefuseValue(StrCat(in, ".function.name"), FindString(*function, "name").value_or(""));
    }
    if (!FindString(*function, "arguments").has_value()) {
      return RefuseType(StrCat(in, ".function.arguments"), "a string");
    }
  }
  return absl::OkStatus();
}

absl::Status Reader::CheckTurns() {
  std::set<std::string> open;   // calls that wait for their message
  std::set<std::string> known;  // of the last assistant message with calls
  for (size_t i = 0; i <= messages_.size(); ++i) {
    if (i < messages_.size() && messages_[i].role == "tool") {
      if (known.empty()) {
        return RefuseParam(StrCat("messages.[", i, "].role"), "",
                           "Invalid parameter: messages with role 'tool' must be a response to a "
                           "preceeding message with 'tool_calls'.");
      }
      if (!known.contains(messages_[i].call_id)) {
        return RefuseParam(StrCat("messages.[", i, "].tool_call_id"), "",
                           StrCat("Invalid parameter: 'tool_call_id' of '", messages_[i].call_id,
                                  "' not found in 'tool_calls' of previous message."));
      }
      open.erase(messages_[i].call_id);
      continue;
    }
    if (!open.empty()) {
      return RefuseParam("messages", "",
                         StrCat("An assistant message with 'tool_calls' must be followed by tool "
                                "messages responding to each 'tool_call_id'. The following "
                                "tool_call_ids did not have response messages: ",
                                *open.begin()));
    }
    known.clear();
    if (i == messages_.size()) break;
    known.insert(messages_[i].calls.begin(), messages_[i].calls.end());
    open = known;
  }
  return absl::OkStatus();
}

// What comes after the last message of the assistant is the turn of the user; if that is nothing,
// the last message of the user is.
void Reader::EndPrompt() {
  UserTurn last;
  bool is_over = true;
  for (const Message& message : messages_) {
    if (message.role == "system" || message.role == "developer") {
      AppendText(&prompt_.system, message.text, "\n\n");
      continue;
    }
    if (message.role == "assistant") {
      is_over = true;
      continue;
    }
    if (is_over) last = UserTurn{};
    is_over = false;
    if (message.role == "user") {
      last.has_text |= message.has_text;
      AppendText(&last.text, message.text);
    } else {
      last.results.push_back(ToolResult{.text = message.text});
    }
  }
  EndWithTurn(std::move(last), &prompt_);
}

}  // namespace

absl::StatusOr<Prompt> ReadChatPrompt(const dom::object& body, std::string_view model) {
  return Reader(body, model).Read();
}

}  // namespace lmgate::fakeprovider
