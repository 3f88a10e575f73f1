#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/bench/latencies.h"

namespace lmgate::bench {

// Follows one stream of server-sent events of bench_upstream: nothing may be missing, doubled or
// out of order, and the end must be there.
class EventCheck {
 public:
  void Begin(uint32_t events_expected);
  // `lags` gets the way of each event from the upstream's write until `now_nanos`.
  void Add(std::string_view body, uint64_t now_nanos, Latencies* lags);

  uint32_t received() const { return received_; }
  // When the stream has ended: the events that did not come, or not in their turn.
  uint32_t lost() const { return lost_ + (expected_ > next_ ? expected_ - next_ : 0); }
  // Ended by "data: [DONE]", with nothing after it.
  bool is_whole() const { return is_done_ && rest_.empty(); }

 private:
  void AddEvent(std::string_view event, uint64_t now_nanos, Latencies* lags);

  uint32_t expected_ = 0;
  uint32_t next_ = 0;  // sequence
  uint32_t received_ = 0;
  uint32_t lost_ = 0;
  bool is_done_ = false;
  std::string rest_;  // an event whose end has not come
};

}  // namespace lmgate::bench
