#include "dataplane/dialect/bedrock_converse_content.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/bedrock_converse_words.h"
#include "dataplane/dialect/media.h"
#include "dataplane/dialect/seal.h"
#include "dataplane/dialect/tool_id.h"

namespace lmgate::dialect {
namespace {

using chat::Part;
using chat::PartKind;

// DocumentFormat and ImageFormat (Bedrock API reference).
constexpr std::string_view kDocumentFormats[] = {"pdf",  "csv",  "doc", "docx", "xls",
                                                 "xlsx", "html", "txt", "md"};
constexpr size_t kToolIdBytesMax = 64;
constexpr std::string_view kImageFormats[] = {"png", "jpeg", "gif", "webp"};

template <size_t kCount>
bool IsOneOf(std::string_view word, const std::string_view (&words)[kCount]) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

// Reads the blocks of one list.
class ContentReader {
 public:
  explicit ContentReader(std::vector<std::string>* own_fields) : own_fields_(*own_fields) {}

  absl::Status ReadList(const Json& content, std::string_view field, bool in_result,
                        std::vector<Part>* parts) {
    if (content.is_string()) {
      parts->push_back(chat::TextPart(content.get<std::string>()));
      return absl::OkStatus();
    }
    if (!content.is_array()) return BadField(field, "must be a list of content blocks");
    for (size_t i = 0; i < content.size(); ++i) {
      LMGATE_RETURN_IF_ERROR(ReadBlock(content[i], StrCat(field, "[", i, "]"), in_result, parts));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadBlock(const Json& block, const std::string& field, bool in_result,
                         std::vector<Part>* parts) {
    if (!block.is_object()) return BadField(field, "must be an object");
    for (const auto& [name, value] : block.items()) {
      if (value.is_null()) continue;
      const std::string path = StrCat(field, ".", name);
      if (name == "text") return ReadText(value, path, parts);
      if (name == "image" || name == "document" || name == "audio") {
        return ReadMedia(name, value, path, parts);
      }
      if (name == "json" && in_result) {
        parts->push_back(chat::TextPart(DumpJson(value)));
        return absl::OkStatus();
      }
      if (name == "toolUse" && !in_result) return ReadCall(value, path, parts);
      if (name == "toolResult" && !in_result) return ReadResult(value, path, parts);
      if (name == "reasoningContent" && !in_result) return ReadReasoning(value, path, parts);
      if (name == "citationsContent" && !in_result) return ReadCited(value, path, parts);
      if (name == "cachePoint") {
        if (!parts->empty()) parts->back().cache = true;
        return absl::OkStatus();
      }
      // guardContent, video, searchResult, and what is still to come.
      own_fields_.push_back(path);
      return absl::OkStatus();
    }
    return BadField(field, "must be a content block, as {\"text\": …}");
  }

  static absl::Status ReadText(const Json& text, const std::string& field,
                               std::vector<Part>* parts) {
    if (!text.is_string()) return BadField(field, "must be a string");
    parts->push_back(chat::TextPart(text.get<std::string>()));
    return absl::OkStatus();
  }

  absl::Status ReadMedia(std::string_view kind, const Json& media, const std::string& field,
                         std::vector<Part>* parts) {
    if (!media.is_object()) return BadField(field, "must be an object");
    LMGATE_ASSIGN_OR_RETURN(const auto format_read,
                            ReadString(media, "format", StrCat(field, ".format")));
    const std::string format = absl::AsciiStrToLower(format_read.value_or(std::string()));
    Part part;
    if (kind == "document") {
      LMGATE_RETURN_IF_ERROR(ReadDocument(media, field, format, &part));
    } else {
      if (format.empty()) return BadField(StrCat(field, ".format"), "is missing");
      part.kind = kind == "image" ? PartKind::kImage : PartKind::kAudio;
      part.media_type = NormalizeMediaType(MediaTypeOf(kind, format));
    }
    const Json* const source = Find(media, "source");
    if (source == nullptr || !source->is_object()) {
      return BadField(StrCat(field, ".source"), "must be an object");
    }
    LMGATE_RETURN_IF_ERROR(ReadSource(*source, StrCat(field, ".source"), &part));
    parts->push_back(std::move(part));
    return absl::OkStatus();
  }

  absl::Status ReadDocument(const Json& document, const std::string& field,
                            const std::string& format, Part* part) {
    if (!format.empty() && !IsOneOf(format, kDocumentFormats)) {
      return BadField(StrCat(field, ".format"), "is no format of a document");
    }
    const std::string known = format.empty() ? "txt" : format;
    part->kind = PartKind::kFile;
    part->media_type = MediaTypeOf("", known);
    LMGATE_ASSIGN_OR_RETURN(auto name, ReadString(document, "name", StrCat(field, ".name")));
    part->filename = std::move(name).value_or("document");
    // Other providers know a file by its extension; here the name must have none.
    if (!part->filename.ends_with(StrCat(".", known))) StrAppend(&part->filename, ".", known);
    if (Find(document, "context") != nullptr) own_fields_.push_back(StrCat(field, ".context"));
    if (const Json* const citations = Find(document, "citations")) {
      part->cites = FindBool(*citations, "enabled").value_or(false);
    }
    return absl::OkStatus();
  }

  absl::Status ReadSource(const Json& source, const std::string& field, Part* part) {
    LMGATE_ASSIGN_OR_RETURN(auto bytes, ReadString(source, "bytes", StrCat(field, ".bytes")));
    if (bytes.has_value()) {
      if (!bytes->empty() && IsBase64(*bytes) && bytes->size() % 4 == 0) {
        part->data = *std::move(bytes);
        return absl::OkStatus();
      }
      std::string decoded;
      if (!absl::Base64Unescape(*bytes, &decoded) || decoded.empty()) {
        return BadField(StrCat(field, ".bytes"), "must be base64");
      }
      part->data = absl::Base64Escape(decoded);
      return absl::OkStatus();
    }
    LMGATE_ASSIGN_OR_RETURN(const auto text, ReadString(source, "text", StrCat(field, ".text")));
    if (text.has_value() && part->kind == PartKind::kFile) {
      part->data = absl::Base64Escape(*text);
      return absl::OkStatus();
    }
    for (const std::string_view name : {"s3Location", "content"}) {
      if (Find(source, name) == nullptr) continue;
      own_fields_.push_back(StrCat(field, ".", name));
      return absl::OkStatus();
    }
    return BadField(StrCat(field, ".bytes"), "is missing");
  }

  absl::Status ReadCall(const Json& call, const std::string& field, std::vector<Part>* parts) {
    if (!call.is_object()) return BadField(field, "must be an object");
    if (Find(call, "type") != nullptr) own_fields_.push_back(StrCat(field, ".type"));
    Part part{.kind = PartKind::kToolCall};
    LMGATE_ASSIGN_OR_RETURN(part.id, NeedString(call, "toolUseId", field));
    LMGATE_ASSIGN_OR_RETURN(part.name, NeedString(call, "name", field));
    const Json* const input = Find(call, "input");
    part.arguments = input == nullptr ? "{}" : DumpJson(*input);
    parts->push_back(std::move(part));
    return absl::OkStatus();
  }

  absl::Status ReadResult(const Json& result, const std::string& field, std::vector<Part>* parts) {
    if (!result.is_object()) return BadField(field, "must be an object");
    if (Find(result, "type") != nullptr) own_fields_.push_back(StrCat(field, ".type"));
    Part part{.kind = PartKind::kToolResult};
    LMGATE_ASSIGN_OR_RETURN(part.id, NeedString(result, "toolUseId", field));
    if (const Json* const content = Find(result, "content")) {
      LMGATE_RETURN_IF_ERROR(
          ReadList(*content, StrCat(field, ".content"), /*in_result=*/true, &part.parts));
    }
    LMGATE_ASSIGN_OR_RETURN(const auto status,
                            ReadString(result, "status", StrCat(field, ".status")));
    if (status.has_value() && *status != "success" && *status != "error") {
      return BadField(StrCat(field, ".status"), "must be success or error");
    }
    part.is_error = status == "error";
    parts->push_back(std::move(part));
    return absl::OkStatus();
  }

  static absl::Status ReadReasoning(const Json& reasoning, const std::string& field,
                                    std::vector<Part>* parts) {
    Part part{.kind = PartKind::kReasoning};
    if (const Json* const text = Find(reasoning, "reasoningText")) {
      const std::string path = StrCat(field, ".reasoningText");
      if (!text->is_object()) return BadField(path, "must be an object");
      LMGATE_ASSIGN_OR_RETURN(auto words, ReadString(*text, "text", StrCat(path, ".text")));
      LMGATE_ASSIGN_OR_RETURN(const auto signature,
                              ReadString(*text, "signature", StrCat(path, ".signature")));
      part.text = std::move(words).value_or(std::string());
      part.signature = UnsealSignature(signature.value_or(std::string()), kOriginAnthropic);
    } else {
      LMGATE_ASSIGN_OR_RETURN(const std::string redacted,
                              NeedString(reasoning, "redactedContent", field));
      part.signature = ReadRedactedContent(redacted);
    }
    parts->push_back(std::move(part));
    return absl::OkStatus();
  }

  // An earlier answer with its sources: only its text goes back.
  static absl::Status ReadCited(const Json& cited, const std::string& field,
                                std::vector<Part>* parts) {
    const Json* const content = Find(cited, "content");
    if (content == nullptr || !content->is_array()) {
      return BadField(StrCat(field, ".content"), "must be a list");
    }
    Part part;
    for (const Json& piece : *content) part.text += FindString(piece, "text");
    parts->push_back(std::move(part));
    return absl::OkStatus();
  }

  static absl::StatusOr<std::string> NeedString(const Json& object, std::string_view name,
                                                const std::string& field) {
    const std::string path = StrCat(field, ".", name);
    LMGATE_ASSIGN_OR_RETURN(auto text, ReadString(object, name, path));
    if (!text.has_value() || text->empty()) return BadField(path, "is missing");
    return *std::move(text);
  }

  std::vector<std::string>& own_fields_;
};

Json TextBlock(std::string_view text) {
  Json block = Json::object();
  block["text"] = text;
  return block;
}

// The extension, lower case; empty = none.
std::string_view ExtensionOf(std::string_view filename) {
  const size_t dot = filename.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : filename.substr(dot + 1);
}

// What Converse calls the file's type; empty = it takes none like it.
std::string_view DocumentFormatOf(const Part& part) {
  std::string_view format = FormatOf(part.media_type);
  if (IsOneOf(format, kDocumentFormats)) return format;
  const std::string extension = absl::AsciiStrToLower(ToAbsl(ExtensionOf(part.filename)));
  for (const std::string_view known : kDocumentFormats) {
    if (known == extension) return known;
  }
  const bool is_text =
      part.media_type.starts_with("text/") || part.media_type == "application/json";
  return is_text ? std::string_view("txt") : std::string_view();
}

}  // namespace

bool IsConverseText(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") != std::string_view::npos;
}

absl::StatusOr<std::vector<Part>> ReadConverseContent(const Json& content, std::string_view field,
                                                      std::vector<std::string>* own_fields) {
  std::vector<Part> parts;
  LMGATE_RETURN_IF_ERROR(
      ContentReader(own_fields).ReadList(content, field, /*in_result=*/false, &parts));
  return parts;
}

absl::Status ConverseContentWriter::Write(const std::vector<Part>& parts, Json* content) {
  for (const Part& part : parts) {
    const size_t before = content->size();
    LMGATE_RETURN_IF_ERROR(WritePart(part, content));
    if (part.cache && options_.sends_cache_points && content->size() > before &&
        part.kind != PartKind::kReasoning) {
      Json point = Json::object();
      point["cachePoint"]["type"] = "default";
      content->push_back(std::move(point));
    }
  }
  return absl::OkStatus();
}

absl::Status ConverseContentWriter::WritePart(const Part& part, Json* content) {
  switch (part.kind) {
    case PartKind::kText:
    case PartKind::kRefusal:
      if (IsConverseText(part.text)) content->push_back(TextBlock(part.text));
      return absl::OkStatus();
    case PartKind::kImage:
    case PartKind::kFile:
    case PartKind::kAudio: {
      LMGATE_ASSIGN_OR_RETURN(Json block, WriteMedia(part));
      content->push_back(std::move(block));
      return absl::OkStatus();
    }
    case PartKind::kToolCall: {
      Json block = Json::object();
      Json& call = block["toolUse"];
      call["toolUseId"] = ToolIdFor(part.id, "tooluse_", kToolIdBytesMax);
      call["name"] = part.name;
      call["input"] = ArgumentsObject(part.arguments);
      content->push_back(std::move(block));
      return absl::OkStatus();
    }
    case PartKind::kToolResult: {
      LMGATE_ASSIGN_OR_RETURN(Json block, WriteResult(part));
      content->push_back(std::move(block));
      return absl::OkStatus();
    }
    case PartKind::kReasoning:
      WriteReasoning(part, content);
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::StatusOr<Json> ConverseContentWriter::WriteMedia(const Part& part) {
  if (part.kind == PartKind::kAudio) {
    return absl::InvalidArgumentError("the bedrock provider takes no audio");
  }
  if (part.data.empty()) {
    return absl::InvalidArgumentError(
        "the bedrock provider takes images and files inline only, not by URL or id");
  }
  Json block = Json::object();
  if (part.kind == PartKind::kImage) {
    const std::string type = ImageTypeOf(part);
    const std::string_view format = FormatOf(type);
    if (!IsOneOf(format, kImageFormats)) {
      return BadField("image",
                      StrCat("the bedrock provider takes no images of type \"", type, "\""));
    }
    Json& image = block["image"];
    image["format"] = format;
    image["source"]["bytes"] = part.data;
    return block;
  }
  const std::string_view format = DocumentFormatOf(part);
  if (format.empty()) {
    return BadField("document", StrCat("the bedrock provider takes no files of type \"",
                                       part.media_type, "\""));
  }
  Json& document = block["document"];
  document["format"] = format;
  document["name"] = NameDocument(part.filename);
  document["source"]["bytes"] = part.data;
  if (part.cites) document["citations"]["enabled"] = true;
  return block;
}

absl::StatusOr<Json> ConverseContentWriter::WriteResult(const Part& part) {
  Json block = Json::object();
  Json& result = block["toolResult"];
  result["toolUseId"] = ToolIdFor(part.id, "tooluse_", kToolIdBytesMax);
  Json content = Json::array();
  for (const Part& piece : part.parts) LMGATE_RETURN_IF_ERROR(WritePart(piece, &content));
  // A list is demanded, and Claude refuses both an empty one and a blank text.
  if (content.empty()) content.push_back(TextBlock("(no output)"));
  result["content"] = std::move(content);
  if (part.is_error) result["status"] = "error";
  return block;
}

void ConverseContentWriter::WriteReasoning(const Part& part, Json* content) const {
  if (!IsSignedFor(part.signature, kOriginBedrock, options_.model)) return;
  Json block = Json::object();
  Json& reasoning = block["reasoningContent"];
  if (part.text.empty()) {
    reasoning["redactedContent"] = part.signature.data;
  } else {
    reasoning["reasoningText"]["text"] = part.text;
    reasoning["reasoningText"]["signature"] = part.signature.data;
  }
  content->push_back(std::move(block));
}

// DocumentBlock.name: letters, digits, single spaces, hyphens, parentheses and square brackets, up
// to 200; no two of a request alike (Bedrock API reference).
std::string ConverseContentWriter::NameDocument(std::string_view filename) {
  constexpr size_t kNameBytesMax = 180;  // leaves room for a number
  const size_t dot = filename.rfind('.');
  if (dot != std::string_view::npos && dot > 0) filename = filename.substr(0, dot);
  std::string name;
  for (const char c : filename.substr(0, kNameBytesMax)) {
    const bool plain = absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '(' ||
                       c == ')' || c == '[' || c == ']';
    if (plain) {
      name.push_back(c);
    } else if (!name.empty() && name.back() != ' ') {
      name.push_back(' ');
    }
  }
  while (name.ends_with(' ')) name.pop_back();
  if (name.empty()) name = "document";
  std::string unique = name;
  int& number = document_names_[name];
  while (++number > 1 || unique != name) {
    unique = StrCat(name, " (", number, ")");
    if (document_names_.emplace(unique, 1).second) break;
  }
  return unique;
}

}  // namespace lmgate::dialect
