#include "common/base/logging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace lmgate {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(SetLogLevel, KnowsFourWords) {
  for (const char* level : {"debug", "warn", "error", "info"}) {
    EXPECT_TRUE(SetLogLevel(level).ok()) << level;
  }
}

TEST(SetLogLevel, RefusesAnyOtherAndNamesIt) {
  const absl::Status status = SetLogLevel("verbose");

  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("verbose"));
}

TEST(Log, ALineBreakInAMessageMakesNoSecondLine) {
  ::testing::internal::CaptureStderr();

  LogWarn("first\nsecond\r\x1b[31m {} %s");

  const std::string output = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 1);
  EXPECT_THAT(output, HasSubstr("first second  [31m {} %s"));
}

TEST(Log, BelowTheLevelNothingIsWritten) {
  ::testing::internal::CaptureStderr();

  LogDebug("hidden");

  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(Version, HasThreeNumbers) {
  EXPECT_THAT(std::string(Version()), MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

TEST(CheckDeathTest, AbortsWithTheCondition) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");

  EXPECT_DEATH(LMGATE_CHECK(1 + 1 == 3), "1 \\+ 1 == 3");
}

}  // namespace
}  // namespace lmgate
