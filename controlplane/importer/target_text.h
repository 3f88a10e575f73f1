#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lmgate/v1/resources.pb.h"

namespace lmgate::importer {

// `openai.gpt-4.1` <-> {connection: openai, model: gpt-4.1}: split at the first dot, which names of
// connections cannot have. Nullopt when a side is empty or there is no dot.
std::optional<v1::Target> ParseTargetText(std::string_view text);

// Nullopt when the short form would not say the same: a weight, no model, or a dot in the name.
std::optional<std::string> FormatTargetText(const v1::Target& target);

}  // namespace lmgate::importer
