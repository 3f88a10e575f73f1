#pragma once

#include <absl/status/status.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <string_view>

#include "tests/fakeprovider/receive_buffer.h"

namespace lmgate::fakeprovider {

// One accepted socket. Lives on the provider's thread. Every wait ends with Cancelled once the
// client has gone or Close() was called, and none waits after that.
class Wire {
 public:
  explicit Wire(boost::asio::ip::tcp::socket socket);

  // Waits for at least one byte; makes room for `bytes_wanted`, within bounds.
  boost::asio::awaitable<absl::Status> Read(ReceiveBuffer& buffer, size_t bytes_wanted);
  // What the kernel takes at once; 0 also when the client has gone.
  size_t TryWrite(std::string_view bytes);
  // `bytes` must live until it is done.
  boost::asio::awaitable<absl::Status> Write(std::string_view bytes);
  // Each byte with its own system call, so that it may become its own segment.
  boost::asio::awaitable<absl::Status> WriteBytewise(std::string_view bytes);
  boost::asio::awaitable<absl::Status> PauseUntil(std::chrono::steady_clock::time_point when);
  // Returns when the client has gone.
  boost::asio::awaitable<void> WaitUntilGone();
  // Notices that the client goes while an answer is on its way: waits of other coroutines end. What
  // the client sends meanwhile is kept in `buffer`.
  boost::asio::awaitable<void> Watch(ReceiveBuffer& buffer);

  // False when nothing arrived until `when`; the bytes are not read.
  boost::asio::awaitable<bool> WaitForBytes(std::chrono::steady_clock::time_point when);
  // Reads and forgets until the client closes or `until` has come.
  boost::asio::awaitable<void> Drain(std::chrono::steady_clock::time_point until);

  void ShutdownWrite();
  void Close();
  // Close() with RST. What the client has not read yet may be lost on its side.
  void Reset();

  bool is_gone() const { return is_gone_; }

 private:
  boost::asio::awaitable<void> Discard();
  absl::Status Gone();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  bool is_gone_ = false;
};

}  // namespace lmgate::fakeprovider
