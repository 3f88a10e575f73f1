#pragma once

#include "common/base/clock.h"
#include "common/base/mutex.h"

namespace lmgate::testing {

// Stands still until told otherwise. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time now = absl::FromUnixSeconds(1'700'000'000)) : now_(now) {}

  absl::Time Now() const override {
    MutexLock lock(&mutex_);
    return now_;
  }
  int64_t SteadyNanos() const override { return absl::ToUnixNanos(Now()); }

  void Advance(absl::Duration duration) {
    MutexLock lock(&mutex_);
    now_ += duration;
  }

 private:
  mutable Mutex mutex_;
  absl::Time now_;
};

}  // namespace lmgate::testing
