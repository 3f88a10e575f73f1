#include "dataplane/dialect/openai_responses_item.h"

#include <absl/strings/match.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/dialect/freeform_input.h"
#include "dataplane/dialect/openai_request.h"
#include "dataplane/dialect/provider_error.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using chat::ErrorKind;
using chat::FinishReason;
using chat::Part;
using chat::PartKind;

constexpr std::string_view kParagraph = "\n\n";

const chat::Tool* FindTool(const AnswerContext& context, std::string_view name) {
  const std::vector<chat::Tool>& tools = context.request.tools;
  const auto found = std::find_if(tools.begin(), tools.end(),
                                  [&](const chat::Tool& tool) { return tool.name == name; });
  return found == tools.end() ? nullptr : &*found;
}

// name, and namespace when it has one.
void SetName(std::string_view name, Json* object) {
  const size_t mark = name.find(kNamespaceMark);
  if (mark == std::string_view::npos) {
    (*object)["name"] = name;
    return;
  }
  (*object)["name"] = name.substr(mark + 1);
  (*object)["namespace"] = name.substr(0, mark);
}

Json NullOr(std::string_view text) { return text.empty() ? Json() : Json(text); }

Json NullOrJson(std::string_view text) {
  const absl::StatusOr<Json> json = ParseJson(text);
  return json.ok() ? *json : Json();
}

Json MakeTool(const chat::Tool& tool) {
  Json json = {{"type", tool.freeform ? "custom" : "function"}};
  SetName(tool.name, &json);
  json["description"] = NullOr(tool.description);
  if (tool.freeform) {
    json["format"] = Json{{"type", "text"}};
    return json;
  }
  json["parameters"] = NullOrJson(tool.parameters);
  // Absent, it is true at OpenAI; no other provider is told so.
  json["strict"] = tool.strict.value_or(false);
  return json;
}

Json MakeToolChoice(const chat::ChatRequest& request) {
  using Mode = chat::ToolChoice::Mode;
  const auto named = [&](const std::string& name) {
    const auto tool = std::find_if(request.tools.begin(), request.tools.end(),
                                   [&](const chat::Tool& each) { return each.name == name; });
    const bool freeform = tool != request.tools.end() && tool->freeform;
    Json json = {{"type", freeform ? "custom" : "function"}};
    SetName(name, &json);
    return json;
  };
  switch (request.tool_choice.mode) {
    case Mode::kDefault:
    case Mode::kAuto:
      return "auto";
    case Mode::kNone:
      return "none";
    case Mode::kAny:
      return "required";
    case Mode::kOne:
      return request.tool_choice.names.empty() ? Json("required")
                                               : named(request.tool_choice.names[0]);
    case Mode::kSubsetAuto:
    case Mode::kSubsetAny:
      break;
  }
  Json tools = Json::array();
  for (const std::string& name : request.tool_choice.names) tools.push_back(named(name));
  return Json{{"type", "allowed_tools"},
              {"mode", request.tool_choice.mode == Mode::kSubsetAny ? "required" : "auto"},
              {"tools", std::move(tools)}};
}

Json MakeText(const chat::ChatRequest& request) {
  const chat::ResponseFormat& asked = request.response_format;
  Json format = Json::object();
  switch (asked.kind) {
    case chat::ResponseFormat::Kind::kText:
      format["type"] = "text";
      break;
    case chat::ResponseFormat::Kind::kJsonObject:
      format["type"] = "json_object";
      break;
    case chat::ResponseFormat::Kind::kJsonSchema:
      format["type"] = "json_schema";
      format["name"] = asked.name.empty() ? "response" : asked.name;
      format["description"] = NullOr(asked.description);
      format["schema"] = NullOrJson(asked.schema);
      format["strict"] = asked.strict.value_or(false);
      break;
  }
  Json text = {{"format", std::move(format)}};
  text["verbosity"] = request.verbosity.empty() ? "medium" : request.verbosity;
  return text;
}

