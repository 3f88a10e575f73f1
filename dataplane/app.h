#pragma once

#include <absl/random/random.h>
#include <absl/status/statusor.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/http/admin_server.h"
#include "dataplane/control/config_subscription.h"
#include "dataplane/control/last_good_store.h"
#include "dataplane/credential/token_source.h"
#include "dataplane/dialect/response_store.h"
#include "dataplane/gateway/access_log.h"
#include "dataplane/gateway/worker.h"
#include "dataplane/options.h"

namespace lmgate::dataplane {

// The composition root: everything a replica is made of, in the order in which it depends on one
// another. Runs from Create to Shutdown; tests run several in one process.
class App {
 public:
  // Serving when it returns (with the last good configuration if there is one, else 503 until the
  // control plane sends one). Unavailable: an address is in use. FailedPrecondition: the state
  // directory belongs to another replica.
  static absl::StatusOr<std::unique_ptr<App>> Create(Options options);
  // Shuts down without waiting, if Shutdown was not called.
  ~App();

  uint16_t port() const { return port_; }
  uint16_t admin_port() const { return admin_server_->port(); }
  // A configuration is being served and no shutdown has begun.
  bool ready() const { return has_snapshot_.load() && !draining_.load(); }

  // Not ready any more; listeners closed; answers under way finish, for at most `drain_timeout`;
  // then everything ends. Blocks until it has. True = no answer was cut.
  bool Shutdown(absl::Duration drain_timeout);

 private:
  explicit App(Options options);

  absl::Status Start();
  absl::Status MakeWorkers();
  void RunWorkers();
  void Publish(std::shared_ptr<const snapshot::Snapshot> snapshot);
  void ReportCredentials(const std::vector<credential::TokenSource::Problem>& problems);
  http::AdminResponse HandleAdmin(const http::AdminRequest& request);
  uint64_t OpenConnections() const;

  const Options options_;
  std::unique_ptr<boost::asio::ssl::context> tls_;
  const SystemClock clock_;
  absl::BitGen random_;  // of credential_thread_ only
  std::unique_ptr<credential::TokenSource> token_source_;
  std::thread credential_thread_;
  std::unique_ptr<dialect::ResponseStore> responses_;
  gateway::WorkerShared shared_;
  std::unique_ptr<gateway::AccessLog> access_log_;
  std::vector<std::unique_ptr<gateway::Worker>> workers_;
  std::vector<std::thread> threads_;
  std::unique_ptr<control::LastGoodStore> store_;
  std::unique_ptr<control::ConfigSubscription> subscription_;
  std::unique_ptr<http::AdminServer> admin_server_;
  uint16_t port_ = 0;
  std::atomic<bool> has_snapshot_{false};
  std::atomic<bool> draining_{false};
  std::atomic<uint64_t> revision_{0};
  std::atomic<uint64_t> key_count_{0};
  bool shut_down_ = false;
};

}  // namespace lmgate::dataplane
