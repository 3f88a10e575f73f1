#include <absl/status/status.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/dialect/anthropic.h"
#include "dataplane/dialect/provider_error.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using chat::ChatResponse;
using chat::Choice;
using chat::FinishReason;
using chat::Part;
using chat::PartKind;

constexpr std::string_view kIdPrefix = "msg_";

// What the model said, of one block; blocks of the provider's own tools have no neutral form.
void AppendBlock(const Json& block, const AnswerContext& context, std::vector<Part>* parts) {
  const std::string type = FindString(block, "type");
  Part part;
  if (type == "text") {
    part.text = FindString(block, "text");
    const Json* const citations = Find(block, "citations");
    if (citations != nullptr && citations->is_array()) {
      for (const Json& citation : *citations) part.citations.push_back(ReadCitation(citation));
    }
  } else if (type == "tool_use") {
    part.kind = PartKind::kToolCall;
    part.id = FindString(block, "id");
    if (part.id.empty()) part.id = StrCat("call_", context.id, parts->size());
    part.name = FindString(block, "name");
    const Json* const input = Find(block, "input");
    if (input != nullptr && !input->empty()) {
      part.arguments = input->is_string() ? input->get<std::string>() : DumpJson(*input);
    }
  } else if (type == "thinking" || type == "redacted_thinking") {
    part.kind = PartKind::kReasoning;
    part.text = FindString(block, "thinking");
    part.signature.redacted = type == "redacted_thinking";
    part.signature.data = FindString(block, part.signature.redacted ? "data" : "signature");
    if (!part.signature.data.empty()) {
      part.signature.origin = kOriginAnthropic;
      part.signature.model = context.model;
    }
  } else {
    return;
  }
  parts->push_back(std::move(part));
}

Json WriteText(const Part& part) {
  Json block = {{"type", "text"}, {"text", part.text}};
  if (part.citations.empty()) return block;
  Json citations = Json::array();
  for (const chat::Citation& citation : part.citations) {
    citations.push_back(WriteCitation(citation));
  }
  block["citations"] = std::move(citations);
  return block;
}

// The block of a part of an answer; null = it says nothing.
Json WriteAnswerBlock(const Part& part) {
  switch (part.kind) {
    case PartKind::kText:
    case PartKind::kRefusal:
      return part.text.empty() ? Json() : WriteText(part);
    case PartKind::kToolCall:
      return Json{{"type", "tool_use"},
                  {"id", part.id},
                  {"name", part.name},
                  {"input", ArgumentsObject(part.arguments)}};
    case PartKind::kReasoning:
      return WriteReasoning(part.text, part.signature);
    default:
      return Json();
  }
}

// A place in a document, and how it is called.
struct Place {
  chat::Citation::Unit unit;
  std::string_view type;
  std::string_view from;
  std::string_view to;
};
constexpr Place kPlaces[] = {
    {chat::Citation::Unit::kCharacters, "char_location", "start_char_index", "end_char_index"},
    {chat::Citation::Unit::kPages, "page_location", "start_page_number", "end_page_number"},
    {chat::Citation::Unit::kBlocks, "content_block_location", "start_block_index",
     "end_block_index"}};

}  // namespace

chat::Citation ReadCitation(const Json& json) {
  chat::Citation citation;
  citation.url = FindString(json, "url");
  if (citation.url.empty()) citation.url = FindString(json, "source");
  citation.title = FindString(json, "title");
  if (citation.title.empty()) citation.title = FindString(json, "document_title");
  citation.cited_text = FindString(json, "cited_text");
  const std::string type = FindString(json, "type");
  for (const Place& place : kPlaces) {
    if (place.type != type) continue;
    citation.unit = place.unit;
    citation.document = FindInteger(json, "document_index").value_or(0);
    citation.from = FindInteger(json, place.from).value_or(0);
    citation.to = FindInteger(json, place.to).value_or(0);
  }
  return citation;
}

