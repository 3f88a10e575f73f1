#pragma once

#include <string>
#include <string_view>

#include "common/contract/error_code.h"

namespace lmgate::gateway {

// Whose SDK will read the error.
enum class ErrorShape { kOpenAi, kAnthropic };

// The one place that turns an outcome into an HTTP answer.
int HttpStatusOf(contract::ErrorCode code);

// Text a person reads when nothing more precise is known.
std::string_view DefaultMessage(contract::ErrorCode code);

// The JSON body. OpenAI: {"error":{"message","type","param","code"}}, all four always there.
// Anthropic: {"type":"error","error":{"type","message","code"},"request_id"}. `param`: the field
// that is wrong; empty = null.
std::string ErrorBody(ErrorShape shape, contract::ErrorCode code, std::string_view message,
                      std::string_view param, std::string_view request_id);

// The same as one event of a stream that is under way, terminated.
std::string ErrorEvent(ErrorShape shape, contract::ErrorCode code, std::string_view message,
                       std::string_view request_id);

// Header lines beside the content's: retry-after for what passes, x-should-retry where the status
// would mislead an SDK (openai-python _base_client.py: the header overrides the status).
std::string_view ErrorHeaders(contract::ErrorCode code);

}  // namespace lmgate::gateway
