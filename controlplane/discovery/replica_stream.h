#pragma once

#include <absl/base/thread_annotations.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/base/mutex.h"
#include "controlplane/discovery/full_snapshot.h"
#include "controlplane/discovery/position.h"
#include "controlplane/discovery/snapshot_stream_service.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::discovery {

// The conversation with one replica. Deletes itself after the last reaction of gRPC; until then the
// service knows it. At most one push (a delta, or the chunks of a full snapshot) is under way, and
// the next waits for its ack or nack. Thread-safe.
class ReplicaStream final
    : public grpc::ServerBidiReactor<v1::SubscribeRequest, v1::SubscribeResponse> {
 public:
  // `number` grows from stream to stream.
  ReplicaStream(SnapshotStreamService& service, grpc::CallbackServerContext& context,
                uint64_t number);

  // Waits for the Hello.
  void Begin();
  // Pushes what the replica lacks, if it is its turn, and looks at the timers.
  void Pump();
  // Ends the stream with this status; the first call decides.
  void End(const grpc::Status& status);
  // The same without waiting for a replica that does not read: it may see Cancelled instead.
  void Cut(const grpc::Status& status);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  uint64_t number() const { return number_; }

 private:
  struct Push {
    std::string nonce;
    Position position;  // what the replica serves once it acked
    bool full = false;
  };
  // A push that the replica refused: not to be repeated at once.
  struct Refusal {
    uint64_t revision = 0;
    int64_t retry_at_nanos = 0;
  };

  // All three: OK, or what the stream ends with.
  grpc::Status Greet(const v1::Hello& hello);
  grpc::Status HandleAck(const v1::Ack& ack);
  grpc::Status HandleNack(const v1::Nack& nack);

  void PumpLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes the next push, in response_ (delta) or full_. False = there is nothing to push for now.
  bool StartPush() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string MakeNonce() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  SnapshotStreamService& service_;
  grpc::CallbackServerContext& context_;
  const uint64_t number_;
  const int64_t begun_nanos_;

  // Touched by the reactions to reads, one at a time.
  v1::SubscribeRequest request_;
  std::string replica_id_;  // empty before the Hello

  Mutex mutex_;
  bool greeted_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t ended_nanos_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  v1::SubscribeResponse response_ ABSL_GUARDED_BY(mutex_);  // gRPC's while writing_
  // What the replica serves, if that is a configuration of ours.
  std::optional<Position> serves_ ABSL_GUARDED_BY(mutex_);
  bool needs_full_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<Push> in_flight_ ABSL_GUARDED_BY(mutex_);
  std::optional<Refusal> refused_ ABSL_GUARDED_BY(mutex_);
  uint64_t pushes_ ABSL_GUARDED_BY(mutex_) = 0;
  // The rest of a full snapshot in flight; null = all was sent.
  std::shared_ptr<const FullSnapshot> full_ ABSL_GUARDED_BY(mutex_);
  FullSnapshot::Cursor cursor_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lmgate::discovery
