#include "tests/fakeprovider/wire.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace lmgate::fakeprovider {
namespace {

namespace asio = boost::asio;
using asio::experimental::awaitable_operators::operator||;
using asio::ip::tcp;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);
constexpr size_t kReadBytesMin = 16 * 1024;
constexpr size_t kReadBytesMax = 1024 * 1024;
// What a client may send while it waits for its answer before it is no longer read.
constexpr size_t kReadAheadBytesMax = 64 * 1024;
// Single-byte writes between two turns of the event loop: others must not starve.
constexpr int kBytesPerTurn = 64;

}  // namespace

Wire::Wire(tcp::socket socket) : socket_(std::move(socket)), timer_(socket_.get_executor()) {
  boost::system::error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
}

absl::Status Wire::Gone() {
  is_gone_ = true;
  timer_.cancel();
  return absl::CancelledError("the client has gone");
}

asio::awaitable<absl::Status> Wire::Read(ReceiveBuffer& buffer, size_t bytes_wanted) {
  if (is_gone_) co_return Gone();
  const size_t room = std::clamp(bytes_wanted, kReadBytesMin, kReadBytesMax);
  const asio::mutable_buffer target(buffer.Prepare(room), room);
  const auto [error, count] = co_await socket_.async_read_some(target, kAwaitTuple);
  if (error) co_return Gone();
  buffer.Commit(count);
  co_return absl::OkStatus();
}

size_t Wire::TryWrite(std::string_view bytes) {
  size_t written = 0;
  while (written < bytes.size() && !is_gone_) {
    boost::system::error_code error;
    const std::string_view rest = bytes.substr(written);
    written += socket_.write_some(asio::buffer(rest.data(), rest.size()), error);
    if (error == asio::error::would_block) break;
    if (error) Gone().IgnoreError();
  }
  return written;
}

asio::awaitable<absl::Status> Wire::Write(std::string_view bytes) {
  while (true) {
    bytes.remove_prefix(TryWrite(bytes));
    if (bytes.empty()) co_return absl::OkStatus();
    if (is_gone_) co_return Gone();
    const auto [error] = co_await socket_.async_wait(tcp::socket::wait_write, kAwaitTuple);
    if (error) co_return Gone();
  }
}

asio::awaitable<absl::Status> Wire::WriteBytewise(std::string_view bytes) {
  int written = 0;
  while (!bytes.empty()) {
    const absl::Status status = co_await Write(bytes.substr(0, 1));
    if (!status.ok()) co_return status;
    bytes.remove_prefix(1);
    if (++written % kBytesPerTurn == 0) co_await asio::post(kAwaitTuple);
  }
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> Wire::PauseUntil(std::chrono::steady_clock::time_point when) {
  if (is_gone_) co_return Gone();
  timer_.expires_at(when);
  const auto [error] = co_await timer_.async_wait(kAwaitTuple);
  if (error || is_gone_) co_return Gone();
  co_return absl::OkStatus();
}

asio::awaitable<void> Wire::WaitUntilGone() {
  absl::Status status;
  while (status.ok()) {
    status = co_await PauseUntil(std::chrono::steady_clock::time_point::max());
  }
}

asio::awaitable<void> Wire::Watch(ReceiveBuffer& buffer) {
  while (!is_gone_) {
    if (buffer.Data().size() < kReadAheadBytesMax) {
      const asio::mutable_buffer target(buffer.Prepare(kReadBytesMin), kReadBytesMin);
      const auto [error, count] = co_await socket_.async_read_some(target, kAwaitTuple);
      if (error == asio::error::operation_aborted) co_return;
      if (error) Gone().IgnoreError();
      buffer.Commit(count);
    } else {
      const auto [error] = co_await socket_.async_wait(tcp::socket::wait_error, kAwaitTuple);
      if (error == asio::error::operation_aborted) co_return;
      Gone().IgnoreError();
    }
  }
}

asio::awaitable<bool> Wire::WaitForBytes(std::chrono::steady_clock::time_point when) {
  timer_.expires_at(when);
  auto first =
      socket_.async_wait(tcp::socket::wait_read, kAwaitTuple) || timer_.async_wait(kAwaitTuple);
  const auto result = co_await std::move(first);
  co_return result.index() == 0;
}

asio::awaitable<void> Wire::Discard() {
  std::array<char, kReadBytesMin> scratch;
  while (true) {
    const auto [error, count] =
        co_await socket_.async_read_some(asio::buffer(scratch), kAwaitTuple);
    if (error) co_return;
  }
}

asio::awaitable<void> Wire::Drain(std::chrono::steady_clock::time_point until) {
  timer_.expires_at(until);
  auto first = Discard() || timer_.async_wait(kAwaitTuple);
  co_await std::move(first);
}

void Wire::ShutdownWrite() {
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Wire::Close() {
  boost::system::error_code ignored;
  is_gone_ = true;
  timer_.cancel();
  socket_.close(ignored);
}

void Wire::Reset() {
  boost::system::error_code ignored;
  // RFC 9293, 3.9.1.5 ABORT: closing with no time to linger sends RST.
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  Close();
}

}  // namespace lmgate::fakeprovider