Json WriteCitation(const chat::Citation& citation) {
  for (const Place& place : kPlaces) {
    if (place.unit != citation.unit) continue;
    Json written = {{"type", place.type}, {"cited_text", citation.cited_text}};
    written["document_index"] = citation.document;
    written["document_title"] = citation.title.empty() ? Json() : Json(citation.title);
    written[std::string(place.from)] = citation.from;
    written[std::string(place.to)] = citation.to;
    return written;
  }
  return Json{{"type", "web_search_result_location"},
              {"url", citation.url},
              {"title", citation.title},
              {"cited_text", citation.cited_text},
              {"encrypted_index", ""}};
}

Json WriteReasoning(std::string_view text, const chat::Signature& signature) {
  const std::string sealed = SealSignature(signature, kOriginAnthropic);
  if (text.empty() && sealed.empty()) return Json();
  // Hidden reasoning of another provider is hidden here as well.
  if (text.empty() && (signature.redacted || signature.origin != kOriginAnthropic)) {
    return Json{{"type", "redacted_thinking"}, {"data", sealed}};
  }
  return Json{{"type", "thinking"},
              {"thinking", text},
              {"signature", sealed.empty() ? kSealOfNothing : std::string_view(sealed)}};
}

void ReadAnthropicUsage(const Json& usage, chat::TokenUsage* read) {
  if (!usage.is_object()) return;
  const auto set = [&](std::string_view name, int64_t* count) {
    const std::optional<int64_t> stated = FindInteger(usage, name);
    if (!stated.has_value()) return;
    constexpr int64_t kCountMax = int64_t{1} << 40;
    *count = std::clamp<int64_t>(*stated, 0, kCountMax);
    read->known = true;
  };
  // The total holds the cached ones; what the wire calls input_tokens is the rest.
  int64_t input = read->prompt_tokens - read->cached_tokens - read->cache_write_tokens;
  set("input_tokens", &input);
  set("cache_read_input_tokens", &read->cached_tokens);
  set("cache_creation_input_tokens", &read->cache_write_tokens);
  set("output_tokens", &read->completion_tokens);
  if (const Json* const details = Find(usage, "output_tokens_details")) {
    const std::optional<int64_t> thinking = FindInteger(*details, "thinking_tokens");
    if (thinking.has_value()) {
      read->reasoning_tokens = std::clamp<int64_t>(*thinking, 0, read->completion_tokens);
    }
  }
  read->prompt_tokens = input + read->cached_tokens + read->cache_write_tokens;
  read->total_tokens = read->prompt_tokens + read->completion_tokens;
}

Json WriteAnthropicUsage(const chat::TokenUsage& usage) {
  const int64_t input = usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens;
  Json written = {{"input_tokens", std::max<int64_t>(input, 0)},
                  {"cache_creation_input_tokens", usage.cache_write_tokens},
                  {"cache_read_input_tokens", usage.cached_tokens},
                  {"output_tokens", usage.completion_tokens}};
  if (usage.reasoning_tokens > 0) {
    written["output_tokens_details"] = Json{{"thinking_tokens", usage.reasoning_tokens}};
  }
  return written;
}

FinishReason ReadStopReason(std::string_view stop_reason, bool called) {
  if (stop_reason == "max_tokens" || stop_reason == "model_context_window_exceeded") {
    return FinishReason::kLength;
  }
  if (stop_reason == "refusal") return FinishReason::kRefusal;
  if (stop_reason == "tool_use" || called) return FinishReason::kToolCalls;
  if (stop_reason == "stop_sequence") return FinishReason::kStopSequence;
  // end_turn, pause_turn, compaction and what is not known.
  return FinishReason::kStop;
}

namespace {

std::string_view StopReasonOf(FinishReason finish, std::string_view stop_sequence) {
  switch (finish) {
    case FinishReason::kStop:
      return "end_turn";
    case FinishReason::kStopSequence:
      return stop_sequence.empty() ? "end_turn" : "stop_sequence";
    case FinishReason::kLength:
      return "max_tokens";
    case FinishReason::kToolCalls:
      return "tool_use";
    case FinishReason::kContentFilter:
    case FinishReason::kRefusal:
      return "refusal";
  }
  return "end_turn";
}

}  // namespace