Json MakeReasoning(const chat::ReasoningRequest& asked) {
  std::string_view effort = asked.effort;
  if (asked.mode == chat::ReasoningRequest::Mode::kOff) effort = "none";
  Json reasoning = Json::object();
  reasoning["effort"] = NullOr(effort);
  reasoning["summary"] = asked.want_text ? Json("auto") : Json();
  return reasoning;
}

Json MakeInstructions(const chat::ChatRequest& request) {
  std::string text;
  for (const Part& part : request.system) {
    if (!text.empty()) text.append(kParagraph);
    text.append(part.text);
  }
  return NullOr(text);
}

Json MakeUsage(const chat::TokenUsage& usage) {
  // What a provider does not say counts as 0: clients require the object.
  return Json{{"input_tokens", usage.prompt_tokens},
              {"input_tokens_details", Json{{"cached_tokens", usage.cached_tokens},
                                            {"cache_write_tokens", usage.cache_write_tokens}}},
              {"output_tokens", usage.completion_tokens},
              {"output_tokens_details", Json{{"reasoning_tokens", usage.reasoning_tokens}}},
              {"total_tokens", usage.prompt_tokens + usage.completion_tokens}};
}

template <typename T>
Json NumberOr(const std::optional<T>& value, T otherwise) {
  return Json(value.value_or(otherwise));
}

// The words on which clients act (Codex: api_bridge and sse/responses).
std::string_view ErrorCode(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kRateLimit:
      return "rate_limit_exceeded";
    case ErrorKind::kQuota:
      return "insufficient_quota";
    case ErrorKind::kContextTooLong:
      return "context_length_exceeded";
    case ErrorKind::kBadRequest:
      return "invalid_prompt";
    default:
      return "server_error";
  }
}

}  // namespace

std::string ItemId(ItemKind kind, const AnswerContext& context, size_t output_index) {
  std::string_view prefix;
  switch (kind) {
    case ItemKind::kMessage:
      prefix = "msg_";
      break;
    case ItemKind::kFunctionCall:
      prefix = "fc_";
      break;
    case ItemKind::kCustomCall:
      prefix = "ctc_";
      break;
    case ItemKind::kReasoning:
      prefix = "rs_";
      break;
  }
  return StrCat(prefix, context.id, "_", output_index);
}

ItemKind ItemKindOf(const Part& part, const AnswerContext& context) {
  if (part.kind == PartKind::kReasoning) return ItemKind::kReasoning;
  if (part.kind != PartKind::kToolCall) return ItemKind::kMessage;
  const chat::Tool* const tool = FindTool(context, part.name);
  return tool != nullptr && tool->freeform ? ItemKind::kCustomCall : ItemKind::kFunctionCall;
}

bool IsItem(const Part& part) {
  switch (part.kind) {
    case PartKind::kToolCall:
      return true;
    case PartKind::kText:
      return !part.text.empty() || !part.citations.empty();
    case PartKind::kRefusal:
      return !part.text.empty();
    case PartKind::kReasoning:
      return !part.text.empty() || !part.signature.data.empty();
    default:
      return false;
  }
}

std::optional<Part> CarrierOf(const Part& part) {
  if (part.kind == PartKind::kReasoning || part.signature.data.empty()) return std::nullopt;
  Part carrier;
  carrier.kind = PartKind::kReasoning;
  carrier.signature = part.signature;
  return carrier;
}

Json MakeContent(const Part& part) {
  if (part.kind == PartKind::kRefusal) return Json{{"type", "refusal"}, {"refusal", part.text}};
  Json annotations = Json::array();
  const int64_t length = part.citations.empty() ? 0 : chat::CodePoints(part.text);
  for (const chat::Citation& citation : part.citations) {
    annotations.push_back(MakeAnnotation(citation, length));
  }
  return Json{{"type", "output_text"},
              {"text", part.text},
              {"annotations", std::move(annotations)},
              {"logprobs", MakeLogprobs(part.logprobs)}};
}

