#include "common/options/friendly_duration.h"

#include <iostream>
#include <random>

#include "common/base/strings.h"
#include "tests/support/status_matchers.h"

namespace lmgate::options {
namespace {

using ::lmgate::testing::IsOkAndHolds;
using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;

TEST(FriendlyDuration, EachUnitIsUnderstood) {
  EXPECT_THAT(ParseFriendlyDuration("500ms"), IsOkAndHolds(absl::Milliseconds(500)));
  EXPECT_THAT(ParseFriendlyDuration("10s"), IsOkAndHolds(absl::Seconds(10)));
  EXPECT_THAT(ParseFriendlyDuration("1m"), IsOkAndHolds(absl::Minutes(1)));
  EXPECT_THAT(ParseFriendlyDuration("2h"), IsOkAndHolds(absl::Hours(2)));
  EXPECT_THAT(ParseFriendlyDuration("30d"), IsOkAndHolds(absl::Hours(720)));
}

TEST(FriendlyDuration, FractionsAreExact) {
  EXPECT_THAT(ParseFriendlyDuration("1.5s"), IsOkAndHolds(absl::Milliseconds(1500)));
  EXPECT_THAT(ParseFriendlyDuration("0.1s"), IsOkAndHolds(absl::Milliseconds(100)));
  EXPECT_THAT(ParseFriendlyDuration("0.000001ms"), IsOkAndHolds(absl::Nanoseconds(1)));
  EXPECT_THAT(ParseFriendlyDuration("0.999999999s"), IsOkAndHolds(absl::Nanoseconds(999'999'999)));
  EXPECT_THAT(ParseFriendlyDuration("0s"), IsOkAndHolds(absl::ZeroDuration()));
}

TEST(FriendlyDuration, AnythingElseIsRefused) {
  for (const std::string_view text : {"", "s", "10", "-1s", "+1s", "1 s", " 1s", "1s ", "1S", "1us",
                                      "1m30s", ".5s", "1.s", "1..5s", "1e3s", "inf", "0x1s"}) {
    EXPECT_THAT(ParseFriendlyDuration(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is not a duration")))
        << text;
  }
}

TEST(FriendlyDuration, NineDigitsOfFractionAreTheMost) {
  EXPECT_THAT(ParseFriendlyDuration("1.000000001s"),
              IsOkAndHolds(absl::Seconds(1) + absl::Nanoseconds(1)));
  EXPECT_THAT(ParseFriendlyDuration("1.0000000001s"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("9 digits")));
}

TEST(FriendlyDuration, AHundredYearsAreTheMost) {
  EXPECT_THAT(ParseFriendlyDuration("36500d"), IsOkAndHolds(absl::Hours(876'000)));
  for (const std::string_view text : {"36501d", "36500.000000001d", "3153600000001ms",
                                      "99999999999999ms", "999999999999999999999999d"}) {
    EXPECT_THAT(ParseFriendlyDuration(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("longer than 36500d")))
        << text;
  }
}

TEST(FriendlyDuration, TheShortestTextIsChosen) {
  EXPECT_EQ(FormatFriendlyDuration(absl::Seconds(90)), "90s");
  EXPECT_EQ(FormatFriendlyDuration(absl::Milliseconds(500)), "500ms");
  EXPECT_EQ(FormatFriendlyDuration(absl::Minutes(10)), "10m");
  EXPECT_EQ(FormatFriendlyDuration(absl::Hours(24)), "1d");
  EXPECT_EQ(FormatFriendlyDuration(absl::Hours(36)), "36h");
  EXPECT_EQ(FormatFriendlyDuration(absl::Milliseconds(1500)), "1500ms");
  EXPECT_EQ(FormatFriendlyDuration(absl::Microseconds(1500)), "1.5ms");
  EXPECT_EQ(FormatFriendlyDuration(absl::Nanoseconds(1)), "0.000001ms");
  EXPECT_EQ(FormatFriendlyDuration(absl::ZeroDuration()), "0s");
  EXPECT_EQ(FormatFriendlyDuration(absl::Seconds(-1)), "0s");
}

TEST(FriendlyDuration, WhatIsFormattedIsReadBack) {
  const unsigned seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  const int64_t nanos_max = absl::ToInt64Nanoseconds(absl::Hours(876'000));
  for (int i = 0; i < 10'000; ++i) {
    // Every magnitude, and often a round number.
    int64_t nanos = static_cast<int64_t>(random() >> (random() % 63)) % (nanos_max + 1);
    if (nanos < 0) continue;
    if (random() % 2 == 0) nanos -= nanos % 1'000'000;
    const absl::Duration duration = absl::Nanoseconds(nanos);

    const std::string text = FormatFriendlyDuration(duration);

    ASSERT_THAT(ParseFriendlyDuration(text), IsOkAndHolds(duration)) << text;
  }
}

}  // namespace
}  // namespace lmgate::options
