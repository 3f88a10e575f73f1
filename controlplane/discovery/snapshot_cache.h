#pragma once

#include <absl/base/thread_annotations.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "common/base/mutex.h"
#include "controlplane/discovery/full_snapshot.h"
#include "controlplane/discovery/position.h"
#include "controlplane/storage/store.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::discovery {

// The recent deltas in memory, and the way to a full snapshot: what replicas are fed from without
// touching the database. Fed by the store's commit listener. Owned by the app. Thread-safe; its
// mutex is never held while the store is called, because the listener comes with the store's lock.
class SnapshotCache {
 public:
  struct Options {
    // Deltas kept; the oldest go first.
    size_t deltas_max = 10000;
    size_t delta_bytes_max = 64 << 20;
    // Deltas are merged into one push up to here.
    size_t push_bytes_max = 1 << 20;
    // A single delta beyond this is never pushed; a full snapshot goes instead. Well below the
    // 64 MiB that replicas accept (dataplane/control).
    size_t single_delta_bytes_max = 16 << 20;
  };

  // Reads the current position from `store`, which outlives the cache.
  SnapshotCache(const storage::Store& store, Options options);
  explicit SnapshotCache(const storage::Store& store) : SnapshotCache(store, Options()) {}

  // Each commit, in order. A copy and no more: the writer waits for it.
  void OnCommit(const v1::SnapshotDelta& delta);

  Position current() const;
  const std::string& lineage() const { return lineage_; }

  // One delta from exactly this base towards the current revision: the deltas since, merged, up to
  // push_bytes_max. Without changes (from == to) when the base is current. Nullopt when the base is
  // unknown or too far back: only a full snapshot helps.
  std::optional<v1::SnapshotDelta> DeltaSince(uint64_t revision, uint64_t hash) const;

  // The whole configuration at one revision, current or just about to be. Replicas that ask at the
  // same revision share one.
  std::shared_ptr<const FullSnapshot> TakeFull();

 private:
  struct Entry {
    // Shared, so that they can be merged without the mutex.
    std::shared_ptr<const v1::SnapshotDelta> delta;
    size_t bytes = 0;
  };

  // Constant after construction.
  const storage::Store& store_;
  const Options options_;
  std::string lineage_;

  mutable Mutex mutex_;
  Position current_ ABSL_GUARDED_BY(mutex_);
  std::deque<Entry> deltas_ ABSL_GUARDED_BY(mutex_);  // each starts where the one before ends
  size_t delta_bytes_ ABSL_GUARDED_BY(mutex_) = 0;

  Mutex full_mutex_;
  std::weak_ptr<const FullSnapshot> full_ ABSL_GUARDED_BY(full_mutex_);
};

}  // namespace lmgate::discovery
