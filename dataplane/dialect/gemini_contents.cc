#include "dataplane/dialect/gemini_contents.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/gemini_field.h"
#include "dataplane/dialect/gemini_model.h"
#include "dataplane/dialect/media.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using chat::Role;
using chat::Turn;

// Takes the place of a signature that another provider's call cannot have (Gemini API reference,
// Thought signatures: FAQ).
constexpr std::string_view kNoSignature = "skip_thought_signature_validator";

std::string Lower(std::string_view text) { return absl::AsciiStrToLower(ToAbsl(text)); }

// Standard base64, padded, of what may be in the URL alphabet, unpadded or broken into lines;
// nullopt = it is none.
std::optional<std::string> FitBase64(std::string text) {
  if (IsBase64(text) && text.size() % 4 == 0) return text;
  std::erase_if(text, [](char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); });
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  while (!text.empty() && text.back() == '=') text.pop_back();
  if (text.size() % 4 == 1 || !IsBase64(text)) return std::nullopt;
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

PartKind KindOf(std::string_view media_type) {
  if (media_type.starts_with("image/")) return PartKind::kImage;
  return media_type.starts_with("audio/") ? PartKind::kAudio : PartKind::kFile;
}

std::string_view TypeByEnding(std::string_view url) {
  struct Ending {
    std::string_view ending;
    std::string_view media_type;
  };
  constexpr Ending kEndings[] = {
      {".png", "image/png"},   {".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"},
      {".webp", "image/webp"}, {".gif", "image/gif"},  {".heic", "image/heic"},
      {".heif", "image/heif"}, {".bmp", "image/bmp"},  {".pdf", "application/pdf"},
      {".txt", "text/plain"},  {".csv", "text/csv"},   {".html", "text/html"},
      {".md", "text/markdown"}};
  const std::string path = Lower(url.substr(0, url.find_first_of("?#")));
  for (const Ending& row : kEndings) {
    if (path.ends_with(row.ending)) return row.media_type;
  }
  return {};
}

// What only Google can fetch: its file service, its storage, its videos.
bool IsGooglesOwn(std::string_view uri) {
  if (!uri.starts_with("https://") && !uri.starts_with("http://")) return true;
  for (const std::string_view host :
       {"generativelanguage.googleapis.com/", "youtube.com/", "youtu.be/"}) {
    const size_t at = uri.find(host);
    if (at != std::string_view::npos && at < uri.find('/', uri.find("//") + 2)) return true;
  }
  return false;
}

// Decodes the parts of one content.
class PartReader {
 public:
  explicit PartReader(ChatRequest* request) : request_(request) {}

  absl::Status Read(const Json& json, const std::string& path, Role role,
                    std::vector<Part>* parts) {
    if (json.is_string()) {
      parts->push_back(chat::TextPart(json.get<std::string>()));
      return absl::OkStatus();
    }
    if (!json.is_object()) return BadField(path, "must be an object");
    if (const Json* const call = FindField(json, "functionCall")) {
      return ReadCall(*call, json, FieldPath(path, "functionCall"), parts);
    }
    if (const Json* const result = FindField(json, "functionResponse")) {
      return ReadResult(*result, FieldPath(path, "functionResponse"), parts);
    }
    if (FindField(json, "inlineData") != nullptr || FindField(json, "fileData") != nullptr) {
      // Only a user shows pictures, elsewhere.
      if (FindField(json, "videoMetadata") != nullptr || role == Role::kAssistant) {
        return Keep(FieldPath(path, FindField(json, "fileData") ? "fileData" : "inlineData"));
      }
      return ReadMedia(json, path, parts);
    }
    LMGATE_ASSIGN_OR_RETURN(const auto text, ReadTextField(json, "text", path));
    LMGATE_ASSIGN_OR_RETURN(const auto thought, ReadBoolField(json, "thought", path));
    const std::string signature = FindTextField(json, "thoughtSignature");
    if (text.has_value() || thought.value_or(false) || !signature.empty()) {
      Part part = chat::TextPart(text.value_or(""));
      if (thought.value_or(false)) part.kind = PartKind::kReasoning;
      part.signature = ReadGeminiSignature(signature);
      if (part.kind == PartKind::kReasoning && part.text.empty()) {
        part.text = std::exchange(part.signature.text, {});
      }
      parts->push_back(std::move(part));
      return absl::OkStatus();
    }
    return ReadOther(json, path);
  }

