#pragma once

#include <string>
#include <string_view>

namespace lmgate::testing {

// Checks the bytes of a ConverseStream answer: messageStart, blocks one after another with dense
// indexes, messageStop, metadata; or an exception instead of all that was still to come. Empty =
// lawful, else what is wrong.
std::string CheckBedrockStream(std::string_view bytes);

}  // namespace lmgate::testing
