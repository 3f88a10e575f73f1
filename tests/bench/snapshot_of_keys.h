#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/contract/key_digest.h"
#include "dataplane/snapshot/snapshot.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::bench {

// A snapshot with so many keys that it matters, and what is needed to measure it: made-up digests,
// since a HMAC for each key would be most of the time.
class SnapshotOfKeys {
 public:
  // Takes a second or two for a million.
  explicit SnapshotOfKeys(uint64_t keys);

  const std::shared_ptr<const snapshot::Snapshot>& snapshot() const { return snapshot_; }
  double compile_seconds() const { return compile_seconds_; }
  // Of the heap.
  double bytes_per_key() const { return bytes_per_key_; }

  // Of `count` keys drawn at random.
  std::vector<contract::KeyDigest> DrawDigests(uint64_t count) const;
  // Each blocks one key, and they follow one another, from snapshot() on.
  std::vector<v1::SnapshotDelta> MakeDeltas(uint64_t count) const;

 private:
  const uint64_t keys_;
  uint64_t hash_ = 0;
  std::shared_ptr<const snapshot::Snapshot> snapshot_;
  double compile_seconds_ = 0;
  double bytes_per_key_ = 0;
};

// For snapshots without secrets.
absl::StatusOr<std::string> NoSecrets(std::string_view reference);

}  // namespace lmgate::bench
