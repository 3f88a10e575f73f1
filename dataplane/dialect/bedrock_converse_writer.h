#pragma once

#include <absl/status/statusor.h>

#include "dataplane/chat/chat_request.h"
#include "dataplane/dialect/dialect.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// The body that asks a provider of Converse. InvalidArgument: a part or a tool that it cannot
// carry.
absl::StatusOr<Json> WriteConverseRequest(const chat::ChatRequest& request,
                                          const BackendTraits& traits);

}  // namespace lmgate::dialect
