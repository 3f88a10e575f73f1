#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dataplane/chat/chat_event.h"
#include "dataplane/chat/part.h"
#include "dataplane/chat/token_usage.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// What Converse's requests, answers and streams have in common.

// Of `stopReason`; nullopt = the model's output was malformed: an error. Unknown words are kStop.
std::optional<chat::FinishReason> FinishOfStopReason(std::string_view reason);
std::string_view StopReasonOf(chat::FinishReason finish);
// Tool calls win over a reason that only says that the model came to its end.
chat::FinishReason FinishWithCalls(chat::FinishReason finish, bool has_calls);

// Whether a block of an answer, its start or its delta holds what no client can be given. An answer
// without it would look whole.
bool HasMedia(const Json& block);
inline constexpr char kMediaAnswer[] =
    "the model's answer holds an image or a sound, which cannot be translated";

// TokenUsage. Converse counts cached tokens beside inputTokens.
chat::TokenUsage ReadConverseUsage(const Json& usage);
Json WriteConverseUsage(const chat::TokenUsage& usage);

chat::Citation ReadConverseCitation(const Json& citation);
Json WriteConverseCitation(const chat::Citation& citation);

// `redactedContent` is base64 on the wire, whatever the signature is made of: an envelope
// (dialect/seal.h) is encoded once more.
std::string WriteRedactedContent(const chat::Signature& signature);
chat::Signature ReadRedactedContent(std::string_view content);

}  // namespace lmgate::dialect
