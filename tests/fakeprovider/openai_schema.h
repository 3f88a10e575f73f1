#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace lmgate::fakeprovider {

// What OpenAI's strict mode has against a schema; empty = nothing. OpenAI, "Structured Outputs",
// supported schemas: every object names all its properties as required and allows no others.
std::string FindStrictFault(const simdjson::dom::element& schema);

// ^[a-zA-Z0-9_-]+$ and at most so long: names of functions and schemas.
bool IsOpenaiName(std::string_view name, size_t bytes_max = 64);

}  // namespace lmgate::fakeprovider
