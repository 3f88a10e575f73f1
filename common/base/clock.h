#pragma once

#include <absl/time/time.h>

#include <cstdint>

namespace lmgate {

// The one source of time outside the data plane's workers (those read the coarse clock of their
// timer wheel). Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall time: for records, expiry and what people read.
  virtual absl::Time Now() const = 0;
  // Nanoseconds of a clock that never goes back: for durations. Only differences mean anything.
  virtual int64_t SteadyNanos() const = 0;
};

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override;
  int64_t SteadyNanos() const override;
};

}  // namespace lmgate
