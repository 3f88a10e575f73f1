#pragma once

#include <string_view>

namespace lmgate::http1 {

// True when a lenient reader may take the field `key` of a body for `name` (lower case): whoever
// ignores the case (Go's encoding/json, .NET), or ends a text at its first NUL (C).
bool IsTakenFor(std::string_view key, std::string_view name);

}  // namespace lmgate::http1