 private:
  absl::Status Keep(std::string path) {
    request_->own_fields.push_back(std::move(path));
    return absl::OkStatus();
  }

  // executableCode, codeExecutionResult, toolCall …, whatever comes next.
  absl::Status ReadOther(const Json& json, const std::string& path) {
    for (const auto& [key, value] : json.items()) {
      const std::string name = FieldName(key);
      if (value.is_null() || name == "thought" || name == "partMetadata" ||
          name == "mediaResolution") {
        continue;
      }
      return Keep(FieldPath(path, name));
    }
    return BadField(path, "must have data: text, inlineData, functionCall …");
  }

  static absl::Status ReadCall(const Json& call, const Json& json, const std::string& path,
                               std::vector<Part>* parts) {
    if (!call.is_object()) return BadField(path, "must be an object");
    Part part{.kind = PartKind::kToolCall};
    LMGATE_ASSIGN_OR_RETURN(const auto name, ReadTextField(call, "name", path));
    if (name.value_or("").empty()) return BadField(FieldPath(path, "name"), "is missing");
    LMGATE_ASSIGN_OR_RETURN(const auto id, ReadTextField(call, "id", path));
    const Json* const args = FindField(call, "args");
    if (args != nullptr && !args->is_object()) {
      return BadField(FieldPath(path, "args"), "must be an object");
    }
    part.name = *name;
    part.id = id.value_or("");
    part.arguments = args == nullptr ? "{}" : DumpJson(*args);
    part.signature = ReadGeminiSignature(FindTextField(json, "thoughtSignature"));
    parts->push_back(std::move(part));
    return absl::OkStatus();
  }

  absl::Status ReadResult(const Json& result, const std::string& path, std::vector<Part>* parts) {
    if (!result.is_object()) return BadField(path, "must be an object");
    Part part{.kind = PartKind::kToolResult};
    LMGATE_ASSIGN_OR_RETURN(const auto name, ReadTextField(result, "name", path));
    LMGATE_ASSIGN_OR_RETURN(const auto id, ReadTextField(result, "id", path));
    part.name = name.value_or("");
    part.id = id.value_or("");
    if (part.name.empty() && part.id.empty()) {
      return BadField(FieldPath(path, "name"), "is missing");
    }
    if (const Json* const response = FindField(result, "response")) {
      if (!response->is_object()) {
        return BadField(FieldPath(path, "response"), "must be an object");
      }
      ReadOutput(*response, &part);
    }
    size_t number = 0;
    for (const Json* const media : ListOf(FindField(result, "parts"))) {
      const std::string media_path = StrCat(path, ".parts[", number++, "]");
      if (FindField(*media, "inlineData") == nullptr && FindField(*media, "fileData") == nullptr) {
        return BadField(media_path, "must have inlineData or fileData");
      }
      LMGATE_RETURN_IF_ERROR(ReadMedia(*media, media_path, &part.parts));
    }
    parts->push_back(std::move(part));
    return absl::OkStatus();
  }

  // {"output": "…"} and {"result": "…"} are a text, {"error": …} a failure; others stay JSON.
  static void ReadOutput(const Json& response, Part* part) {
    if (response.empty()) return;
    const std::string& key = response.begin().key();
    const Json& value = response.front();
    const bool sole = response.size() == 1;
    part->is_error = sole && key == "error";
    std::string text;
    if (sole && value.is_string() && (key == "output" || key == "result" || key == "error")) {
      text = value.get<std::string>();
    } else {
      text = DumpJson(part->is_error ? value : response);
    }
    if (!text.empty()) part->parts.push_back(chat::TextPart(std::move(text)));
  }

