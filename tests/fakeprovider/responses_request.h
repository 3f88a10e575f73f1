#pragma once

#include <absl/status/statusor.h>
#include <simdjson.h>

#include "tests/fakeprovider/prompt.h"

namespace lmgate::fakeprovider {

struct ResponsesPrompt {
  Prompt prompt;
  bool wants_encrypted = false;  // reasoning as encrypted content
};

// Refuses, by RefuseParam(), what the API refuses: OpenAI API reference, "Responses", create.
absl::StatusOr<ResponsesPrompt> ReadResponsesPrompt(const simdjson::dom::object& body);

// What `encrypted_content` is of the reasoning that the fake has.
std::string EncryptReasoning();

}  // namespace lmgate::fakeprovider
