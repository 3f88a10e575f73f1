#include "dataplane/dialect/openai_responses_input.h"

#include <absl/strings/match.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/freeform_input.h"
#include "dataplane/dialect/media.h"
#include "dataplane/dialect/openai_responses_item.h"
#include "dataplane/dialect/openai_responses_tools.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using chat::Role;
using chat::Turn;

// ---- reading

class InputReader {
 public:
  explicit InputReader(ChatRequest* request) : request_(request) {}

  absl::Status ReadItem(const Json& item, const std::string& field);

 private:
  absl::Status ReadMessage(const Json& item, const std::string& field);
  absl::Status ReadCall(const Json& item, bool freeform, const std::string& field);
  absl::Status ReadResult(const Json& item, const std::string& field);
  absl::Status ReadEarlierReasoning(const Json& item, const std::string& field);
  absl::Status ReadContents(const Json& contents, const std::string& field,
                            std::vector<Part>* parts);
  absl::Status ReadContent(const Json& content, const std::string& field, std::vector<Part>* parts);
  absl::Status ReadImage(const Json& content, const std::string& field, Part* part);
  absl::Status ReadFile(const Json& content, const std::string& field, Part* part);
  absl::Status ReadAudio(const Json& content, const std::string& field, Part* part);
  std::vector<Part>& PartsOf(Role role);
  void AddSigned(Part part);
  void Own(std::string field) { request_->own_fields.push_back(std::move(field)); }

  ChatRequest* const request_;
  // A signature of the part that comes next.
  chat::Signature carried_;
};

absl::Status InputReader::ReadItem(const Json& item, const std::string& field) {
  if (!item.is_object()) return BadField(field, "must be an object");
  LMGATE_ASSIGN_OR_RETURN(const auto type, ReadString(item, "type", StrCat(field, ".type")));
  if (type.has_value() ? *type == "message" : Find(item, "role") != nullptr) {
    return ReadMessage(item, field);
  }
  const std::string word = type.value_or("");
  if (word == "function_call") return ReadCall(item, /*freeform=*/false, field);
  if (word == "custom_tool_call") return ReadCall(item, /*freeform=*/true, field);
  if (word == "function_call_output" || word == "custom_tool_call_output") {
    return ReadResult(item, field);
  }
  if (word == "reasoning") return ReadEarlierReasoning(item, field);
  if (word == "additional_tools") {
    const Json* const tools = Find(item, "tools");
    if (tools == nullptr) return absl::OkStatus();
    return ReadResponsesTools(*tools, StrCat(field, ".tools"), request_);
  }
  if (word.empty() && Find(item, "id") == nullptr) {
    return BadField(StrCat(field, ".type"), "is required");
  }
  // item_reference (the type may be left out) and what server tools did.
  Own(field);
  return absl::OkStatus();
}

absl::Status InputReader::ReadMessage(const Json& item, const std::string& field) {
  LMGATE_ASSIGN_OR_RETURN(const std::string word,
                          RequireString(item, "role", StrCat(field, ".role")));
  Role role = Role::kUser;
  if (word == "assistant") {
    role = Role::kAssistant;
  } else if (word == "system" || word == "developer") {
    role = Role::kSystem;
  } else if (word != "user") {
    return BadField(StrCat(field, ".role"), "must be user, assistant, system or developer");
  }
  std::vector<Part> parts;
  const Json* const content = Find(item, "content");
  const std::string content_field = StrCat(field, ".content");
  if (content == nullptr && role != Role::kAssistant) {
    return BadField(content_field, "is required");
  }
  if (content != nullptr) LMGATE_RETURN_IF_ERROR(ReadContents(*content, content_field, &parts));
  if (role != Role::kSystem) {
    if (!parts.empty()) parts.front().apart = true;
    for (Part& part : parts) {
      if (role == Role::kAssistant) {
        AddSigned(std::move(part));
      } else {
        PartsOf(role).push_back(std::move(part));
      }
    }
    return absl::OkStatus();
  }
  std::vector<Part>& system = request_->turns.empty() ? request_->system : PartsOf(Role::kSystem);
  for (Part& part : parts) {
    if (part.kind != PartKind::kText) {
      Own(content_field);
    } else if (!part.text.empty()) {
      system.push_back(std::move(part));
    }
  }
  return absl::OkStatus();
}

