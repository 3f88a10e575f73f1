#include "dataplane/http1/timer_wheel.h"

#include <time.h>

#include <algorithm>
#include <bit>

namespace lmgate::http1 {
namespace {

size_t SlotOf(int64_t tick) { return static_cast<size_t>(tick) % TimerWheel::kSlots; }

// The first tick at which a deadline is over.
int64_t TickOf(int64_t deadline_ms) { return deadline_ms / TimerWheel::kTickMs + 1; }

}  // namespace

int64_t TimerWheel::NowMs() {
  timespec now{};
  // The coarse clock moves with the kernel's tick (1 to 4 ms) and costs no system call.
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

TimerWheel::TimerWheel(boost::asio::io_context& io) : timer_(io), done_tick_(NowMs() / kTickMs) {}

TimerWheel::~TimerWheel() { Stop(); }

void TimerWheel::Stop() {
  stopped_ = true;
  timer_.cancel();
}

void TimerWheel::Entry::Set(int64_t deadline_ms) {
  const int64_t tick = std::max(TickOf(deadline_ms), wheel_.done_tick_ + 1);
  deadline_ms_ = deadline_ms;
  if (filed_tick_ >= 0) {
    if (tick >= filed_tick_) return;
    wheel_.Unfile(this);
  }
  wheel_.File(this, tick);
}

void TimerWheel::Entry::Clear() {
  deadline_ms_ = 0;
  if (filed_tick_ >= 0) wheel_.Unfile(this);
}

void TimerWheel::File(Entry* entry, int64_t tick) {
  // A deadline beyond one turn waits in the last slot of the turn and is filed again there.
  tick = std::min(tick, done_tick_ + static_cast<int64_t>(kSlots) - 1);
  const size_t slot = SlotOf(tick);
  entry->filed_tick_ = tick;
  entry->previous_ = nullptr;
  entry->next_ = slots_[slot];
  if (entry->next_ != nullptr) entry->next_->previous_ = entry;
  slots_[slot] = entry;
  occupied_[slot / 64] |= uint64_t{1} << (slot % 64);
  if (armed_tick_ < 0 || tick < armed_tick_) Arm();
}

void TimerWheel::Unfile(Entry* entry) {
  const size_t slot = SlotOf(entry->filed_tick_);
  if (entry->next_ != nullptr) entry->next_->previous_ = entry->previous_;
  if (entry->previous_ != nullptr) {
    entry->previous_->next_ = entry->next_;
  } else {
    slots_[slot] = entry->next_;
    if (slots_[slot] == nullptr) occupied_[slot / 64] &= ~(uint64_t{1} << (slot % 64));
  }
  entry->filed_tick_ = -1;
  entry->next_ = entry->previous_ = nullptr;
}

void TimerWheel::Arm() {
  if (stopped_) return;
  // The next occupied slot after done_tick_, a word of the bitmap at a time.
  const size_t start = SlotOf(done_tick_ + 1);
  int64_t distance = -1;
  for (size_t step = 0; step <= occupied_.size(); ++step) {
    const size_t word = (start / 64 + step) % occupied_.size();
    uint64_t bits = occupied_[word];
    if (step == 0) bits &= ~uint64_t{0} << (start % 64);
    if (step == occupied_.size()) bits &= ~(~uint64_t{0} << (start % 64));
    if (bits == 0) continue;
    const size_t slot = word * 64 + static_cast<size_t>(std::countr_zero(bits));
    distance = static_cast<int64_t>((slot + kSlots - start) % kSlots);
    break;
  }
  if (distance < 0) {
    armed_tick_ = -1;
    return;
  }
  armed_tick_ = done_tick_ + 1 + distance;
  const int64_t wait_ms = std::max<int64_t>(armed_tick_ * kTickMs - NowMs(), 0) + 1;
  timer_.expires_after(std::chrono::milliseconds(wait_ms));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) OnTick();
  });
}

void TimerWheel::OnTick() {
  const int64_t now_ms = NowMs();
  const int64_t now_tick = now_ms / kTickMs;
  // A sleep longer than a turn still looks at each slot once.
  const int64_t last = std::min(now_tick, done_tick_ + static_cast<int64_t>(kSlots));
  armed_tick_ = now_tick;  // Set from within expire must not arm: Arm follows below
  while (done_tick_ < last) {
    const int64_t tick = ++done_tick_;
    Entry* entry = slots_[SlotOf(tick)];
    while (entry != nullptr) {
      // Its owner may clear or set this entry and others; so take the first one each time.
      Unfile(entry);
      if (TickOf(entry->deadline_ms_) <= now_tick) {
        entry->deadline_ms_ = 0;
        entry->expire_(entry->owner_);
      } else {
        File(entry, std::max(TickOf(entry->deadline_ms_), tick + 1));
      }
      entry = slots_[SlotOf(tick)];
      if (entry != nullptr && entry->filed_tick_ != tick) break;
    }
  }
  done_tick_ = std::max(done_tick_, now_tick);
  Arm();
}

}  // namespace lmgate::http1
