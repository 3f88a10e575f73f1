#include "tests/fakeprovider/gemini_request.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "tests/fakeprovider/gemini_field.h"
#include "tests/fakeprovider/gemini_schema.h"
#include "tests/fakeprovider/signature.h"

namespace lmgate::fakeprovider {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kStopsMax = 5;
constexpr double kCandidatesMax = 8;
constexpr size_t kNameBytesMax = 64;
// ai.google.dev, "Thought signatures": for history that is not Gemini's own.
constexpr std::string_view kSkipValidator = "skip_thought_signature_validator";

absl::Status Refuse(std::string_view what) { return absl::InvalidArgumentError(ToAbsl(what)); }
absl::Status RefuseField(std::string_view path, std::string_view what) {
  return Refuse(StrCat("* GenerateContentRequest.", path, ": ", what));
}
absl::Status RefuseValue(std::string_view path, std::string_view type) {
  return Refuse(StrCat("Invalid value at '", path, "' (", type, ")"));
}

// Starts with a letter or an underscore; then dots, colons and dashes are allowed as well.
bool IsFunctionName(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax) return false;
  if (!absl::ascii_isalpha(static_cast<unsigned char>(name[0])) && name[0] != '_') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == ':' ||
           c == '-';
  });
}

struct Part {
  enum class Kind { kText, kThought, kMedia, kCall, kResponse, kOther };
  Kind kind = Kind::kOther;
  std::string text = {};
  std::string name = {};  // of the function
  std::string id = {};
  bool is_error = false;
  bool is_signed = false;
};

struct Content {
  bool is_model = false;
  std::vector<Part> parts = {};

  size_t Count(Part::Kind kind) const {
    return static_cast<size_t>(std::count_if(
        parts.begin(), parts.end(), [kind](const Part& part) { return part.kind == kind; }));
  }
};

class Reader {
 public:
  Reader(const dom::object& body, std::string_view model) : body_(body), model_(model) {}

  absl::StatusOr<GeminiPrompt> Read();

 private:
  absl::Status ReadSystem();
  absl::Status ReadTools();
  absl::Status ReadFunction(const dom::object& function, const std::string& path);
  absl::Status ReadToolConfig();
  absl::Status ReadConfig();
  absl::Status ReadFormat(const dom::object& config);
  absl::Status ReadThinking(const dom::object& config);
  absl::Status ReadContents();
  absl::StatusOr<Part> ReadPart(const dom::object& object, const std::string& path);
  absl::Status ReadCall(const dom::object& call, const std::string& path, Part* part);
  absl::Status ReadResponse(const dom::object& response, const std::string& path, Part* part);
  absl::Status CheckTurns();
  absl::Status CheckResponses(size_t index);
  absl::Status CheckSignatures();
  void EndPrompt();

  const dom::object& body_;
  const std::string_view model_;
  GeminiPrompt read_;
  Prompt& prompt_ = read_.prompt;
  std::vector<Content> contents_;
};

absl::StatusOr<GeminiPrompt> Reader::Read() {
  const std::string_view unknown = FindUnknownField(
      body_, {"contents", "tools", "toolConfig", "systemInstruction", "safetySettings",
              "generationConfig", "cachedContent", "labels", "model", "serviceTier"});
  if (!unknown.empty()) return RefuseUnknownField(unknown, "");
  prompt_.uses_cache = FindField(body_, "cachedContent").has_value();
  LMGATE_RETURN_IF_ERROR(ReadSystem());
  LMGATE_RETURN_IF_ERROR(ReadTools());
  LMGATE_RETURN_IF_ERROR(ReadToolConfig());
  LMGATE_RETURN_IF_ERROR(ReadConfig());
  LMGATE_RETURN_IF_ERROR(ReadContents());
  LMGATE_RETURN_IF_ERROR(CheckTurns());
  if (IsGemini3(model_)) LMGATE_RETURN_IF_ERROR(CheckSignatures());
  EndPrompt();
  return GeminiPrompt{.prompt = std::move(prompt_), .candidate_count = read_.candidate_count};
}

