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
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/base/logging.h"

namespace lmgate::http1 {

namespace {

// Reads in a row that found bytes at once, before the stream gives way to the others.
constexpr uint8_t kReadsAtOnceMax = 8;
// A TLS record's payload (RFC 8446, 5.1).
constexpr size_t kTlsAheadBytes = 16 << 10;

// The way to a protected member of Asio's socket: a member pointer named through a derived class.
struct SocketAccess : Socket {
  static auto& Implementation(Socket& socket) {
    return (socket.*(&SocketAccess::impl_)).get_implementation();
  }
};

ssize_t ReceiveFrom(int socket, char* target, size_t bytes, int flags) {
  for (;;) {
    const ssize_t count = ::recv(socket, target, bytes, MSG_DONTWAIT | flags);
    if (count >= 0 || errno != EINTR) return count;
  }
}

ssize_t SendTo(int socket, std::span<iovec> pieces) {
  constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
  if (pieces.size() == 1) {
    return ::send(socket, pieces.front().iov_base, pieces.front().iov_len, kFlags);
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return ::sendmsg(socket, &message, kFlags);
}

}  // namespace

// What was decrypted and not yet asked for stands in `ahead`: a read of a TLS stream needs memory
// while it waits.
class Stream::Tls {
 public:
  Tls(Socket& socket, asio::ssl::context& context) : stream(socket, context) {}
  asio::ssl::stream<Socket&> stream;
  std::unique_ptr<char[]> ahead = std::make_unique_for_overwrite<char[]>(kTlsAheadBytes);
  size_t ahead_begin = 0;
  size_t ahead_end = 0;
  ErrorCode ahead_error;  // after those bytes

