#pragma once

#include <absl/status/status.h>
#include <simdjson.h>

#include <string_view>

namespace lmgate::fakeprovider {

// Refuses (InvalidArgument) what is not in Gemini's subset of OpenAPI 3.0: ai.google.dev, API
// reference, "Schema". `path` is where the schema stands in the request.
absl::Status CheckGeminiSchema(const simdjson::dom::element& schema, std::string_view path);

}  // namespace lmgate::fakeprovider
