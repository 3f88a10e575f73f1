#include "tests/bench/event_check.h"

#include <charconv>
#include <optional>

namespace lmgate::bench {
namespace {

std::optional<uint64_t> NumberAfter(std::string_view text, std::string_view name) {
  const size_t at = text.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  uint64_t number = 0;
  const char* const begin = text.data() + at + name.size();
  const auto result = std::from_chars(begin, text.data() + text.size(), number);
  if (result.ptr == begin) return std::nullopt;
  return number;
}

}  // namespace

void EventCheck::Begin(uint32_t events_expected) {
  expected_ = events_expected;
  next_ = 0;
  received_ = 0;
  lost_ = 0;
  is_done_ = false;
  rest_.clear();
}

void EventCheck::Add(std::string_view body, uint64_t now_nanos, Latencies* lags) {
  if (!rest_.empty()) {
    rest_.append(body);
    body = rest_;
  }
  size_t begin = 0;
  for (size_t end; (end = body.find("\n\n", begin)) != std::string_view::npos; begin = end + 2) {
    AddEvent(body.substr(begin, end - begin), now_nanos, lags);
  }
  // `body` may be a view of rest_ itself.
  if (rest_.empty()) {
    rest_.assign(body.substr(begin));
  } else {
    rest_.erase(0, begin);
  }
}

void EventCheck::AddEvent(std::string_view event, uint64_t now_nanos, Latencies* lags) {
  if (event == "data: [DONE]") {
    is_done_ = true;
    return;
  }
  const std::optional<uint64_t> sequence = NumberAfter(event, "\"seq\":");
  const std::optional<uint64_t> sent_nanos = NumberAfter(event, "\"ts\":");
  if (!sequence.has_value() || !sent_nanos.has_value() || *sequence >= expected_) {
    ++lost_;  // not an event of ours: broken on the way
    return;
  }
  if (*sequence != next_) ++lost_;
  next_ = static_cast<uint32_t>(*sequence) + 1;
  ++received_;
  lags->Add(now_nanos > *sent_nanos ? now_nanos - *sent_nanos : 0);
}

}  // namespace lmgate::bench
