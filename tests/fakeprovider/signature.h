#pragma once

#include <string>
#include <string_view>

namespace lmgate::fakeprovider {

// What proves that reasoning is the provider's own: the same for the same text and family
// ("anthropic", "gemini", "openai"), and nothing that a gateway could guess.
std::string SignReasoning(std::string_view family, std::string_view text);

}  // namespace lmgate::fakeprovider
