#include "dataplane/dialect/openai_chat_wire.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using chat::FinishReason;
using chat::PartKind;

// Chat has no signatures of its own: every one travels in the envelope.
constexpr std::string_view kNoOrigin;

int64_t ReadCount(const Json& object, std::string_view name) {
  constexpr int64_t kCountMax = std::numeric_limits<int64_t>::max() / 4;
  return std::clamp<int64_t>(FindInteger(object, name).value_or(0), 0, kCountMax);
}

int64_t ReadCount(const Json& usage, std::string_view details, std::string_view name) {
  const Json* const object = Find(usage, details);
  return object == nullptr ? 0 : ReadCount(*object, name);
}

struct FinishWord {
  std::string_view word;
  FinishReason finish;
};
// OpenAI's first, then those of Mistral, vLLM and of proxies that pass on another dialect's word.
constexpr FinishWord kFinishWords[] = {
    {"stop", FinishReason::kStop},
    {"length", FinishReason::kLength},
    {"tool_calls", FinishReason::kToolCalls},
    {"function_call", FinishReason::kToolCalls},
    {"content_filter", FinishReason::kContentFilter},
    {"model_length", FinishReason::kLength},
    {"max_tokens", FinishReason::kLength},
    {"MAX_TOKENS", FinishReason::kLength},
    {"tool_use", FinishReason::kToolCalls},
    {"refusal", FinishReason::kRefusal},
    {"safety", FinishReason::kContentFilter},
    {"SAFETY", FinishReason::kContentFilter},
};

// Its pieces are of one entry when they have the same index and type.
bool GoesOn(const Json& entry, const Json& before) {
  const auto index = FindInteger(entry, "index");
  return index.has_value() && index == FindInteger(before, "index") &&
         FindString(entry, "type") == FindString(before, "type");
}

std::string TextOfDetail(const Json& entry) {
  std::string text = FindString(entry, "text");
  return text.empty() ? FindString(entry, "summary") : text;
}

chat::Signature SignatureOfDetail(const Json& entry) {
  std::string sealed = FindString(entry, "signature");
  if (sealed.empty()) sealed = FindString(entry, "data");
  chat::Signature signature = UnsealSignature(sealed, kNoOrigin);
  return signature.origin.empty() ? chat::Signature{} : signature;
}

}  // namespace

std::string ChatAnswerId(std::string_view provider_id, const AnswerContext& context) {
  constexpr std::string_view kPrefix = "chatcmpl-";
  return provider_id.starts_with(kPrefix) ? std::string(provider_id) : StrCat(kPrefix, context.id);
}

chat::TokenUsage ReadChatUsage(const Json& usage) {
  chat::TokenUsage read;
  if (!usage.is_object() || usage.empty()) return read;
  read.known = true;
  read.prompt_tokens = ReadCount(usage, "prompt_tokens");
  read.completion_tokens = ReadCount(usage, "completion_tokens");
  read.total_tokens = read.prompt_tokens + read.completion_tokens;
  read.cached_tokens = ReadCount(usage, "prompt_tokens_details", "cached_tokens");
  // DeepSeek's name for it.
  if (read.cached_tokens == 0) read.cached_tokens = ReadCount(usage, "prompt_cache_hit_tokens");
  read.cache_write_tokens = ReadCount(usage, "prompt_tokens_details", "cache_write_tokens");
  read.reasoning_tokens = ReadCount(usage, "completion_tokens_details", "reasoning_tokens");
  return read;
}

Json ChatUsage(const chat::TokenUsage& usage) {
  Json prompt = {{"cached_tokens", usage.cached_tokens}};
  if (usage.cache_write_tokens > 0) prompt["cache_write_tokens"] = usage.cache_write_tokens;
  Json written = Json::object();
  written["prompt_tokens"] = usage.prompt_tokens;
  written["completion_tokens"] = usage.completion_tokens;
  written["total_tokens"] = usage.prompt_tokens + usage.completion_tokens;
  written["prompt_tokens_details"] = std::move(prompt);
  written["completion_tokens_details"] = Json{{"reasoning_tokens", usage.reasoning_tokens}};
  return written;
}

std::optional<FinishReason> ReadChatFinish(std::string_view word) {
  if (word.empty()) return std::nullopt;
  for (const FinishWord& row : kFinishWords) {
    if (row.word == word) return row.finish;
  }
  return FinishReason::kStop;
}

