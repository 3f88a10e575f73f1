#include "dataplane/dialect/openai_chat_messages.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/media.h"
#include "dataplane/dialect/openai_chat_wire.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using chat::Role;
using chat::Turn;

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
    LMGATE_ASSIGN_OR_RETURN(url, GetChatText(*image, "url", StrCat(at, ".url")));
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
  LMGATE_ASSIGN_OR_RETURN(const Json* const audio, GetChatObject(entry, "input_audio", at));
  LMGATE_ASSIGN_OR_RETURN(const std::string format,
                          GetChatName(*audio, "format", StrCat(at, ".format")));
  Part part;
  part.kind = PartKind::kAudio;
  LMGATE_ASSIGN_OR_RETURN(part.data, GetChatName(*audio, "data", StrCat(at, ".data")));
  if (!IsBase64(part.data)) return BadField(StrCat(at, ".data"), "must be base64");
  part.media_type = MediaTypeOf("audio", format);
  return part;
}

absl::StatusOr<Part> DecodeFile(const Json& entry, const std::string& field) {
  const std::string at = StrCat(field, ".file");
  LMGATE_ASSIGN_OR_RETURN(const Json* const file, GetChatObject(entry, "file", at));
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
  LMGATE_ASSIGN_OR_RETURN(const std::string type,
                          GetChatText(entry, "type", StrCat(field, ".type")));
  Part part;
  if (type == "text" || type == "input_text" || type == "output_text") {
    LMGATE_ASSIGN_OR_RETURN(part.text, GetChatText(entry, "text", StrCat(field, ".text")));
    if (part.text.empty()) return std::nullopt;
  } else if (type == "refusal") {
    part.kind = PartKind::kRefusal;
    LMGATE_ASSIGN_OR_RETURN(part.text, GetChatText(entry, "refusal", StrCat(field, ".refusal")));
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
  if (part.kind != PartKind::kText && part.kind != PartKind::kRefusal) part.field = field;
  // `cache_control` is a vendor field, as OpenRouter takes it.
  part.cache =
      Find(entry, "prompt_cache_breakpoint") != nullptr || Find(entry, "cache_control") != nullptr;
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
    LMGATE_ASSIGN_OR_RETURN(std::optional<Part> part, DecodePart((*content)[i], ChatEntry(at, i)));
    if (!part.has_value()) continue;
    if (std::find(kinds.begin(), kinds.end(), part->kind) == kinds.end()) {
      return BadField(StrCat(ChatEntry(at, i), ".type"),
                      "is not allowed in a message of this role");
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
      LMGATE_RETURN_IF_ERROR(DecodeMessage((*messages)[i], ChatEntry("messages", i)));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status DecodeMessage(const Json& message, const std::string& field) {
    if (!message.is_object()) return BadField(field, "must be an object");
    LMGATE_ASSIGN_OR_RETURN(const std::string role,
                            GetChatText(message, "role", StrCat(field, ".role")));
    if (role == "system" || role == "developer") return DecodeSystem(message, field);
    if (role == "user") return DecodeUser(message, field);
    if (role == "assistant") return DecodeAssistant(message, field);
    if (role == "tool" || role == "function") return DecodeResult(message, role, field);
    return BadField(StrCat(field, ".role"), StrCat("\"", role, "\" is not known"));
  }

  absl::Status DecodeSystem(const Json& message, const std::string& field) {
    LMGATE_ASSIGN_OR_RETURN(std::vector<Part> parts,
                            DecodeContent(message, field, {PartKind::kText}));
    LMGATE_RETURN_IF_ERROR(AddSpeaker(message, field, &parts));
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
    LMGATE_RETURN_IF_ERROR(AddSpeaker(message, field, &parts));
    AddTurn(Role::kUser, std::move(parts));
    return absl::OkStatus();
  }

  // `name` tells several speakers of one role apart. No other dialect has it, so that the text says
  // it, in the words of AutoGen (include_name_in_message). An assistant's is left out: the model
  // would begin its answers so.
  absl::Status AddSpeaker(const Json& message, const std::string& field, std::vector<Part>* parts) {
    LMGATE_ASSIGN_OR_RETURN(const auto name, ReadString(message, "name", StrCat(field, ".name")));
    if (name.value_or("").empty() || parts->empty()) return absl::OkStatus();
    std::string said = StrCat(*name, " said:\n");
    if (parts->front().kind == PartKind::kText) {
      parts->front().text.insert(0, said);
    } else {
      parts->insert(parts->begin(), chat::TextPart(std::move(said)));
    }
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
      const std::string entry_at = ChatEntry(at, i);
      if (!entry.is_object()) return BadField(entry_at, "must be an object");
      LMGATE_ASSIGN_OR_RETURN(const auto type,
                              ReadString(entry, "type", StrCat(entry_at, ".type")));
      if (type.value_or("function") != "function") {
        request_.own_fields.push_back(entry_at);
        continue;
      }
      const std::string function_at = StrCat(entry_at, ".function");
      LMGATE_ASSIGN_OR_RETURN(const Json* const function,
                              GetChatObject(entry, "function", function_at));
      Part part;
      part.kind = PartKind::kToolCall;
      LMGATE_ASSIGN_OR_RETURN(part.id, GetChatName(entry, "id", StrCat(entry_at, ".id")));
      LMGATE_ASSIGN_OR_RETURN(part.name,
                              GetChatName(*function, "name", StrCat(function_at, ".name")));
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
                            GetChatName(*function_call, "name", StrCat(function_at, ".name")));
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
                              GetChatName(message, "tool_call_id", StrCat(field, ".tool_call_id")));
    } else {
      LMGATE_ASSIGN_OR_RETURN(result.name, GetChatName(message, "name", StrCat(field, ".name")));
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

}  // namespace

absl::StatusOr<const Json*> GetChatObject(const Json& object, std::string_view name,
                                          std::string_view field) {
  const Json* const value = Find(object, name);
  if (value == nullptr) return BadField(field, "is required");
  if (!value->is_object()) return BadField(field, "must be an object");
  return value;
}

absl::StatusOr<std::string> GetChatText(const Json& object, std::string_view name,
                                        std::string_view field) {
  LMGATE_ASSIGN_OR_RETURN(std::optional<std::string> text, ReadString(object, name, field));
  if (!text.has_value()) return BadField(field, "is required");
  return *std::move(text);
}

absl::StatusOr<std::string> GetChatName(const Json& object, std::string_view name,
                                        std::string_view field) {
  LMGATE_ASSIGN_OR_RETURN(std::string text, GetChatText(object, name, field));
  if (text.empty()) return BadField(field, "must not be empty");
  return text;
}

std::string ChatEntry(std::string_view list, size_t i) { return StrCat(list, "[", i, "]"); }

absl::Status DecodeChatMessages(const Json& body, ChatRequest* request) {
  return MessagesDecoder(request).Decode(body);
}

}  // namespace lmgate::dialect
