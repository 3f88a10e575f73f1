#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/openai_chat.h"
#include "dataplane/dialect/openai_chat_chunks.h"
#include "dataplane/dialect/openai_chat_wire.h"
#include "dataplane/dialect/openai_request.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using chat::PartKind;

Json EncodeFunction(const chat::Part& part) {
  Json function = Json::object();
  function["name"] = part.name;
  function["arguments"] = chat::IsBlank(part.arguments) ? "{}" : part.arguments;
  return function;
}

Json EncodeCall(const chat::Part& part) {
  Json call = Json::object();
  call["id"] = part.id;
  call["type"] = "function";
  call["function"] = EncodeFunction(part);
  Json extra = ExtraContent(SealSignature(part.signature, {}));
  if (!extra.is_null()) call["extra_content"] = std::move(extra);
  return call;
}

Json EncodeMessage(const std::vector<chat::Part>& parts, const AnswerContext& context) {
  std::string content;
  std::string refusal;
  std::string reasoning;
  Json details = Json::array();
  Json annotations = Json::array();
  Json calls = Json::array();
  Json function_call;
  int64_t points = 0;
  for (const chat::Part& part : parts) {
    if (part.kind == PartKind::kText) {
      const int64_t base = points;
      points += chat::CodePoints(part.text);
      for (Json& entry : ChatAnnotations(part.citations, base, points)) {
        annotations.push_back(std::move(entry));
      }
      content.append(part.text);
    } else if (part.kind == PartKind::kRefusal) {
      refusal.append(part.text);
    } else if (part.kind == PartKind::kReasoning) {
      reasoning.append(part.text);
      Json detail = ChatReasoningDetail(part, static_cast<int>(details.size()));
      if (!detail.is_null()) details.push_back(std::move(detail));
    } else if (part.kind == PartKind::kToolCall && !context.request.calls_functions) {
      calls.push_back(EncodeCall(part));
    } else if (part.kind == PartKind::kToolCall && function_call.is_null()) {
      // Of several calls the first: the model asks for the others again when it has the result.
      function_call = EncodeFunction(part);
    }
  }
  Json message = Json::object();
  message["role"] = "assistant";
  const bool calls_tools = !calls.empty() || !function_call.is_null();
  const bool silent = content.empty() && (calls_tools || !refusal.empty());
  message["content"] = silent ? Json() : Json(std::move(content));
  message["refusal"] = refusal.empty() ? Json() : Json(std::move(refusal));
  if (!reasoning.empty()) message["reasoning_content"] = std::move(reasoning);
  if (!details.empty()) message["reasoning_details"] = std::move(details);
  if (!annotations.empty()) message["annotations"] = std::move(annotations);
  if (!calls.empty()) message["tool_calls"] = std::move(calls);
  if (!function_call.is_null()) message["function_call"] = std::move(function_call);
  return message;
}

// Null = none.
Json EncodeLogprobs(const std::vector<chat::Part>& parts) {
  Json content = Json::array();
  for (const chat::Part& part : parts) {
    if (part.logprobs.empty()) continue;
    for (Json& entry : LogprobsList(part.logprobs)) content.push_back(std::move(entry));
  }
  if (content.empty()) return nullptr;
  Json logprobs = Json::object();
  logprobs["content"] = std::move(content);
  logprobs["refusal"] = nullptr;
  return logprobs;
}

bool IsRefused(const std::vector<chat::Part>& parts) {
  for (const chat::Part& part : parts) {
    if (part.kind == PartKind::kRefusal) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<chat::ChatResponse> OpenAiChat::DecodeResponse(std::string_view body,
                                                              const AnswerContext& context) const {
  const absl::StatusOr<Json> answer = ParseObject(body);
  if (!answer.ok()) {
    return absl::UnavailableError("the provider's answer is not a JSON object");
  }
  std::vector<chat::ChatEvent> events;
  ChatChunkReader reader(context);
  reader.Add(*answer, &events);
  reader.End(&events);
  chat::ResponseBuilder builder;
  for (const chat::ChatEvent& event : events) builder.Add(event);
  if (builder.failed()) {
    const std::string& message = builder.error().message;
    return absl::UnavailableError(message.empty() ? "the provider's answer is an error"
                                                  : ToAbsl(message));
  }
  return builder.Take();
}

std::string OpenAiChat::EncodeResponse(const chat::ChatResponse& response,
                                       const AnswerContext& context) const {
  Json choices = Json::array();
  for (size_t i = 0; i < response.choices.size(); ++i) {
    const chat::Choice& choice = response.choices[i];
    Json encoded = Json::object();
    encoded["index"] = i;
    encoded["message"] = EncodeMessage(choice.parts, context);
    encoded["logprobs"] = EncodeLogprobs(choice.parts);
    encoded["finish_reason"] = ChatFinish(choice.finish, IsRefused(choice.parts), context);
    choices.push_back(std::move(encoded));
  }
  Json answer = Json::object();
  answer["id"] = ChatAnswerId(response.id, context);
  answer["object"] = "chat.completion";
  answer["created"] = response.created > 0 ? response.created : context.created;
  answer["model"] = response.model.empty() ? context.model : response.model;
  answer["choices"] = std::move(choices);
  if (response.usage.known) answer["usage"] = ChatUsage(response.usage);
  return DumpJson(answer);
}

}  // namespace lmgate::dialect
