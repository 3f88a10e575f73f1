#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lmgate::bench {

struct FreeTls {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeTls>;

// TLS 1.3 both ways, so that all peers are measured with the same. Null, and a line on stderr, when
// the files are unusable.
TlsContext MakeServerTls(const std::string& certificate_file, const std::string& key_file);
// Trusts whatever certificate comes: the peer is our own process.
TlsContext MakeClientTls();

// What a read or a write came to. bytes > 0 only with kDone.
struct Transfer {
  enum class Next : uint8_t { kDone, kWaitReadable, kWaitWritable, kClosed };
  Next next = Next::kDone;
  size_t bytes = 0;
};

// One non-blocking TCP connection, plain or by TLS, for one thread. Movable; closes when destroyed.
class Socket {
 public:
  Socket() = default;
  // Takes `fd`. Null `tls` = plain.
  static Socket Accepted(int fd, SSL_CTX* tls);
  // To 127.0.0.1:`port`. Not open when the kernel refuses; the TLS handshake is done by the first
  // writes and reads.
  static Socket Connected(uint16_t port, SSL_CTX* tls);

  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { Close(); }

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  void Close();

  Transfer Read(std::span<char> buffer);
  Transfer Write(std::string_view data);
  // Decrypted bytes wait that epoll does not tell of: read again.
  bool HasBuffered() const { return ssl_ != nullptr && SSL_has_pending(ssl_.get()) == 1; }

 private:
  Transfer TlsResult(int result);

  int fd_ = -1;
  std::unique_ptr<SSL, FreeTls> ssl_;
};

}  // namespace lmgate::bench
