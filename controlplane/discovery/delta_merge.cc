#include "controlplane/discovery/delta_merge.h"

#include <absl/container/flat_hash_map.h>

#include <string_view>
#include <utility>
#include <vector>

#include "common/base/logging.h"

namespace lmgate::discovery {
namespace {

// Where a resource was touched first and last.
struct Touched {
  const v1::ResourceChange* first = nullptr;
  const v1::ResourceChange* last = nullptr;
};

}  // namespace

v1::SnapshotDelta MergeDeltas(absl::Span<const v1::SnapshotDelta* const> deltas) {
  LMGATE_CHECK(!deltas.empty());
  if (deltas.size() == 1) return *deltas.front();

  std::vector<Touched> touched;
  absl::flat_hash_map<std::pair<int, std::string_view>, size_t> index;
  for (const v1::SnapshotDelta* delta : deltas) {
    for (const v1::ResourceChange& change : delta->changes()) {
      const auto [at, inserted] = index.try_emplace(
          std::pair<int, std::string_view>(change.kind(), change.name()), touched.size());
      if (inserted) touched.push_back({&change, &change});
      touched[at->second].last = &change;
    }
  }

  v1::SnapshotDelta merged;
  merged.set_from_revision(deltas.front()->from_revision());
  merged.set_from_hash(deltas.front()->from_hash());
  merged.set_to_revision(deltas.back()->to_revision());
  merged.set_to_hash(deltas.back()->to_hash());
  for (const Touched& resource : touched) {
    if (resource.first->old_hash() == 0 && !resource.last->has_resource()) continue;
    v1::ResourceChange& change = *merged.add_changes();
    change.set_kind(resource.first->kind());
    change.set_name(resource.first->name());
    // What the base holds is what the first change found.
    change.set_old_hash(resource.first->old_hash());
    *change.mutable_old_digests() = resource.first->old_digests();
    if (resource.last->has_resource()) *change.mutable_resource() = resource.last->resource();
  }
  return merged;
}

}  // namespace lmgate::discovery
