#include "dataplane/control/reconnect_backoff.h"

#include <absl/random/random.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace lmgate::control {
namespace {

constexpr ReconnectBackoff::Options kOptions{
    .min = absl::Milliseconds(100), .max = absl::Seconds(5), .settled = absl::Seconds(1)};
const ReconnectBackoff::StreamOutcome kFailed{.received = false, .lived = absl::ZeroDuration()};
const ReconnectBackoff::StreamOutcome kBrief{.received = true, .lived = absl::Milliseconds(5)};
const ReconnectBackoff::StreamOutcome kLasted{.received = false, .lived = absl::Seconds(1)};

TEST(ReconnectBackoff, DoublesWithJitterUpToTheMaximum) {
  absl::BitGen random;
  ReconnectBackoff backoff(kOptions);
  absl::Duration step = kOptions.min;

  for (int i = 0; i < 10; ++i) {
    const absl::Duration wait = backoff.Next(kFailed, random);
    EXPECT_GE(wait, step / 2);
    EXPECT_LE(wait, step);
    step = std::min(step * 2, kOptions.max);
  }
  EXPECT_EQ(step, kOptions.max);
}

TEST(ReconnectBackoff, ComesBackAtOnceAfterAStreamThatWorked) {
  absl::BitGen random;
  ReconnectBackoff backoff(kOptions);
  for (int i = 0; i < 10; ++i) backoff.Next(kFailed, random);

  EXPECT_EQ(backoff.Next(kLasted, random), absl::ZeroDuration());
  EXPECT_LE(backoff.Next(kFailed, random), kOptions.min);
  EXPECT_EQ(backoff.Next(kBrief, random), absl::ZeroDuration());
}

TEST(ReconnectBackoff, DoesNotSpinOnStreamsThatBreakAtOnce) {
  absl::BitGen random;
  ReconnectBackoff backoff(kOptions);

  EXPECT_EQ(backoff.Next(kBrief, random), absl::ZeroDuration());
  EXPECT_GE(backoff.Next(kBrief, random), kOptions.min / 2);
}

}  // namespace
}  // namespace lmgate::control
