#pragma once

#include <absl/synchronization/mutex.h>

#include "common/base/clock.h"

namespace lmgate::testing {

// Stands still until told otherwise. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time now = absl::FromUnixSeconds(1'700'000'000)) : now_(now) {}

  absl::Time Now() const override {
    absl::MutexLock lock(&mutex_);
    return now_;
  }
  int64_t SteadyNanos() const override { return absl::ToUnixNanos(Now()); }

  void Advance(absl::Duration duration) {
    absl::MutexLock lock(&mutex_);
    now_ += duration;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_;
};

}  // namespace lmgate::testing
