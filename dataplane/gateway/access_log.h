#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace lmgate::gateway {

// A bounded queue of bytes from one worker to the log's writer: one thread pushes, one takes.
// Full = the line is dropped and counted; the worker never waits.
class AccessLogRing {
 public:
  static constexpr size_t kBytes = 1 << 20;

  void Push(std::string_view line);
  // Appends what is there to `out`.
  void TakeAll(std::string* out);
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  std::unique_ptr<char[]> bytes_ = std::make_unique<char[]>(kBytes);
  alignas(64) std::atomic<uint64_t> written_{0};
  alignas(64) std::atomic<uint64_t> taken_{0};
  std::atomic<uint64_t> dropped_{0};
};

// The access log: a ring a worker, and a thread that writes them out every kFlushMs.
class AccessLog {
 public:
  static constexpr int kFlushMs = 50;

  // `path`: a file (appended, made with mode 0640), "-" for stdout, "off" for none. Unavailable
  // when it cannot be opened.
  static absl::StatusOr<std::unique_ptr<AccessLog>> Create(const std::string& path, size_t workers);
  // Writes what is left.
  ~AccessLog();

  // Null when the log is off.
  AccessLogRing* ring(size_t worker) { return rings_.empty() ? nullptr : rings_[worker].get(); }
  // Lines that found their ring full, or that the file did not take.
  uint64_t dropped() const;

 private:
  AccessLog() = default;
  void Run();
  void WriteOut();

  int fd_ = -1;
  bool owns_fd_ = false;
  std::vector<std::unique_ptr<AccessLogRing>> rings_;
  std::string pending_;
  std::atomic<uint64_t> write_failures_{0};
  std::atomic<bool> stop_{false};
  std::thread writer_;
};

}  // namespace lmgate::gateway