absl::Status InputReader::ReadCall(const Json& item, bool freeform, const std::string& field) {
  Part part;
  part.kind = PartKind::kToolCall;
  LMGATE_ASSIGN_OR_RETURN(part.id, RequireString(item, "call_id", StrCat(field, ".call_id")));
  LMGATE_ASSIGN_OR_RETURN(const std::string name,
                          RequireString(item, "name", StrCat(field, ".name")));
  part.name = NameInNamespace(FindString(item, "namespace"), name);
  const std::string_view member = freeform ? "input" : "arguments";
  LMGATE_ASSIGN_OR_RETURN(auto arguments, ReadString(item, member, StrCat(field, ".", member)));
  part.arguments = freeform ? FreeformArguments(arguments.value_or("")) : arguments.value_or("");
  AddSigned(std::move(part));
  return absl::OkStatus();
}

absl::Status InputReader::ReadResult(const Json& item, const std::string& field) {
  Part part;
  part.kind = PartKind::kToolResult;
  LMGATE_ASSIGN_OR_RETURN(part.id, RequireString(item, "call_id", StrCat(field, ".call_id")));
  if (const Json* const output = Find(item, "output")) {
    LMGATE_RETURN_IF_ERROR(ReadContents(*output, StrCat(field, ".output"), &part.parts));
  }
  PartsOf(Role::kUser).push_back(std::move(part));
  return absl::OkStatus();
}

absl::Status InputReader::ReadEarlierReasoning(const Json& item, const std::string& field) {
  Part part;
  part.kind = PartKind::kReasoning;
  part.text = ReadReasoning(item);
  LMGATE_ASSIGN_OR_RETURN(const auto sealed, ReadString(item, "encrypted_content",
                                                        StrCat(field, ".encrypted_content")));
  part.signature = UnsealSignature(sealed.value_or(""), kOriginOpenAi);
  // Gemini signs calls and texts: see CarrierOf.
  if (part.text.empty() && part.signature.origin == kOriginGemini) {
    carried_ = std::move(part.signature);
  } else if (IsItem(part)) {
    PartsOf(Role::kAssistant).push_back(std::move(part));
  }
  return absl::OkStatus();
}

absl::Status InputReader::ReadContents(const Json& contents, const std::string& field,
                                       std::vector<Part>* parts) {
  if (contents.is_string()) {
    std::string text = contents.get<std::string>();
    if (!text.empty()) parts->push_back(chat::TextPart(std::move(text)));
    return absl::OkStatus();
  }
  if (!contents.is_array()) return BadField(field, "must be a string or a list");
  for (size_t i = 0; i < contents.size(); ++i) {
    LMGATE_RETURN_IF_ERROR(ReadContent(contents[i], StrCat(field, "[", i, "]"), parts));
  }
  return absl::OkStatus();
}

absl::Status InputReader::ReadContent(const Json& content, const std::string& field,
                                      std::vector<Part>* parts) {
  if (!content.is_object()) return BadField(field, "must be an object");
  LMGATE_ASSIGN_OR_RETURN(const std::string type,
                          RequireString(content, "type", StrCat(field, ".type")));
  Part part;
  if (type == "input_text" || type == "output_text" || type == "text") {
    LMGATE_ASSIGN_OR_RETURN(auto text, ReadString(content, "text", StrCat(field, ".text")));
    part.text = std::move(text).value_or("");
    part.citations = ReadAnnotations(content);
    if (part.text.empty()) return absl::OkStatus();
  } else if (type == "refusal") {
    part.kind = PartKind::kRefusal;
    LMGATE_ASSIGN_OR_RETURN(part.text,
                            RequireString(content, "refusal", StrCat(field, ".refusal")));
  } else if (type == "input_image") {
    LMGATE_RETURN_IF_ERROR(ReadImage(content, field, &part));
  } else if (type == "input_file") {
    LMGATE_RETURN_IF_ERROR(ReadFile(content, field, &part));
  } else if (type == "input_audio") {
    LMGATE_RETURN_IF_ERROR(ReadAudio(content, field, &part));
  } else {
    Own(field);
    return absl::OkStatus();
  }
  if (part.kind != PartKind::kText && part.kind != PartKind::kRefusal) part.field = field;
  part.cache = Find(content, "prompt_cache_breakpoint") != nullptr;
  parts->push_back(std::move(part));
  return absl::OkStatus();
}

