#pragma once

#include <string>
#include <string_view>

#include "dataplane/chat/chat_request.h"
#include "dataplane/dialect/openai_model.h"

namespace lmgate::dialect {

// What requests of OpenAI's two dialects have in common.

// `reasoning_effort`, `reasoning.effort`: what they say of how much a model shall think; empty =
// nothing: EffortFor has how it becomes a word that the model knows.
std::string OpenAiEffort(const chat::ReasoningRequest& reasoning, const OpenAiModel& model);

// `user`, short enough for OpenAI (64 bytes): a longer one by its hash.
std::string OpenAiEndUser(const std::string& end_user);

}  // namespace lmgate::dialect
