#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace lmgate::http {

struct AdminRequest {
  std::string method;
  std::string target;  // path and query
  std::string path;    // target without the query
};

struct AdminResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// The small HTTP server of an admin port (/healthz, /readyz, /metrics): Beast on its own thread,
// HTTP/1.1 with keep-alive, GET and HEAD, heads up to 16 KiB, no bodies. More than the limits is
// refused (400, 405, 413, 431) or closed. Speed is not its point.
class AdminServer {
 public:
  // Called on the server's thread, one at a time; must not block for long. Never called after
  // Stop() returned.
  using Handler = std::function<AdminResponse(const AdminRequest&)>;

  struct Options {
    std::string host = "127.0.0.1";
    uint16_t port = 0;  // 0 = any
    // For one request from its first byte, or the wait for it, to the last byte of the answer; the
    // client that is slower is closed.
    absl::Duration request_timeout = absl::Seconds(10);
    size_t connections_max = 256;  // one more is accepted and closed
  };

  // Unavailable when the address cannot be bound: `127.0.0.1:8001: address already in use`.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Create(Options options, Handler handler);
  ~AdminServer();

  uint16_t port() const;
  // Closes everything and joins the thread. Idempotent; by one thread at a time, never the
  // handler's.
  void Stop();

 private:
  class Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lmgate::http
