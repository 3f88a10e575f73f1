#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lmgate::dialect {

// The id of a tool call as a provider takes it: itself when it is at most `bytes_max` long and of
// letters, digits, '_' and '-', else `prefix` and 24 characters that depend on the id alone: the
// same for the call and its result.
std::string ToolIdFor(std::string_view id, std::string_view prefix, size_t bytes_max);

// A tool's name likewise: [a-zA-Z0-9_-], at most `bytes_max`; else what fits of it, '_' and 8
// characters that depend on the name alone.
std::string ToolNameFor(std::string_view name, size_t bytes_max);

}  // namespace lmgate::dialect
