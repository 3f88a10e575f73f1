#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/chat/chat_event.h"
#include "dataplane/chat/part.h"
#include "dataplane/chat/token_usage.h"
#include "dataplane/dialect/dialect.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// The small shapes of OpenAI chat that requests, answers and chunks share.

// What a client is told as `id`: the provider's, when it is one of chat's.
std::string ChatAnswerId(std::string_view provider_id, const AnswerContext& context);

// `usage` of an answer or chunk (translation.md 9).
chat::TokenUsage ReadChatUsage(const Json& usage);
Json ChatUsage(const chat::TokenUsage& usage);

// `finish_reason`, also in the words of servers that are nearly compatible. Nullopt = none said.
std::optional<chat::FinishReason> ReadChatFinish(std::string_view word);
// True for a reason that means that the answer failed: there is no such reason at OpenAI.
bool IsChatFailure(std::string_view word);
// `refused`: the answer has a refusal's text, which says it better than a finish reason does.
std::string_view ChatFinish(chat::FinishReason finish, bool refused, const AnswerContext& context);

// `annotations`; others than url_citation are left out. Offsets are code points of the whole
// content: `base` is where the text that they belong to begins in it.
std::vector<chat::Citation> ReadChatAnnotations(const Json& annotations, int64_t base);
// A citation whose place is not known is of [base, end).
Json ChatAnnotations(const std::vector<chat::Citation>& citations, int64_t base, int64_t end);
// Reasoning of a message or delta: `reasoning_content`, `reasoning` as some servers say, or the
// `reasoning_details` that this gateway (and, without the envelope, OpenRouter) makes.
struct ChatReasoning {
  std::string text;                      // may be empty
  std::vector<chat::Part> signed_parts;  // those whose signature says whose it is
};
ChatReasoning ReadChatReasoning(const Json& message);
// One entry of `reasoning_details`; null = the part has no signature to carry. A vendor field that
// clients may send back, as OpenRouter's; the signature is sealed.
Json ChatReasoningDetail(const chat::Part& reasoning, int index);

// The signature of a tool call or text, where Google's own chat endpoint has it:
// {"extra_content":{"google":{"thought_signature":…}}}.
chat::Signature ReadExtraContent(const Json& object, std::string_view model);
// The value of `extra_content`; null = no signature.
Json ExtraContent(std::string_view thought_signature);

}  // namespace lmgate::dialect
