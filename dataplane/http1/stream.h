#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <boost/asio/ssl/context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "dataplane/http1/socket.h"
#include "dataplane/http1/stream_context.h"

namespace lmgate::http1 {

// One socket with its input buffer, plain or TLS, for use by one coroutine at a time.
//
// At most one read is outstanding, and it may be left outstanding while the coroutine does
// something else: then a peer that goes away is noticed at once (SetObserver), and the next message
// is already awaited when its turn comes. A plain socket holds no buffer while it waits, and asks
// the kernel only when there is reason to: after a read that did not fill its buffer the next one
// waits for the next event of the edge-triggered epoll. (What such a read can miss is a peer that
// sent its last bytes and closed in one go: StreamContext looks again a little later.)
//
// Lives on the heap, owned by a StreamPtr: disposing it closes the socket, and the memory goes when
// the outstanding read has come back. Not thread-safe: belongs to its io_context's thread.
class Stream {
 public:
  // Readable bytes behind the buffer's end, for simdjson.
  static constexpr size_t kPaddingBytes = StreamContext::kPaddingBytes;

  // Called when an outstanding read comes back and nobody waits for it. On a plain socket nothing
  // has been read then, unless the read ended: read_error().
  using Observer = void (*)(void* owner);

  // `context` must outlive the stream.
  Stream(Socket socket, StreamContext& context);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Socket& socket() { return socket_; }
  bool is_tls() const { return tls_ != nullptr; }

  // Makes it a TLS stream. The context must outlive the stream. `server_name`: what a client
  // sends and verifies; empty for servers.
  ErrorCode StartTls(asio::ssl::context& context, std::string_view server_name, bool verify);
  Awaitable<ErrorCode> Handshake(bool as_client);
  // What the handshake agreed on (ALPN, RFC 7301); empty = nothing.
  std::string_view protocol() const;

  // ---- reading
  // What has come and was not consumed. Stays in place until a read comes back, or until all of it
  // is consumed.
  std::string_view input() const { return {buffer_.get() + begin_, end_ - begin_}; }
  void Consume(size_t bytes);

  // Reads more input, unless a read is outstanding, the input is `bytes` long, or the stream has
  // ended. May bring bytes, or the end, at once; otherwise a read is outstanding after it.
  void ArmRead(size_t bytes);
  // The same into memory of the caller, which must stay until it comes back and have one byte more
  // than `bytes`, zero: a byte that came after the last one is added to the input, which stays in
  // place. No other read may be outstanding. external_bytes() says how much came; 0 when it came to
  // nothing.
  void ArmReadInto(char* target, size_t bytes);
  size_t external_bytes() const { return external_bytes_; }
  // Has the observer called when the peer goes away, or sends something.
  void Watch();
  // The peer is about to close: from now on every read looks for that.
  void ExpectClose() { expect_close_ = true; }

  bool read_outstanding() const { return armed_; }
  // Why reading ended: asio::error::eof, a reset … Sticky. Not set while all is well.
  const ErrorCode& read_error() const { return read_error_; }
  // Whether bytes of the peer have arrived that no read has brought yet.
  bool HasUnread();
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
  friend class StreamContext;
  class Tls;
  struct TlsReadHandler;
  // The reactor's word that the socket may be readable. Part of the stream, so that waiting
  // allocates nothing.
  class ReadyOp final : public asio::detail::reactor_op {
   public:
    explicit ReadyOp(Stream* stream);
    Stream* const stream;
  };
  using Waiter = asio::async_result<asio::use_awaitable_t<Executor>, void()>::handler_type;
  enum class ReadResult : unsigned char { kBytes, kWouldBlock, kEnded };

  ~Stream();
  void Arm();
  void Wait();
  void OnReady();
  void OnTlsRead(const ErrorCode& error, size_t bytes);
  void Notify();
  // Reads what is there, to wherever the bytes are wanted.
  ReadResult ReadNow();
  ReadResult Receive(char* target, size_t bytes, size_t* received);
  ReadResult OnNothingReceived(ssize_t count);
  // Whether anything, or the end, could be read.
  ReadResult Peek();
  // Room in the buffer for input of wanted_ bytes.
  void MakeRoom();
  void LookAgain();
  void LeaveQuietList();
  asio::detail::reactor::per_descriptor_data& ReactorData();

  Socket socket_;
  StreamContext& context_;
  std::unique_ptr<Tls> tls_;
  StreamContext::Buffer buffer_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t wanted_ = StreamContext::kBufferBytes;  // how long the input may become
  // Of ArmReadInto; null = into the buffer.
  char* external_target_ = nullptr;
  size_t external_size_ = 0;
  size_t external_bytes_ = 0;
  bool armed_ = false;
  // The kernel may have bytes, or the end, of which epoll will not speak again.
  bool maybe_readable_ = true;
  bool short_read_ = false;  // the last read found less than it asked for
  bool expect_close_ = false;
  bool looking_again_ = false;
  bool closed_ = false;
  bool disposed_ = false;
  uint8_t reads_at_once_ = 0;  // since the last one that waited
  ErrorCode read_error_;
  std::optional<Waiter> waiter_;
  Observer observer_ = nullptr;
  void* observer_owner_ = nullptr;
  ReadyOp ready_op_;
  // In one of the context's lists while armed and not yet looked at again.
  StreamContext::QuietList* quiet_list_ = nullptr;
  Stream* quiet_previous_ = nullptr;
  Stream* quiet_next_ = nullptr;
};

struct StreamDisposer {
  void operator()(Stream* stream) const { stream->Dispose(); }
};
using StreamPtr = std::unique_ptr<Stream, StreamDisposer>;

}  // namespace lmgate::http1