// The bytes are a list here, known or not.
Json MakeLogprobs(std::string_view logprobs) {
  Json list = LogprobsList(logprobs);
  const auto set_bytes = [](Json* entry) {
    if (Find(*entry, "bytes") == nullptr) (*entry)["bytes"] = Json::array();
  };
  for (Json& entry : list) {
    set_bytes(&entry);
    for (Json& other : entry["top_logprobs"]) set_bytes(&other);
  }
  return list;
}

Json MakeAnnotation(const chat::Citation& citation, int64_t text_length) {
  if (citation.url.empty()) {
    return Json{{"type", "file_citation"},
                {"file_id", ""},
                {"filename", citation.title},
                {"index", citation.end >= 0 ? citation.end : text_length}};
  }
  return Json{{"type", "url_citation"},
              {"start_index", citation.start >= 0 ? citation.start : text_length},
              {"end_index", citation.end >= 0 ? citation.end : text_length},
              {"url", citation.url},
              {"title", citation.title}};
}

Json MakeEmptyItem(const Part& part, const AnswerContext& context, size_t output_index) {
  const ItemKind kind = ItemKindOf(part, context);
  Json item = {{"id", ItemId(kind, context, output_index)}};
  switch (kind) {
    case ItemKind::kMessage:
      item["type"] = "message";
      item["status"] = "in_progress";
      item["role"] = "assistant";
      item["content"] = Json::array();
      break;
    case ItemKind::kFunctionCall:
    case ItemKind::kCustomCall:
      item["type"] = kind == ItemKind::kCustomCall ? "custom_tool_call" : "function_call";
      item["status"] = "in_progress";
      item["call_id"] = part.id;
      SetName(part.name, &item);
      item[kind == ItemKind::kCustomCall ? "input" : "arguments"] = "";
      break;
    case ItemKind::kReasoning:
      // Has no status: OpenAI refuses one that comes back.
      item["type"] = "reasoning";
      item["summary"] = Json::array();
      break;
  }
  return item;
}

Json MakeItem(const Part& part, const AnswerContext& context, size_t output_index) {
  Json item = MakeEmptyItem(part, context, output_index);
  switch (ItemKindOf(part, context)) {
    case ItemKind::kMessage:
      item["status"] = "completed";
      item["content"].push_back(MakeContent(part));
      break;
    case ItemKind::kFunctionCall:
      item["status"] = "completed";
      item["arguments"] = chat::IsBlank(part.arguments) ? "{}" : part.arguments;
      break;
    case ItemKind::kCustomCall:
      item["status"] = "completed";
      item["input"] = FreeformText(part.arguments);
      break;
    case ItemKind::kReasoning: {
      if (!part.text.empty()) {
        item["summary"].push_back(Json{{"type", "summary_text"}, {"text", part.text}});
      }
      const std::string sealed = SealSignature(part.signature, kOriginOpenAi);
      item["encrypted_content"] = sealed.empty() ? kSealOfNothing : std::string_view(sealed);
      break;
    }
  }
  return item;
}

