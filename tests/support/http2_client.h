#pragma once

#include <absl/functional/function_ref.h>
#include <absl/time/time.h>

#include <cstdint>

#include "tests/support/http2_peer.h"

namespace lmgate::testing {

// Http2Peer on a socket to loopback. It sends and receives only within Until.
class Http2Client {
 public:
  explicit Http2Client(uint16_t port, Http2Peer::Options options = {true, 1 << 20});
  ~Http2Client() { Close(); }
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  Http2Peer& peer() { return peer_; }
  // False when it was never so, within `patience` or until the server closed.
  bool Until(absl::FunctionRef<bool()> condition, absl::Duration patience = absl::Seconds(30));
  // Sends the request and waits for its answer's end, of whatever kind.
  const Http2Answer& Exchange(const Http2Fields& fields,
                              std::optional<std::string_view> body = std::nullopt);
  // The server has closed the connection, or does within `patience`.
  bool UntilClosed(absl::Duration patience = absl::Seconds(30));
  void Close();

 private:
  Http2Peer peer_;
  int socket_ = -1;
  bool closed_ = false;
};

}  // namespace lmgate::testing
