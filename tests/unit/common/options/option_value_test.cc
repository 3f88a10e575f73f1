#include "common/options/option_value.h"

#include <limits>

#include "tests/support/status_matchers.h"

namespace lmgate::options {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

TEST(OptionValue, StringTakesEverything) {
  std::string target = "before";

  EXPECT_THAT(ToString(&target)("a b"), IsOk());
  EXPECT_EQ(target, "a b");
  EXPECT_THAT(ToString(&target)(""), IsOk());
  EXPECT_EQ(target, "");
}

TEST(OptionValue, IntegerKeepsWithinItsRange) {
  int64_t target = 7;
  const ValueParser parse = ToInteger(&target, -1, 10);

  EXPECT_THAT(parse("10"), IsOk());
  EXPECT_EQ(target, 10);
  EXPECT_THAT(parse("-1"), IsOk());
  EXPECT_EQ(target, -1);
  EXPECT_THAT(parse("11"), StatusIs(kInvalid, "\"11\" is not within -1 and 10"));
  EXPECT_THAT(parse("-2"), StatusIs(kInvalid, HasSubstr("not within")));
  EXPECT_EQ(target, -1);
}

TEST(OptionValue, IntegerRefusesWhatIsNoWholeNumber) {
  int64_t target = 7;
  const ValueParser parse =
      ToInteger(&target, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());

  for (const std::string_view text :
       {"", "x", "1.0", "1 ", " 1", "+1", "0x1", "1e3", "9223372036854775808"}) {
    EXPECT_THAT(parse(text), StatusIs(kInvalid, HasSubstr("is not a whole number"))) << text;
  }
  EXPECT_EQ(target, 7);
}

TEST(OptionValue, BoolKnowsFourPairsOfWords) {
  for (const std::string_view yes : {"true", "yes", "on", "1", "TRUE", ""}) {
    bool target = false;
    EXPECT_THAT(ToBool(&target)(yes), IsOk());
    EXPECT_TRUE(target) << yes;
  }
  for (const std::string_view no : {"false", "no", "off", "0", "Off"}) {
    bool target = true;
    EXPECT_THAT(ToBool(&target)(no), IsOk());
    EXPECT_FALSE(target) << no;
  }
  bool target = true;
  EXPECT_THAT(ToBool(&target)("nope"), StatusIs(kInvalid, HasSubstr("\"nope\" is none of true")));
  EXPECT_TRUE(target);
}

TEST(OptionValue, DurationKeepsWithinItsRange) {
  absl::Duration target;
  const ValueParser parse = ToDuration(&target, absl::Seconds(1), absl::Minutes(1));

  EXPECT_THAT(parse("1s"), IsOk());
  EXPECT_THAT(parse("60s"), IsOk());
  EXPECT_EQ(target, absl::Minutes(1));
  EXPECT_THAT(parse("999ms"), StatusIs(kInvalid, "\"999ms\" is not within 1s and 1m"));
  EXPECT_THAT(parse("60.1s"), StatusIs(kInvalid, HasSubstr("not within")));
  EXPECT_THAT(parse("10"), StatusIs(kInvalid, HasSubstr("is not a duration")));
  EXPECT_EQ(target, absl::Minutes(1));
}

TEST(OptionValue, BytesKnowTheirUnits) {
  const struct {
    std::string_view text;
    uint64_t bytes;
  } cases[] = {
      {"0", 0},           {"512", 512},
      {"64KiB", 65536},   {"32MiB", 33554432},
      {"1GiB", 1u << 30}, {"4k", 4096},
      {"4K", 4096},       {"1M", 1u << 20},
      {"1G", 1u << 30},   {"17179869183GiB", 18446744072635809792u},
  };
  for (const auto& [text, bytes] : cases) {
    uint64_t target = 1;
    EXPECT_THAT(ToBytes(&target, 0, std::numeric_limits<uint64_t>::max())(text), IsOk());
    EXPECT_EQ(target, bytes) << text;
  }
}

TEST(OptionValue, BytesRefuseWhatIsNoSize) {
  uint64_t target = 7;
  const ValueParser parse = ToBytes(&target, 0, std::numeric_limits<uint64_t>::max());

  for (const std::string_view text : {"", "k", "-1", "1.5MiB", "1 MiB", "1mib", "1B", "1KB",
                                      "17179869184GiB", "18446744073709551616"}) {
    EXPECT_THAT(parse(text), StatusIs(kInvalid, HasSubstr("is not a size"))) << text;
  }
  EXPECT_EQ(target, 7u);
}

TEST(OptionValue, BytesKeepWithinTheirRange) {
  uint64_t target = 7;
  const ValueParser parse = ToBytes(&target, 1000, 32 << 20);

  EXPECT_THAT(parse("1000"), IsOk());
  EXPECT_THAT(parse("32MiB"), IsOk());
  EXPECT_THAT(parse("999"), StatusIs(kInvalid, "\"999\" is not within 1000 and 32MiB"));
  EXPECT_THAT(parse("33554433"), StatusIs(kInvalid, HasSubstr("not within")));
}

TEST(OptionValue, HostPortIsStoredOnlyWhenGood) {
  HostPort target{.host = "before", .port = 1};

  EXPECT_THAT(ToHostPort(&target)("nonsense"), StatusIs(kInvalid, HasSubstr("HOST:PORT")));
  EXPECT_EQ(target.Text(), "before:1");
  EXPECT_THAT(ToHostPort(&target)("[::1]:8000"), IsOk());
  EXPECT_EQ(target.Text(), "[::1]:8000");
}

TEST(OptionValue, AnErrorRepeatsAtMostAHundredBytes) {
  int64_t target = 0;

  EXPECT_THAT(ToInteger(&target, 0, 1)(std::string(101, 'x')),
              StatusIs(kInvalid, "\"" + std::string(100, 'x') + "\" is not a whole number"));
}

}  // namespace
}  // namespace lmgate::options
