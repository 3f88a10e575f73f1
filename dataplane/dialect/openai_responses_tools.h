#pragma once

#include <absl/status/status.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "dataplane/chat/chat_request.h"
#include "dataplane/dialect/json.h"

// Tools of openai-responses, wherever a request offers them.
namespace lmgate::dialect {

// Appends to tools and own_fields. `field` names the list. InvalidArgument as
// Dialect::DecodeRequest.
absl::Status ReadResponsesTools(const Json& tools, std::string_view field,
                                chat::ChatRequest* request);

// Offered again later in the conversation, a tool is the one that counts from there on: of several
// tools of one name the last one stays.
void DropReplacedTools(chat::ChatRequest* request);

// Under which name a tool of a namespace is offered; `space` may be empty.
std::string NameInNamespace(std::string_view space, std::string_view name);

}  // namespace lmgate::dialect