Json MakeResponse(const AnswerContext& context, std::string_view model, int64_t created) {
  const chat::ChatRequest& request = context.request;
  Json tools = Json::array();
  for (const chat::Tool& tool : request.tools) tools.push_back(MakeTool(tool));
  const absl::StatusOr<Json> fields = ParseObject(request.openai_fields);
  const auto asked = [&fields](std::string_view name, Json otherwise) {
    const Json* const value = fields.ok() ? Find(*fields, name) : nullptr;
    return value == nullptr ? otherwise : *value;
  };
  Json response = Json::object();
  response["id"] = StrCat("resp_", context.id);
  response["object"] = "response";
  response["created_at"] = created != 0 ? created : context.created;
  response["status"] = "in_progress";
  response["background"] = false;
  response["completed_at"] = Json();
  response["error"] = Json();
  response["incomplete_details"] = Json();
  response["instructions"] = MakeInstructions(request);
  response["max_output_tokens"] =
      request.max_tokens.has_value() ? Json(*request.max_tokens) : Json();
  response["max_tool_calls"] = Json();
  response["model"] = !model.empty() ? model : std::string_view(context.model);
  response["output"] = Json::array();
  response["parallel_tool_calls"] = request.parallel_tool_calls.value_or(true);
  response["presence_penalty"] = NumberOr(request.presence_penalty, 0.0);
  response["frequency_penalty"] = NumberOr(request.frequency_penalty, 0.0);
  response["previous_response_id"] = Json();
  response["prompt_cache_key"] = asked("prompt_cache_key", nullptr);
  response["reasoning"] = MakeReasoning(request.reasoning);
  response["safety_identifier"] = asked("safety_identifier", nullptr);
  response["service_tier"] = "default";
  response["store"] = asked("store", true);
  response["temperature"] = NumberOr(request.temperature, 1.0);
  response["text"] = MakeText(request);
  response["tool_choice"] = MakeToolChoice(request);
  response["tools"] = std::move(tools);
  response["top_logprobs"] = request.top_logprobs.value_or(0);
  response["top_p"] = NumberOr(request.top_p, 1.0);
  response["truncation"] = asked("truncation", "disabled");
  response["usage"] = Json();
  response["user"] = asked("user", nullptr);
  response["metadata"] = asked("metadata", Json::object());
  return response;
}

void MarkIncomplete(Json* item) {
  if (Find(*item, "status") != nullptr) (*item)["status"] = "incomplete";
}

void AddRefusal(const Part& refusal, Json* message) {
  (*message)["content"].push_back(MakeContent(refusal));
}

bool IsCut(FinishReason finish) {
  return finish == FinishReason::kLength || finish == FinishReason::kContentFilter;
}

void CompleteResponse(FinishReason finish, const chat::TokenUsage& usage, Json* response) {
  const bool cut = IsCut(finish);
  (*response)["status"] = cut ? "incomplete" : "completed";
  if (cut) {
    (*response)["incomplete_details"] =
        Json{{"reason", finish == FinishReason::kLength ? "max_output_tokens" : "content_filter"}};
  } else {
    (*response)["completed_at"] = (*response)["created_at"];
  }
  (*response)["usage"] = MakeUsage(usage);
}

void FailResponse(const chat::ProviderError& error, Json* response) {
  std::string message = error.message.empty() ? "the provider failed" : error.message;
  // Codex waits for as long as the message says.
  if (error.kind == ErrorKind::kRateLimit && error.retry_after_ms >= 0 &&
      !absl::StrContains(message, "try again in")) {
    StrAppend(&message, " Please try again in ", error.retry_after_ms, "ms.");
  }
  (*response)["status"] = "failed";
  (*response)["error"] = Json{{"code", ErrorCode(error.kind)}, {"message", message}};
}

Part MissingRefusal() {
  Part part;
  part.kind = PartKind::kRefusal;
  part.text = "The model refused to answer.";
  return part;
}

void AppendParts(const Json& item, const AnswerContext& context, std::vector<Part>* parts) {
  const std::string type = FindString(item, "type");
  Part part;
  if (type == "function_call") {
    part.kind = PartKind::kToolCall;
    part.id = ReadCallId(item, context, parts->size());
    part.name = FindString(item, "name");
    part.arguments = FindString(item, "arguments");
    parts->push_back(std::move(part));
    return;
  }
  if (type == "reasoning") {
    part.kind = PartKind::kReasoning;
    part.text = ReadReasoning(item);
    part.signature = ReadSignature(item, context);
    if (IsItem(part)) parts->push_back(std::move(part));
    return;
  }
  const Json* const contents = type == "message" ? Find(item, "content") : nullptr;
  if (contents == nullptr || !contents->is_array()) return;
  for (const Json& content : *contents) {
    const bool refusal = FindString(content, "type") == "refusal";
    part = {};
    part.kind = refusal ? PartKind::kRefusal : PartKind::kText;
    part.text = FindString(content, refusal ? "refusal" : "text");
    if (!refusal) part.citations = ReadAnnotations(content);
    if (!refusal) part.logprobs = ReadLogprobs(Find(content, "logprobs"), 0);
    if (IsItem(part)) parts->push_back(std::move(part));
  }
}

