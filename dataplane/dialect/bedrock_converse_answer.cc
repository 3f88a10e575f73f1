#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/dialect/bedrock_converse.h"
#include "dataplane/dialect/bedrock_converse_words.h"
#include "dataplane/dialect/json.h"
#include "dataplane/dialect/provider_error.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using chat::Part;
using chat::PartKind;

chat::Signature SignatureOf(std::string data, const AnswerContext& context) {
  if (data.empty()) return {};
  return {.origin = std::string(kOriginBedrock), .model = context.model, .data = std::move(data)};
}

void ReadReasoning(const Json& block, const AnswerContext& context, std::vector<Part>* parts) {
  Part part{.kind = PartKind::kReasoning};
  if (const Json* const text = Find(block, "reasoningText")) {
    part.text = FindString(*text, "text");
    part.signature = SignatureOf(FindString(*text, "signature"), context);
  } else {
    part.signature = SignatureOf(FindString(block, "redactedContent"), context);
  }
  if (!part.text.empty() || !part.signature.data.empty()) parts->push_back(std::move(part));
}

void ReadCitations(const Json& block, std::vector<Part>* parts) {
  Part part;
  if (const Json* const content = Find(block, "content"); content && content->is_array()) {
    for (const Json& piece : *content) part.text += FindString(piece, "text");
  }
  if (const Json* const citations = Find(block, "citations"); citations && citations->is_array()) {
    for (const Json& citation : *citations) {
      part.citations.push_back(ReadConverseCitation(citation));
    }
  }
  if (!part.text.empty() || !part.citations.empty()) parts->push_back(std::move(part));
}

void ReadCall(const Json& block, const AnswerContext& context, std::vector<Part>* parts) {
  Part part{.kind = PartKind::kToolCall};
  part.id = FindString(block, "toolUseId");
  if (part.id.empty()) part.id = StrCat("call_", context.id, parts->size());
  part.name = FindString(block, "name");
  const Json* const input = Find(block, "input");
  part.arguments = input == nullptr ? "{}" : DumpJson(*input);
  parts->push_back(std::move(part));
}

std::vector<Part> ReadContent(const Json& content, const AnswerContext& context) {
  std::vector<Part> parts;
  for (const Json& block : content) {
    if (const Json* const text = Find(block, "text"); text && text->is_string()) {
      if (!text->get_ref<const std::string&>().empty())
        parts.push_back(chat::TextPart(text->get<std::string>()));
    } else if (const Json* const call = Find(block, "toolUse")) {
      ReadCall(*call, context, &parts);
    } else if (const Json* const reasoning = Find(block, "reasoningContent")) {
      ReadReasoning(*reasoning, context, &parts);
    } else if (const Json* const citations = Find(block, "citationsContent")) {
      ReadCitations(*citations, &parts);
    }
  }
  return parts;
}

Json WriteText(const Part& part) {
  Json block = Json::object();
  if (part.citations.empty()) {
    block["text"] = part.text;
    return block;
  }
  Json text = Json::object();
  text["text"] = part.text;
  Json& cited = block["citationsContent"];
  cited["content"] = Json::array();
  cited["content"].push_back(std::move(text));
  cited["citations"] = Json::array();
  for (const chat::Citation& citation : part.citations) {
    cited["citations"].push_back(WriteConverseCitation(citation));
  }
  return block;
}

Json WriteReasoning(const Part& part) {
  Json block = Json::object();
  Json& reasoning = block["reasoningContent"];
  if (part.text.empty()) {
    reasoning["redactedContent"] = WriteRedactedContent(part.signature);
    return block;
  }
  reasoning["reasoningText"]["text"] = part.text;
  const std::string signature = SealSignature(part.signature, kOriginAnthropic);
  reasoning["reasoningText"]["signature"] =
      signature.empty() ? kSealOfNothing : std::string_view(signature);
  return block;
}

Json WriteContent(const std::vector<Part>& parts) {
  Json content = Json::array();
  for (const Part& part : parts) {
    if (part.kind == PartKind::kToolCall) {
      // What proves a call (Gemini's) goes before it, as hidden reasoning.
      if (!part.signature.data.empty() && !part.signature.origin.empty()) {
        Part proof{.kind = PartKind::kReasoning};
        proof.signature = part.signature;
        content.push_back(WriteReasoning(proof));
      }
      Json block = Json::object();
      Json& call = block["toolUse"];
      call["toolUseId"] = part.id;
      call["name"] = part.name;
      call["input"] = ArgumentsObject(part.arguments);
      content.push_back(std::move(block));
    } else if (part.kind == PartKind::kReasoning) {
      const bool says =
          !part.text.empty() || (!part.signature.data.empty() && !part.signature.origin.empty());
      if (says) content.push_back(WriteReasoning(part));
    } else if (!part.text.empty()) {
      content.push_back(WriteText(part));
    }
  }
  return content;
}

}  // namespace

absl::StatusOr<chat::ChatResponse> BedrockConverse::DecodeResponse(
    std::string_view body, const AnswerContext& context) const {
  const absl::StatusOr<Json> answer = ParseObject(body);
  if (!answer.ok()) return absl::UnavailableError("the provider's answer is no JSON object");
  const Json* const output = Find(*answer, "output");
  const Json* const message = output == nullptr ? nullptr : Find(*output, "message");
  const Json* const content = message == nullptr ? nullptr : Find(*message, "content");
  if (content == nullptr || !content->is_array()) {
    const std::string words = ErrorOfObject(*answer, {}).message;
    return absl::UnavailableError(words.empty() ? "the provider's answer has no output" : words);
  }
  const std::string reason = FindString(*answer, "stopReason");
  const auto finish = FinishOfStopReason(reason);
  if (!finish.has_value()) {
    return absl::UnavailableError(StrCat("the model's answer is unusable: ", reason));
  }

  for (const Json& block : *content) {
    if (HasMedia(block)) return absl::UnavailableError(kMediaAnswer);
  }

  chat::ChatResponse response;
  chat::Choice& choice = response.choices.emplace_back();
  choice.parts = ReadContent(*content, context);
  bool has_calls = false;
  for (const Part& part : choice.parts) has_calls |= part.kind == PartKind::kToolCall;
  choice.finish = FinishWithCalls(*finish, has_calls);
  const Json* const more = Find(*answer, "additionalModelResponseFields");
  if (more != nullptr && choice.finish == chat::FinishReason::kStopSequence) {
    choice.stop_sequence = FindString(*more, "stop_sequence");
  }
  if (const Json* const usage = Find(*answer, "usage")) response.usage = ReadConverseUsage(*usage);
  return response;
}

std::string BedrockConverse::EncodeResponse(const chat::ChatResponse& response,
                                            const AnswerContext& context) const {
  static const chat::Choice kEmpty;
  const chat::Choice& choice = response.choices.empty() ? kEmpty : response.choices.front();
  Json answer = Json::object();
  Json& message = answer["output"]["message"];
  message["role"] = "assistant";
  message["content"] = WriteContent(choice.parts);
  answer["stopReason"] = StopReasonOf(choice.finish);
  if (context.request.names_stop_sequence && !choice.stop_sequence.empty()) {
    answer["additionalModelResponseFields"]["stop_sequence"] = choice.stop_sequence;
  }
  answer["usage"] = WriteConverseUsage(response.usage);
  answer["metrics"]["latencyMs"] = 0;
  return DumpJson(answer);
}

}  // namespace lmgate::dialect
