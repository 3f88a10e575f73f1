#include "tests/bench/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <utility>

namespace lmgate::bench {
namespace {

void SetNoDelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int TlsSize(size_t size) {
  return static_cast<int>(std::min<size_t>(size, std::numeric_limits<int>::max()));
}

Transfer PlainResult(ssize_t result, Transfer::Next blocked) {
  if (result > 0) return {.bytes = static_cast<size_t>(result)};
  if (result < 0 && (errno == EAGAIN || errno == EINTR)) return {.next = blocked};
  return {.next = Transfer::Next::kClosed};
}

}  // namespace

TlsContext MakeServerTls(const std::string& certificate_file, const std::string& key_file) {
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    std::fprintf(stderr, "cannot use %s and %s\n", certificate_file.c_str(), key_file.c_str());
    return nullptr;
  }
  return context;
}

TlsContext MakeClientTls() {
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  return context;
}

Socket Socket::Accepted(int fd, SSL_CTX* tls) {
  Socket socket;
  socket.fd_ = fd;
  SetNoDelay(fd);
  if (tls == nullptr) return socket;
  socket.ssl_.reset(SSL_new(tls));
  // The rest of a message may stand at another address when it is written again.
  SSL_set_mode(socket.ssl_.get(),
               SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_set_fd(socket.ssl_.get(), fd);
  SSL_set_accept_state(socket.ssl_.get());
  return socket;
}

Socket Socket::Connected(uint16_t port, SSL_CTX* tls) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Socket();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // Blocking: on loopback it returns as soon as the listener's queue has room.
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return Socket();
  }
  fcntl(fd, F_SETFL, O_NONBLOCK);
  Socket socket = Accepted(fd, tls);
  if (tls != nullptr) SSL_set_connect_state(socket.ssl_.get());
  return socket;
}

Socket::Socket(Socket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), ssl_(std::move(other.ssl_)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  Close();
  fd_ = std::exchange(other.fd_, -1);
  ssl_ = std::move(other.ssl_);
  return *this;
}

void Socket::Close() {
  ssl_.reset();
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

Transfer Socket::Read(std::span<char> buffer) {
  if (ssl_ != nullptr)
    return TlsResult(SSL_read(ssl_.get(), buffer.data(), TlsSize(buffer.size())));
  return PlainResult(recv(fd_, buffer.data(), buffer.size(), 0), Transfer::Next::kWaitReadable);
}

Transfer Socket::Write(std::string_view data) {
  if (ssl_ != nullptr) return TlsResult(SSL_write(ssl_.get(), data.data(), TlsSize(data.size())));
  return PlainResult(send(fd_, data.data(), data.size(), MSG_NOSIGNAL),
                     Transfer::Next::kWaitWritable);
}

Transfer Socket::TlsResult(int result) {
  if (result > 0) return {.bytes = static_cast<size_t>(result)};
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {.next = Transfer::Next::kWaitReadable};
    case SSL_ERROR_WANT_WRITE:
      return {.next = Transfer::Next::kWaitWritable};
    default:
      ERR_clear_error();
      return {.next = Transfer::Next::kClosed};
  }
}

}  // namespace lmgate::bench
