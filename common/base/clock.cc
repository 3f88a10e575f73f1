#include "common/base/clock.h"

#include <absl/time/clock.h>

#include <chrono>

namespace lmgate {

absl::Time SystemClock::Now() const { return absl::Now(); }

int64_t SystemClock::SteadyNanos() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace lmgate