  absl::Status ReadMedia(const Json& json, const std::string& path, std::vector<Part>* parts) {
    Part part;
    if (const Json* const inline_data = FindField(json, "inlineData")) {
      const std::string inline_path = FieldPath(path, "inlineData");
      if (!inline_data->is_object()) return BadField(inline_path, "must be an object");
      LMGATE_ASSIGN_OR_RETURN(const auto type,
                              ReadTextField(*inline_data, "mimeType", inline_path));
      LMGATE_ASSIGN_OR_RETURN(const auto data, ReadTextField(*inline_data, "data", inline_path));
      part.media_type = NormalizeMediaType(type.value_or(""));
      if (part.media_type.empty())
        return BadField(FieldPath(inline_path, "mimeType"), "is missing");
      auto base64 = FitBase64(data.value_or(""));
      if (!base64.has_value() || base64->empty()) {
        return BadField(FieldPath(inline_path, "data"), "must be base64");
      }
      part.data = *std::move(base64);
      part.filename = FindTextField(*inline_data, "displayName");
      if (part.media_type.starts_with("video/")) return Keep(inline_path);
    } else {
      const Json* const file_data = FindField(json, "fileData");
      const std::string file_path = FieldPath(path, "fileData");
      if (!file_data->is_object()) return BadField(file_path, "must be an object");
      LMGATE_ASSIGN_OR_RETURN(const auto type, ReadTextField(*file_data, "mimeType", file_path));
      LMGATE_ASSIGN_OR_RETURN(const auto uri, ReadTextField(*file_data, "fileUri", file_path));
      if (uri.value_or("").empty()) return BadField(FieldPath(file_path, "fileUri"), "is missing");
      part.url = *uri;
      part.media_type = NormalizeMediaType(type.value_or(""));
      if (part.media_type.empty()) part.media_type = TypeByEnding(part.url);
      part.filename = FindTextField(*file_data, "displayName");
      const bool fetched_by_google = IsGooglesOwn(part.url) ||
                                     part.media_type.starts_with("video/") ||
                                     part.media_type.starts_with("audio/");
      if (fetched_by_google) return Keep(file_path);
    }
    part.kind = KindOf(part.media_type);
    if (part.kind != PartKind::kFile) part.filename.clear();
    if (const Json* const resolution = FindField(json, "mediaResolution")) {
      const std::string level = FindTextField(*resolution, "level");
      if (part.kind == PartKind::kImage && level.ends_with("_LOW")) part.detail = "low";
      if (part.kind == PartKind::kImage && level.ends_with("_HIGH")) part.detail = "high";
    }
    parts->push_back(std::move(part));
    return absl::OkStatus();
  }

  ChatRequest* const request_;
};

absl::StatusOr<Role> ReadRole(const Json& content, const std::string& path) {
  LMGATE_ASSIGN_OR_RETURN(const auto role, ReadTextField(content, "role", path));
  const std::string name = role.value_or("user");
  if (name == "model") return Role::kAssistant;
  // "function" carried results, once.
  if (name.empty() || name == "user" || name == "function") return Role::kUser;
  return BadField(FieldPath(path, "role"), "must be user or model");
}

