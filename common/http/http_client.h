#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/base/mutex.h"

namespace boost::asio {
class io_context;
}

namespace lmgate::http {

// Names and values are sent as they are: the caller answers for their bytes.
struct HttpCall {
  enum class Method { kGet, kPost, kPut };

  Method method = Method::kGet;
  bool tls = false;
  std::string host;  // name or address, without brackets
  uint16_t port = 80;
  std::string target = "/";  // path and query
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};

struct HttpReply {
  int status = 0;
  std::string body;
};

// One HTTP/1.1 call after another for what is not client traffic: tokens, key sets, call-outs. Each
// has a connection of its own; redirects are not followed and proxies not asked. Blocks the
// caller's thread. Speed is not its point.
class HttpClient {
 public:
  struct Options {
    // From the look-up of the name to the last byte of the answer. (A look-up that hangs is left
    // behind only at its own end: getaddrinfo cannot be cancelled.)
    absl::Duration timeout = absl::Seconds(5);
    size_t reply_bytes_max = 1 << 20;  // head and body
    std::string ca_pem = {};           // authorities to trust; empty = the system's
  };

  explicit HttpClient(Options options) : options_(std::move(options)) {}

  // Whatever the status is. Unavailable: there was no answer, or not a whole one within the limits;
  // DeadlineExceeded: not in time; Cancelled: Stop was called. By one thread at a time.
  absl::StatusOr<HttpReply> Send(const HttpCall& call);
  // Ends the call that runs, and all later ones. Any thread.
  void Stop();

 private:
  const Options options_;

  Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  boost::asio::io_context* running_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace lmgate::http
