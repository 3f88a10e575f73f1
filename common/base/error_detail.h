#pragma once

#include <absl/status/status.h>

#include <optional>
#include <string>
#include <string_view>

namespace lmgate {

// What a management error says beside its message (v1::ErrorDetail on the wire).
struct FieldHint {
  std::string field;  // path as routes[2].to[0].connection; empty = none
  std::string hint;   // what to do about it; empty = none
};

// The status with the detail attached; `status` must not be OK. The message stays as it is, so it
// should name the field as well: logs show only messages.
absl::Status WithFieldHint(absl::Status status, FieldHint detail);

// Nullopt when the status carries none.
std::optional<FieldHint> GetFieldHint(const absl::Status& status);

// The entry of `known` that is nearest to `word` by edit distance, at most a third of its length
// and one away: for "did you mean". Of two as near the first. Empty = nothing is near.
template <typename Strings>
std::string NearestWord(std::string_view word, const Strings& known);

// Levenshtein distance, bytes. Both at most 256 long, longer ones count as far apart.
size_t EditDistance(std::string_view a, std::string_view b);

template <typename Strings>
std::string NearestWord(std::string_view word, const Strings& known) {
  std::string best;
  size_t best_distance = word.size() / 3 + 1;
  for (const auto& candidate : known) {
    const std::string text(candidate);
    const size_t distance = EditDistance(word, text);
    const bool nearer = best.empty() ? distance <= best_distance : distance < best_distance;
    if (nearer && distance < text.size()) {
      best = text;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace lmgate
