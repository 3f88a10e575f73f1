#include "controlplane/discovery/snapshot_cache.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "controlplane/discovery/delta_merge.h"

namespace lmgate::discovery {
namespace {

v1::SnapshotDelta NoChange(Position at) {
  v1::SnapshotDelta delta;
  delta.set_from_revision(at.revision);
  delta.set_from_hash(at.hash);
  delta.set_to_revision(at.revision);
  delta.set_to_hash(at.hash);
  return delta;
}

}  // namespace

SnapshotCache::SnapshotCache(const storage::Store& store, Options options)
    : store_(store), options_(options) {
  store_.Read([&](const contract::SnapshotState& state) {
    lineage_ = state.lineage();
    const MutexLock lock(&mutex_);
    current_ = {.revision = state.revision(), .hash = state.hash()};
  });
}

void SnapshotCache::OnCommit(const v1::SnapshotDelta& delta) {
  Entry entry{.delta = std::make_shared<const v1::SnapshotDelta>(delta),
              .bytes = delta.ByteSizeLong()};
  const MutexLock lock(&mutex_);
  const bool continues =
      delta.from_revision() == current_.revision && delta.from_hash() == current_.hash;
  if (!continues) {
    deltas_.clear();
    delta_bytes_ = 0;
  }
  current_ = {.revision = delta.to_revision(), .hash = delta.to_hash()};
  delta_bytes_ += entry.bytes;
  deltas_.push_back(std::move(entry));
  while (!deltas_.empty() &&
         (deltas_.size() > options_.deltas_max || delta_bytes_ > options_.delta_bytes_max)) {
    delta_bytes_ -= deltas_.front().bytes;
    deltas_.pop_front();
  }
}

Position SnapshotCache::current() const {
  const MutexLock lock(&mutex_);
  return current_;
}

std::optional<v1::SnapshotDelta> SnapshotCache::DeltaSince(uint64_t revision, uint64_t hash) const {
  std::vector<Entry> entries;
  {
    const MutexLock lock(&mutex_);
    if (revision == current_.revision && hash == current_.hash) return NoChange(current_);
    auto at = std::lower_bound(
        deltas_.begin(), deltas_.end(), revision,
        [](const Entry& entry, uint64_t base) { return entry.delta->from_revision() < base; });
    if (at == deltas_.end() || at->delta->from_revision() != revision ||
        at->delta->from_hash() != hash || at->bytes > options_.single_delta_bytes_max) {
      return std::nullopt;
    }
    size_t bytes = 0;
    for (; at != deltas_.end(); ++at) {
      bytes += at->bytes;
      if (!entries.empty() && bytes > options_.push_bytes_max) break;
      entries.push_back(*at);
    }
  }
  std::vector<const v1::SnapshotDelta*> deltas;
  deltas.reserve(entries.size());
  for (const Entry& entry : entries) deltas.push_back(entry.delta.get());
  return MergeDeltas(deltas);
}

std::shared_ptr<const FullSnapshot> SnapshotCache::TakeFull() {
  // Held over the read, so that replicas that start together wait for one copy.
  const MutexLock lock(&full_mutex_);
  std::shared_ptr<const FullSnapshot> full = full_.lock();
  if (full != nullptr && full->revision() >= current().revision) return full;
  store_.Read([&](const contract::SnapshotState& state) {
    full = std::make_shared<const FullSnapshot>(state);
  });
  full_ = full;
  return full;
}

}  // namespace lmgate::discovery
