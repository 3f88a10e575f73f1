#include "controlplane/discovery/full_snapshot.h"

#include "common/base/logging.h"

namespace lmgate::discovery {

FullSnapshot::FullSnapshot(const contract::SnapshotState& state)
    : lineage_(state.lineage()),
      key_pepper_(state.key_pepper()),
      revision_(state.revision()),
      hash_(state.hash()) {
  resources_.reserve(state.size());
  state.ForEach([&](const contract::SnapshotState::ResourcePtr& resource) {
    resources_.push_back(resource);
  });
}

v1::SnapshotChunk FullSnapshot::NextChunk(Cursor* cursor, Limits limits) const {
  LMGATE_CHECK(!cursor->done);
  v1::SnapshotChunk chunk;
  chunk.set_index(cursor->chunk++);
  v1::Snapshot& part = *chunk.mutable_part();
  part.set_revision(revision_);
  part.set_lineage(lineage_);
  part.set_hash(hash_);
  part.set_key_pepper(key_pepper_);

  size_t bytes = 0;
  size_t count = 0;
  for (; cursor->resource < resources_.size() && count < limits.chunk_resources; ++count) {
    const v1::Resource& resource = *resources_[cursor->resource];
    bytes += resource.ByteSizeLong();
    if (count > 0 && bytes > limits.chunk_bytes) break;
    *part.add_resources() = resource;
    ++cursor->resource;
  }
  cursor->done = cursor->resource == resources_.size();
  chunk.set_last(cursor->done);
  return chunk;
}

}  // namespace lmgate::discovery
