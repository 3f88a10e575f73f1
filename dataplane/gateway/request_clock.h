#pragma once

#include <cstdint>

namespace lmgate::gateway {

// Microseconds of a clock that never goes back: for durations.
int64_t SteadyMicros();
// Microseconds since 1970: for what people read and for expiry.
int64_t UnixMicros();

}  // namespace lmgate::gateway
