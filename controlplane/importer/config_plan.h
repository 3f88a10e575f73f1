#pragma once

#include <absl/status/statusor.h>
#include <absl/types/span.h>

#include <vector>

#include "common/contract/snapshot_state.h"
#include "controlplane/importer/config_file.h"
#include "lmgate/v1/config.pb.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::importer {

// The changes that make each section of the file, and nothing else, equal to the file. Resources
// that differ at most in `revision` yield no change. Routes keep their `order` where it fits the
// file's order, so that as few as possible change. `stored:` secrets are put back from `current`.
// Fit for the body of storage::Store::Write, which checks the outcome and sets revisions.
// InvalidArgument: a `stored:` fingerprint that is not the one stored.
absl::StatusOr<std::vector<v1::ResourceChange>> PlanApply(const ParsedConfig& file,
                                                          const contract::SnapshotState& current);

// The changes that make connections, routes (with their `order`), groups and settings equal to
// `target`, which holds secrets in the clear, as the change log does. Keys stay as they are.
std::vector<v1::ResourceChange> PlanRollback(const v1::ConfigSet& target,
                                             const contract::SnapshotState& current);

}  // namespace lmgate::importer
