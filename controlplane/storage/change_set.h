#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <vector>

#include "common/contract/snapshot_state.h"
#include "controlplane/storage/resource_index.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::storage {

// What stands between an edit and its commit, as pure functions.

// `revision` of the resource, of whatever kind.
uint64_t RevisionOf(const v1::Resource& resource);
// Sets it, and the hash that follows from it.
void SetRevision(v1::Resource* resource, uint64_t revision);

// The delta from `current` to the next revision: each changed resource with that revision and its
// hash; what changes nothing is left out, and so the delta may be empty. AlreadyExists: a new
// resource is there already. Aborted: a changed one is not there, or another than the edit saw.
absl::StatusOr<v1::SnapshotDelta> MakeDelta(const contract::SnapshotState& current,
                                            std::vector<v1::ResourceChange> changes);

// Whether the state after the delta is lawful, given that the state before it is: keys one by one,
// the rest as a whole when any of it changes.
absl::Status CheckDelta(const v1::SnapshotDelta& delta, const ResourceIndex& current);

}  // namespace lmgate::storage
