#include "dataplane/http1/timer_wheel.h"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace lmgate::http1 {
namespace {

using std::chrono::seconds;

// An entry that runs a function when it expires.
class Alarm {
 public:
  explicit Alarm(
      TimerWheel& wheel, std::function<void()> ring = [] {})
      : ring_(std::move(ring)), entry_(wheel, &Alarm::Expire, this) {}

  TimerWheel::Entry& entry() { return entry_; }
  int rung() const { return rung_; }
  int64_t rung_ms() const { return rung_ms_; }

 private:
  static void Expire(void* owner) {
    auto* alarm = static_cast<Alarm*>(owner);
    ++alarm->rung_;
    alarm->rung_ms_ = TimerWheel::NowMs();
    alarm->ring_();
  }

  int rung_ = 0;
  int64_t rung_ms_ = 0;
  std::function<void()> ring_;
  TimerWheel::Entry entry_;
};

class TimerWheelTest : public ::testing::Test {
 protected:
  // Runs until `alarm` has rung, at most ten seconds.
  void RunUntilRung(const Alarm& alarm) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(10);
    while (alarm.rung() == 0 && std::chrono::steady_clock::now() < deadline) {
      io_.run_one_until(deadline);
    }
    ASSERT_GT(alarm.rung(), 0);
  }

  boost::asio::io_context io_{1};
  TimerWheel wheel_{io_};
};

TEST_F(TimerWheelTest, ExpiresOnceAndNeverEarly) {
  Alarm alarm(wheel_);
  const int64_t deadline_ms = TimerWheel::NowMs() + 30;
  alarm.entry().Set(deadline_ms);
  EXPECT_TRUE(alarm.entry().is_set());

  RunUntilRung(alarm);

  EXPECT_GE(alarm.rung_ms(), deadline_ms);
  EXPECT_FALSE(alarm.entry().is_set());
  EXPECT_EQ(io_.run_for(seconds(5)), 0u) << "nothing set, nothing ticks";
  EXPECT_EQ(alarm.rung(), 1);
}

TEST_F(TimerWheelTest, DeadlineInThePastExpiresAtTheNextTick) {
  Alarm alarm(wheel_);
  alarm.entry().Set(1);

  RunUntilRung(alarm);
}

TEST_F(TimerWheelTest, ExpiresInOrderOfDeadlines) {
  const int64_t now_ms = TimerWheel::NowMs();
  std::string order;
  Alarm late(wheel_, [&] { order += 'c'; });
  Alarm early(wheel_, [&] { order += 'a'; });
  Alarm middle(wheel_, [&] { order += 'b'; });
  late.entry().Set(now_ms + 60);
  early.entry().Set(now_ms + 20);
  middle.entry().Set(now_ms + 40);

  RunUntilRung(late);

  EXPECT_EQ(order, "abc");
}

TEST_F(TimerWheelTest, ClearedAndDestroyedEntriesDoNotExpire) {
  const int64_t now_ms = TimerWheel::NowMs();
  Alarm cleared(wheel_);
  auto destroyed = std::make_unique<Alarm>(wheel_, [] { ADD_FAILURE(); });
  Alarm last(wheel_);
  cleared.entry().Set(now_ms + 10);
  destroyed->entry().Set(now_ms + 10);
  last.entry().Set(now_ms + 40);

  cleared.entry().Clear();
  destroyed.reset();
  RunUntilRung(last);

  EXPECT_EQ(cleared.rung(), 0);
  EXPECT_FALSE(cleared.entry().is_set());
}

TEST_F(TimerWheelTest, DeadlineMovesLaterAndEarlier) {
  const int64_t now_ms = TimerWheel::NowMs();
  Alarm later(wheel_);
  Alarm earlier(wheel_);
  later.entry().Set(now_ms + 10);
  earlier.entry().Set(now_ms + 8000);

  later.entry().Set(now_ms + 60);
  earlier.entry().Set(now_ms + 20);
  RunUntilRung(later);

  EXPECT_GE(later.rung_ms(), now_ms + 60);
  EXPECT_EQ(later.rung(), 1);
  EXPECT_EQ(earlier.rung(), 1);
  EXPECT_LE(earlier.rung_ms(), later.rung_ms());
}

TEST_F(TimerWheelTest, DeadlineBeyondOneTurnIsKept) {
  Alarm far(wheel_);
  Alarm near(wheel_);
  far.entry().Set(TimerWheel::NowMs() +
                  3 * TimerWheel::kTickMs * static_cast<int64_t>(TimerWheel::kSlots));
  near.entry().Set(TimerWheel::NowMs() + 20);

  RunUntilRung(near);

  EXPECT_EQ(far.rung(), 0);
  EXPECT_TRUE(far.entry().is_set());
}

TEST_F(TimerWheelTest, ExpiryMaySetItselfAgain) {
  Alarm* self = nullptr;
  Alarm alarm(wheel_, [&] {
    if (self->rung() < 3) self->entry().Set(TimerWheel::NowMs() + 10);
  });
  self = &alarm;
  alarm.entry().Set(TimerWheel::NowMs() + 10);

  io_.run_for(seconds(10));

  EXPECT_EQ(alarm.rung(), 3);
}

TEST_F(TimerWheelTest, ExpiryMayClearItsNeighbour) {
  const int64_t deadline_ms = TimerWheel::NowMs() + 20;
  Alarm* other_of_first = nullptr;
  Alarm* other_of_second = nullptr;
  Alarm first(wheel_, [&] { other_of_first->entry().Clear(); });
  Alarm second(wheel_, [&] { other_of_second->entry().Clear(); });
  other_of_first = &second;
  other_of_second = &first;
  first.entry().Set(deadline_ms);
  second.entry().Set(deadline_ms);

  io_.run_for(seconds(10));

  EXPECT_EQ(first.rung() + second.rung(), 1);
}

TEST_F(TimerWheelTest, StopLetsTheContextRunOut) {
  Alarm alarm(wheel_);
  alarm.entry().Set(TimerWheel::NowMs() + 3600 * 1000);

  wheel_.Stop();
  const auto start = std::chrono::steady_clock::now();
  io_.run_for(seconds(10));

  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(5));
  EXPECT_EQ(alarm.rung(), 0);
  alarm.entry().Clear();
}

}  // namespace
}  // namespace lmgate::http1
