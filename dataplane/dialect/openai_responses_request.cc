#include "dataplane/dialect/openai_responses.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/json.h"
#include "dataplane/dialect/openai_request.h"
#include "dataplane/dialect/openai_responses_input.h"
#include "dataplane/dialect/openai_responses_item.h"
#include "dataplane/dialect/openai_responses_tools.h"
#include "dataplane/dialect/tool_id.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::ReasoningRequest;
using chat::ResponseFormat;
using chat::ToolChoice;

// ---- reading

// Read elsewhere below, or hints that change no answer's meaning. `store` is ResponseStore's.
constexpr std::array<std::string_view, 28> kKnownMembers = {
    "model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls",
    "max_output_tokens", "temperature", "top_p", "text", "reasoning", "stream", "user",
    "safety_identifier", "include", "top_logprobs", "background", "presence_penalty",
    "frequency_penalty",
    // hints
    "metadata", "store", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
    "truncation", "service_tier", "client_metadata", "stream_options"};

constexpr std::string_view kLogprobs = "message.output_text.logprobs";  // of `include`

constexpr std::array<std::string_view, 7> kEfforts = {"none", "minimal", "low", "medium",
                                                      "high", "xhigh",   "max"};

template <size_t kCount>
bool Contains(const std::array<std::string_view, kCount>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Reads one request. The members of `request` grow as the body is walked through.
class RequestReader {
 public:
  explicit RequestReader(const Json& body) : body_(body) {}

  absl::StatusOr<ChatRequest> Read(std::string_view path_model);

 private:
  absl::Status ReadModel(std::string_view path_model);
  absl::Status ReadNumbers();
  absl::Status ReadText();
  absl::Status ReadReasoningRequest();
  absl::Status ReadToolChoice();
  absl::Status ReadInput();
  void ReadOwnFields();

  void Own(std::string field) { request_.own_fields.push_back(std::move(field)); }

  const Json& body_;
  ChatRequest request_;
};

absl::StatusOr<ChatRequest> RequestReader::Read(std::string_view path_model) {
  LMGATE_RETURN_IF_ERROR(ReadModel(path_model));
  LMGATE_RETURN_IF_ERROR(ReadNumbers());
  LMGATE_RETURN_IF_ERROR(ReadText());
  LMGATE_RETURN_IF_ERROR(ReadReasoningRequest());
  ReadOwnFields();
  if (const Json* const tools = Find(body_, "tools")) {
    LMGATE_RETURN_IF_ERROR(ReadResponsesTools(*tools, "tools", &request_));
  }
  LMGATE_RETURN_IF_ERROR(ReadToolChoice());
  LMGATE_RETURN_IF_ERROR(ReadInput());
  return std::move(request_);
}

absl::Status RequestReader::ReadModel(std::string_view path_model) {
  request_.model = path_model;
  if (!path_model.empty()) return absl::OkStatus();
  LMGATE_ASSIGN_OR_RETURN(request_.model, RequireString(body_, "model", "model"));
  return absl::OkStatus();
}

absl::Status RequestReader::ReadNumbers() {
  LMGATE_ASSIGN_OR_RETURN(request_.max_tokens,
                          ReadInteger(body_, "max_output_tokens", "max_output_tokens"));
  if (request_.max_tokens.value_or(1) < 1) return BadField("max_output_tokens", "must be positive");
  LMGATE_ASSIGN_OR_RETURN(request_.temperature, ReadNumber(body_, "temperature", "temperature"));
  LMGATE_ASSIGN_OR_RETURN(request_.top_p, ReadNumber(body_, "top_p", "top_p"));
  LMGATE_ASSIGN_OR_RETURN(request_.presence_penalty,
                          ReadNumber(body_, "presence_penalty", "presence_penalty"));
  LMGATE_ASSIGN_OR_RETURN(request_.frequency_penalty,
                          ReadNumber(body_, "frequency_penalty", "frequency_penalty"));
  LMGATE_ASSIGN_OR_RETURN(request_.parallel_tool_calls,
                          ReadBool(body_, "parallel_tool_calls", "parallel_tool_calls"));
  LMGATE_ASSIGN_OR_RETURN(const auto stream, ReadBool(body_, "stream", "stream"));
  request_.stream = stream.value_or(false);
  LMGATE_ASSIGN_OR_RETURN(const auto safety_identifier,
                          ReadString(body_, "safety_identifier", "safety_identifier"));
  LMGATE_ASSIGN_OR_RETURN(const auto user, ReadString(body_, "user", "user"));
  request_.end_user = safety_identifier.value_or(user.value_or(""));
  request_.openai_fields = ReadOpenAiFields(body_);
  return absl::OkStatus();
}

absl::Status RequestReader::ReadText() {
  const Json* const text = Find(body_, "text");
  if (text == nullptr) return absl::OkStatus();
  if (!text->is_object()) return BadField("text", "must be an object");
  LMGATE_ASSIGN_OR_RETURN(const auto verbosity, ReadString(*text, "verbosity", "text.verbosity"));
  request_.verbosity = verbosity.value_or("");
  const Json* const format = Find(*text, "format");
  if (format == nullptr) return absl::OkStatus();
  if (!format->is_object()) return BadField("text.format", "must be an object");
  LMGATE_ASSIGN_OR_RETURN(const std::string type,
                          RequireString(*format, "type", "text.format.type"));
  ResponseFormat& asked = request_.response_format;
  if (type == "text") return absl::OkStatus();
  if (type == "json_object") {
    asked.kind = ResponseFormat::Kind::kJsonObject;
    return absl::OkStatus();
  }
  if (type != "json_schema") {
    Own("text.format");
    return absl::OkStatus();
  }
  const Json* const schema = Find(*format, "schema");
  if (schema == nullptr || !schema->is_object()) {
    return BadField("text.format.schema", "must be an object");
  }
  asked.kind = ResponseFormat::Kind::kJsonSchema;
  asked.schema = DumpJson(*schema);
  LMGATE_ASSIGN_OR_RETURN(const auto name, ReadString(*format, "name", "text.format.name"));
  LMGATE_ASSIGN_OR_RETURN(const auto description,
                          ReadString(*format, "description", "text.format.description"));
  LMGATE_ASSIGN_OR_RETURN(asked.strict, ReadBool(*format, "strict", "text.format.strict"));
  asked.name = name.value_or("");
  asked.description = description.value_or("");
  return absl::OkStatus();
}

absl::Status RequestReader::ReadReasoningRequest() {
  const Json* const reasoning = Find(body_, "reasoning");
  if (reasoning == nullptr) return absl::OkStatus();
  if (!reasoning->is_object()) return BadField("reasoning", "must be an object");
  ReasoningRequest& asked = request_.reasoning;
  LMGATE_ASSIGN_OR_RETURN(const auto effort, ReadString(*reasoning, "effort", "reasoning.effort"));
  if (effort.has_value()) {
    if (!Contains(kEfforts, *effort)) {
      return BadField("reasoning.effort", "must be none, minimal, low, medium, high, xhigh or max");
    }
    asked.mode = *effort == "none" ? ReasoningRequest::Mode::kOff : ReasoningRequest::Mode::kEffort;
    asked.effort = asked.mode == ReasoningRequest::Mode::kOff ? "" : *effort;
  }
  LMGATE_ASSIGN_OR_RETURN(const auto summary,
                          ReadString(*reasoning, "summary", "reasoning.summary"));
  LMGATE_ASSIGN_OR_RETURN(const auto old_summary,
                          ReadString(*reasoning, "generate_summary", "reasoning.generate_summary"));
  asked.want_text = summary.value_or(old_summary.value_or("none")) != "none";
  return absl::OkStatus();
}

void RequestReader::ReadOwnFields() {
  for (const auto& [name, value] : body_.items()) {
    if (!value.is_null() && !Contains(kKnownMembers, name)) Own(name);
  }
  if (FindBool(body_, "background").value_or(false)) Own("background");
  const int64_t top_logprobs = FindInteger(body_, "top_logprobs").value_or(0);
  if (top_logprobs > 0) request_.top_logprobs = top_logprobs;
  const Json* const include = Find(body_, "include");
  if (include == nullptr || !include->is_array()) return;
  for (const Json& word : *include) {
    if (word == kLogprobs) request_.top_logprobs = top_logprobs;
  }
}

absl::Status RequestReader::ReadToolChoice() {
  const Json* const choice = Find(body_, "tool_choice");
  if (choice == nullptr) return absl::OkStatus();
  ToolChoice& asked = request_.tool_choice;
  if (choice->is_string()) {
    if (*choice == "auto") {
      asked.mode = ToolChoice::Mode::kAuto;
    } else if (*choice == "none") {
      asked.mode = ToolChoice::Mode::kNone;
    } else if (*choice == "required") {
      asked.mode = ToolChoice::Mode::kAny;
    } else {
      return BadField("tool_choice", "must be auto, none, required or an object");
    }
    return absl::OkStatus();
  }
  if (!choice->is_object()) return BadField("tool_choice", "must be a string or an object");
  LMGATE_ASSIGN_OR_RETURN(const std::string type,
                          RequireString(*choice, "type", "tool_choice.type"));
  if (type == "function" || type == "custom") {
    LMGATE_ASSIGN_OR_RETURN(const std::string name,
                            RequireString(*choice, "name", "tool_choice.name"));
    asked.mode = ToolChoice::Mode::kOne;
    asked.names.push_back(NameInNamespace(FindString(*choice, "namespace"), name));
    return absl::OkStatus();
  }
  if (type != "allowed_tools") {
    Own("tool_choice");
    return absl::OkStatus();
  }
  const Json* const tools = Find(*choice, "tools");
  if (tools == nullptr || !tools->is_array()) {
    return BadField("tool_choice.tools", "must be a list");
  }
  asked.mode = FindString(*choice, "mode") == "required" ? ToolChoice::Mode::kSubsetAny
                                                         : ToolChoice::Mode::kSubsetAuto;
  for (size_t i = 0; i < tools->size(); ++i) {
    const Json& tool = (*tools)[i];
    const std::string field = StrCat("tool_choice.tools[", i, "]");
    const std::string tool_type = FindString(tool, "type");
    if (tool_type != "function" && tool_type != "custom") {
      Own(field);
      continue;
    }
    LMGATE_ASSIGN_OR_RETURN(const std::string name,
                            RequireString(tool, "name", StrCat(field, ".name")));
    asked.names.push_back(NameInNamespace(FindString(tool, "namespace"), name));
  }
  return absl::OkStatus();
}

absl::Status RequestReader::ReadInput() {
  LMGATE_ASSIGN_OR_RETURN(auto instructions, ReadString(body_, "instructions", "instructions"));
  if (!instructions.value_or("").empty()) {
    request_.system.push_back(chat::TextPart(*std::move(instructions)));
  }
  const Json* const input = Find(body_, "input");
  if (input != nullptr) return ReadResponsesInput(*input, &request_);
  // History that is elsewhere: the request is refused for that, or answered where it is.
  return request_.own_fields.empty() ? BadField("input", "is required") : absl::OkStatus();
}

// ---- writing

constexpr int64_t kMaxTokensMin = 16;  // OpenAI API reference: max_output_tokens
constexpr size_t kNameBytesMax = 64;

Json ObjectOr(std::string_view text, std::string_view otherwise) {
  absl::StatusOr<Json> json = ParseObject(text);
  if (!json.ok()) json = ParseObject(otherwise);
  return json.ok() ? *std::move(json) : Json::object();
}

void SetTools(const ChatRequest& request, Json* body) {
  // A choice without tools is refused.
  if (request.tools.empty()) return;
  Json tools = Json::array();
  for (const chat::Tool& tool : request.tools) {
    Json json = {{"type", "function"}, {"name", tool.name}};
    if (!tool.description.empty()) json["description"] = tool.description;
    json["parameters"] = ObjectOr(tool.parameters, R"({"type":"object","properties":{}})");
    // Absent would mean true here, and false in every other dialect.
    json["strict"] = tool.strict.value_or(false);
    tools.push_back(std::move(json));
  }
  (*body)["tools"] = std::move(tools);
  const auto named = [](const std::string& name) {
    return Json{{"type", "function"}, {"name", name}};
  };
  const ToolChoice& choice = request.tool_choice;
  switch (choice.mode) {
    case ToolChoice::Mode::kDefault:
      break;
    case ToolChoice::Mode::kAuto:
      (*body)["tool_choice"] = "auto";
      break;
    case ToolChoice::Mode::kNone:
      (*body)["tool_choice"] = "none";
      break;
    case ToolChoice::Mode::kAny:
      (*body)["tool_choice"] = "required";
      break;
    case ToolChoice::Mode::kOne:
      if (!choice.names.empty()) (*body)["tool_choice"] = named(choice.names[0]);
      break;
    case ToolChoice::Mode::kSubsetAuto:
    case ToolChoice::Mode::kSubsetAny: {
      Json allowed = Json::array();
      for (const std::string& name : choice.names) allowed.push_back(named(name));
      (*body)["tool_choice"] =
          Json{{"type", "allowed_tools"},
               {"mode", choice.mode == ToolChoice::Mode::kSubsetAny ? "required" : "auto"},
               {"tools", std::move(allowed)}};
      break;
    }
  }
  if (request.parallel_tool_calls.has_value()) {
    (*body)["parallel_tool_calls"] = *request.parallel_tool_calls;
  }
}

void SetText(const ChatRequest& request, const OpenAiModel& model, Json* body) {
  const ResponseFormat& asked = request.response_format;
  Json text = Json::object();
  if (asked.kind == ResponseFormat::Kind::kJsonObject) {
    text["format"] = Json{{"type", "json_object"}};
  } else if (asked.kind == ResponseFormat::Kind::kJsonSchema) {
    Json format = {
        {"type", "json_schema"},
        {"name", asked.name.empty() ? "response" : ToolNameFor(asked.name, kNameBytesMax)}};
    if (!asked.description.empty()) format["description"] = asked.description;
    format["schema"] = ObjectOr(asked.schema, "{}");
    if (asked.strict.has_value()) format["strict"] = *asked.strict;
    text["format"] = std::move(format);
  }
  if (model.takes_verbosity && !request.verbosity.empty()) text["verbosity"] = request.verbosity;
  if (!text.empty()) (*body)["text"] = std::move(text);
}

void SetReasoning(const ChatRequest& request, const OpenAiModel& model, const Json& input,
                  Json* body) {
  // To a model that does not reason, each of these is a 400.
  if (!model.reasons) return;
  const ReasoningRequest& asked = request.reasoning;
  Json reasoning = Json::object();
  const std::string effort = OpenAiEffort(asked, model);
  const bool off = asked.mode == ReasoningRequest::Mode::kOff || effort == "none";
  if (!effort.empty()) reasoning["effort"] = effort;
  const bool takes_object = !model.is_openai || !model.efforts.empty();
  if (asked.want_text && !off && takes_object) reasoning["summary"] = "auto";
  const bool replayed = std::any_of(input.begin(), input.end(), [](const Json& item) {
    return FindString(item, "type") == "reasoning";
  });
  const bool on = !off && (asked.mode != ReasoningRequest::Mode::kDefault || asked.want_text);
  // A compatible server's model may not reason: so only where reasoning is said.
  if (on || replayed) {
    (*body)["include"] = Json::array({"reasoning.encrypted_content"});
  }
  if (!reasoning.empty()) (*body)["reasoning"] = std::move(reasoning);
}

}  // namespace

