#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/contract/base_url.h"
#include "dataplane/http1/stream.h"
#include "dataplane/http1/timer_wheel.h"

namespace lmgate::http1 {

// Everything that makes two upstream sockets interchangeable.
struct EndpointOptions {
  contract::BaseUrl url;
  // For https: PEM texts (empty = the system's authorities, no client certificate).
  std::string ca_pem;
  std::string client_cert_pem;
  std::string client_key_pem;
  std::string server_name;  // empty = url.host
  bool verify = true;

  std::string Key() const;
};

struct PoolLimits {
  size_t idle_max = 512;            // idle sockets kept an endpoint
  int64_t idle_timeout_ms = 55000;  // below the 60 s after which common servers close
  int64_t address_ttl_ms = 30000;   // how long a resolved name is believed
};

// Aborts a Connect from outside: by the connect timer, or when the client goes away.
class ConnectControl {
 public:
  void Cancel();
  bool cancelled() const { return cancelled_; }

 private:
  friend class Endpoint;
  bool cancelled_ = false;
  Stream* stream_ = nullptr;                    // while connecting or shaking hands
  asio::steady_timer* resolve_wait_ = nullptr;  // while the name is being resolved
};

// One provider address of one worker, with its idle keep-alive sockets, newest first. Belongs to
// the worker's thread.
class Endpoint {
 public:
  Endpoint(StreamContext& context, EndpointOptions options, PoolLimits limits);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // InvalidArgument from Create when the TLS material is unusable.
  absl::Status tls_status() const { return tls_status_; }

  // An idle socket whose peer has neither closed it nor sent anything; null = none.
  StreamPtr TakeIdle();
  // A socket whose last answer was read to its end. Closed instead when the pool is full.
  void PutIdle(StreamPtr stream);
  // A new socket. Unavailable: resolve, connect or TLS failed, with the reason; Cancelled: by
  // `control`, which must outlive the call.
  Awaitable<absl::StatusOr<StreamPtr>> Connect(ConnectControl* control);

  size_t idle_count() const { return idle_.size(); }
  // Closes what is idle.
  void CloseIdle();

 private:
  struct Idle;
  struct Resolution;

  Awaitable<absl::Status> Resolve(ConnectControl* control);
  Awaitable<absl::Status> OpenSocket(Stream* stream, ConnectControl* control);

  StreamContext& context_;
  const EndpointOptions options_;
  const PoolLimits limits_;
  std::unique_ptr<asio::ssl::context> tls_;
  absl::Status tls_status_;
  std::vector<std::unique_ptr<Idle>> idle_;
  std::shared_ptr<Resolution> resolution_;
};

// The endpoints of one worker.
class ClientPool {
 public:
  explicit ClientPool(StreamContext& context, PoolLimits limits = {});

  // The endpoint of these options, made if need be; shared with whoever asks for equal options.
  std::shared_ptr<Endpoint> Get(const EndpointOptions& options);
  // Forgets endpoints that nobody but the pool holds.
  void Prune();
  void CloseIdle();
  size_t idle_count() const;

 private:
  StreamContext& context_;
  const PoolLimits limits_;
  absl::flat_hash_map<std::string, std::shared_ptr<Endpoint>> endpoints_;
};

}  // namespace lmgate::http1
