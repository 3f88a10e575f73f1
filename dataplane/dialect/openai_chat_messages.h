#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "dataplane/chat/chat_request.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// The `messages` of a request to its system text and turns. What only OpenAI can carry is put into
// own_fields. InvalidArgument names the field.
absl::Status DecodeChatMessages(const Json& body, chat::ChatRequest* request);

// Members of a request that must be there; `field` is the member's path. The object lives as long
// as the one that holds it.
absl::StatusOr<const Json*> GetChatObject(const Json& object, std::string_view name,
                                          std::string_view field);
absl::StatusOr<std::string> GetChatText(const Json& object, std::string_view name,
                                        std::string_view field);
// As GetChatText, and something must be said.
absl::StatusOr<std::string> GetChatName(const Json& object, std::string_view name,
                                        std::string_view field);
// The path of a list's entry.
std::string ChatEntry(std::string_view list, size_t i);

}  // namespace lmgate::dialect