absl::Status ReadMediaUrl(std::string_view url, std::string_view field, Part* part) {
  const absl::Status read = ReadUrl(url, part);
  return read.ok() ? read : BadField(field, ToStd(read.message()));
}

absl::Status InputReader::ReadImage(const Json& content, const std::string& field, Part* part) {
  part->kind = PartKind::kImage;
  const std::string url_field = StrCat(field, ".image_url");
  // Chat clients that moved write the object of there.
  const Json* const nested = Find(content, "image_url");
  const bool is_object = nested != nullptr && nested->is_object();
  LMGATE_ASSIGN_OR_RETURN(const auto url, is_object ? ReadString(*nested, "url", url_field)
                                                    : ReadString(content, "image_url", url_field));
  LMGATE_ASSIGN_OR_RETURN(const auto file_id,
                          ReadString(content, "file_id", StrCat(field, ".file_id")));
  LMGATE_ASSIGN_OR_RETURN(const auto detail,
                          ReadString(content, "detail", StrCat(field, ".detail")));
  part->detail = detail.value_or("");
  if (!url.value_or("").empty()) return ReadMediaUrl(*url, url_field, part);
  part->file_id = file_id.value_or("");
  return part->file_id.empty() ? BadField(url_field, "is required") : absl::OkStatus();
}

absl::Status InputReader::ReadFile(const Json& content, const std::string& field, Part* part) {
  part->kind = PartKind::kFile;
  const std::string data_field = StrCat(field, ".file_data");
  LMGATE_ASSIGN_OR_RETURN(const auto data, ReadString(content, "file_data", data_field));
  LMGATE_ASSIGN_OR_RETURN(const auto url,
                          ReadString(content, "file_url", StrCat(field, ".file_url")));
  LMGATE_ASSIGN_OR_RETURN(const auto file_id,
                          ReadString(content, "file_id", StrCat(field, ".file_id")));
  LMGATE_ASSIGN_OR_RETURN(const auto filename,
                          ReadString(content, "filename", StrCat(field, ".filename")));
  part->filename = filename.value_or("");
  if (!url.value_or("").empty()) {
    return ReadMediaUrl(*url, StrCat(field, ".file_url"), part);
  }
  if (!file_id.value_or("").empty()) {
    part->file_id = *file_id;
    return absl::OkStatus();
  }
  if (data.value_or("").empty()) return BadField(data_field, "is required");
  if (absl::StartsWithIgnoreCase(*data, "data:")) return ReadMediaUrl(*data, data_field, part);
  if (!IsBase64(*data)) return BadField(data_field, "is no base64");
  // Without a data URL only the name tells the type.
  const size_t dot = part->filename.rfind('.');
  const std::string extension = dot == std::string::npos ? "pdf" : part->filename.substr(dot + 1);
  part->media_type = MediaTypeOf("", extension);
  if (part->media_type.starts_with('/')) part->media_type = "text/plain";
  part->data = *data;
  return absl::OkStatus();
}

