#include "dataplane/control/reconnect_backoff.h"

#include <absl/random/distributions.h>

#include <algorithm>

namespace lmgate::control {

absl::Duration ReconnectBackoff::Next(const StreamOutcome& outcome, absl::BitGenRef random) {
  const bool lasted = outcome.lived >= options_.settled;
  if (lasted || outcome.received) step_ = options_.min;
  if (lasted || (outcome.received && !was_immediate_)) {
    was_immediate_ = true;
    return absl::ZeroDuration();
  }
  was_immediate_ = false;
  const absl::Duration wait = step_ * absl::Uniform(random, 0.5, 1.0);
  step_ = std::min(step_ * 2, options_.max);
  return wait;
}

}  // namespace lmgate::control
