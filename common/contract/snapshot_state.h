#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::contract {

// A whole snapshot as messages: what the control plane's cache holds, and what a data plane's
// last-good files are folded into. Resources are shared between copies. Not thread-safe.
//
// Laws (property-tested): Apply(a, Diff(a, b)) == b; a delta whose base is not mine is refused and
// changes nothing; hash() is always the sum of the resources' hashes.
class SnapshotState {
 public:
  using ResourcePtr = std::shared_ptr<const v1::Resource>;

  // Revision 0, no lineage, nothing in it.
  SnapshotState() = default;
  SnapshotState(std::string lineage, std::string key_pepper);

  // InvalidArgument: a resource twice or without a hash, or a sum that differs from snapshot.hash.
  static absl::StatusOr<SnapshotState> FromSnapshot(v1::Snapshot snapshot);
  v1::Snapshot ToSnapshot() const;

  // All or nothing. FailedPrecondition: from_revision or from_hash is not mine, a changed resource
  // is not as the delta says, or the result does not have to_hash.
  absl::Status Apply(const v1::SnapshotDelta& delta);

  uint64_t revision() const { return revision_; }
  uint64_t hash() const { return hash_; }
  const std::string& lineage() const { return lineage_; }
  const std::string& key_pepper() const { return key_pepper_; }
  size_t size() const { return resources_.size(); }

  // Null = not there.
  ResourcePtr Find(v1::ResourceKind kind, std::string_view name) const;
  // In no particular order.
  void ForEach(absl::FunctionRef<void(const ResourcePtr&)> visit) const;

 private:
  using Id = std::pair<v1::ResourceKind, std::string>;

  std::string lineage_;
  std::string key_pepper_;
  uint64_t revision_ = 0;
  uint64_t hash_ = 0;
  absl::flat_hash_map<Id, ResourcePtr> resources_;
};

// The delta that makes `to` of `from`; they must have one lineage. Empty changes when equal.
v1::SnapshotDelta Diff(const SnapshotState& from, const SnapshotState& to);

// One entry of a delta, from what was (null = new) to what is (null = removed). Not both null.
v1::ResourceChange MakeChange(const v1::Resource* before, const v1::Resource* after);

}  // namespace lmgate::contract