absl::Status ReadContent(const Json& content, const std::string& path, ChatRequest* request) {
  Turn turn;
  PartReader reader(request);
  if (content.is_string()) {
    turn.parts.push_back(chat::TextPart(content.get<std::string>()));
    request->turns.push_back(std::move(turn));
    return absl::OkStatus();
  }
  if (!content.is_object()) return BadField(path, "must be an object");
  LMGATE_ASSIGN_OR_RETURN(turn.role, ReadRole(content, path));
  size_t number = 0;
  for (const Json* const part : ListOf(FindField(content, "parts"))) {
    const std::string part_path = StrCat(path, ".parts[", number++, "]");
    LMGATE_RETURN_IF_ERROR(reader.Read(*part, part_path, turn.role, &turn.parts));
  }
  // Google's SDK keeps each chunk of a streamed answer as a content (Chat.recordHistory): their
  // texts are one.
  const bool goes_on = turn.role == Role::kAssistant && !request->turns.empty() &&
                       request->turns.back().role == Role::kAssistant;
  if (goes_on) {
    std::vector<Part>& said = request->turns.back().parts;
    said.insert(said.end(), std::make_move_iterator(turn.parts.begin()),
                std::make_move_iterator(turn.parts.end()));
    return absl::OkStatus();
  }
  request->turns.push_back(std::move(turn));
  return absl::OkStatus();
}

// Gives ids to calls and results that have none.
class CallNumbers {
 public:
  explicit CallNumbers(std::vector<Turn>* turns) : turns_(turns) {
    for (const Turn& turn : *turns_) {
      for (const Part& part : turn.parts) {
        if (part.kind == PartKind::kToolCall && !part.id.empty()) given_.insert(part.id);
      }
    }
  }

  void Assign() {
    Role before = Role::kUser;
    for (Turn& turn : *turns_) {
      // Calls that the client left without a result take none of a later call's.
      if (turn.role == Role::kAssistant && before != Role::kAssistant) waiting_.clear();
      before = turn.role;
      for (Part& part : turn.parts) {
        if (part.kind == PartKind::kToolCall) AddCall(&part);
        if (part.kind == PartKind::kToolResult) AddResult(&part);
      }
    }
  }

 private:
  void AddCall(Part* call) {
    ++calls_;
    if (call->id.empty()) call->id = MakeId("call_", calls_);
    waiting_[call->name].push_back(call->id);
  }

  void AddResult(Part* result) {
    ++results_;
    std::deque<std::string>& ids = waiting_[result->name];
    if (given_.contains(result->id)) {
      const auto own = std::find(ids.begin(), ids.end(), result->id);
      if (own != ids.end()) ids.erase(own);
      return;
    }
    if (!ids.empty()) {
      result->id = std::move(ids.front());
      ids.pop_front();
    } else if (result->id.empty()) {
      result->id = MakeId("result_", results_);
    }
  }

  std::string MakeId(std::string_view prefix, size_t number) const {
    std::string id = StrCat(prefix, number);
    while (given_.contains(id)) id.push_back('_');
    return id;
  }

  std::vector<Turn>* const turns_;
  std::set<std::string> given_;
  std::map<std::string, std::deque<std::string>> waiting_;  // ids of calls by the tool's name
  size_t calls_ = 0;
  size_t results_ = 0;
};

Json WriteMedia(const Part& part) {
  const std::string_view fallback =
      part.kind == PartKind::kImage ? "image/jpeg" : "application/pdf";
  std::string type = part.media_type;
  if (type.empty()) type = TypeByEnding(part.data.empty() ? part.url : part.filename);
  if (type.empty()) type = fallback;
  Json written = Json::object();
  if (!part.data.empty()) {
    written["inlineData"] = Json{{"mimeType", type}, {"data", part.data}};
  } else {
    written["fileData"] = Json{{"mimeType", type}, {"fileUri", part.url}};
  }
  return written;
}

// `response` must be an object: a JSON object goes as it is.
Json WriteOutput(const Part& result, std::string text) {
  Json response = Json::object();
  if (!result.is_error && ToStd(absl::StripLeadingAsciiWhitespace(text)).starts_with('{')) {
    absl::StatusOr<Json> object = ParseObject(text);
    if (object.ok()) return *std::move(object);
  }
  response[result.is_error ? "error" : "output"] = std::move(text);
  return response;
}

