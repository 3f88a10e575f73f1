#include "controlplane/discovery/snapshot_stream_service.h"

#include <utility>

#include "common/base/grpc_status.h"
#include "common/base/logging.h"
#include "common/base/strings.h"
#include "controlplane/discovery/replica_stream.h"

namespace lmgate::discovery {
namespace {

using Reactor = grpc::ServerBidiReactor<v1::SubscribeRequest, v1::SubscribeResponse>;

// A stream that ends before it begins.
class RefusedStream final : public Reactor {
 public:
  explicit RefusedStream(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

grpc::Status Stopping() {
  return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the control plane is stopping");
}

}  // namespace

SnapshotStreamService::SnapshotStreamService(SnapshotCache& cache, ReplicaRegistry& registry,
                                             const Clock& clock, Authenticate authenticate,
                                             Options options)
    : cache_(cache),
      registry_(registry),
      clock_(clock),
      authenticate_(std::move(authenticate)),
      options_(options) {
  registry_.SetCurrent(cache_.current(), clock_.Now());
}

SnapshotStreamService::SnapshotStreamService(SnapshotCache& cache, ReplicaRegistry& registry,
                                             const Clock& clock, Authenticate authenticate)
    : SnapshotStreamService(cache, registry, clock, std::move(authenticate), Options()) {}

SnapshotStreamService::~SnapshotStreamService() {
  const MutexLock lock(&streams_mutex_);
  // Their last reactions may still run on gRPC's threads.
  while (!streams_.empty() || leaving_ > 0) left_.Wait(&streams_mutex_);
}

void SnapshotStreamService::OnCommit(const v1::SnapshotDelta& delta, absl::Time committed) {
  // The registry first: who asks it for this revision must not be told of an older one.
  registry_.SetCurrent({.revision = delta.to_revision(), .hash = delta.to_hash()}, committed);
  cache_.OnCommit(delta);
  const MutexLock lock(&wake_mutex_);
  committed_ = true;
  wake_.SignalAll();
}

void SnapshotStreamService::Run() {
  while (true) {
    {
      const MutexLock lock(&wake_mutex_);
      if (!committed_ && !stopped_) wake_.WaitWithTimeout(&wake_mutex_, options_.tick);
      if (stopped_) return;
      committed_ = false;
    }
    const MutexLock lock(&streams_mutex_);
    for (ReplicaStream* stream : streams_) stream->Pump();
  }
}

void SnapshotStreamService::Stop() {
  {
    const MutexLock lock(&wake_mutex_);
    stopped_ = true;
    wake_.SignalAll();
  }
  const MutexLock lock(&streams_mutex_);
  stopping_ = true;
  for (ReplicaStream* stream : streams_) stream->Cut(Stopping());
}

grpc::ServerBidiReactor<v1::SubscribeRequest, v1::SubscribeResponse>*
SnapshotStreamService::Subscribe(grpc::CallbackServerContext* context) {
  if (const absl::Status status = authenticate_(*context); !status.ok()) {
    return new RefusedStream(ToGrpcStatus(status));
  }
  const MutexLock lock(&streams_mutex_);
  if (stopping_) return new RefusedStream(Stopping());
  if (streams_.size() >= options_.streams_max) {
    return new RefusedStream(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                          StrCat("more than ", options_.streams_max, " streams")));
  }
  auto* stream = new ReplicaStream(*this, *context, next_stream_++);
  streams_.insert(stream);
  stream->Begin();
  return stream;
}

void SnapshotStreamService::Introduce(ReplicaStream* stream, const std::string& replica_id) {
  const MutexLock lock(&streams_mutex_);
  ReplicaStream*& newest = by_replica_[replica_id];
  if (newest != nullptr && newest->number() > stream->number()) {
    return stream->End(
        grpc::Status(grpc::StatusCode::ABORTED, "a newer stream of this replica came first"));
  }
  if (newest != nullptr) {
    LogWarn(StrCat("replica ", replica_id, ": a new stream takes the place of the one before"));
    newest->End(grpc::Status(grpc::StatusCode::ABORTED, "replaced by a newer stream"));
  }
  newest = stream;
}

void SnapshotStreamService::Remove(ReplicaStream* stream, const std::string& replica_id) {
  {
    const MutexLock lock(&streams_mutex_);
    streams_.erase(stream);
    const auto newest = by_replica_.find(replica_id);
    if (newest != by_replica_.end() && newest->second == stream) by_replica_.erase(newest);
    ++leaving_;
  }
  // After it is gone here: who sees the replica disconnected may count on its place.
  if (!replica_id.empty()) registry_.Disconnect(stream->number(), replica_id);
  const MutexLock lock(&streams_mutex_);
  --leaving_;
  left_.SignalAll();
}

}  // namespace lmgate::discovery
