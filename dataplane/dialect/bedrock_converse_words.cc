#include "dataplane/dialect/bedrock_converse_words.h"

#include <absl/strings/escaping.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/dialect/media.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using chat::FinishReason;

// A count, so that sums of a few cannot overflow.
int64_t FindCount(const Json& object, std::string_view name) {
  constexpr int64_t kCountMax = std::numeric_limits<int64_t>::max() / 8;
  return std::clamp<int64_t>(FindInteger(object, name).value_or(0), 0, kCountMax);
}

// CitationLocation (Bedrock API reference).
constexpr std::pair<chat::Citation::Unit, std::string_view> kPlaces[] = {
    {chat::Citation::Unit::kCharacters, "documentChar"},
    {chat::Citation::Unit::kPages, "documentPage"},
    {chat::Citation::Unit::kBlocks, "documentChunk"}};

}  // namespace

std::optional<FinishReason> FinishOfStopReason(std::string_view reason) {
  if (reason == "tool_use") return FinishReason::kToolCalls;
  if (reason == "max_tokens" || reason == "model_context_window_exceeded") {
    return FinishReason::kLength;
  }
  if (reason == "stop_sequence") return FinishReason::kStopSequence;
  if (reason == "content_filtered" || reason == "guardrail_intervened") {
    return FinishReason::kContentFilter;
  }
  if (reason == "refusal") return FinishReason::kRefusal;
  if (reason == "malformed_model_output" || reason == "malformed_tool_use") return std::nullopt;
  return FinishReason::kStop;
}

std::string_view StopReasonOf(FinishReason finish) {
  switch (finish) {
    case FinishReason::kStop:
      return "end_turn";
    case FinishReason::kStopSequence:
      return "stop_sequence";
    case FinishReason::kLength:
      return "max_tokens";
    case FinishReason::kToolCalls:
      return "tool_use";
    case FinishReason::kContentFilter:
    case FinishReason::kRefusal:
      return "content_filtered";
  }
  return "end_turn";
}

FinishReason FinishWithCalls(FinishReason finish, bool has_calls) {
  const bool stop = finish == FinishReason::kStop || finish == FinishReason::kStopSequence;
  return has_calls && stop ? FinishReason::kToolCalls : finish;
}

bool HasMedia(const Json& block) {
  return Find(block, "image") != nullptr || Find(block, "audio") != nullptr ||
         Find(block, "video") != nullptr;
}

chat::TokenUsage ReadConverseUsage(const Json& usage) {
  chat::TokenUsage read;
  if (!usage.is_object()) return read;
  read.known = true;
  read.cached_tokens = FindCount(usage, "cacheReadInputTokens");
  read.cache_write_tokens = FindCount(usage, "cacheWriteInputTokens");
  read.prompt_tokens =
      FindCount(usage, "inputTokens") + read.cached_tokens + read.cache_write_tokens;
  read.completion_tokens = FindCount(usage, "outputTokens");
  read.total_tokens = read.prompt_tokens + read.completion_tokens;
  return read;
}

Json WriteConverseUsage(const chat::TokenUsage& usage) {
  const int64_t input = usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens;
  Json written = Json::object();
  written["inputTokens"] = std::max<int64_t>(input, 0);
  written["outputTokens"] = usage.completion_tokens;
  written["totalTokens"] = usage.prompt_tokens + usage.completion_tokens;
  if (usage.cached_tokens > 0 || usage.cache_write_tokens > 0) {
    written["cacheReadInputTokens"] = usage.cached_tokens;
    written["cacheWriteInputTokens"] = usage.cache_write_tokens;
  }
  return written;
}

chat::Citation ReadConverseCitation(const Json& citation) {
  chat::Citation read;
  read.title = FindString(citation, "title");
  if (const Json* const location = Find(citation, "location")) {
    if (const Json* const web = Find(*location, "web")) read.url = FindString(*web, "url");
    for (const auto& [unit, name] : kPlaces) {
      const Json* const place = Find(*location, name);
      if (place == nullptr) continue;
      read.unit = unit;
      read.document = FindInteger(*place, "documentIndex").value_or(0);
      read.from = FindInteger(*place, "start").value_or(0);
      read.to = FindInteger(*place, "end").value_or(0);
    }
  }
  const Json* const content = Find(citation, "sourceContent");
  if (content != nullptr && content->is_array()) {
    for (const Json& piece : *content) read.cited_text += FindString(piece, "text");
  } else if (content != nullptr) {
    read.cited_text = FindString(*content, "text");
  }
  return read;
}

Json WriteConverseCitation(const chat::Citation& citation) {
  Json written = Json::object();
  if (!citation.title.empty()) written["title"] = citation.title;
  if (!citation.cited_text.empty()) {
    Json piece = Json::object();
    piece["text"] = citation.cited_text;
    written["sourceContent"] = Json::array();
    written["sourceContent"].push_back(std::move(piece));
  }
  if (!citation.url.empty()) written["location"]["web"]["url"] = citation.url;
  for (const auto& [unit, name] : kPlaces) {
    if (unit != citation.unit) continue;
    Json& place = written["location"][std::string(name)];
    place["documentIndex"] = citation.document;
    place["start"] = citation.from;
    place["end"] = citation.to;
  }
  return written;
}

std::string WriteRedactedContent(const chat::Signature& signature) {
  const std::string text = SealSignature(signature, kOriginAnthropic);
  if (IsBase64(text) && text.size() % 4 == 0) return text;
  return absl::Base64Escape(text);
}

chat::Signature ReadRedactedContent(std::string_view content) {
  std::string bytes;
  if (absl::Base64Unescape(ToAbsl(content), &bytes) && bytes.starts_with(kSealPrefix)) {
    return UnsealSignature(bytes, kOriginAnthropic);
  }
  return UnsealSignature(content, kOriginAnthropic);
}

}  // namespace lmgate::dialect