std::string_view OpenAiResponses::name() const { return "openai-responses"; }

absl::StatusOr<ChatRequest> OpenAiResponses::DecodeRequest(const RequestSource& source) const {
  LMGATE_ASSIGN_OR_RETURN(const Json body, ParseObject(source.body));
  return RequestReader(body).Read(source.model);
}

absl::StatusOr<UpstreamBody> OpenAiResponses::EncodeRequest(const ChatRequest& request,
                                                            const BackendTraits& traits) const {
  LMGATE_ASSIGN_OR_RETURN(Json input, MakeResponsesInput(request, traits.model));
  Json body = Json::object();
  body["model"] = traits.model;
  std::string instructions;
  for (const Part& part : request.system) {
    if (!instructions.empty()) instructions.append("\n\n");
    instructions.append(part.text);
  }
  if (!instructions.empty() && input.empty()) {
    // A request needs input.
    input.push_back(Json{{"role", "system"}, {"content", instructions}});
  } else if (!instructions.empty()) {
    body["instructions"] = instructions;
  }
  const OpenAiModel model = OpenAiModelOf(traits.model);
  SetReasoning(request, model, input, &body);
  // All of it was another provider's reasoning: OpenAI takes no conversation without a word.
  if (input.empty()) input.push_back({{"role", "user"}, {"content", "."}});
  body["input"] = std::move(input);
  SetTools(request, &body);
  SetText(request, model, &body);
  if (request.max_tokens.has_value()) {
    body["max_output_tokens"] = std::max(*request.max_tokens, kMaxTokensMin);
  }
  if (TakesSampling(model, OpenAiEffort(request.reasoning, model))) {
    if (request.temperature.has_value()) body["temperature"] = *request.temperature;
    if (request.top_p.has_value()) body["top_p"] = *request.top_p;
    if (request.top_logprobs.has_value()) {
      body["top_logprobs"] = *request.top_logprobs;
      body["include"].push_back(kLogprobs);
    }
  }
  SetOpenAiFields(request, model, name(), &body);
  // The whole history comes with each request.
  body["store"] = false;
  if (request.stream) body["stream"] = true;
  return UpstreamBody{.path = "/responses", .body = DumpJson(body)};
}

}  // namespace lmgate::dialect