bool IsChatFailure(std::string_view word) {
  // OpenRouter, vLLM, DeepSeek.
  return word == "error" || word == "abort" || word == "insufficient_system_resource";
}

std::string_view ChatFinish(FinishReason finish, bool refused, const AnswerContext& context) {
  switch (finish) {
    case FinishReason::kStop:
    case FinishReason::kStopSequence:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kToolCalls:
      return context.request.calls_functions ? "function_call" : "tool_calls";
    case FinishReason::kContentFilter:
      return "content_filter";
    case FinishReason::kRefusal:
      return refused ? "stop" : "content_filter";
  }
  return "stop";
}

std::vector<chat::Citation> ReadChatAnnotations(const Json& annotations, int64_t base) {
  std::vector<chat::Citation> citations;
  if (!annotations.is_array()) return citations;
  for (const Json& annotation : annotations) {
    const Json* const source = Find(annotation, "url_citation");
    if (source == nullptr) continue;
    chat::Citation citation;
    citation.url = FindString(*source, "url");
    citation.title = FindString(*source, "title");
    citation.cited_text = FindString(*source, "content");  // OpenRouter
    const int64_t start = FindInteger(*source, "start_index").value_or(-1);
    const int64_t end = FindInteger(*source, "end_index").value_or(-1);
    if (start >= base && end >= start) {
      citation.start = start - base;
      citation.end = end - base;
    }
    citations.push_back(std::move(citation));
  }
  return citations;
}

Json ChatAnnotations(const std::vector<chat::Citation>& citations, int64_t base, int64_t end) {
  Json annotations = Json::array();
  for (const chat::Citation& citation : citations) {
    Json source = Json::object();
    source["url"] = citation.url;
    source["title"] = citation.title;
    const bool known = citation.start >= 0 && citation.end >= citation.start;
    source["start_index"] = known ? base + citation.start : base;
    source["end_index"] = known ? base + citation.end : end;
    Json annotation = Json::object();
    annotation["type"] = "url_citation";
    annotation["url_citation"] = std::move(source);
    annotations.push_back(std::move(annotation));
  }
  return annotations;
}

ChatReasoning ReadChatReasoning(const Json& message) {
  ChatReasoning reasoning;
  reasoning.text = FindString(message, "reasoning_content");
  if (reasoning.text.empty()) reasoning.text = FindString(message, "reasoning");
  const Json* const details = Find(message, "reasoning_details");
  if (details == nullptr || !details->is_array()) return reasoning;
  std::string all_text;
  std::string text;
  for (size_t i = 0; i < details->size(); ++i) {
    const Json& entry = (*details)[i];
    if (i == 0 || !GoesOn(entry, (*details)[i - 1])) text.clear();
    text.append(TextOfDetail(entry));
    all_text.append(TextOfDetail(entry));
    chat::Signature signature = SignatureOfDetail(entry);
    if (signature.origin.empty()) continue;
    chat::Part part;
    part.kind = PartKind::kReasoning;
    part.text = std::exchange(text, {});
    part.signature = std::move(signature);
    reasoning.signed_parts.push_back(std::move(part));
  }
  if (reasoning.text.empty()) reasoning.text = std::move(all_text);
  return reasoning;
}

Json ChatReasoningDetail(const chat::Part& reasoning, int index) {
  std::string sealed = SealSignature(reasoning.signature, kNoOrigin);
  if (sealed.empty()) return nullptr;
  Json detail = Json::object();
  if (reasoning.text.empty()) {
    detail["type"] = "reasoning.encrypted";
    detail["data"] = std::move(sealed);
  } else {
    detail["type"] = "reasoning.text";
    detail["text"] = reasoning.text;
    detail["signature"] = std::move(sealed);
  }
  detail["index"] = index;
  return detail;
}

chat::Signature ReadExtraContent(const Json& object, std::string_view model) {
  const Json* const extra = Find(object, "extra_content");
  const Json* const google = extra == nullptr ? nullptr : Find(*extra, "google");
  if (google == nullptr) return {};
  const std::string text = FindString(*google, "thought_signature");
  chat::Signature signature = UnsealSignature(text, kOriginGemini);
  if (!text.starts_with(kSealPrefix) && !signature.data.empty()) signature.model = model;
  return signature;
}

Json ExtraContent(std::string_view thought_signature) {
  if (thought_signature.empty()) return nullptr;
  Json google = Json::object();
  google["thought_signature"] = thought_signature;
  Json extra = Json::object();
  extra["google"] = std::move(google);
  return extra;
}

}  // namespace lmgate::dialect