absl::Status InputReader::ReadAudio(const Json& content, const std::string& field, Part* part) {
  part->kind = PartKind::kAudio;
  const Json* const audio = Find(content, "input_audio");
  const std::string audio_field = StrCat(field, ".input_audio");
  if (audio == nullptr || !audio->is_object()) return BadField(audio_field, "must be an object");
  LMGATE_ASSIGN_OR_RETURN(part->data, RequireString(*audio, "data", StrCat(audio_field, ".data")));
  LMGATE_ASSIGN_OR_RETURN(const std::string format,
                          RequireString(*audio, "format", StrCat(audio_field, ".format")));
  if (!IsBase64(part->data)) return BadField(StrCat(audio_field, ".data"), "is no base64");
  part->media_type = MediaTypeOf("audio", format);
  return absl::OkStatus();
}

// The parts of the last turn when it is of the role, else of a new one: items of an assistant's
// answer are one turn, as are the results of its calls.
std::vector<Part>& InputReader::PartsOf(Role role) {
  if (role != Role::kAssistant) carried_ = {};
  if (request_->turns.empty() || request_->turns.back().role != role) {
    request_->turns.push_back(Turn{.role = role});
  }
  return request_->turns.back().parts;
}

void InputReader::AddSigned(Part part) {
  if (part.signature.data.empty()) part.signature = std::exchange(carried_, {});
  PartsOf(Role::kAssistant).push_back(std::move(part));
}

// ---- writing

void AddText(std::string_view type, std::string_view text, Json* contents) {
  contents->push_back(Json{{"type", type}, {"text", text}});
}

absl::Status AddContent(const Part& part, Json* contents) {
  Json content = Json::object();
  switch (part.kind) {
    case PartKind::kText:
      if (!part.text.empty()) AddText("input_text", part.text, contents);
      return absl::OkStatus();
    case PartKind::kRefusal:
      AddText("input_text", part.text, contents);
      return absl::OkStatus();
    case PartKind::kImage:
      content["type"] = "input_image";
      if (!part.file_id.empty()) {
        content["file_id"] = part.file_id;
      } else {
        content["image_url"] = WriteUrl(part);
      }
      if (!part.detail.empty()) content["detail"] = part.detail;
      break;
    case PartKind::kFile:
      content["type"] = "input_file";
      if (!part.file_id.empty()) {
        content["file_id"] = part.file_id;
      } else if (!part.url.empty()) {
        content["file_url"] = part.url;
      } else {
        // OpenAI refuses data without a name.
        const std::string_view format = FormatOf(part.media_type);
        content["filename"] = !part.filename.empty() ? part.filename
                              : format.empty()       ? std::string("file")
                                                     : StrCat("file.", format);
        content["file_data"] = WriteUrl(part);
      }
      break;
    case PartKind::kAudio: {
      const std::string_view format = FormatOf(part.media_type);
      if (part.data.empty() || format.empty()) {
        return BadField(part.field.empty() ? "input_audio" : std::string_view(part.field),
                        "must be inline data of a known format");
      }
      content["type"] = "input_audio";
      content["input_audio"] = Json{{"data", part.data}, {"format", format}};
      break;
    }
    case PartKind::kToolCall:
    case PartKind::kToolResult:
    case PartKind::kReasoning:
      return absl::OkStatus();
  }
  contents->push_back(std::move(content));
  return absl::OkStatus();
}

// The dialect has no flag for a failed call: its text says so.
absl::StatusOr<Json> MakeResult(const Part& result) {
  constexpr std::string_view kFailed = "Error: ";
  const bool only_text = std::all_of(result.parts.begin(), result.parts.end(),
                                     [](const Part& part) { return part.kind == PartKind::kText; });
  Json item = {{"type", "function_call_output"}, {"call_id", result.id}};
  if (only_text) {
    std::string text(result.is_error ? kFailed : "");
    for (size_t i = 0; i < result.parts.size(); ++i) {
      if (i > 0) text.push_back('\n');
      text.append(result.parts[i].text);
    }
    item["output"] = text;
    return item;
  }
  Json contents = Json::array();
  if (result.is_error) AddText("input_text", kFailed, &contents);
  for (const Part& part : result.parts) LMGATE_RETURN_IF_ERROR(AddContent(part, &contents));
  item["output"] = std::move(contents);
  return item;
}