absl::Status Reader::ReadSystem() {
  const auto field = FindField(body_, "systemInstruction");
  if (!field.has_value()) return absl::OkStatus();
  dom::object system;
  if (field->get(system) != simdjson::SUCCESS) return RefuseValue("system_instruction", "Content");
  const auto parts = FindEntries(system, "parts");
  if (parts.empty()) {
    return RefuseField("system_instruction.parts", "contents.parts must not be empty.");
  }
  for (const dom::element element : parts) {
    dom::object part;
    if (element.get(part) != simdjson::SUCCESS || !FindTextField(part, "text").has_value()) {
      return RefuseField("system_instruction.parts", "only text is supported");
    }
    AppendText(&prompt_.system, *FindTextField(part, "text"), "\n\n");
  }
  prompt_.input_tokens += CountTokens(prompt_.system);
  return absl::OkStatus();
}

absl::Status Reader::ReadTools() {
  const auto tools = FindEntries(body_, "tools");
  for (size_t i = 0; i < tools.size(); ++i) {
    const std::string path = StrCat("tools[", i, "]");
    dom::object tool;
    if (tools[i].get(tool) != simdjson::SUCCESS) return RefuseValue(path, "Tool");
    const std::string_view unknown = FindUnknownField(
        tool, {"functionDeclarations", "googleSearch", "googleSearchRetrieval", "codeExecution",
               "urlContext", "computerUse", "fileSearch", "googleMaps"});
    if (!unknown.empty()) return RefuseUnknownField(unknown, path);
    const auto functions = FindField(tool, "functionDeclarations");
    if (!functions.has_value() || !functions->is_array()) continue;
    size_t index = 0;
    for (const dom::element element : dom::array(*functions)) {
      const std::string in = StrCat(path, ".function_declarations[", index++, "]");
      dom::object function;
      if (element.get(function) != simdjson::SUCCESS) {
        return RefuseValue(in, "FunctionDeclaration");
      }
      LMGATE_RETURN_IF_ERROR(ReadFunction(function, in));
    }
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadFunction(const dom::object& function, const std::string& path) {
  const std::string_view unknown =
      FindUnknownField(function, {"name", "description", "parameters", "parametersJsonSchema",
                                  "response", "responseJsonSchema", "behavior"});
  if (!unknown.empty()) return RefuseUnknownField(unknown, path);
  const std::string_view name = FindTextField(function, "name").value_or("");
  if (!IsFunctionName(name)) {
    return RefuseField(StrCat(path, ".name"),
                       "Invalid function name. Must start with a letter or an underscore. Must be "
                       "alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or "
                       "dashes (-), with a maximum length of 64.");
  }
  for (const ToolSpec& other : prompt_.tools) {
    if (other.name == name) {
      return Refuse(StrCat("Duplicate function declaration found: ", name));
    }
  }
  ToolSpec tool{.name = std::string(name), .schema = FindField(function, "parameters")};
  const auto free = FindField(function, "parametersJsonSchema");
  if (tool.schema.has_value() && free.has_value()) {
    return Refuse(StrCat(path, ": parameters and parameters_json_schema are mutually exclusive."));
  }
  if (tool.schema.has_value()) {
    LMGATE_RETURN_IF_ERROR(CheckGeminiSchema(*tool.schema, StrCat(path, ".parameters")));
  } else {
    tool.schema = free;
  }
  prompt_.tools.push_back(std::move(tool));
  return absl::OkStatus();
}

absl::Status Reader::ReadToolConfig() {
  const auto config = FindObjectField(body_, "toolConfig");
  if (!config.has_value()) return absl::OkStatus();
  const std::string_view unknown = FindUnknownField(
      *config, {"functionCallingConfig", "retrievalConfig", "includeServerSideToolInvocations"});
  if (!unknown.empty()) return RefuseUnknownField(unknown, "tool_config");
  const auto calling = FindObjectField(*config, "functionCallingConfig");
  if (!calling.has_value()) return absl::OkStatus();
  const std::string path = "tool_config.function_calling_config";
  const std::string_view unknown_calling =
      FindUnknownField(*calling, {"mode", "allowedFunctionNames", "streamFunctionCallArguments"});
  if (!unknown_calling.empty()) return RefuseUnknownField(unknown_calling, path);
  const std::string_view mode = FindTextField(*calling, "mode").value_or("AUTO");
  if (mode != "AUTO" && mode != "ANY" && mode != "NONE" && mode != "VALIDATED" &&
      mode != "MODE_UNSPECIFIED") {
    return RefuseValue(StrCat(path, ".mode"), "Mode");
  }
  prompt_.may_call = mode != "NONE";
  if (mode == "ANY" && prompt_.tools.empty()) {
    return Refuse("Function calling config is set without function_declarations.");
  }
  const auto allowed = FindField(*calling, "allowedFunctionNames");
  if (!allowed.has_value() || !allowed->is_array()) return absl::OkStatus();
  std::set<std::string_view> names;
  for (const dom::element element : dom::array(*allowed)) {
    std::string_view name;
    if (element.get(name) != simdjson::SUCCESS) {
      return RefuseValue(StrCat(path, ".allowed_function_names"), "TYPE_STRING");
    }
    const bool is_declared =
        std::any_of(prompt_.tools.begin(), prompt_.tools.end(),
                    [name](const ToolSpec& tool) { return tool.name == name; });
    if (!is_declared) {
      return RefuseField(StrCat(path, ".allowed_function_names"),
                         StrCat("'", name, "' is not in function_declarations."));
    }
    names.insert(name);
  }
  if (names.empty()) return absl::OkStatus();
  if (mode != "ANY" && mode != "VALIDATED") {
    return Refuse(
        "Function calling mode must be ANY or VALIDATED when allowed_function_names is "
        "set.");
  }
  std::erase_if(prompt_.tools,
                [&names](const ToolSpec& tool) { return !names.contains(tool.name); });
  return absl::OkStatus();
}

absl::Status Reader::ReadConfig() {
  const auto config = FindObjectField(body_, "generationConfig");
  if (!config.has_value()) return absl::OkStatus();
  const std::string_view unknown = FindUnknownField(*config, {"stopSequences",
                                                              "responseMimeType",
                                                              "responseSchema",
                                                              "responseJsonSchema",
                                                              "_responseJsonSchema",
                                                              "responseModalities",
                                                              "candidateCount",
                                                              "maxOutputTokens",
                                                              "temperature",
                                                              "topP",
                                                              "topK",
                                                              "seed",
                                                              "presencePenalty",
                                                              "frequencyPenalty",
                                                              "responseLogprobs",
                                                              "logprobs",
                                                              "enableEnhancedCivicAnswers",
                                                              "speechConfig",
                                                              "thinkingConfig",
                                                              "imageConfig",
                                                              "mediaResolution"});
  if (!unknown.empty()) return RefuseUnknownField(unknown, "generation_config");
  const auto temperature = FindNumberField(*config, "temperature");
  if (temperature.has_value() && (*temperature < 0 || *temperature > 2)) {
    return RefuseField("generation_config.temperature", "must be in the range [0.0, 2.0].");
  }
  const auto limit = FindNumberField(*config, "maxOutputTokens");
  if (limit.has_value() && *limit < 1) {
    return RefuseField("generation_config.max_output_tokens", "must be positive.");
  }
  if (limit.has_value()) prompt_.token_limit = static_cast<int64_t>(*limit);
  const double candidates = FindNumberField(*config, "candidateCount").value_or(1);
  if (candidates < 1 || candidates > kCandidatesMax) {
    return RefuseField("generation_config.candidate_count", "must be in the range [1, 8].");
  }
  read_.candidate_count = static_cast<size_t>(candidates);
  const auto stops = FindField(*config, "stopSequences");
  if (stops.has_value() && stops->is_array()) {
    for (const dom::element element : dom::array(*stops)) {
      std::string_view stop;
      if (element.get(stop) != simdjson::SUCCESS) {
        return RefuseValue("generation_config.stop_sequences", "TYPE_STRING");
      }
      prompt_.stops.emplace_back(stop);
    }
  }
  if (prompt_.stops.size() > kStopsMax) {
    return RefuseField("generation_config.stop_sequences",
                       "the number of stop_sequences must be at most 5.");
  }
  LMGATE_RETURN_IF_ERROR(ReadFormat(*config));
  return ReadThinking(*config);
}

absl::Status Reader::ReadFormat(const dom::object& config) {
  const std::string_view mime = FindTextField(config, "responseMimeType").value_or("text/plain");
  const auto schema = FindField(config, "responseSchema");
  const auto free = FindField(config, "responseJsonSchema");
  if (mime != "text/plain" && mime != "application/json" && mime != "text/x.enum") {
    return RefuseField("generation_config.response_mime_type",
                       "allowed mimetypes are `text/plain`, `application/json`, `text/x.enum`.");
  }
  if (schema.has_value() && free.has_value()) {
    return Refuse("response_schema and response_json_schema are mutually exclusive.");
  }
  if ((schema.has_value() || free.has_value()) && mime == "text/plain") {
    return Refuse("response_schema can only be set when response_mime_type is application/json.");
  }
  if (schema.has_value()) {
    LMGATE_RETURN_IF_ERROR(CheckGeminiSchema(*schema, "generation_config.response_schema"));
  }
  if (mime == "text/plain") return absl::OkStatus();
  if (!prompt_.tools.empty() && model_.starts_with("gemini-2")) {
    return Refuse("Function calling with a response mime type: 'application/json' is unsupported");
  }
  prompt_.schema = schema.has_value() ? schema : free;
  prompt_.wants_json_object = !prompt_.schema.has_value();
  return absl::OkStatus();
}

absl::Status Reader::ReadThinking(const dom::object& config) {
  const auto thinking = FindObjectField(config, "thinkingConfig");
  if (!thinking.has_value()) return absl::OkStatus();
  const std::string path = "generation_config.thinking_config";
  const std::string_view unknown =
      FindUnknownField(*thinking, {"includeThoughts", "thinkingBudget", "thinkingLevel"});
  if (!unknown.empty()) return RefuseUnknownField(unknown, path);
  const auto budget = FindNumberField(*thinking, "thinkingBudget");
  const auto level = FindTextField(*thinking, "thinkingLevel");
  if (budget.has_value() && level.has_value()) {
    return Refuse("You can only set only one of thinking budget and thinking level.");
  }
  if (level.has_value() && *level != "MINIMAL" && *level != "LOW" && *level != "MEDIUM" &&
      *level != "HIGH" && *level != "low" && *level != "high" && *level != "minimal" &&
      *level != "medium") {
    return RefuseValue(StrCat(path, ".thinking_level"), "ThinkingLevel");
  }
  if (level.has_value() && model_.starts_with("gemini-2")) {
    return Refuse("Thinking level is not supported for this model.");
  }
  const bool shows = IsTrue(*thinking, "includeThoughts") || IsTrue(*thinking, "include_thoughts");
  prompt_.reasons = budget.value_or(-1) != 0;
  prompt_.hides_reasoning = !shows;
  return absl::OkStatus();
}

absl::Status Reader::ReadContents() {
  const auto contents = FindEntries(body_, "contents");
  if (contents.empty()) return RefuseField("contents", "contents is not specified");
  for (size_t i = 0; i < contents.size(); ++i) {
    const std::string path = StrCat("contents[", i, "]");
    dom::object object;
    if (contents[i].get(object) != simdjson::SUCCESS) return RefuseValue(path, "Content");
    const std::string_view unknown = FindUnknownField(object, {"role", "parts"});
    if (!unknown.empty()) return RefuseUnknownField(unknown, path);
    const std::string_view role = FindTextField(object, "role").value_or("user");
    if (role != "user" && role != "model" && role != "function") {
      return Refuse("Please use a valid role: user, model.");
    }
    Content content{.is_model = role == "model"};
    const auto parts = FindEntries(object, "parts");
    if (parts.empty()) {
      return RefuseField(StrCat(path, ".parts"), "contents.parts must not be empty.");
    }
    for (size_t j = 0; j < parts.size(); ++j) {
      const std::string in = StrCat(path, ".parts[", j, "]");
      dom::object part_object;
      if (parts[j].get(part_object) != simdjson::SUCCESS) return RefuseValue(in, "Part");
      LMGATE_ASSIGN_OR_RETURN(Part part, ReadPart(part_object, in));
      prompt_.input_tokens += CountTokens(part.text);
      content.parts.push_back(std::move(part));
    }
    contents_.push_back(std::move(content));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadMedia(const dom::object& object, const std::string& path) {
  const bool is_inline = FindField(object, "inlineData").has_value();
  const auto media = FindObjectField(object, is_inline ? "inlineData" : "fileData");
  if (!media.has_value()) return RefuseValue(path, is_inline ? "Blob" : "FileData");
  const std::string_view unknown =
      is_inline ? FindUnknownField(*media, {"mimeType", "data", "displayName"})
                : FindUnknownField(*media, {"mimeType", "fileUri", "displayName"});
  if (!unknown.empty()) {
    return RefuseUnknownField(unknown, StrCat(path, is_inline ? ".inline_data" : ".file_data"));
  }
  const std::string_view mime = FindTextField(*media, "mimeType").value_or("");
  const std::string_view kind = mime.starts_with("image/")   ? "image"
                                : mime.starts_with("audio/") ? "audio"
                                : mime.starts_with("video/") ? "video"
                                                             : "document";
  if (!is_inline) {
    const std::string_view uri = FindTextField(*media, "fileUri").value_or("");
    if (uri.empty()) return RefuseField(StrCat(path, ".file_data.file_uri"), "is empty");
    return MediaUrlMark(kind, uri);
  }
  if (mime.empty()) return Refuse("Unable to process input: mime_type is empty.");
  if (mime == "image/jpg" || mime == "image/svg+xml") {
    return Refuse(StrCat("Unsupported MIME type: ", mime));
  }
  const std::string_view data = FindTextField(*media, "data").value_or("");
  if (!IsBase64(data)) {
    return Refuse(StrCat("Invalid value at '", path,
                         ".inline_data.data' (TYPE_BYTES), Base64 decoding failed"));
  }
  return MediaMark(kind, mime, data);
}

absl::StatusOr<Part> Reader::ReadPart(const dom::object& object, const std::string& path) {
  const std::string_view unknown = FindUnknownField(
      object, {"text", "thought", "thoughtSignature", "inlineData", "fileData", "functionCall",
               "functionResponse", "executableCode", "codeExecutionResult", "videoMetadata",
               "mediaResolution", "partMetadata"});
  if (!unknown.empty()) return RefuseUnknownField(unknown, path);
  size_t data_fields = 0;
  for (const std::string_view name :
       {"text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode",
        "codeExecutionResult"}) {
    data_fields += FindField(object, name).has_value() ? 1 : 0;
  }
  const auto signature = FindTextField(object, "thoughtSignature");
  if (data_fields == 0) {
    return RefuseField(StrCat(path, ".data"),
                       "required oneof field 'data' must have one initialized field");
  }
  if (data_fields > 1) {
    return Refuse(
        StrCat("Invalid value at '", path, "' (oneof), oneof field 'data' is already set."));
  }
  Part part{.is_signed = signature.has_value()};
  if (const auto text = FindTextField(object, "text")) {
    part.kind = IsTrue(object, "thought") ? Part::Kind::kThought : Part::Kind::kText;
    part.text = *text;
  } else if (FindField(object, "inlineData").has_value() ||
             FindField(object, "fileData").has_value()) {
    part.kind = Part::Kind::kMedia;
    LMGATE_ASSIGN_OR_RETURN(part.text, ReadMedia(object, path));
  } else if (const auto call = FindObjectField(object, "functionCall")) {
    LMGATE_RETURN_IF_ERROR(ReadCall(*call, path, &part));
  } else if (const auto response = FindObjectField(object, "functionResponse")) {
    LMGATE_RETURN_IF_ERROR(ReadResponse(*response, path, &part));
  } else if (!FindObjectField(object, "executableCode").has_value() &&
             !FindObjectField(object, "codeExecutionResult").has_value()) {
    return RefuseValue(path, "Part");
  }
  const bool is_valid = !signature.has_value() || *signature == kSkipValidator ||
                        *signature == absl::Base64Escape(ToAbsl(kSkipValidator)) ||
                        *signature == SignGeminiPart(part.name);
  if (!is_valid) return Refuse("Corrupted thought signature.");
  return part;
}

absl::Status Reader::ReadCall(const dom::object& call, const std::string& path, Part* part) {
  const std::string in = StrCat(path, ".function_call");
  const std::string_view unknown = FindUnknownField(call, {"id", "name", "args"});
  if (!unknown.empty()) return RefuseUnknownField(unknown, in);
  part->kind = Part::Kind::kCall;
  part->name = FindTextField(call, "name").value_or("");
  part->id = FindTextField(call, "id").value_or("");
  if (part->name.empty()) return RefuseField(StrCat(in, ".name"), "Name cannot be empty.");
  if (FindField(call, "args").has_value() && !FindObjectField(call, "args").has_value()) {
    return RefuseValue(StrCat(in, ".args"), "type.googleapis.com/google.protobuf.Struct");
  }
  return absl::OkStatus();
}

absl::Status Reader::ReadResponse(const dom::object& response, const std::string& path,
                                  Part* part) {
  const std::string in = StrCat(path, ".function_response");
  const std::string_view unknown =
      FindUnknownField(response, {"id", "name", "response", "parts", "willContinue", "scheduling"});
  if (!unknown.empty()) return RefuseUnknownField(unknown, in);
  part->kind = Part::Kind::kResponse;
  part->name = FindTextField(response, "name").value_or("");
  part->id = FindTextField(response, "id").value_or("");
  if (part->name.empty()) return RefuseField(StrCat(in, ".name"), "Name cannot be empty.");
  const auto object = FindObjectField(response, "response");
  if (!object.has_value()) {
    return RefuseValue(StrCat(in, ".response"), "type.googleapis.com/google.protobuf.Struct");
  }
  part->text = simdjson::minify(*object);
  for (const std::string_view name : {"output", "result", "error"}) {
    const auto value = FindElement(*object, name);
    if (!value.has_value() || object->size() != 1) continue;
    part->is_error = name == "error";
    part->text =
        value->is_string() ? std::string(*FindString(*object, name)) : simdjson::minify(*value);
  }
  const auto media = FindEntries(response, "parts");
  if (!media.empty() && !IsGemini3(model_)) {
    return Refuse("Multimodal function response is not supported for this model.");
  }
  for (size_t i = 0; i < media.size(); ++i) {
    const std::string at = StrCat(in, ".parts[", i, "]");
    dom::object object_part;
    if (media[i].get(object_part) != simdjson::SUCCESS) return RefuseValue(at, "Part");
    LMGATE_ASSIGN_OR_RETURN(const std::string mark, ReadMedia(object_part, at));
    AppendText(&part->text, mark);
  }
  return absl::OkStatus();
}

absl::Status Reader::CheckTurns() {
  if (contents_.front().is_model) {
    return Refuse("Please ensure that multiturn requests start with a user turn.");
  }
  for (size_t i = 0; i < contents_.size(); ++i) {
    const Content& content = contents_[i];
    const bool has_calls = content.Count(Part::Kind::kCall) > 0;
    const bool has_responses = content.Count(Part::Kind::kResponse) > 0;
    if (has_calls && (!content.is_model || contents_[i - 1].is_model)) {
      return Refuse(
          "Please ensure that function call turn comes immediately after a user turn or "
          "after a function response turn.");
    }
    if (has_responses &&
        (content.is_model || i == 0 || contents_[i - 1].Count(Part::Kind::kCall) == 0)) {
      return Refuse(
          "Please ensure that function response turn comes immediately after a function call "
          "turn.");
    }
    if (has_calls && i + 1 < contents_.size()) LMGATE_RETURN_IF_ERROR(CheckResponses(i));
  }
  return absl::OkStatus();
}

// Of the calls in the index-th content. Media beside the responses spoils the count:
// google-gemini/gemini-cli#16135.
absl::Status Reader::CheckResponses(size_t index) {
  const Content& calls = contents_[index];
  const Content& responses = contents_[index + 1];
  if (calls.Count(Part::Kind::kCall) != responses.Count(Part::Kind::kResponse) ||
      responses.Count(Part::Kind::kMedia) > 0) {
    return Refuse(
        "Please ensure that the number of function response parts is equal to the number "
        "of function call parts of the function call turn.");
  }
  std::multiset<std::string> names;
  std::multiset<std::string> ids;
  for (const Part& part : calls.parts) {
    if (part.kind != Part::Kind::kCall) continue;
    names.insert(part.name);
    ids.insert(part.id);
  }
  for (const Part& part : responses.parts) {
    if (part.kind != Part::Kind::kResponse) continue;
    const auto name = names.find(part.name);
    const auto id = ids.find(part.id);
    if (name == names.end() || (!part.id.empty() && id == ids.end())) {
      return Refuse("Please ensure that function response parts match the function call parts.");
    }
    names.erase(name);
    if (id != ids.end()) ids.erase(id);
  }
  return absl::OkStatus();
}

// Only of the turn that is under way: after the last content of the user that is no response.
absl::Status Reader::CheckSignatures() {
  for (size_t i = contents_.size(); i-- > 0;) {
    const Content& content = contents_[i];
    if (!content.is_model &&
        (content.Count(Part::Kind::kResponse) == 0 || content.Count(Part::Kind::kText) > 0)) {
      return absl::OkStatus();
    }
    const auto first =
        std::find_if(content.parts.begin(), content.parts.end(),
                     [](const Part& part) { return part.kind == Part::Kind::kCall; });
    if (first == content.parts.end() || first->is_signed) continue;
    return Refuse(
        StrCat("Function call is missing a thought_signature in functionCall parts. This "
               "is required for tools to work correctly, and missing thought_signature "
               "may lead to degraded model performance. Additional data, function call "
               "`default_api:",
               first->name, "` , position ", i + 1, "."));
  }
  return absl::OkStatus();
}

void Reader::EndPrompt() {
  size_t first = contents_.size();
  while (first > 0 && contents_[first - 1].is_model) --first;
  const size_t end = first;
  while (first > 0 && !contents_[first - 1].is_model) --first;
  UserTurn last;
  for (; first < end; ++first) {
    for (const Part& part : contents_[first].parts) {
      if (part.kind == Part::Kind::kResponse) {
        last.results.push_back(ToolResult{.text = part.text, .is_error = part.is_error});
        continue;
      }
      last.has_text |= part.kind == Part::Kind::kText && !part.text.empty();
      AppendText(&last.text, part.text);
    }
  }
  EndWithTurn(std::move(last), &prompt_);
}

}  // namespace

absl::StatusOr<GeminiPrompt> ReadGeminiPrompt(const dom::object& body, std::string_view model) {
  return Reader(body, model).Read();
}

bool IsGemini3(std::string_view model) { return model.starts_with("gemini-3"); }

std::string SignGeminiPart(std::string_view function) { return SignReasoning("gemini", function); }

absl::Status RefuseUnknownField(std::string_view name, std::string_view path) {
  return absl::InvalidArgumentError(StrCat("Invalid JSON payload received. Unknown name \"", name,
                                           "\"", path.empty() ? "" : StrCat(" at '", path, "'"),
                                           ": Cannot find field."));
}

}  // namespace lmgate::fakeprovider
