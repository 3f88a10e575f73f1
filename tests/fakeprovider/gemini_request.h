#pragma once

#include <absl/status/statusor.h>
#include <simdjson.h>

#include <string>
#include <string_view>

#include "tests/fakeprovider/prompt.h"

namespace lmgate::fakeprovider {

struct GeminiPrompt {
  Prompt prompt;
  size_t candidate_count = 1;
};

// Refuses (InvalidArgument) what the API refuses: ai.google.dev, "Generating content", "Function
// calling" and "Thought signatures".
absl::StatusOr<GeminiPrompt> ReadGeminiPrompt(const simdjson::dom::object& body,
                                              std::string_view model);

// Models that demand the signatures of their calls back, and give calls an id.
bool IsGemini3(std::string_view model);

// The thoughtSignature of a call of that function; of a text, if the name is empty.
std::string SignGeminiPart(std::string_view function);

// What the API says to a member that it does not know; `path` in snake_case, empty = the request.
absl::Status RefuseUnknownField(std::string_view name, std::string_view path);

}  // namespace lmgate::fakeprovider
