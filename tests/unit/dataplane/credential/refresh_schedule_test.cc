#include "dataplane/credential/refresh_schedule.h"

#include <absl/random/random.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lmgate::credential {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

TEST(RefreshSchedule, ComesFiveMinutesBeforeTheEnd) {
  absl::BitGen random;
  RefreshSchedule schedule({});
  for (int i = 0; i < 100; ++i) {
    const absl::Time next = schedule.AfterSuccess(kNow, kNow + absl::Hours(1), random);
    EXPECT_THAT(next - kNow, AllOf(Ge(absl::Minutes(53.75)), Le(absl::Minutes(55))));
  }
}

TEST(RefreshSchedule, OfAShortLifeItTakesAFifth) {
  absl::BitGen random;
  RefreshSchedule schedule({});
  for (int i = 0; i < 100; ++i) {
    const absl::Time next = schedule.AfterSuccess(kNow, kNow + absl::Seconds(10), random);
    EXPECT_THAT(next - kNow, AllOf(Ge(absl::Seconds(7.5)), Le(absl::Seconds(8))));
  }
}

TEST(RefreshSchedule, LooksAgainAtWhatHasNoEnd) {
  absl::BitGen random;
  RefreshSchedule schedule({});
  const absl::Time next = schedule.AfterSuccess(kNow, absl::InfiniteFuture(), random);
  EXPECT_THAT(next - kNow, AllOf(Ge(absl::Minutes(5)), Le(absl::Minutes(6.25))));
}

TEST(RefreshSchedule, RetriesWithAStepThatDoublesToItsMaximum) {
  absl::BitGen random;
  RefreshSchedule schedule({.retry_min = absl::Seconds(1), .retry_max = absl::Seconds(4)});
  for (const int seconds : {1, 2, 4, 4, 4}) {
    EXPECT_THAT(schedule.AfterFailure(kNow, random) - kNow,
                AllOf(Ge(absl::Seconds(seconds) / 2), Le(absl::Seconds(seconds))));
  }
}

TEST(RefreshSchedule, ASuccessEndsTheGrowing) {
  absl::BitGen random;
  RefreshSchedule schedule({});
  for (int i = 0; i < 5; ++i) schedule.AfterFailure(kNow, random);

  schedule.AfterSuccess(kNow, kNow + absl::Hours(1), random);

  EXPECT_LE(schedule.AfterFailure(kNow, random) - kNow, absl::Seconds(1));
}

TEST(RefreshSchedule, TakesOneRefusalAMinute) {
  RefreshSchedule schedule({});

  EXPECT_TRUE(schedule.TakeRefusal(kNow));
  EXPECT_FALSE(schedule.TakeRefusal(kNow + absl::Seconds(59)));
  EXPECT_TRUE(schedule.TakeRefusal(kNow + absl::Minutes(1)));
}

TEST(RefreshSchedule, AClockSetBackDelaysNoRefusal) {
  RefreshSchedule schedule({});
  schedule.TakeRefusal(kNow);

  EXPECT_TRUE(schedule.TakeRefusal(kNow - absl::Hours(1)));
}

}  // namespace
}  // namespace lmgate::credential
