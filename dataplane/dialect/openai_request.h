#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "dataplane/chat/chat_request.h"
#include "dataplane/dialect/json.h"
#include "dataplane/dialect/openai_model.h"

namespace lmgate::dialect {

// What requests of OpenAI's two dialects have in common.

// `reasoning_effort`, `reasoning.effort`: what they say of how much a model shall think; empty =
// nothing: EffortFor has how it becomes a word that the model knows.
std::string OpenAiEffort(const chat::ReasoningRequest& reasoning, const OpenAiModel& model);

// The members of a request of which ChatRequest::openai_fields consists.
std::string ReadOpenAiFields(const Json& body);

// Those that came from a client of the other dialect, and the end user. Only OpenAI's own models
// are sent the former: many a compatible server refuses what it does not know. Metadata goes to
// openai-chat only when it is to store the answer: OpenAI refuses it otherwise.
void SetOpenAiFields(const chat::ChatRequest& request, const OpenAiModel& model,
                     std::string_view dialect, Json* body);

// ChatEvent::logprobs of a list of entries, from the one with this index on. Null = none.
std::string ReadLogprobs(const Json* entries, size_t from);
// The list of entries.
Json LogprobsList(std::string_view logprobs);

// `user`, short enough for OpenAI (64 bytes): a longer one by its hash.
std::string OpenAiEndUser(const std::string& end_user);

}  // namespace lmgate::dialect
