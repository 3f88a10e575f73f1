#include "common/options/friendly_duration.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "common/base/strings.h"

namespace lmgate::options {
namespace {

struct Unit {
  std::string_view name;
  int64_t milliseconds;
};

constexpr std::array kUnits{
    Unit{.name = "d", .milliseconds = 86'400'000}, Unit{.name = "h", .milliseconds = 3'600'000},
    Unit{.name = "m", .milliseconds = 60'000}, Unit{.name = "s", .milliseconds = 1'000},
    Unit{.name = "ms", .milliseconds = 1}};

// A hundred years: its nanoseconds still fit an int64_t, and so do those of a sum of two.
constexpr int64_t kDaysMax = 36'500;
// More digits than the largest duration needs in its smallest unit; keeps the sums below exact.
constexpr size_t kWholeDigitsMax = 13;
constexpr size_t kFractionDigitsMax = 9;

absl::Status Malformed(std::string_view text) {
  return absl::InvalidArgumentError(
      StrCat("\"", text, "\" is not a duration: write a number and ms, s, m, h or d, as 500ms"));
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The digits at the front of `*rest`, which is moved past them.
std::string_view TakeDigits(std::string_view* rest) {
  const auto end = std::find_if_not(rest->begin(), rest->end(), IsDigit);
  const auto count = static_cast<size_t>(end - rest->begin());
  const std::string_view digits = rest->substr(0, count);
  rest->remove_prefix(count);
  return digits;
}

int64_t DigitsToInteger(std::string_view digits) {
  int64_t value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return value;
}

}  // namespace

absl::StatusOr<absl::Duration> ParseFriendlyDuration(std::string_view text) {
  std::string_view rest = text;
  const std::string_view whole = TakeDigits(&rest);
  std::string_view fraction;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = TakeDigits(&rest);
    if (fraction.empty()) return Malformed(text);
  }
  const auto unit =
      std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) { return u.name == rest; });
  if (whole.empty() || unit == kUnits.end()) return Malformed(text);
  if (fraction.size() > kFractionDigitsMax) {
    return absl::InvalidArgumentError(
        StrCat("\"", text, "\" has more than ", kFractionDigitsMax, " digits of fraction"));
  }

  const absl::Duration one = absl::Milliseconds(unit->milliseconds);
  absl::Duration duration = absl::InfiniteDuration();
  if (whole.size() <= kWholeDigitsMax) {
    duration = one * DigitsToInteger(whole);
    int64_t scale = 1;
    for (size_t i = 0; i < fraction.size(); ++i) scale *= 10;
    duration += one * DigitsToInteger(fraction) / scale;
  }
  if (duration > absl::Hours(24) * kDaysMax) {
    return absl::InvalidArgumentError(StrCat("\"", text, "\" is longer than ", kDaysMax, "d"));
  }
  return duration;
}

std::string FormatFriendlyDuration(absl::Duration duration) {
  const int64_t nanos = absl::ToInt64Nanoseconds(std::max(duration, absl::ZeroDuration()));
  if (nanos == 0) return "0s";

  std::string shortest;
  for (const Unit& unit : kUnits) {
    const int64_t unit_nanos = unit.milliseconds * 1'000'000;
    if (nanos % unit_nanos != 0) continue;
    std::string text = StrCat(nanos / unit_nanos, unit.name);
    if (shortest.empty() || text.size() < shortest.size()) shortest = std::move(text);
  }
  if (!shortest.empty()) return shortest;

  std::string fraction = StrCat(nanos % 1'000'000);
  fraction.insert(0, 6 - fraction.size(), '0');
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return StrCat(nanos / 1'000'000, ".", fraction, "ms");
}

}  // namespace lmgate::options
