#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "dataplane/chat/chat_request.h"
#include "dataplane/dialect/json.h"

// `input` of openai-responses: the conversation as a list of items.
namespace lmgate::dialect {

// Appends to turns, system, tools and own_fields. InvalidArgument as Dialect::DecodeRequest.
absl::Status ReadResponsesInput(const Json& input, chat::ChatRequest* request);

// The turns as items, for a provider that is asked for `model`. Reasoning that this one did not
// sign stays out.
absl::StatusOr<Json> MakeResponsesInput(const chat::ChatRequest& request, std::string_view model);

// A member that must be there and not empty.
absl::StatusOr<std::string> RequireString(const Json& object, std::string_view name,
                                          std::string_view field);

}  // namespace lmgate::dialect
