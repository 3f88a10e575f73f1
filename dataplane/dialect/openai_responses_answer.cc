#include "dataplane/dialect/openai_responses.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/dialect/json.h"
#include "dataplane/dialect/openai_responses_item.h"
#include "dataplane/dialect/provider_error.h"

namespace lmgate::dialect {
namespace {

using chat::Part;
using chat::PartKind;

absl::Status NoAnswer(std::string_view message) { return absl::UnavailableError(ToAbsl(message)); }

void AddItem(const Part& part, const AnswerContext& context, Json* output) {
  if (const std::optional<Part> carrier = CarrierOf(part)) {
    output->push_back(MakeItem(*carrier, context, output->size()));
  }
  output->push_back(MakeItem(part, context, output->size()));
}

}  // namespace

absl::StatusOr<chat::ChatResponse> OpenAiResponses::DecodeResponse(
    std::string_view body, const AnswerContext& context) const {
  const absl::StatusOr<Json> parsed = ParseObject(body);
  if (!parsed.ok()) return NoAnswer("the provider's answer is not a JSON object");
  const Json* const error = Find(*parsed, "error");
  const std::string status = FindString(*parsed, "status");
  if (error != nullptr || status == "failed") {
    std::string message = error == nullptr ? "" : ErrorOfObject(*error, "").message;
    return NoAnswer(message.empty() ? "the provider's answer is an error" : message);
  }
  if (status == "cancelled" || status == "queued" || status == "in_progress") {
    return NoAnswer(StrCat("the provider's answer is ", status));
  }
  const Json* const output = Find(*parsed, "output");
  if (output == nullptr || !output->is_array()) {
    return NoAnswer("the provider's answer has no output");
  }
  chat::ChatResponse response;
  response.id = FindString(*parsed, "id");
  response.model = FindString(*parsed, "model");
  response.created = FindInteger(*parsed, "created_at").value_or(0);
  chat::Choice& choice = response.choices.emplace_back();
  for (const Json& item : *output) AppendParts(item, context, &choice.parts);
  std::vector<PartKind> kinds;
  for (const Part& part : choice.parts) kinds.push_back(part.kind);
  choice.finish = ReadFinish(*parsed, kinds);
  response.usage = ReadUsage(*parsed);
  return response;
}

std::string OpenAiResponses::EncodeResponse(const chat::ChatResponse& response,
                                            const AnswerContext& context) const {
  Json json = MakeResponse(context, response.model, response.created);
  if (response.choices.empty()) return DumpJson(json);
  const chat::Choice& choice = response.choices[0];
  Json output = Json::array();
  PartKind last = PartKind::kReasoning;
  bool refused = false;
  const auto add = [&](const Part& part) {
    const bool refusal = part.kind == PartKind::kRefusal;
    refused = refused || refusal;
    if (refusal && last == PartKind::kText) {
      AddRefusal(part, &output.back());
    } else {
      AddItem(part, context, &output);
    }
    last = part.kind;
  };
  for (const Part& part : choice.parts) {
    if (IsItem(part)) add(part);
  }
  if (choice.finish == chat::FinishReason::kRefusal && !refused) add(MissingRefusal());
  if (IsCut(choice.finish) && !output.empty()) MarkIncomplete(&output.back());
  json["output"] = std::move(output);
  CompleteResponse(choice.finish, response.usage, &json);
  return DumpJson(json);
}

}  // namespace lmgate::dialect
