#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lmgate::testing {

// What is wrong with a stream of Anthropic events as a client gets it; empty = nothing. The stream
// must be whole: it ends with message_stop, or with an error.
std::string CheckAnthropicStream(std::string_view bytes);

// The same of the events alone, each as its JSON: what Bedrock's InvokeModel wraps in frames. An
// error has no event there: `broken_off` = one ended the stream.
std::string CheckAnthropicEvents(const std::vector<std::string>& events, bool broken_off);

}  // namespace lmgate::testing
