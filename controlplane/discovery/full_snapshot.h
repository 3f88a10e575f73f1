#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/contract/snapshot_state.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::discovery {

// A configuration frozen at one revision, to be sent in chunks that are built one by one: pointers
// to a million keys are held, never a second copy of them. Immutable, thread-safe. SECRET.
class FullSnapshot {
 public:
  struct Limits {
    // Serialised size at which a chunk ends; one larger resource is a chunk of its own.
    size_t chunk_bytes = 1 << 20;
    size_t chunk_resources = 10000;
  };

  explicit FullSnapshot(const contract::SnapshotState& state);

  uint64_t revision() const { return revision_; }
  uint64_t hash() const { return hash_; }

  // Where the next chunk begins; a fresh one is the beginning.
  struct Cursor {
    size_t resource = 0;
    uint32_t chunk = 0;
    bool done = false;  // the last chunk was made
  };
  // The chunk at the cursor, which moves on. An empty configuration is one empty chunk. Must not be
  // called when done.
  v1::SnapshotChunk NextChunk(Cursor* cursor, Limits limits) const;

 private:
  std::string lineage_;
  std::string key_pepper_;
  uint64_t revision_ = 0;
  uint64_t hash_ = 0;
  std::vector<contract::SnapshotState::ResourcePtr> resources_;
};

}  // namespace lmgate::discovery
