#pragma once

#include <cstdint>
#include <string>
#include <thread>

namespace lmgate::testing {

// A Unix socket in front of a TCP port on loopback: what connects to it is passed on byte for byte,
// one connection at a time. A thread of its own, from birth to death.
class UnixRelay {
 public:
  // Aborts the test program when `path` cannot be bound.
  UnixRelay(const std::string& path, uint16_t port);
  ~UnixRelay();
  UnixRelay(const UnixRelay&) = delete;
  UnixRelay& operator=(const UnixRelay&) = delete;

 private:
  void Run();
  void Pump(int near, int far) const;

  const uint16_t port_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};  // a pipe: its end wakes the thread
  std::thread thread_;
};

}  // namespace lmgate::testing
