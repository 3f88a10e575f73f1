#include "common/base/mutex.h"

#include <gtest/gtest.h>

#include <thread>

namespace lmgate {
namespace {

TEST(Mutex, LetsOneInAtATime) {
  Mutex mutex;
  int count = 0;
  const auto work = [&] {
    for (int i = 0; i < 10000; ++i) {
      const MutexLock lock(&mutex);
      ++count;
    }
  };

  std::thread other(work);
  work();
  other.join();

  EXPECT_EQ(count, 20000);
}

TEST(CondVar, WakesWhoWaits) {
  Mutex mutex;
  CondVar changed;
  bool ready = false;
  std::thread other([&] {
    const MutexLock lock(&mutex);
    ready = true;
    changed.SignalAll();
  });

  bool timed_out = false;
  {
    const MutexLock lock(&mutex);
    while (!ready && !timed_out) {
      timed_out = changed.WaitWithTimeout(&mutex, absl::InfiniteDuration());
    }
  }
  other.join();

  EXPECT_TRUE(ready);
  EXPECT_FALSE(timed_out);
}

TEST(CondVar, WaitsWithoutALimit) {
  Mutex mutex;
  CondVar changed;
  bool ready = false;
  std::thread other([&] {
    const MutexLock lock(&mutex);
    ready = true;
    changed.SignalAll();
  });

  {
    const MutexLock lock(&mutex);
    while (!ready) changed.Wait(&mutex);
  }
  other.join();

  EXPECT_TRUE(ready);
}

TEST(CondVar, SaysThatTheTimeRanOut) {
  Mutex mutex;
  CondVar changed;
  const MutexLock lock(&mutex);

  while (!changed.WaitWithTimeout(&mutex, absl::Milliseconds(1))) {
  }
}

}  // namespace
}  // namespace lmgate
