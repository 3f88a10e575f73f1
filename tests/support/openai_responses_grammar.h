#pragma once

#include <string>
#include <string_view>

namespace lmgate::testing {

// What is wrong with an event stream of openai-responses, as strict clients see it: numbers and
// order of events, items and their parts, and the final response with all its members. Empty =
// nothing. A stream that ends in response.failed is lawful.
std::string CheckOpenAiResponsesStream(std::string_view bytes);

// Of a response in one piece, or of the last event: its members and items.
std::string CheckOpenAiResponse(std::string_view json);

}  // namespace lmgate::testing
