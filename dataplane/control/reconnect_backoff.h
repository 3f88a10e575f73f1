#pragma once

#include <absl/random/bit_gen_ref.h>
#include <absl/time/time.h>

namespace lmgate::control {

// How long to wait before the next stream. Jittered exponential: a thousand replicas must not come
// back in the same moment.
class ReconnectBackoff {
 public:
  struct Options {
    absl::Duration min = absl::Milliseconds(100);
    absl::Duration max = absl::Seconds(5);
    // A stream that lived so long worked, whatever came over it.
    absl::Duration settled = absl::Seconds(1);
  };
  struct StreamOutcome {
    bool received = false;  // a push came over it
    absl::Duration lived;
  };

  explicit ReconnectBackoff(Options options) : options_(options), step_(options.min) {}

  // After a stream that worked: zero, but not twice in a row for streams that did not last. After
  // one that did not: half to all of a step that doubles from min to max.
  absl::Duration Next(const StreamOutcome& outcome, absl::BitGenRef random);

 private:
  const Options options_;
  absl::Duration step_;
  bool was_immediate_ = false;
};

}  // namespace lmgate::control
