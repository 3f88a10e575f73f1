#include "dataplane/http1/stream.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/base/logging.h"

namespace lmgate::http1 {

class Stream::Tls {
 public:
  Tls(Socket& socket, asio::ssl::context& context) : stream(socket, context) {}
  asio::ssl::stream<Socket&> stream;
};

// A named type instead of a lambda: small, movable, and its allocation comes from Asio's recycling
// cache.
struct Stream::ReadHandler {
  Stream* stream;
  using executor_type = Executor;
  executor_type get_executor() const noexcept { return stream->socket_.get_executor(); }
  void operator()(const ErrorCode& error, size_t bytes) const { stream->OnRead(error, bytes); }
};

void Stream::FreeBuffer::operator()(char* buffer) const { std::free(buffer); }

Stream::Stream(Socket socket) : socket_(std::move(socket)) {}

Stream::~Stream() = default;

void Stream::Dispose() {
  observer_ = nullptr;
  Close();
  if (read_outstanding_) {
    disposed_ = true;
  } else {
    delete this;
  }
}

void Stream::Close() {
  if (closed_) return;
  closed_ = true;
  ErrorCode ignored;
  socket_.close(ignored);
}

ErrorCode Stream::StartTls(asio::ssl::context& context, std::string_view server_name, bool verify) {
  tls_ = std::make_unique<Tls>(socket_, context);
  ErrorCode error;
  if (server_name.empty()) return error;
  const std::string name(server_name);
  // RFC 6066, 3: no literal addresses in SNI.
  asio::ip::make_address(name, error);
  if (error && SSL_set_tlsext_host_name(tls_->stream.native_handle(), name.c_str()) != 1) {
    return asio::error::invalid_argument;
  }
  error = {};
  if (verify) {
    tls_->stream.set_verify_mode(asio::ssl::verify_peer, error);
    if (!error) tls_->stream.set_verify_callback(asio::ssl::host_name_verification(name), error);
  }
  return error;
}

Awaitable<ErrorCode> Stream::Handshake(bool as_client) {
  const auto side = as_client ? asio::ssl::stream_base::client : asio::ssl::stream_base::server;
  auto [error] = co_await tls_->stream.async_handshake(side, asio::as_tuple(kUseAwaitable));
  co_return error;
}

void Stream::Consume(size_t bytes) {
  begin_ += bytes;
  LMGATE_CHECK(begin_ <= end_);
  if (begin_ == end_ && !(read_outstanding_ && target_ == Target::kInput)) begin_ = end_ = 0;
}

void Stream::ArmReadNext() {
  if (read_outstanding_ || read_error_ || closed_ || next_end_ != next_begin_) return;
  const size_t half = capacity_ / 2;
  if (begin_ >= half) {
    next_begin_ = 0;
  } else {
    next_begin_ = std::max(end_, half);
  }
  const size_t limit = next_begin_ == 0 ? begin_ : capacity_;
  next_end_ = next_begin_;
  if (limit == next_begin_) return;
  target_ = Target::kNext;
  StartRead(buffer_.get() + next_begin_, limit - next_begin_);
}

void Stream::FinishMessage(size_t bytes) {
  Consume(bytes);
  const bool outstanding = read_outstanding_ && target_ == Target::kNext;
  if (!outstanding && next_end_ == next_begin_) return;
  LMGATE_CHECK(begin_ == end_);
  begin_ = next_begin_;
  end_ = next_end_;
  next_begin_ = next_end_ = 0;
  if (outstanding) target_ = Target::kInput;
}

void Stream::Reserve(size_t bytes) {
  LMGATE_CHECK(!read_outstanding_);
  if (capacity_ - begin_ >= bytes) return;
  const size_t size = end_ - begin_;
  if (capacity_ >= bytes) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, size);
  } else {
    char* grown = static_cast<char*>(std::malloc(bytes + kPaddingBytes));
    if (grown == nullptr) throw std::bad_alloc();
    std::memset(grown + bytes, 0, kPaddingBytes);
    if (size > 0) std::memcpy(grown, buffer_.get() + begin_, size);
    buffer_.reset(grown);
    capacity_ = bytes;
  }
  begin_ = 0;
  end_ = size;
}

void Stream::ReleaseBuffer() {
  if (begin_ != end_ || (read_outstanding_ && target_ != Target::kExternal)) return;
  buffer_.reset();
  capacity_ = begin_ = end_ = 0;
}

void Stream::ArmRead() {
  if (read_outstanding_ || read_error_ || closed_ || end_ == capacity_) return;
  target_ = Target::kInput;
  StartRead(buffer_.get() + end_, capacity_ - end_);
}

void Stream::ArmReadInto(char* target, size_t bytes) {
  LMGATE_CHECK(!read_outstanding_);
  external_bytes_ = 0;
  if (read_error_ || closed_) return;
  target_ = Target::kExternal;
  StartRead(target, bytes);
}

void Stream::StartRead(char* target, size_t bytes) {
  read_outstanding_ = true;
  const asio::mutable_buffer into(target, bytes);
  if (tls_) {
    tls_->stream.async_read_some(into, ReadHandler{this});
  } else {
    socket_.async_read_some(into, ReadHandler{this});
  }
}

void Stream::OnRead(const ErrorCode& error, size_t bytes) {
  read_outstanding_ = false;
  if (disposed_) {
    // The waiter, if any, belongs to a coroutine that gave the stream up: it cannot be waiting.
    delete this;
    return;
  }
  switch (target_) {
    case Target::kInput:
      end_ += bytes;
      break;
    case Target::kNext:
      next_end_ += bytes;
      break;
    case Target::kExternal:
      external_bytes_ = bytes;
      break;
  }
  if (error) read_error_ = error;
  if (waiter_.has_value()) {
    // The coroutine may dispose of this stream before it comes back: nothing is touched after.
    asio::any_completion_handler<void()> waiter(*std::move(waiter_));
    waiter_.reset();
    std::move(waiter)();
    return;
  }
  if (observer_ != nullptr) observer_(observer_owner_);
}

ErrorCode Stream::TryWrite(std::span<iovec>* pieces) {
  if (closed_) return asio::error::bad_descriptor;
  if (tls_) return asio::error::would_block;
  while (!pieces->empty()) {
    msghdr message{};
    message.msg_iov = pieces->data();
    message.msg_iovlen = pieces->size();
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return asio::error::would_block;
      return ErrorCode(errno, boost::system::system_category());
    }
    size_t left = static_cast<size_t>(sent);
    while (!pieces->empty() && left >= pieces->front().iov_len) {
      left -= pieces->front().iov_len;
      *pieces = pieces->subspan(1);
    }
    if (!pieces->empty()) {
      iovec& first = pieces->front();
      first.iov_base = static_cast<char*>(first.iov_base) + left;
      first.iov_len -= left;
    }
  }
  return {};
}

Awaitable<ErrorCode> Stream::WriteRest(std::span<iovec> pieces) {
  if (tls_) {
    std::vector<asio::const_buffer> buffers;
    buffers.reserve(pieces.size());
    for (const iovec& piece : pieces) buffers.emplace_back(piece.iov_base, piece.iov_len);
    auto [error, bytes] =
        co_await asio::async_write(tls_->stream, buffers, asio::as_tuple(kUseAwaitable));
    co_return error;
  }
  for (;;) {
    const ErrorCode error = TryWrite(&pieces);
    if (error != asio::error::would_block) co_return error;
    auto [wait_error] =
        co_await socket_.async_wait(Socket::wait_write, asio::as_tuple(kUseAwaitable));
    if (wait_error) co_return wait_error;
  }
}

}  // namespace lmgate::http1
