#pragma once

#include <sys/uio.h>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace lmgate::http1 {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

// Typed executors all the way: any_io_executor costs a virtual call and a reference count an
// operation.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
template <typename T = void>
using Awaitable = asio::awaitable<T, Executor>;
inline constexpr asio::use_awaitable_t<Executor> kUseAwaitable{};

// One socket with its input buffer, plain or TLS, for use by one coroutine at a time.
//
// At most one read is outstanding, and it may be left outstanding while the coroutine does
// something else: then a peer that goes away is noticed at once (SetObserver), and the next message
// is already awaited when its turn comes, which costs no system call more than reading on demand.
//
// Lives on the heap, owned by a StreamPtr: disposing it closes the socket, and the memory goes when
// the outstanding read has come back. Not thread-safe: belongs to its io_context's thread.
class Stream {
 public:
  // Readable bytes behind the buffer's end, for simdjson.
  static constexpr size_t kPaddingBytes = 64;

  // Called when an outstanding read comes back and nobody waits for it.
  using Observer = void (*)(void* owner);

  explicit Stream(Socket socket);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Socket& socket() { return socket_; }
  bool is_tls() const { return tls_ != nullptr; }

  // Makes it a TLS stream. The context must outlive the stream. `server_name`: what a client
  // sends and verifies; empty for servers.
  ErrorCode StartTls(asio::ssl::context& context, std::string_view server_name, bool verify);
  Awaitable<ErrorCode> Handshake(bool as_client);

  // ---- reading
  // What has come and was not consumed. Stays in place until Consume or Reserve.
  std::string_view input() const { return {buffer_.get() + begin_, end_ - begin_}; }
  void Consume(size_t bytes);
  // Makes room for `bytes` of input in all, moving or growing the buffer. Not while a read is
  // outstanding.
  void Reserve(size_t bytes);
  size_t capacity() const { return capacity_; }
  // Gives the buffer back if it is empty and no read is outstanding.
  void ReleaseBuffer();

  // Starts a read into the free part of the buffer, unless one is outstanding, the buffer is full,
  // or the stream has ended.
  void ArmRead();
  // Starts a read of what follows the message in the input, into the half of the buffer that the
  // message does not use, unless something follows it already. The message stays in place until
  // FinishMessage.
  void ArmReadNext();
  // Consumes the message, `bytes` long; what ArmReadNext brought, or will bring, is the input.
  void FinishMessage(size_t bytes);
  // Starts a read into memory of the caller, which must stay until it comes back. No other read may
  // be outstanding. external_bytes() says how much came.
  void ArmReadInto(char* target, size_t bytes);
  size_t external_bytes() const { return external_bytes_; }

  bool read_outstanding() const { return read_outstanding_; }
  // Why reading ended: asio::error::eof, a reset … Sticky. Not set while all is well.
  const ErrorCode& read_error() const { return read_error_; }
  // Completes when the outstanding read has come back. Call only while one is outstanding.
  auto WaitRead() {
    return asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(
        [this](auto handler) { waiter_.emplace(std::move(handler)); }, kUseAwaitable);
  }
  void SetObserver(Observer observer, void* owner) {
    observer_ = observer;
    observer_owner_ = owner;
  }

  // ---- writing
  // Writes what the socket takes now; `pieces` is advanced past it. Empty pieces = all written.
  // would_block: the rest needs WriteRest. TLS always would_block.
  ErrorCode TryWrite(std::span<iovec>* pieces);
  // Writes all of `pieces`, waiting for the peer: this is the back-pressure.
  Awaitable<ErrorCode> WriteRest(std::span<iovec> pieces);

  // Aborts what is outstanding; later operations fail. Idempotent.
  void Close();
  bool closed() const { return closed_; }

  // Ends the ownership of a StreamPtr.
  void Dispose();

 private:
  class Tls;
  struct ReadHandler;
  struct FreeBuffer {
    void operator()(char* buffer) const;
  };

  ~Stream();
  void StartRead(char* target, size_t bytes);
  void OnRead(const ErrorCode& error, size_t bytes);

  Socket socket_;
  std::unique_ptr<Tls> tls_;
  std::unique_ptr<char, FreeBuffer> buffer_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t external_bytes_ = 0;
  enum class Target : unsigned char { kInput, kNext, kExternal };
  Target target_ = Target::kInput;  // of the outstanding read
  size_t next_begin_ = 0;           // where ArmReadNext reads to
  size_t next_end_ = 0;             // after it came back: its end; else next_begin_
  bool read_outstanding_ = false;
  bool closed_ = false;
  bool disposed_ = false;
  ErrorCode read_error_;
  // Optional, since the assignment of any_completion_handler recurses for ever in Boost 1.81.
  std::optional<asio::any_completion_handler<void()>> waiter_;
  Observer observer_ = nullptr;
  void* observer_owner_ = nullptr;
};

struct StreamDisposer {
  void operator()(Stream* stream) const { stream->Dispose(); }
};
using StreamPtr = std::unique_ptr<Stream, StreamDisposer>;

}  // namespace lmgate::http1
