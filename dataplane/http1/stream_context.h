#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/http1/socket.h"
#include "dataplane/http1/timer_wheel.h"

namespace lmgate::http1 {

class Stream;

// What the streams of one worker share: buffers, which they hold only while there is input, and the
// second look at streams that have been quiet since their last read. Outlives its streams. Not
// thread-safe: belongs to its io_context's thread.
class StreamContext {
 public:
  // Of a pooled buffer: an answer of 16 KB is one read.
  static constexpr size_t kBufferBytes = 32 << 10;
  static constexpr size_t kPaddingBytes = 64;
  static constexpr size_t kSpareBuffersMax = 64;
  // A stream is looked at again after one to two such times.
  static constexpr int64_t kQuietMs = 100;

  StreamContext(asio::io_context& io, TimerWheel& wheel);
  ~StreamContext();
  StreamContext(const StreamContext&) = delete;
  StreamContext& operator=(const StreamContext&) = delete;

  asio::io_context& io() { return io_; }
  TimerWheel& wheel() { return wheel_; }

 private:
  friend class Stream;
  struct QuietList {
    Stream* first = nullptr;
  };
  struct FreeBuffer {
    StreamContext* context = nullptr;  // null = not from the pool
    void operator()(char* buffer) const;
  };
  using Buffer = std::unique_ptr<char, FreeBuffer>;

  // `bytes`, at least kBufferBytes, and the padding, which is zero. Of kBufferBytes: from the pool.
  Buffer TakeBuffer(size_t bytes);
  // The stream has begun to wait for an event that may never come.
  void AddQuiet(Stream* stream);
  void OnQuietTick();

  asio::io_context& io_;
  TimerWheel& wheel_;
  asio::detail::reactor& reactor_;
  std::vector<char*> spare_buffers_;
  // Those that began to wait since the last tick, and those since the tick before.
  std::array<QuietList, 2> quiet_;
  size_t quiet_since_tick_ = 0;  // which of the two is the first
  TimerWheel::Entry quiet_tick_;
};

}  // namespace lmgate::http1
