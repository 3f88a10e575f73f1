#include "common/base/clock.h"

#include <gtest/gtest.h>

namespace lmgate {
namespace {

TEST(SystemClock, SteadyNanosNeverGoBack) {
  const SystemClock clock;
  int64_t before = clock.SteadyNanos();
  for (int i = 0; i < 10000; ++i) {
    const int64_t now = clock.SteadyNanos();
    ASSERT_GE(now, before);
    before = now;
  }
}

TEST(SystemClock, NowIsWallTime) {
  const SystemClock clock;

  // The year in which this was written: a clock of another epoch would be decades off.
  EXPECT_GT(clock.Now(), absl::FromCivil(absl::CivilYear(2024), absl::UTCTimeZone()));
}

}  // namespace
}  // namespace lmgate
