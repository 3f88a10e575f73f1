#pragma once

#include <string>
#include <string_view>

namespace lmgate::testing {

// What is wrong with a stream of streamGenerateContent as a client's SDK would take it: an event
// stream, or a JSON array when it begins with '['. Empty = nothing. A stream that ends with an
// error is lawful; IsGeminiError tells.
std::string CheckGeminiStream(std::string_view bytes);

// True when the last chunk is an error.
bool IsGeminiError(std::string_view bytes);

}  // namespace lmgate::testing
