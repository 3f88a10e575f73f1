#pragma once

#include <absl/types/span.h>

#include <string_view>
#include <vector>

#include "common/contract/snapshot_state.h"
#include "lmgate/v1/admin.pb.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::importer {

// Each side of a line beyond this many bytes is cut.
inline constexpr size_t kChangeValueBytesMax = 256;

// A plan as a person reads it, in the order of `changes`; `current` is what they apply to.
std::vector<v1::PlannedChange> DescribeChanges(absl::Span<const v1::ResourceChange> changes,
                                               const contract::SnapshotState& current);

// One resource's change, of any kind, keys too: for the plan above and for the change log. Null =
// not there; not both null. An update has one line a field: `timeouts.idle: 1m -> 90s`. Literal
// secrets show as `stored:` fingerprints under `pepper`, digests only as changed; `revision` is not
// shown.
v1::PlannedChange DescribeChange(const v1::Resource* before, const v1::Resource* after,
                                 std::string_view pepper);

}  // namespace lmgate::importer
