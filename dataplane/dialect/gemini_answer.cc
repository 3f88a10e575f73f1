#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/gemini.h"
#include "dataplane/dialect/gemini_chunk.h"
#include "dataplane/dialect/gemini_contents.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {
namespace {

using chat::Part;
using chat::PartKind;

void WritePart(const Part& part, GeminiCitations* citations, Json* parts) {
  Json written = Json::object();
  switch (part.kind) {
    case PartKind::kText:
    case PartKind::kRefusal:
      citations->BeginText();
      citations->AddText(part.text);
      citations->Add(part.citations);
      written["text"] = part.text;
      break;
    case PartKind::kReasoning:
      if (part.text.empty() && part.signature.data.empty()) return;
      written["text"] = part.text;
      written["thought"] = true;
      break;
    case PartKind::kToolCall:
      written = WriteGeminiCall(part.id, part.name, part.arguments);
      break;
    case PartKind::kImage:
    case PartKind::kFile:
    case PartKind::kAudio:
    case PartKind::kToolResult:
      return;
  }
  std::string signature = WriteGeminiSignature(part.signature);
  if (!signature.empty()) written["thoughtSignature"] = std::move(signature);
  parts->push_back(std::move(written));
}

Json WriteCandidate(const chat::Choice& choice, size_t index) {
  GeminiCitations citations;
  Json parts = Json::array();
  bool calls = false;
  for (const Part& part : choice.parts) {
    WritePart(part, &citations, &parts);
    if (part.kind != PartKind::kToolCall || std::exchange(calls, true)) continue;
    // On models that sign, the first call of a turn may not be without one.
    Json& call = parts.back();
    if (!call.contains("thoughtSignature")) call["thoughtSignature"] = GeminiSealOfNothing();
  }
  if (parts.empty()) parts.push_back(Json{{"text", ""}});
  Json content = Json::object();
  content["parts"] = std::move(parts);
  content["role"] = "model";
  Json candidate = Json::object();
  candidate["content"] = std::move(content);
  candidate["finishReason"] = GeminiFinishReason(choice.finish);
  candidate["index"] = index;
  Json metadata = citations.Take();
  if (!metadata.is_null()) candidate["citationMetadata"] = std::move(metadata);
  return candidate;
}

}  // namespace

absl::StatusOr<chat::ChatResponse> Gemini::DecodeResponse(std::string_view body,
                                                          const AnswerContext& context) const {
  const absl::StatusOr<Json> answer = ParseJson(body);
  if (!answer.ok()) return absl::UnavailableError("the provider's answer is not JSON");
  std::vector<chat::ChatEvent> events;
  GeminiChunkReader reader(context);
  reader.Add(*answer, &events);
  reader.End(GeminiChunkReader::Form::kWhole, &events);
  chat::ResponseBuilder builder;
  for (const chat::ChatEvent& event : events) builder.Add(event);
  if (!builder.ended()) {
    const std::string& message = builder.error().message;
    return absl::UnavailableError(message.empty() ? "the provider answered with an error"
                                                  : message);
  }
  return builder.Take();
}

std::string Gemini::EncodeResponse(const chat::ChatResponse& response,
                                   const AnswerContext& context) const {
  Json candidates = Json::array();
  for (size_t i = 0; i < response.choices.size(); ++i) {
    candidates.push_back(WriteCandidate(response.choices[i], i));
  }
  Json answer = Json::object();
  answer["candidates"] = std::move(candidates);
  if (response.usage.known) answer["usageMetadata"] = WriteGeminiUsage(response.usage);
  answer["modelVersion"] = response.model.empty() ? context.model : response.model;
  answer["responseId"] = response.id.empty() ? context.id : response.id;
  return DumpJson(answer);
}

}  // namespace lmgate::dialect
