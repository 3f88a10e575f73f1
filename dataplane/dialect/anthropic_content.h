#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/chat/chat_request.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// Fills system and turns of `request` from the members of that name, and own_fields from blocks
// that only Anthropic knows.
absl::Status ReadAnthropicMessages(const Json& body, chat::ChatRequest* request);

// What the blocks of one request share.
struct AnthropicContentRules {
  std::string_view model = {};  // whose signatures count; the provider's name of it
  bool sends_reasoning = true;  // false = thinking is off: the history's is left out
  int cache_marks_left = 4;     // a request with more is refused (Anthropic docs, Prompt caching)
};

// {"cache_control":…} onto `block` when `wanted` and one is left.
void MarkForCache(bool wanted, AnthropicContentRules* rules, Json* block);

// The member `system`; null = there is none. `instruction` is one more text at its end; empty = no.
Json WriteAnthropicSystem(const std::vector<chat::Part>& system, std::string_view instruction,
                          AnthropicContentRules* rules);
// The member `messages`.
absl::StatusOr<Json> WriteAnthropicMessages(const std::vector<chat::Turn>& turns,
                                            AnthropicContentRules* rules);

}  // namespace lmgate::dialect
