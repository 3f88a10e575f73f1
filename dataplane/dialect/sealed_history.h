#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lmgate::dialect {

// The body of a request that passes through in its own dialect, without the reasoning that other
// providers signed (seal.h): it came to the client through here, in answers of another target of
// its route, and the provider would refuse the whole request for it. Every other byte stays.
// nullopt = there is none, which costs one search.
//
// A turn that has lost all it said goes too, or says "." where turns must alternate. Thinking with
// a budget is switched off where the tool loop that is under way has lost the thinking that it must
// begin with (translation.md 7.3). Not for openai-chat, whose providers ignore what they do not
// know.
std::optional<std::string> StripSealed(std::string_view dialect, std::string_view body);

}  // namespace lmgate::dialect
