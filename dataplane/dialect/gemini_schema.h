#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>

#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// Schemas beyond these are cut: what lies deeper, or comes after, is an object of any kind.
inline constexpr int kGeminiSchemaDepthMax = 64;
inline constexpr size_t kGeminiSchemaNodesMax = 20000;

// JSON Schema as the OpenAPI subset that `parameters` and `responseSchema` take (translation.md
// 5.2; Gemini API reference, Schema): any other key fails a whole request. References are written
// out, recursive ones to the second round. Types in upper case.
Json GeminiSchemaOf(const Json& json_schema);

// The inverse, of what a Gemini client wrote: lower-case types, `nullable` as a type of its own.
Json JsonSchemaOfGemini(const Json& gemini_schema);

}  // namespace lmgate::dialect
