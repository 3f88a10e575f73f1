#include "common/contract/system_edits.h"

#include <absl/strings/ascii.h>

namespace lmgate::contract {

std::optional<SystemEdits> CompileSystemEdits(const v1::SystemEdits& edits) {
  SystemEdits compiled;
  for (const v1::SystemReplacement& replacement : edits.replace()) {
    if (replacement.from() == replacement.to()) continue;
    compiled.replace.push_back({.from = replacement.from(), .to = replacement.to()});
  }
  compiled.append = std::string(absl::StripAsciiWhitespace(edits.append()));
  compiled.inject_progress = edits.inject_progress();
  const bool idle =
      compiled.replace.empty() && compiled.append.empty() && !compiled.inject_progress;
  if (idle) return std::nullopt;
  return compiled;
}

}  // namespace lmgate::contract