Json WriteStop(FinishReason finish, std::string_view stop_sequence) {
  const std::string_view reason = StopReasonOf(finish, stop_sequence);
  Json stop = {{"stop_reason", reason}, {"stop_sequence", Json()}};
  if (reason == "stop_sequence") stop["stop_sequence"] = stop_sequence;
  // Anthropic's categories are its own; what the model said of it is in the content.
  if (reason == "refusal") {
    stop["stop_details"] = Json{{"type", "refusal"}, {"category", Json()}, {"explanation", Json()}};
  }
  return stop;
}

std::string MessageId(std::string_view provider_id, const AnswerContext& context) {
  if (provider_id.starts_with(kIdPrefix)) return std::string(provider_id);
  return StrCat(kIdPrefix, context.id);
}

std::string RefusalText(const Json& message) {
  const Json* const details = Find(message, "stop_details");
  return details == nullptr ? std::string() : FindString(*details, "explanation");
}

absl::StatusOr<ChatResponse> Anthropic::DecodeResponse(std::string_view body,
                                                       const AnswerContext& context) const {
  const absl::StatusOr<Json> message = ParseObject(body);
  if (!message.ok()) {
    return absl::UnavailableError("the provider's answer is no JSON object");
  }
  if (const Json* const error = Find(*message, "error")) {
    const chat::ProviderError read = ErrorOfObject(*error, "");
    return absl::UnavailableError(read.message.empty() ? "the provider answered with an error"
                                                       : read.message);
  }
  const Json* const content = Find(*message, "content");
  if (content == nullptr || !content->is_array()) {
    return absl::UnavailableError("the provider's answer is no message");
  }
  ChatResponse response;
  response.id = FindString(*message, "id");
  response.model = FindString(*message, "model");
  response.created = context.created;
  Choice choice;
  for (const Json& block : *content) AppendBlock(block, context, &choice.parts);
  const bool called = std::any_of(choice.parts.begin(), choice.parts.end(), [](const Part& part) {
    return part.kind == PartKind::kToolCall;
  });
  choice.finish = ReadStopReason(FindString(*message, "stop_reason"), called);
  if (choice.finish == FinishReason::kStopSequence) {
    choice.stop_sequence = FindString(*message, "stop_sequence");
  }
  if (choice.finish == FinishReason::kRefusal) {
    if (std::string text = RefusalText(*message); !text.empty()) {
      Part refusal = chat::TextPart(std::move(text));
      refusal.kind = PartKind::kRefusal;
      choice.parts.push_back(std::move(refusal));
    }
  }
  response.choices.push_back(std::move(choice));
  if (const Json* const usage = Find(*message, "usage")) {
    ReadAnthropicUsage(*usage, &response.usage);
  }
  return response;
}

std::string Anthropic::EncodeResponse(const ChatResponse& response,
                                      const AnswerContext& context) const {
  // Without n there is one choice.
  const Choice choice = response.choices.empty() ? Choice{} : response.choices.front();
  Json content = Json::array();
  for (const Part& part : choice.parts) {
    if (part.kind == PartKind::kToolCall) {
      Json proof = WriteReasoning("", part.signature);
      if (!proof.is_null()) content.push_back(std::move(proof));
    }
    Json block = WriteAnswerBlock(part);
    if (!block.is_null()) content.push_back(std::move(block));
  }
  Json message = {{"id", MessageId(response.id, context)},
                  {"type", "message"},
                  {"role", "assistant"},
                  {"model", response.model.empty() ? context.model : response.model},
                  {"content", std::move(content)}};
  message.update(WriteStop(choice.finish, choice.stop_sequence));
  message["usage"] = WriteAnthropicUsage(response.usage);
  return DumpJson(message);
}

}  // namespace lmgate::dialect
