#pragma once

#include <array>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>

namespace lmgate::http1 {

// Coarse deadlines for the sockets of one worker: setting or moving one costs a few instructions
// and no system call. Deadlines are met up to one tick late, never early. Not thread-safe.
class TimerWheel {
 public:
  static constexpr int64_t kTickMs = 8;
  static constexpr size_t kSlots = 1024;  // a turn takes about 8 s; later deadlines go round again

  // A deadline that calls `expire` at its time. Its owner keeps it in place and alive while set;
  // destroying it clears it.
  class Entry {
   public:
    using Expire = void (*)(void* owner);
    Entry(TimerWheel& wheel, Expire expire, void* owner)
        : wheel_(wheel), expire_(expire), owner_(owner) {}
    ~Entry() { Clear(); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    // Replaces the deadline. `deadline_ms` is on NowMs's clock.
    void Set(int64_t deadline_ms);
    void Clear();
    bool is_set() const { return deadline_ms_ != 0; }

   private:
    friend class TimerWheel;
    TimerWheel& wheel_;
    Expire expire_;
    void* owner_;
    int64_t deadline_ms_ = 0;  // 0 = not set
    // The slot's tick; a deadline that only moves later leaves the entry where it is, and the slot
    // moves it on when its time comes.
    int64_t filed_tick_ = -1;
    Entry* previous_ = nullptr;
    Entry* next_ = nullptr;
  };

  explicit TimerWheel(boost::asio::io_context& io);
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Milliseconds of the coarse monotonic clock.
  static int64_t NowMs();
  // Stops ticking, so that the io_context can run out of work. Entries may still be cleared.
  void Stop();

 private:
  using Timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                        boost::asio::wait_traits<std::chrono::steady_clock>,
                                        boost::asio::io_context::executor_type>;

  void File(Entry* entry, int64_t tick);
  void Unfile(Entry* entry);
  void Arm();
  void OnTick();

  Timer timer_;
  std::array<Entry*, kSlots> slots_{};
  std::array<uint64_t, kSlots / 64> occupied_{};
  int64_t done_tick_;        // all slots up to and with this tick were looked at
  int64_t armed_tick_ = -1;  // -1 = the timer is not running
  bool stopped_ = false;
};

}  // namespace lmgate::http1
