#pragma once

#include <absl/status/statusor.h>
#include <simdjson.h>

#include "tests/fakeprovider/prompt.h"

namespace lmgate::fakeprovider {

// Where a request in Anthropic's JSON came to: what is allowed differs.
struct AnthropicRules {
  bool is_bedrock = false;   // InvokeModel: no model, no stream, a version in the body
  bool has_beta = false;     // the client asked for beta features
  bool only_counts = false;  // count_tokens: no max_tokens
};

// Refuses (InvalidArgument) what the API refuses: docs.claude.com, "Messages", "Extended thinking"
// and "Tool use". The messages are those of the API where they are known.
absl::StatusOr<Prompt> ReadAnthropicPrompt(const simdjson::dom::object& body,
                                           const AnthropicRules& rules);

}  // namespace lmgate::fakeprovider
