#pragma once

#include <absl/random/bit_gen_ref.h>
#include <absl/time/time.h>

namespace lmgate::credential {

// When a credential is fetched again. Jittered: a thousand replicas must not ask in one moment.
class RefreshSchedule {
 public:
  struct Options {
    // So long before the end, or a fifth of what is left of it if that is shorter; up to a quarter
    // more by jitter.
    absl::Duration margin = absl::Minutes(5);
    // What has no end, such as a file, is read again after it.
    absl::Duration recheck = absl::Minutes(5);
    absl::Duration retry_min = absl::Seconds(1);
    absl::Duration retry_max = absl::Minutes(1);
    // Between two that a provider's refusals bring about: most refusals mean a right that the
    // account lacks, which no new credential gives it.
    absl::Duration refusal_pause = absl::Minutes(1);
  };

  explicit RefreshSchedule(Options options) : options_(options), retry_(options.retry_min) {}

  // `expires_at` is later than `now`.
  absl::Time AfterSuccess(absl::Time now, absl::Time expires_at, absl::BitGenRef random);
  // Half to all of a step that doubles from retry_min to retry_max.
  absl::Time AfterFailure(absl::Time now, absl::BitGenRef random);
  // A provider refused the credential. True = it is to be fetched at once.
  bool TakeRefusal(absl::Time now);

 private:
  Options options_;
  absl::Duration retry_;
  absl::Time refused_at_ = absl::InfinitePast();  // the last refusal that was taken
};

}  // namespace lmgate::credential