  bool has_ahead() const { return ahead_begin != ahead_end || ahead_error; }
};

// A named type instead of a lambda: small, movable, and its allocation comes from Asio's recycling
// cache.
struct Stream::TlsReadHandler {
  Stream* stream;
  using executor_type = Executor;
  executor_type get_executor() const noexcept { return stream->socket_.get_executor(); }
  void operator()(const ErrorCode& error, size_t bytes) const { stream->OnTlsRead(error, bytes); }
};

// Never reads by itself: performing it means that epoll said so, and that the next event will come
// by itself. `owner` is null when the io_context is destroyed, after its streams.
Stream::ReadyOp::ReadyOp(Stream* owner_stream)
    : reactor_op(
          ErrorCode(), [](reactor_op*) { return done_and_exhausted; },
          [](void* owner, asio::detail::operation* base, const ErrorCode&, size_t) {
            if (owner != nullptr) static_cast<ReadyOp*>(base)->stream->OnReady();
          }),
      stream(owner_stream) {
  cancellation_key_ = this;
}

Stream::Stream(Socket socket, StreamContext& context)
    : socket_(std::move(socket)), context_(context), ready_op_(this) {}

Stream::~Stream() { LeaveQuietList(); }

asio::detail::reactor::per_descriptor_data& Stream::ReactorData() {
  return SocketAccess::Implementation(socket_).reactor_data_;
}

void Stream::Dispose() {
  observer_ = nullptr;
  Close();
  if (armed_) {
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

std::string_view Stream::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int length = 0;
  if (tls_ != nullptr) SSL_get0_alpn_selected(tls_->stream.native_handle(), &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

// ---- reading

void Stream::Consume(size_t bytes) {
  begin_ += bytes;
  LMGATE_CHECK(begin_ <= end_);
  if (begin_ != end_) return;
  begin_ = end_ = 0;
  buffer_.reset();
}

void Stream::ArmRead(size_t bytes) {
  if (armed_ || read_error_ || closed_ || end_ - begin_ >= bytes) return;
  wanted_ = bytes;
  external_target_ = nullptr;
  Arm();
}

void Stream::ArmReadInto(char* target, size_t bytes) {
  LMGATE_CHECK(!armed_ && bytes > 0);
  external_bytes_ = 0;
  if (read_error_ || closed_) return;
  external_target_ = target;
  external_size_ = bytes;
  Arm();
}

bool Stream::HasUnread() {
  if (closed_) return false;
  // A record of TLS that is not whole yet is with OpenSSL, not in the socket.
  if (tls_ && (tls_->has_ahead() || SSL_has_pending(tls_->stream.native_handle()) == 1))
    return true;
  char byte;
  return ReceiveFrom(socket_.native_handle(), &byte, 1, MSG_PEEK) > 0;
}

void Stream::Watch() {
  if (armed_ || read_error_ || closed_) return;
  external_target_ = nullptr;
  const bool may_have_bytes = tls_ != nullptr ? tls_->has_ahead() : maybe_readable_;
  if (may_have_bytes && Peek() != ReadResult::kWouldBlock) return;
  Wait();
}

void Stream::Arm() {
  // Plain sockets give way after some reads; what TLS has decrypted ahead ends by itself.
  const bool may_have_bytes =
      tls_ != nullptr ? tls_->has_ahead()
                      : (maybe_readable_ || expect_close_) && reads_at_once_ < kReadsAtOnceMax;
  if (may_have_bytes) {
    ++reads_at_once_;
    if (ReadNow() != ReadResult::kWouldBlock) return;
  }
  Wait();
}

void Stream::Wait() {
  armed_ = true;
  if (tls_ != nullptr) {
    tls_->ahead_begin = tls_->ahead_end = 0;
    tls_->stream.async_read_some(asio::mutable_buffer(tls_->ahead.get(), kTlsAheadBytes),
                                 TlsReadHandler{this});
    return;
  }
  ready_op_.ec_ = ErrorCode();
  if (maybe_readable_) {
    context_.reactor_.post_immediate_completion(&ready_op_, false);
    return;
  }
  context_.reactor_.start_op(asio::detail::reactor::read_op, socket_.native_handle(), ReactorData(),
                             &ready_op_, false, true);
  if (short_read_) context_.AddQuiet(this);
}

void Stream::OnReady() {
  armed_ = false;
  LeaveQuietList();
  if (disposed_) {
    // The waiter, if any, belongs to a coroutine that gave the stream up: it cannot be waiting.
    delete this;
    return;
  }
  reads_at_once_ = 0;
  const bool aborted = ready_op_.ec_ && !looking_again_;
  looking_again_ = false;
  if (closed_ || aborted) {
    read_error_ = closed_ ? ErrorCode(asio::error::operation_aborted) : ready_op_.ec_;
  } else {
    maybe_readable_ = true;
    // Bytes that nobody waits for yet stay in the kernel.
    const ReadResult result = waiter_.has_value() ? ReadNow() : Peek();
    if (result == ReadResult::kWouldBlock) return Wait();
  }
  Notify();
}

void Stream::OnTlsRead(const ErrorCode& error, size_t bytes) {
  armed_ = false;
  if (disposed_) {
    delete this;
    return;
  }
  reads_at_once_ = 0;
  tls_->ahead_end = bytes;
  tls_->ahead_error = error;
  const ReadResult result = waiter_.has_value() ? ReadNow() : Peek();
  if (result == ReadResult::kWouldBlock) return Wait();
  Notify();
}

void Stream::Notify() {
  if (waiter_.has_value()) {
    // The coroutine may dispose of this stream before it comes back: nothing is touched after.
    Waiter waiter(*std::move(waiter_));
    waiter_.reset();
    std::move(waiter)();
    return;
  }
  if (observer_ != nullptr) observer_(observer_owner_);
}

Stream::ReadResult Stream::ReadNow() {
  if (external_target_ != nullptr) {
    // One byte more than is wanted: when it does not come, there is nothing more for now. Only
    // where the buffer takes it without being moved: the input may be looked at meanwhile.
    const bool has_room = buffer_ == nullptr || end_ < capacity_;
    size_t received = 0;
    const ReadResult result =
        Receive(external_target_, external_size_ + (has_room ? 1 : 0), &received);
    external_bytes_ = std::min(received, external_size_);
    if (received > external_size_) {
      if (buffer_ == nullptr) MakeRoom();
      buffer_.get()[end_++] = external_target_[external_size_];
      external_target_[external_size_] = '\0';
    }
    return result;
  }
  MakeRoom();
  size_t received = 0;
  const size_t size = end_ - begin_;
  LMGATE_CHECK(size < wanted_);
  const size_t room = std::min(capacity_ - end_, wanted_ - size);
  const ReadResult result = Receive(buffer_.get() + end_, room, &received);
  end_ += received;
  if (begin_ == end_) buffer_.reset();
  return result;
}

Stream::ReadResult Stream::Receive(char* target, size_t bytes, size_t* received) {
  if (tls_ != nullptr) {
    const size_t ahead = std::min(tls_->ahead_end - tls_->ahead_begin, bytes);
    if (ahead == 0) return Peek();
    std::memcpy(target, tls_->ahead.get() + tls_->ahead_begin, ahead);
    tls_->ahead_begin += ahead;
    *received = ahead;
    return ReadResult::kBytes;
  }
  const ssize_t count = ReceiveFrom(socket_.native_handle(), target, bytes, 0);
  if (count <= 0) return OnNothingReceived(count);
  *received = static_cast<size_t>(count);
  short_read_ = *received < bytes;
  maybe_readable_ = !short_read_;
  return ReadResult::kBytes;
}

Stream::ReadResult Stream::Peek() {
  if (tls_ != nullptr) {
    if (tls_->ahead_begin != tls_->ahead_end) return ReadResult::kBytes;
    if (!tls_->ahead_error) return ReadResult::kWouldBlock;
    read_error_ = tls_->ahead_error;
    return ReadResult::kEnded;
  }
  char byte;
  const ssize_t count = ReceiveFrom(socket_.native_handle(), &byte, 1, MSG_PEEK);
  if (count <= 0) return OnNothingReceived(count);
  maybe_readable_ = true;
  return ReadResult::kBytes;
}

Stream::ReadResult Stream::OnNothingReceived(ssize_t count) {
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    maybe_readable_ = false;
    short_read_ = false;
    return ReadResult::kWouldBlock;
  }
  read_error_ =
      count == 0 ? ErrorCode(asio::error::eof) : ErrorCode(errno, boost::system::system_category());
  return ReadResult::kEnded;
}

void Stream::MakeRoom() {
  const size_t size = end_ - begin_;
  if (buffer_ != nullptr && end_ < capacity_ && capacity_ - begin_ >= wanted_) return;
  if (buffer_ != nullptr && capacity_ > size && capacity_ >= wanted_) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, size);
  } else {
    const size_t grown_capacity = std::max(wanted_, StreamContext::kBufferBytes);
    StreamContext::Buffer grown = context_.TakeBuffer(grown_capacity);
    if (size > 0) std::memcpy(grown.get(), buffer_.get() + begin_, size);
    buffer_ = std::move(grown);
    capacity_ = grown_capacity;
  }
  begin_ = 0;
  end_ = size;
}

// An event that epoll gave before the last read, and that this read did not show: the peer's end.
void Stream::LookAgain() {
  LeaveQuietList();
  if (Peek() == ReadResult::kWouldBlock) return;
  looking_again_ = true;
  context_.reactor_.cancel_ops_by_key(socket_.native_handle(), ReactorData(),
                                      asio::detail::reactor::read_op, &ready_op_);
}

void Stream::LeaveQuietList() {
  if (quiet_list_ == nullptr) return;
  if (quiet_previous_ != nullptr) {
    quiet_previous_->quiet_next_ = quiet_next_;
  } else {
    quiet_list_->first = quiet_next_;
  }
  if (quiet_next_ != nullptr) quiet_next_->quiet_previous_ = quiet_previous_;
  quiet_list_ = nullptr;
  quiet_previous_ = quiet_next_ = nullptr;
}

// ---- writing

ErrorCode Stream::TryWrite(std::span<iovec>* pieces) {
  if (closed_) return asio::error::bad_descriptor;
  if (tls_) return asio::error::would_block;
  while (!pieces->empty()) {
    const ssize_t sent = SendTo(socket_.native_handle(), *pieces);
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
