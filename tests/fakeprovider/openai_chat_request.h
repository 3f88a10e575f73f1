#pragma once

#include <absl/status/statusor.h>
#include <simdjson.h>

#include <string_view>

#include "tests/fakeprovider/prompt.h"

namespace lmgate::fakeprovider {

// Refuses, by RefuseParam(), what the API refuses: OpenAI API reference, "Chat", create.
absl::StatusOr<Prompt> ReadChatPrompt(const simdjson::dom::object& body, std::string_view model);

}  // namespace lmgate::fakeprovider
