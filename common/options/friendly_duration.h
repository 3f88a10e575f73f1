#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <string>
#include <string_view>

namespace lmgate::options {

// "500ms" and friends, also used by the configuration file: a number with one unit of ms, s, m, h,
// d (fractions of up to nine digits allowed: 1.5s), not negative, at most 36500d.
absl::StatusOr<absl::Duration> ParseFriendlyDuration(std::string_view text);

// The shortest such text in a unit that divides the duration: "90s", "500ms", "10m". What is finer
// than a millisecond becomes a fraction of one, what is finer than a nanosecond is cut off.
std::string FormatFriendlyDuration(absl::Duration duration);

}  // namespace lmgate::options
