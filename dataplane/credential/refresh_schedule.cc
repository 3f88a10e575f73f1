#include "dataplane/credential/refresh_schedule.h"

#include <absl/random/distributions.h>

#include <algorithm>

namespace lmgate::credential {

absl::Time RefreshSchedule::AfterSuccess(absl::Time now, absl::Time expires_at,
                                         absl::BitGenRef random) {
  retry_ = options_.retry_min;
  const double jitter = absl::Uniform(random, 1.0, 1.25);
  if (expires_at == absl::InfiniteFuture()) return now + options_.recheck * jitter;
  const absl::Duration margin = std::min(options_.margin, (expires_at - now) / 5);
  return expires_at - margin * jitter;
}

absl::Time RefreshSchedule::AfterFailure(absl::Time now, absl::BitGenRef random) {
  const absl::Duration wait = retry_ * absl::Uniform(random, 0.5, 1.0);
  retry_ = std::min(retry_ * 2, options_.retry_max);
  return now + wait;
}

bool RefreshSchedule::TakeRefusal(absl::Time now) {
  // A clock that was set back must not make it wait.
  if (now >= refused_at_ && now - refused_at_ < options_.refusal_pause) return false;
  refused_at_ = now;
  return true;
}

}  // namespace lmgate::credential
