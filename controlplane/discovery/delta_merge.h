#pragma once

#include <absl/types/span.h>

#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::discovery {

// One delta that does what `deltas` do one after the other; each begins where the one before ends,
// and there is at least one. A resource that came and went in between is left out.
// Law (property-tested): Apply(Merge(d1 … dn)) == Apply(d1), …, Apply(dn).
v1::SnapshotDelta MergeDeltas(absl::Span<const v1::SnapshotDelta* const> deltas);

}  // namespace lmgate::discovery