Json WriteResult(const Part& result, bool with_id) {
  std::string text;
  bool has_text = false;
  Json media = Json::array();
  for (const Part& part : result.parts) {
    if (part.kind == PartKind::kText || part.kind == PartKind::kRefusal) {
      if (has_text) text.push_back('\n');
      text.append(part.text);
      has_text = true;
    } else if (!part.data.empty() || !part.url.empty()) {
      media.push_back(WriteMedia(part));
    }
  }
  Json response = Json::object();
  if (with_id) response["id"] = result.id;
  response["name"] = result.name;
  response["response"] = WriteOutput(result, std::move(text));
  if (!media.empty()) response["parts"] = std::move(media);
  return Json{{"functionResponse", std::move(response)}};
}

// Writes one turn's parts.
class TurnWriter {
 public:
  TurnWriter(std::string_view name, const GeminiModel& model) : name_(name), model_(model) {}

  Json Write(const Turn& turn) {
    Json parts = Json::array();
    for (const Part& part : turn.parts) WritePart(part, turn.role, &parts);
    Json content = Json::object();
    content["role"] = turn.role == Role::kAssistant ? "model" : "user";
    content["parts"] = std::move(parts);
    return content;
  }

 private:
  void WritePart(const Part& part, Role role, Json* parts) {
    switch (part.kind) {
      case PartKind::kText:
      case PartKind::kRefusal: {
        if (part.text.empty()) return;
        std::string text = part.text;
        if (role == Role::kSystem) text = StrCat("<system>", text, "</system>");
        Json written = {{"text", std::move(text)}};
        if (role == Role::kAssistant) Sign(part, &written);
        parts->push_back(std::move(written));
        return;
      }
      case PartKind::kImage:
      case PartKind::kFile:
      case PartKind::kAudio:
        parts->push_back(WriteMedia(part));
        return;
      case PartKind::kToolCall: {
        // The first models know no ids.
        const std::string_view id = model_.takes_json_schema() ? part.id : std::string_view();
        Json written = WriteGeminiCall(id, part.name, part.arguments);
        Sign(part, &written);
        // Of parallel calls the first alone is signed.
        if (!has_call_ && model_.is_third() && !written.contains("thoughtSignature")) {
          written["thoughtSignature"] = kNoSignature;
        }
        has_call_ = true;
        parts->push_back(std::move(written));
        return;
      }
      case PartKind::kToolResult:
        parts->push_back(WriteResult(part, model_.takes_json_schema()));
        return;
      case PartKind::kReasoning:
        // A thought is not sent back; its signature belongs to the part that followed.
        if (IsSignedFor(part.signature, kOriginGemini, name_)) signature_ = part.signature.data;
        return;
    }
  }

  void Sign(const Part& part, Json* written) {
    if (IsSignedFor(part.signature, kOriginGemini, name_)) {
      (*written)["thoughtSignature"] = part.signature.data;
    } else if (!signature_.empty()) {
      (*written)["thoughtSignature"] = signature_;
    }
    signature_.clear();
  }

  const std::string_view name_;
  const GeminiModel model_;
  std::string signature_;  // of the reasoning before
  bool has_call_ = false;
};

}  // namespace

absl::Status ReadGeminiContents(const Json& contents, ChatRequest* request) {
  const bool is_list = contents.is_array();
  if (is_list && contents.empty()) return BadField("contents", "must not be empty");
  if (!is_list && !contents.is_object() && !contents.is_string()) {
    return BadField("contents", "must be a list");
  }
  size_t number = 0;
  for (const Json* const content : ListOf(&contents)) {
    LMGATE_RETURN_IF_ERROR(ReadContent(*content, StrCat("contents[", number++, "]"), request));
  }
  CallNumbers(&request->turns).Assign();
  return absl::OkStatus();
}

