#pragma once

#include <absl/status/statusor.h>

#include <cstdint>

#include "controlplane/storage/store.h"
#include "lmgate/v1/config.pb.h"

namespace lmgate::admin {

// Everything but the keys as it was at `revision`, with secrets in the clear: `current` with each
// later change undone. InvalidArgument: that revision is to come,
// or its changes are not kept any more.
absl::StatusOr<v1::ConfigSet> ConfigAtRevision(const storage::Store& store,
                                               const contract::SnapshotState& current,
                                               uint64_t revision);

}  // namespace lmgate::admin
