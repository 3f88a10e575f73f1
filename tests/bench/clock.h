#pragma once

#include <time.h>

#include <cstdint>

namespace lmgate::bench {

// CLOCK_MONOTONIC: the same for all processes of the machine, so that one can stamp what another
// receives.
inline uint64_t NowNanos() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

inline timespec ToTimespec(uint64_t nanos) {
  return {.tv_sec = static_cast<time_t>(nanos / 1'000'000'000),
          .tv_nsec = static_cast<long>(nanos % 1'000'000'000)};
}

}  // namespace lmgate::bench
