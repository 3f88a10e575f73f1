#include "dataplane/dialect/anthropic_content.h"

#include <absl/strings/escaping.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/anthropic.h"
#include "dataplane/dialect/media.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using chat::Part;
using chat::PartKind;
using chat::Role;
using chat::Turn;

constexpr std::string_view kBlank = " \t\r\n\f\v";

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(kBlank) == std::string_view::npos;
}

// ---- Reading. Each function takes the block's path, which its errors name.

absl::StatusOr<std::string> NeedString(const Json& block, std::string_view name,
                                       std::string_view path) {
  const std::string field = StrCat(path, ".", name);
  LMGATE_ASSIGN_OR_RETURN(std::optional<std::string> text, ReadString(block, name, field));
  if (!text.has_value()) return BadField(field, "is required");
  return *std::move(text);
}

// Base64 as parts carry it: padded, without line breaks.
absl::StatusOr<std::string> ReadBase64(std::string text, std::string_view field) {
  if (IsBase64(text) && text.size() % 4 == 0) return text;
  std::string bytes;
  if (!absl::Base64Unescape(text, &bytes) && !absl::WebSafeBase64Unescape(text, &bytes)) {
    return BadField(field, "is not base64");
  }
  return absl::Base64Escape(bytes);
}

// source of an image or document: base64, url or file.
absl::Status ReadSource(const Json& source, std::string_view path, Part* part) {
  LMGATE_ASSIGN_OR_RETURN(const std::string type, NeedString(source, "type", path));
  if (type == "base64") {
    LMGATE_ASSIGN_OR_RETURN(const std::string media_type, NeedString(source, "media_type", path));
    LMGATE_ASSIGN_OR_RETURN(std::string data, NeedString(source, "data", path));
    LMGATE_ASSIGN_OR_RETURN(part->data, ReadBase64(std::move(data), StrCat(path, ".data")));
    part->media_type = NormalizeMediaType(media_type);
    return absl::OkStatus();
  }
  if (type == "url") {
    LMGATE_ASSIGN_OR_RETURN(const std::string url, NeedString(source, "url", path));
    const absl::Status read = ReadUrl(url, part);
    return read.ok() ? read : BadField(StrCat(path, ".url"), ToStd(read.message()));
  }
  if (type == "file") {
    LMGATE_ASSIGN_OR_RETURN(part->file_id, NeedString(source, "file_id", path));
    return absl::OkStatus();
  }
  return BadField(StrCat(path, ".type"), "must be base64, url or file");
}

// Reads content blocks, of a message or inside of a tool's result.
class BlockReader {
 public:
  explicit BlockReader(std::vector<std::string>* own_fields) : own_fields_(*own_fields) {}

