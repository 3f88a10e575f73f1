#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "dataplane/chat/chat_request.h"
#include "dataplane/chat/part.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// `contents` of a client's request as turns. A call without an id gets one by its position,
// "call_1" the first of the request, so that it is the same in every turn to come; a result without
// a known id is the next of its name.
absl::Status ReadGeminiContents(const Json& contents, chat::ChatRequest* request);
// `systemInstruction`.
absl::Status ReadGeminiSystem(const Json& instruction, chat::ChatRequest* request);

// The turns as `contents` for the provider's `model`. InvalidArgument: media at an address that
// Google does not fetch.
absl::StatusOr<Json> WriteGeminiContents(const chat::ChatRequest& request, std::string_view model);

// A call's part, without its signature. No id = none is written.
Json WriteGeminiCall(std::string_view id, std::string_view name, std::string_view arguments);

// `thoughtSignature` as a client is given it. The SDKs read it as base64 and send back the bytes:
// a sealed one (seal.h) is written as base64 once more. Empty = there is none.
std::string WriteGeminiSignature(const chat::Signature& signature);
// kSealOfNothing as a signature of Gemini's.
std::string GeminiSealOfNothing();
// The inverse, of any spelling of base64.
chat::Signature ReadGeminiSignature(std::string_view text);

}  // namespace lmgate::dialect
