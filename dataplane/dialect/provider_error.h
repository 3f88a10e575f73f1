#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "dataplane/chat/chat_event.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// An answer that is an error, in whatever shape: OpenAI's, Anthropic's, Gemini's (also in an
// array), Bedrock's, FastAPI's list, a text, HTML or nothing. The kind follows from the provider's
// word for it, then its message, then `status`. `error_type`: the header x-amzn-errortype; empty =
// none. retry_after_ms is Gemini's RetryInfo only; headers are the caller's. The code is never
// empty.
chat::ProviderError DecodeProviderError(int status, std::string_view error_type,
                                        std::string_view body);

// True when an error's body refuses the API key by Google's reason for it, which comes with status
// 400 as a malformed request does: google/api/error_reason.proto, API_KEY_….
bool RefusesGoogleKey(std::string_view body);

// An error inside a stream or a 200: `error` is the object that holds message, type, code, status
// (OpenAI, Anthropic, Gemini: the member `error`; Bedrock: the payload). `word`: the exception's
// name, where it stands outside of it.
chat::ProviderError ErrorOfObject(const Json& error, std::string_view word);

// The error that stands in an answer of status 200 in one piece; nullopt = there is none.
std::optional<chat::ProviderError> FindErrorInAnswer(std::string_view body);

}  // namespace lmgate::dialect