  // content of a message: text or blocks.
  absl::Status ReadContent(const Json& content, const std::string& path, std::vector<Part>* parts) {
    if (content.is_string()) {
      parts->push_back(chat::TextPart(content.get<std::string>()));
      return absl::OkStatus();
    }
    if (!content.is_array()) return BadField(path, "must be a string or a list of blocks");
    for (size_t i = 0; i < content.size(); ++i) {
      LMGATE_RETURN_IF_ERROR(ReadBlock(content[i], StrCat(path, "[", i, "]"), parts));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadBlock(const Json& block, const std::string& path, std::vector<Part>* parts) {
    if (!block.is_object()) return BadField(path, "must be an object");
    LMGATE_ASSIGN_OR_RETURN(const std::string type, NeedString(block, "type", path));
    const size_t before = parts->size();
    if (type == "text") {
      LMGATE_RETURN_IF_ERROR(ReadText(block, path, parts));
    } else if (type == "image") {
      LMGATE_RETURN_IF_ERROR(ReadImage(block, path, parts));
    } else if (type == "document") {
      LMGATE_RETURN_IF_ERROR(ReadDocument(block, path, parts));
    } else if (type == "tool_use") {
      LMGATE_RETURN_IF_ERROR(ReadToolUse(block, path, parts));
    } else if (type == "tool_result") {
      LMGATE_RETURN_IF_ERROR(ReadToolResult(block, path, parts));
    } else if (type == "thinking" || type == "redacted_thinking") {
      LMGATE_RETURN_IF_ERROR(ReadThinking(block, type == "thinking", path, parts));
    } else if (type == "tool_reference") {
      // A tool whose definition the client's own tool search has loaded. All definitions are sent
      // to a foreign provider from the start, so the name says all of it.
      LMGATE_ASSIGN_OR_RETURN(const std::string name, NeedString(block, "tool_name", path));
      parts->push_back(chat::TextPart(StrCat("Tool found: ", name)));
    } else {
      own_fields_.push_back(path);
    }
    if (parts->size() > before && Find(block, "cache_control") != nullptr) {
      parts->back().cache = true;
    }
    return absl::OkStatus();
  }

  static absl::Status ReadText(const Json& block, std::string_view path, std::vector<Part>* parts) {
    LMGATE_ASSIGN_OR_RETURN(std::string text, NeedString(block, "text", path));
    Part part = chat::TextPart(std::move(text));
    const Json* const citations = Find(block, "citations");
    if (citations != nullptr && citations->is_array()) {
      for (const Json& citation : *citations) part.citations.push_back(ReadCitation(citation));
    }
    parts->push_back(std::move(part));
    return absl::OkStatus();
  }

  static absl::Status ReadImage(const Json& block, std::string_view path,
                                std::vector<Part>* parts) {
    const std::string field = StrCat(path, ".source");
    const Json* const source = Find(block, "source");
    if (source == nullptr || !source->is_object()) return BadField(field, "must be an object");
    Part part;
    part.kind = PartKind::kImage;
    LMGATE_RETURN_IF_ERROR(ReadSource(*source, field, &part));
    parts->push_back(std::move(part));
    return absl::OkStatus();
  }

  // Text documents become text: few providers take them as files, all of them as this. Those that
  // are to be cited stay documents.
  absl::Status ReadDocument(const Json& block, const std::string& path, std::vector<Part>* parts) {
    const std::string field = StrCat(path, ".source");
    const Json* const source = Find(block, "source");
    if (source == nullptr || !source->is_object()) return BadField(field, "must be an object");
    const Json* const citations = Find(block, "citations");
    const bool cites = citations != nullptr && FindBool(*citations, "enabled").value_or(false);
    const std::string type = FindString(*source, "type");
    if (cites && type == "content") own_fields_.push_back(StrCat(path, ".citations"));
    const std::string title = FindString(block, "title");
    const std::string context = FindString(block, "context");
    const std::string opening =
        StrCat("<document", title.empty() ? "" : StrCat(" title=\"", title, "\""), ">\n", context,
               context.empty() ? "" : "\n");
    constexpr std::string_view kClosing = "\n</document>";
    if (type == "text" && !cites) {
      LMGATE_ASSIGN_OR_RETURN(const std::string text, NeedString(*source, "data", field));
      parts->push_back(chat::TextPart(StrCat(opening, text, kClosing)));
      return absl::OkStatus();
    }
    if (type == "content") {
      const Json* const content = Find(*source, "content");
      if (content == nullptr) return BadField(StrCat(field, ".content"), "is required");
      parts->push_back(chat::TextPart(opening));
      LMGATE_RETURN_IF_ERROR(ReadNested(*content, StrCat(field, ".content"), parts));
      parts->push_back(chat::TextPart(std::string(kClosing)));
      return absl::OkStatus();
    }
    Part part;
    part.kind = PartKind::kFile;
    if (type == "text") {
      LMGATE_ASSIGN_OR_RETURN(const std::string text, NeedString(*source, "data", field));
      if (text.empty()) return BadField(StrCat(field, ".data"), "must not be empty");
      part.data = absl::Base64Escape(text);
      part.media_type = "text/plain";
    } else {
      LMGATE_RETURN_IF_ERROR(ReadSource(*source, field, &part));
    }
    part.cites = cites;
    part.filename = title;
    if (part.media_type.empty() && part.file_id.empty()) part.media_type = "application/pdf";
    if (!context.empty()) parts->push_back(chat::TextPart(context));
    parts->push_back(std::move(part));
    return absl::OkStatus();
  }

  // Blocks inside of a block: results and documents, in which no further ones nest.
  absl::Status ReadNested(const Json& content, const std::string& path, std::vector<Part>* parts) {
    if (nested_ && content.is_array()) return BadField(path, "is nested too deeply");
    const size_t before = parts->size();
    nested_ = true;
    const absl::Status read = ReadContent(content, path, parts);
    nested_ = false;
    LMGATE_RETURN_IF_ERROR(read);
    for (size_t i = before; i < parts->size(); ++i) {
      const PartKind kind = (*parts)[i].kind;
      if (kind != PartKind::kText && kind != PartKind::kImage && kind != PartKind::kFile) {
        return BadField(path, "must hold text, images and documents only");
      }
    }
    return absl::OkStatus();
  }

  static absl::Status ReadToolUse(const Json& block, std::string_view path,
                                  std::vector<Part>* parts) {
    Part part;
    part.kind = PartKind::kToolCall;
    LMGATE_ASSIGN_OR_RETURN(part.id, NeedString(block, "id", path));
    LMGATE_ASSIGN_OR_RETURN(part.name, NeedString(block, "name", path));
    const Json* const input = Find(block, "input");
    if (input != nullptr) {
      if (!input->is_object()) return BadField(StrCat(path, ".input"), "must be an object");
      part.arguments = DumpJson(*input);
    }
    parts->push_back(std::move(part));
    return absl::OkStatus();
  }

  absl::Status ReadToolResult(const Json& block, const std::string& path,
                              std::vector<Part>* parts) {
    Part part;
    part.kind = PartKind::kToolResult;
    LMGATE_ASSIGN_OR_RETURN(part.id, NeedString(block, "tool_use_id", path));
    LMGATE_ASSIGN_OR_RETURN(const std::optional<bool> is_error,
                            ReadBool(block, "is_error", StrCat(path, ".is_error")));
    part.is_error = is_error.value_or(false);
    const Json* const content = Find(block, "content");
    if (content != nullptr) {
      LMGATE_RETURN_IF_ERROR(ReadNested(*content, StrCat(path, ".content"), &part.parts));
    }
    parts->push_back(std::move(part));
    return absl::OkStatus();
  }

  static absl::Status ReadThinking(const Json& block, bool readable, std::string_view path,
                                   std::vector<Part>* parts) {
    Part part;
    part.kind = PartKind::kReasoning;
    if (readable) {
      LMGATE_ASSIGN_OR_RETURN(part.text, NeedString(block, "thinking", path));
      part.signature = UnsealSignature(FindString(block, "signature"), kOriginAnthropic);
    } else {
      LMGATE_ASSIGN_OR_RETURN(const std::string data, NeedString(block, "data", path));
      part.signature = UnsealSignature(data, kOriginAnthropic);
      // An envelope says itself what it holds.
      if (!data.starts_with(kSealPrefix)) part.signature.redacted = true;
    }
    parts->push_back(std::move(part));
    return absl::OkStatus();
  }

  std::vector<std::string>& own_fields_;
  bool nested_ = false;
};

absl::Status ReadSystem(const Json& body, std::vector<Part>* system) {
  const Json* const member = Find(body, "system");
  if (member == nullptr) return absl::OkStatus();
  std::vector<Part> parts;
  std::vector<std::string> own_fields;
  LMGATE_RETURN_IF_ERROR(BlockReader(&own_fields).ReadContent(*member, "system", &parts));
  if (!own_fields.empty()) return BadField(own_fields.front(), "must be a text block");
  for (Part& part : parts) {
    if (part.kind != PartKind::kText) return BadField("system", "must hold text only");
    if (!part.text.empty()) system->push_back(std::move(part));
  }
  return absl::OkStatus();
}

// ---- Writing.

bool HasText(const Part& part) {
  return (part.kind == PartKind::kText || part.kind == PartKind::kRefusal) && !IsBlank(part.text);
}

bool IsSignedThinking(const Part& part, std::string_view model) {
  return part.kind == PartKind::kReasoning && IsSignedFor(part.signature, kOriginAnthropic, model);
}

bool IsImageType(std::string_view type) {
  return type == "image/png" || type == "image/jpeg" || type == "image/gif" || type == "image/webp";
}

absl::StatusOr<Json> WriteImage(const Part& part) {
  Json source = Json::object();
  if (!part.data.empty()) {
    const std::string type = ImageTypeOf(part);
    if (!IsImageType(type)) {
      return BadField(
          "image", StrCat("the provider takes png, jpeg, gif and webp, not type \"", type, "\""));
    }
    source = {{"type", "base64"}, {"media_type", type}, {"data", part.data}};
  } else if (!part.url.empty()) {
    source = {{"type", "url"}, {"url", part.url}};
  } else {
    source = {{"type", "file"}, {"file_id", part.file_id}};
  }
  return Json{{"type", "image"}, {"source", std::move(source)}};
}

absl::StatusOr<Json> WriteDocument(const Part& part) {
  Json source = Json::object();
  if (!part.data.empty()) {
    const std::string type = NormalizeMediaType(part.media_type);
    std::string text;
    if (type == "application/pdf" || type.empty()) {
      source = {{"type", "base64"}, {"media_type", "application/pdf"}, {"data", part.data}};
    } else if ((type.starts_with("text/") || type == "application/json") &&
               absl::Base64Unescape(part.data, &text)) {
      source = {{"type", "text"}, {"media_type", "text/plain"}, {"data", text}};
    } else {
      return BadField("document",
                      StrCat("the provider takes PDF and text, not type \"", type, "\""));
    }
  } else if (!part.url.empty()) {
    source = {{"type", "url"}, {"url", part.url}};
  } else {
    source = {{"type", "file"}, {"file_id", part.file_id}};
  }
  Json block = {{"type", "document"}, {"source", std::move(source)}};
  if (!part.filename.empty()) block["title"] = part.filename;
  if (part.cites) block["citations"] = Json{{"enabled", true}};
  return block;
}

absl::StatusOr<Json> WriteToolResult(const Part& part, AnthropicContentRules* rules) {
  Json block = {{"type", "tool_result"}, {"tool_use_id", part.id}};
  Json content = Json::array();
  // "all content must be type 'text' if is_error is true": beside a picture words say it.
  const bool has_media = std::any_of(part.parts.begin(), part.parts.end(), [](const Part& inner) {
    return inner.kind != PartKind::kText;
  });
  const bool by_words = part.is_error && has_media;
  if (by_words) content.push_back(Json{{"type", "text"}, {"text", "Error:"}});
  for (const Part& inner : part.parts) {
    if (HasText(inner)) {
      content.push_back(Json{{"type", "text"}, {"text", inner.text}});
    } else if (inner.kind == PartKind::kImage) {
      LMGATE_ASSIGN_OR_RETURN(Json image, WriteImage(inner));
      content.push_back(std::move(image));
    } else if (inner.kind == PartKind::kFile) {
      LMGATE_ASSIGN_OR_RETURN(Json document, WriteDocument(inner));
      content.push_back(std::move(document));
    } else {
      continue;
    }
    MarkForCache(inner.cache, rules, &content.back());
  }
  // No content at all is lawful, an empty text is not.
  const bool only_text = content.size() == 1 && part.parts.size() == 1 &&
                         part.parts.front().kind == PartKind::kText && !part.parts.front().cache;
  if (only_text) {
    block["content"] = part.parts.front().text;
  } else if (!content.empty()) {
    block["content"] = std::move(content);
  } else if (part.is_error) {
    block["content"] = "Error";  // "content cannot be empty if `is_error` is true"
  }
  if (part.is_error && !by_words) block["is_error"] = true;
  return block;
}

Json WriteThinking(const Part& part) {
  if (part.signature.redacted) {
    return Json{{"type", "redacted_thinking"}, {"data", part.signature.data}};
  }
  return Json{{"type", "thinking"}, {"thinking", part.text}, {"signature", part.signature.data}};
}

// The block of a part; null = it says nothing to this provider.
absl::StatusOr<Json> WriteBlock(const Part& part, AnthropicContentRules* rules) {
  Json block;
  switch (part.kind) {
    case PartKind::kText:
    case PartKind::kRefusal:
      if (HasText(part)) block = Json{{"type", "text"}, {"text", part.text}};
      break;
    case PartKind::kImage: {
      LMGATE_ASSIGN_OR_RETURN(block, WriteImage(part));
      break;
    }
    case PartKind::kFile: {
      LMGATE_ASSIGN_OR_RETURN(block, WriteDocument(part));
      break;
    }
    case PartKind::kAudio:
      return absl::InvalidArgumentError("the provider takes no audio");
    case PartKind::kToolCall:
      block = Json{{"type", "tool_use"},
                   {"id", part.id},
                   {"name", part.name},
                   {"input", ArgumentsObject(part.arguments)}};
      break;
    case PartKind::kToolResult: {
      LMGATE_ASSIGN_OR_RETURN(block, WriteToolResult(part, rules));
      break;
    }
    case PartKind::kReasoning:
      // Another provider's or model's thinking is refused; a cache mark on one as well.
      if (!rules->sends_reasoning || !IsSignedThinking(part, rules->model)) return Json();
      return WriteThinking(part);
  }
  if (!block.is_null()) MarkForCache(part.cache, rules, &block);
  return block;
}

// An assistant's turn at the end is the beginning of the answer, which must not end in white space.
void TrimLastTurn(Json* messages) {
  if (messages->empty() || FindString(messages->back(), "role") != "assistant") return;
  Json& content = messages->back()["content"];
  if (content.empty() || FindString(content.back(), "type") != "text") return;
  std::string text = FindString(content.back(), "text");
  text.resize(text.find_last_not_of(kBlank) + 1);
  content.back()["text"] = std::move(text);
}

}  // namespace

absl::Status ReadAnthropicMessages(const Json& body, chat::ChatRequest* request) {
  LMGATE_RETURN_IF_ERROR(ReadSystem(body, &request->system));
  const Json* const messages = Find(body, "messages");
  if (messages == nullptr || !messages->is_array()) {
    return BadField("messages", "must be a list");
  }
  if (messages->empty()) return BadField("messages", "must hold a message");
  BlockReader reader(&request->own_fields);
  for (size_t i = 0; i < messages->size(); ++i) {
    const Json& message = (*messages)[i];
    const std::string path = StrCat("messages[", i, "]");
    if (!message.is_object()) return BadField(path, "must be an object");
    Turn turn;
    const std::string role = FindString(message, "role");
    if (role == "assistant") {
      turn.role = Role::kAssistant;
    } else if (role == "system") {
      turn.role = Role::kSystem;
    } else if (role != "user") {
      return BadField(StrCat(path, ".role"), "must be user, assistant or system");
    }
    const Json* const content = Find(message, "content");
    if (content == nullptr) {
      return BadField(StrCat(path, ".content"), "must be a string or a list of blocks");
    }
    LMGATE_RETURN_IF_ERROR(reader.ReadContent(*content, StrCat(path, ".content"), &turn.parts));
    if (turn.role != Role::kSystem) {
      request->turns.push_back(std::move(turn));
      continue;
    }
    for (const Part& part : turn.parts) {
      if (part.kind != PartKind::kText) {
        return BadField(StrCat(path, ".content"), "must hold text only");
      }
    }
    if (!request->turns.empty()) {
      request->turns.push_back(std::move(turn));
      continue;
    }
    for (Part& part : turn.parts) {
      if (!part.text.empty()) request->system.push_back(std::move(part));
    }
  }
  return absl::OkStatus();
}

void MarkForCache(bool wanted, AnthropicContentRules* rules, Json* block) {
  if (!wanted || rules->cache_marks_left == 0) return;
  --rules->cache_marks_left;
  (*block)["cache_control"] = Json{{"type", "ephemeral"}};
}

Json WriteAnthropicSystem(const std::vector<Part>& system, std::string_view instruction,
                          AnthropicContentRules* rules) {
  Json blocks = Json::array();
  for (const Part& part : system) {
    if (!HasText(part)) continue;
    blocks.push_back(Json{{"type", "text"}, {"text", part.text}});
    MarkForCache(part.cache, rules, &blocks.back());
  }
  if (!instruction.empty()) blocks.push_back(Json{{"type", "text"}, {"text", instruction}});
  if (blocks.empty()) return Json();
  // Compatible servers know the string at least.
  if (blocks.size() == 1 && Find(blocks.front(), "cache_control") == nullptr) {
    return Json(FindString(blocks.front(), "text"));
  }
  return blocks;
}

absl::StatusOr<Json> WriteAnthropicMessages(const std::vector<Turn>& turns,
                                            AnthropicContentRules* rules) {
  Json messages = Json::array();
  for (const Turn& turn : turns) {
    const std::string_view role = turn.role == Role::kAssistant ? "assistant" : "user";
    Json content = Json::array();
    for (const Part& part : turn.parts) {
      LMGATE_ASSIGN_OR_RETURN(Json block, WriteBlock(part, rules));
      if (!block.is_null()) content.push_back(std::move(block));
    }
    // A turn of which nothing is left makes neighbours of those around it.
    if (content.empty()) continue;
    if (!messages.empty() && FindString(messages.back(), "role") == role) {
      for (Json& block : content) messages.back()["content"].push_back(std::move(block));
      continue;
    }
    messages.push_back(Json{{"role", role}, {"content", std::move(content)}});
  }
  TrimLastTurn(&messages);
  if (messages.empty() || FindString(messages.front(), "role") != "user") {
    messages.insert(messages.begin(), Json{{"role", "user"}, {"content", "."}});
  }
  return messages;
}

}  // namespace lmgate::dialect
