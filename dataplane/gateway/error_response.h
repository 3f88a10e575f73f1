#pragma once

#include <string>
#include <string_view>

#include "common/contract/error_code.h"
#include "dataplane/chat/chat_event.h"
#include "dataplane/dialect/error_shape.h"

namespace lmgate::gateway {

using dialect::ErrorShape;

// The one place that turns an outcome into an HTTP answer.
int HttpStatusOf(ErrorShape shape, contract::ErrorCode code);

// Text a person reads when nothing more precise is known.
std::string_view DefaultMessage(contract::ErrorCode code);

// The JSON body; dialect::ErrorBody says the shapes. `param`: the field that is wrong; empty =
// null.
std::string ErrorBody(ErrorShape shape, contract::ErrorCode code, std::string_view message,
                      std::string_view param, std::string_view request_id);

// The same as one event of a stream that is under way, terminated; for Bedrock a frame.
std::string ErrorEvent(ErrorShape shape, contract::ErrorCode code, std::string_view message,
                       std::string_view request_id);

// Header lines beside the content's: retry-after for what passes, x-should-retry where the status
// would mislead an SDK (openai-python _base_client.py: the header overrides the status), for
// Bedrock the exception's name, from which its SDK takes the class.
std::string ErrorHeaders(ErrorShape shape, contract::ErrorCode code);

// A provider's refusal in the shape of a client of another dialect (translation.md 12.2).
struct TranslatedError {
  int status = 0;
  std::string body;
  std::string headers;  // lines, as ErrorHeaders
};
TranslatedError TranslateError(ErrorShape shape, const chat::ProviderError& error,
                               std::string_view request_id);

// Anthropic's refusal of a conversation that its server would hold (field kThreadField): SDKs that
// opted in send the whole history then.
inline constexpr std::string_view kThreadField = "thread";
std::string ThreadRefusedBody(std::string_view message, std::string_view request_id);

// Our word for an error that stands in a provider's stream, or ends it.
chat::ProviderError AsProviderError(contract::ErrorCode code, std::string_view message);

}  // namespace lmgate::gateway
