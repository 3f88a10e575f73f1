#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/status/status.h>
#include <absl/time/time.h>
#include <grpcpp/server_context.h>

#include <cstdint>
#include <functional>
#include <string>

#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "controlplane/discovery/replica_registry.h"
#include "controlplane/discovery/snapshot_cache.h"
#include "lmgate/v1/snapshot.grpc.pb.h"

namespace lmgate::discovery {

class ReplicaStream;

// SnapshotService: one ReplicaStream a replica. Owned by the app and registered with its server.
//
//   SnapshotCache cache(*store);
//   ReplicaRegistry registry(clock);
//   SnapshotStreamService service(cache, registry, clock, authenticate);
//   store->SetCommitListener([&](auto& delta, auto time) { service.OnCommit(delta, time); });
//   std::thread pusher([&] { service.Run(); });
//   … server … shutdown: registry.Stop(); service.Stop(); pusher.join(); server->Shutdown();
//
// Thread-safe. A slow replica holds back neither commits nor the others: each stream has at most
// one push in flight, and what was committed meanwhile follows merged.
class SnapshotStreamService final : public v1::SnapshotService::CallbackService {
 public:
  struct Options {
    size_t streams_max = 10000;  // more are refused with ResourceExhausted
    // For a replica to say hello; and, at the end, to read what was sent before.
    absl::Duration hello_timeout = absl::Seconds(10);
    // A replica that refused the newest revision is offered it again after this, or as soon as
    // there is a newer one.
    absl::Duration nack_retry = absl::Seconds(30);
    // How often Run looks at the two timers above.
    absl::Duration tick = absl::Seconds(1);
  };

  // OK, or the status that the stream ends with.
  using Authenticate = std::function<absl::Status(const grpc::ServerContextBase& context)>;

  // The references outlive the service; `authenticate` is called on gRPC's threads.
  SnapshotStreamService(SnapshotCache& cache, ReplicaRegistry& registry, const Clock& clock,
                        Authenticate authenticate, Options options);
  SnapshotStreamService(SnapshotCache& cache, ReplicaRegistry& registry, const Clock& clock,
                        Authenticate authenticate);
  // After the server is gone, and Run has returned.
  ~SnapshotStreamService() override;

  // The store's commit listener: folds the delta into cache and registry and wakes Run. Does no
  // I/O and calls nothing back.
  void OnCommit(const v1::SnapshotDelta& delta, absl::Time committed);

  // Pushes what is committed until Stop. To be run by one thread of the app.
  void Run();
  // Ends Run and all streams with Unavailable. Idempotent.
  void Stop();

  grpc::ServerBidiReactor<v1::SubscribeRequest, v1::SubscribeResponse>* Subscribe(
      grpc::CallbackServerContext* context) override;

 private:
  friend class ReplicaStream;

  // Takes the place of an older stream of the same replica.
  void Introduce(ReplicaStream* stream, const std::string& replica_id);
  // Last call of a stream.
  void Remove(ReplicaStream* stream, const std::string& replica_id);

  // Constant after construction.
  SnapshotCache& cache_;
  ReplicaRegistry& registry_;
  const Clock& clock_;
  const Authenticate authenticate_;
  const Options options_;

  // Lock order: streams_mutex_, then a stream's, then the store's and the cache's. wake_mutex_ is a
  // leaf.
  Mutex streams_mutex_;
  absl::flat_hash_set<ReplicaStream*> streams_ ABSL_GUARDED_BY(streams_mutex_);
  // The newest stream of each replica that said hello.
  absl::flat_hash_map<std::string, ReplicaStream*> by_replica_ ABSL_GUARDED_BY(streams_mutex_);
  uint64_t next_stream_ ABSL_GUARDED_BY(streams_mutex_) = 1;
  bool stopping_ ABSL_GUARDED_BY(streams_mutex_) = false;
  int leaving_ ABSL_GUARDED_BY(streams_mutex_) = 0;  // calls of Remove under way
  CondVar left_;

  Mutex wake_mutex_;
  bool committed_ ABSL_GUARDED_BY(wake_mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(wake_mutex_) = false;
  CondVar wake_;
};

}  // namespace lmgate::discovery
