#pragma once

#include <string>
#include <string_view>

#include "dataplane/chat/chat_request.h"

namespace lmgate::dialect {

// What requests of OpenAI's two dialects have in common.

// `reasoning_effort`, `reasoning.effort`: what they say of how much a model shall think; empty =
// nothing. "None" becomes the least that the model knows, and nothing where it can only think, or
// not at all.
std::string OpenAiEffort(const chat::ReasoningRequest& reasoning, std::string_view model);

// `user`, short enough for OpenAI (64 bytes): a longer one by its hash.
std::string OpenAiEndUser(const std::string& end_user);

}  // namespace lmgate::dialect
