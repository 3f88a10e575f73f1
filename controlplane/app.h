#pragma once

#include <absl/status/statusor.h>
#include <grpcpp/server.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "common/base/clock.h"
#include "common/http/admin_server.h"
#include "controlplane/admin/admin_auth.h"
#include "controlplane/admin/admin_call.h"
#include "controlplane/admin/admin_metrics.h"
#include "controlplane/admin/config_service.h"
#include "controlplane/admin/connection_service.h"
#include "controlplane/admin/group_service.h"
#include "controlplane/admin/key_service.h"
#include "controlplane/admin/route_service.h"
#include "controlplane/admin/status_service.h"
#include "controlplane/discovery/replica_registry.h"
#include "controlplane/discovery/snapshot_cache.h"
#include "controlplane/discovery/snapshot_stream_service.h"
#include "controlplane/options.h"
#include "controlplane/storage/store.h"

namespace lmgate::controlplane {

// The control plane: everything it is made of, in the order in which it is needed. Serves from the
// end of Create to Stop. By one thread.
class App {
 public:
  // The first failure, as one line: options, token files, database, addresses.
  static absl::StatusOr<std::unique_ptr<App>> Create(const Options& options);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Ends streams and calls, at most two seconds long, and closes the database. Idempotent.
  void Stop();

  // What was bound, where the options said port 0.
  uint16_t grpc_port() const { return grpc_port_; }
  uint16_t http_port() const { return http_->port(); }
  const storage::Store& store() const { return *store_; }

 private:
  App(std::unique_ptr<const Clock> clock, admin::AdminAuth auth,
      std::unique_ptr<storage::Store> store);

  absl::Status StartGrpc(const Options& options);
  absl::Status StartHttp(const Options& options);
  http::AdminResponse Answer(const http::AdminRequest& request);

  const std::unique_ptr<const Clock> clock_;
  const admin::AdminAuth auth_;
  admin::AdminMetrics metrics_;
  const admin::AdminCalls calls_;
  const std::unique_ptr<storage::Store> store_;
  discovery::SnapshotCache cache_;
  discovery::ReplicaRegistry replicas_;
  discovery::SnapshotStreamService stream_service_;
  admin::ConnectionService connection_service_;
  admin::RouteService route_service_;
  admin::GroupService group_service_;
  admin::KeyService key_service_;
  admin::ConfigService config_service_;
  admin::StatusService status_service_;
  std::thread pusher_;
  std::unique_ptr<grpc::Server> grpc_;
  uint16_t grpc_port_ = 0;
  std::unique_ptr<http::AdminServer> http_;
  std::atomic<bool> ready_ = false;
};

}  // namespace lmgate::controlplane