std::vector<chat::Citation> ReadAnnotations(const Json& content) {
  std::vector<chat::Citation> citations;
  const Json* const annotations = Find(content, "annotations");
  if (annotations == nullptr || !annotations->is_array()) return citations;
  for (const Json& annotation : *annotations) {
    chat::Citation citation;
    citation.url = FindString(annotation, "url");
    citation.title = FindString(annotation, "title");
    if (citation.title.empty()) citation.title = FindString(annotation, "filename");
    citation.start = FindInteger(annotation, "start_index").value_or(-1);
    citation.end = FindInteger(annotation, "end_index").value_or(-1);
    citations.push_back(std::move(citation));
  }
  return citations;
}

std::string ReadReasoning(const Json& item) {
  std::string text = ReadParagraphs(item, "content");
  return text.empty() ? ReadParagraphs(item, "summary") : text;
}

std::string ReadParagraphs(const Json& item, std::string_view member) {
  std::string text;
  const Json* const list = Find(item, member);
  if (list == nullptr || !list->is_array()) return text;
  for (const Json& each : *list) {
    const std::string paragraph = FindString(each, "text");
    if (!text.empty() && !paragraph.empty()) text.append(kParagraph);
    text.append(paragraph);
  }
  return text;
}

chat::Signature ReadSignature(const Json& item, const AnswerContext& context) {
  chat::Signature signature;
  signature.data = FindString(item, "encrypted_content");
  if (signature.data.empty()) return signature;
  signature.origin = kOriginOpenAi;
  signature.model = context.model;
  return signature;
}

std::string ReadCallId(const Json& item, const AnswerContext& context, size_t number) {
  std::string id = FindString(item, "call_id");
  if (id.empty()) id = FindString(item, "id");
  return id.empty() ? StrCat("call_", context.id, number) : id;
}

chat::TokenUsage ReadUsage(const Json& response) {
  chat::TokenUsage usage;
  const Json* const counts = Find(response, "usage");
  if (counts == nullptr || !counts->is_object()) return usage;
  const auto count = [](const Json* object, std::string_view name) {
    if (object == nullptr) return int64_t{0};
    constexpr int64_t kTokensMax = int64_t{1} << 40;  // sums stay far from overflow
    return std::clamp(FindInteger(*object, name).value_or(0), int64_t{0}, kTokensMax);
  };
  const Json* const input = Find(*counts, "input_tokens_details");
  usage.known = true;
  usage.prompt_tokens = count(counts, "input_tokens");
  usage.completion_tokens = count(counts, "output_tokens");
  usage.total_tokens = usage.prompt_tokens + usage.completion_tokens;
  usage.cached_tokens = count(input, "cached_tokens");
  usage.cache_write_tokens = count(input, "cache_write_tokens");
  usage.reasoning_tokens = count(Find(*counts, "output_tokens_details"), "reasoning_tokens");
  return usage;
}

FinishReason ReadFinish(const Json& response, const std::vector<PartKind>& parts) {
  if (FindString(response, "status") == "incomplete") {
    const Json* const details = Find(response, "incomplete_details");
    const std::string reason = details == nullptr ? "" : FindString(*details, "reason");
    return reason == "content_filter" ? FinishReason::kContentFilter : FinishReason::kLength;
  }
  const auto has = [&](PartKind kind) {
    return std::find(parts.begin(), parts.end(), kind) != parts.end();
  };
  if (has(PartKind::kToolCall)) return FinishReason::kToolCalls;
  return has(PartKind::kRefusal) ? FinishReason::kRefusal : FinishReason::kStop;
}

}  // namespace lmgate::dialect