void AddMessage(std::string_view role, Json* contents, Json* input) {
  if (contents->empty()) return;
  input->push_back(Json{
      {"type", "message"}, {"role", role}, {"content", std::exchange(*contents, Json::array())}});
}

absl::Status AddUserTurn(const Turn& turn, Json* input) {
  Json contents = Json::array();
  for (const Part& part : turn.parts) {
    if (part.kind != PartKind::kToolResult) {
      LMGATE_RETURN_IF_ERROR(AddContent(part, &contents));
      continue;
    }
    AddMessage("user", &contents, input);
    LMGATE_ASSIGN_OR_RETURN(Json item, MakeResult(part));
    input->push_back(std::move(item));
  }
  AddMessage("user", &contents, input);
  return absl::OkStatus();
}

Json MakeEarlierReasoning(const Part& part) {
  Json summary = Json::array();
  if (!part.text.empty()) AddText("summary_text", part.text, &summary);
  // Without its id: that belongs to a response that the provider did not keep.
  return Json{{"type", "reasoning"},
              {"summary", std::move(summary)},
              {"encrypted_content", part.signature.data}};
}

void AddAssistantTurn(const Turn& turn, std::string_view model, Json* input) {
  Json contents = Json::array();
  // Reasoning without the item that followed it is refused.
  Json waiting = Json::array();
  const auto add_waiting = [&] {
    for (Json& item : waiting) input->push_back(std::move(item));
    waiting = Json::array();
  };
  for (const Part& part : turn.parts) {
    if (part.kind == PartKind::kText || part.kind == PartKind::kRefusal) {
      if (part.text.empty()) continue;
      add_waiting();
      if (part.kind == PartKind::kRefusal) {
        contents.push_back(Json{{"type", "refusal"}, {"refusal", part.text}});
      } else {
        AddText("output_text", part.text, &contents);
      }
    } else if (part.kind == PartKind::kToolCall) {
      AddMessage("assistant", &contents, input);
      add_waiting();
      input->push_back(Json{{"type", "function_call"},
                            {"call_id", part.id},
                            {"name", part.name},
                            {"arguments", chat::IsBlank(part.arguments) ? "{}" : part.arguments}});
    } else if (part.kind == PartKind::kReasoning &&
               IsSignedFor(part.signature, kOriginOpenAi, model)) {
      AddMessage("assistant", &contents, input);
      waiting.push_back(MakeEarlierReasoning(part));
    }
  }
  AddMessage("assistant", &contents, input);
}

}  // namespace

absl::StatusOr<std::string> RequireString(const Json& object, std::string_view name,
                                          std::string_view field) {
  LMGATE_ASSIGN_OR_RETURN(auto text, ReadString(object, name, field));
  if (!text.has_value() || text->empty()) return BadField(field, "is required");
  return *std::move(text);
}

absl::Status ReadResponsesInput(const Json& input, ChatRequest* request) {
  if (input.is_string()) {
    request->turns.push_back(Turn{.parts = {chat::TextPart(input.get<std::string>())}});
    return absl::OkStatus();
  }
  if (!input.is_array()) return BadField("input", "must be a string or a list");
  InputReader reader(request);
  for (size_t i = 0; i < input.size(); ++i) {
    LMGATE_RETURN_IF_ERROR(reader.ReadItem(input[i], StrCat("input[", i, "]")));
  }
  DropReplacedTools(request);
  return absl::OkStatus();
}

absl::StatusOr<Json> MakeResponsesInput(const ChatRequest& request, std::string_view model) {
  Json input = Json::array();
  for (const Turn& turn : request.turns) {
    if (turn.role == Role::kAssistant) {
      AddAssistantTurn(turn, model, &input);
    } else if (turn.role == Role::kUser) {
      LMGATE_RETURN_IF_ERROR(AddUserTurn(turn, &input));
    } else {
      Json contents = Json::array();
      for (const Part& part : turn.parts) LMGATE_RETURN_IF_ERROR(AddContent(part, &contents));
      AddMessage("system", &contents, &input);
    }
  }
  return input;
}

}  // namespace lmgate::dialect