absl::Status ReadGeminiSystem(const Json& instruction, ChatRequest* request) {
  const Json* parts = &instruction;
  if (const Json* const inner = FindField(instruction, "parts")) parts = inner;
  if (parts == &instruction && instruction.is_object() && Find(instruction, "text") == nullptr) {
    return absl::OkStatus();  // a content without parts
  }
  std::vector<Part> read;
  PartReader reader(request);
  size_t number = 0;
  for (const Json* const part : ListOf(parts)) {
    const std::string path = StrCat("systemInstruction.parts[", number++, "]");
    LMGATE_RETURN_IF_ERROR(reader.Read(*part, path, Role::kSystem, &read));
    if (!read.empty() && read.back().kind != PartKind::kText) {
      return BadField(path, "must be text");
    }
  }
  for (Part& part : read) {
    if (!part.text.empty()) request->system.push_back(chat::TextPart(std::move(part.text)));
  }
  return absl::OkStatus();
}

namespace {

// Files of the Files API and of the web, and objects of Cloud Storage (Gemini API reference,
// FileData).
bool IsFetched(std::string_view url) {
  const std::string scheme = Lower(url.substr(0, url.find(':')));
  return scheme == "https" || scheme == "http" || scheme == "gs";
}

absl::Status CheckUrls(const std::vector<Part>& parts) {
  for (const Part& part : parts) {
    if (!part.url.empty() && part.data.empty() && !IsFetched(part.url)) {
      return BadField(part.kind == PartKind::kImage ? "image" : "document",
                      "the provider fetches https, http and gs addresses only");
    }
    LMGATE_RETURN_IF_ERROR(CheckUrls(part.parts));
  }
  return absl::OkStatus();
}

// Media beside responses spoil Gemini's count of them (translation.md 16): what stands behind the
// responses becomes a content of its own. Null = there is nothing to split.
Json SplitAtMedia(Json* content) {
  Json& parts = (*content)["parts"];
  const auto is = [](std::string_view name) {
    return [name](const Json& part) { return Find(part, name) != nullptr; };
  };
  const auto begin = std::find_if_not(parts.begin(), parts.end(), is("functionResponse"));
  const bool media = std::any_of(begin, parts.end(), is("inlineData")) ||
                     std::any_of(begin, parts.end(), is("fileData"));
  if (begin == parts.begin() || !media) return Json();
  Json rest = {{"role", "user"}, {"parts", Json::array()}};
  rest["parts"].insert(rest["parts"].end(), begin, parts.end());
  parts.erase(begin, parts.end());
  return rest;
}

}  // namespace

absl::StatusOr<Json> WriteGeminiContents(const ChatRequest& request, std::string_view name) {
  for (const Turn& turn : request.turns) LMGATE_RETURN_IF_ERROR(CheckUrls(turn.parts));
  const GeminiModel model = GeminiModelOf(name);
  Json contents = Json::array();
  for (const Turn& turn : request.turns) {
    Json content = TurnWriter(name, model).Write(turn);
    Json rest = SplitAtMedia(&content);
    if (!content["parts"].empty()) contents.push_back(std::move(content));
    if (!rest.is_null()) contents.push_back(std::move(rest));
  }
  return contents;
}

Json WriteGeminiCall(std::string_view id, std::string_view name, std::string_view arguments) {
  Json call = Json::object();
  if (!id.empty()) call["id"] = id;
  call["name"] = name;
  call["args"] = ArgumentsObject(arguments);
  return Json{{"functionCall", std::move(call)}};
}

std::string WriteGeminiSignature(const chat::Signature& signature) {
  std::string sealed = SealSignature(signature, kOriginGemini);
  return sealed.starts_with(kSealPrefix) ? absl::Base64Escape(sealed) : sealed;
}

std::string GeminiSealOfNothing() { return absl::Base64Escape(ToAbsl(kSealOfNothing)); }

chat::Signature ReadGeminiSignature(std::string_view text) {
  if (text == kNoSignature) return {};
  std::string bytes;
  const auto base64 = FitBase64(std::string(text));
  const bool sealed =
      base64.has_value() && absl::Base64Unescape(*base64, &bytes) && bytes.starts_with(kSealPrefix);
  return UnsealSignature(sealed ? std::string_view(bytes) : text, kOriginGemini);
}

}  // namespace lmgate::dialect
