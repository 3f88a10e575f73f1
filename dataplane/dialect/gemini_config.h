#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <nlohmann/json_fwd.hpp>

#include "dataplane/chat/chat_request.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// `generationConfig` of a client's request into `request`; its mediaResolution goes to the images
// of the turns, which must be there.
absl::Status ReadGeminiConfig(const Json& config, chat::ChatRequest* request);

// The same for the provider's `model`; empty = nothing to say. InvalidArgument: more stop
// sequences than Gemini takes.
absl::StatusOr<Json> WriteGeminiConfig(const chat::ChatRequest& request, std::string_view model);

}  // namespace lmgate::dialect
