#include "dataplane/gateway/request_clock.h"

#include <time.h>

namespace lmgate::gateway {
namespace {

int64_t Micros(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

}  // namespace

int64_t SteadyMicros() { return Micros(CLOCK_MONOTONIC); }
int64_t UnixMicros() { return Micros(CLOCK_REALTIME); }

}  // namespace lmgate::gateway
