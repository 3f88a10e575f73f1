#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/container/btree_map.h>
#include <absl/time/time.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "controlplane/discovery/position.h"
#include "lmgate/v1/admin.pb.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::discovery {

// What every data-plane replica serves, as it said itself: behind `lmctl status` and behind "active
// on 6/6 replicas". Written by the streams, read by the admin services. Owned by the app, outlives
// the stream service. Thread-safe; its mutex is a leaf (nothing is called with it held).
class ReplicaRegistry {
 public:
  struct Options {
    absl::Duration forget_after = absl::Hours(1);  // disconnected replicas
    size_t disconnected_max = 1000;                // the longest disconnected go first
    int complaints_max = 1000;                     // of one replica; the first stay
    size_t complaint_bytes_max = 512;              // a longer message is cut
  };

  // `clock` outlives the registry.
  ReplicaRegistry(const Clock& clock, Options options);
  explicit ReplicaRegistry(const Clock& clock) : ReplicaRegistry(clock, Options()) {}

  // Sorted by id.
  std::vector<v1::Replica> List();

  // Blocks until every connected replica that is not draining has acked or nacked `revision` or a
  // later one, or until the timeout. Without replicas: at once, 0 of 0.
  v1::WaitForRevisionReply Wait(uint64_t revision, absl::Duration timeout) const;

  // Ends every Wait, now and later, as if timed out: for the shutdown.
  void Stop();

  // ---- for the stream service

  enum class Base {
    kOurs,     // the replica serves a revision of this control plane
    kForeign,  // nothing, another lineage, or a revision that this one does not know
  };

  // Each commit, in order; the first call gives the state at the start.
  void SetCurrent(Position current, absl::Time committed);

  // `stream` numbers streams in the order of their begin; what an older stream of the same replica
  // says is ignored.
  void Connect(uint64_t stream, const v1::Hello& hello, Base base);
  void Ack(uint64_t stream, std::string_view replica_id, const v1::Ack& ack);
  // `refused`: revision of the push.
  void Nack(uint64_t stream, std::string_view replica_id, const v1::Nack& nack, uint64_t refused);
  void SetState(uint64_t stream, std::string_view replica_id, const v1::ReplicaState& state);
  void Disconnect(uint64_t stream, std::string_view replica_id);

 private:
  // When a revision was committed, or acked.
  struct Mark {
    uint64_t revision = 0;
    absl::Time time;
  };
  struct Entry {
    uint64_t stream = 0;
    v1::Hello hello;
    Position serves;
    Base base = Base::kForeign;
    bool connected = false;
    bool draining = false;
    std::optional<uint64_t> refused;              // revision of the newest nack; cleared by an ack
    std::vector<v1::Complaint> complaints;        // of its acks and nacks
    std::vector<v1::Complaint> state_complaints;  // of its states
    absl::Time connected_at;
    absl::Time disconnected_at;
    std::optional<absl::Duration> ack_latency;
    std::deque<Mark> acks;  // the newest 64: to say when a revision became active
  };

  Entry* FindEntry(uint64_t stream, std::string_view replica_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forget() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<v1::Complaint> CutComplaints(
      const google::protobuf::RepeatedPtrField<v1::Complaint>& complaints) const;
  std::string_view StateOf(const Entry& entry) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::Replica Describe(const Entry& entry) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static bool Serves(const Entry& entry, uint64_t revision);
  bool AllAnswered(uint64_t revision) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::WaitForRevisionReply Summarize(uint64_t revision) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<absl::Time> CommitTime(uint64_t revision) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  const Clock& clock_;
  const Options options_;

  mutable Mutex mutex_;
  mutable CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  Position current_ ABSL_GUARDED_BY(mutex_);
  std::deque<Mark> commits_ ABSL_GUARDED_BY(mutex_);  // the newest 10,000
  absl::btree_map<std::string, Entry> replicas_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lmgate::discovery
