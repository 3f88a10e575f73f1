#pragma once

#include <absl/types/span.h>

#include <string_view>
#include <vector>

#include "common/base/logging.h"
#include "common/contract/resource.h"
#include "common/contract/snapshot_state.h"
#include "controlplane/importer/config_file.h"
#include "controlplane/importer/config_plan.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::importer {

// A state that plans are carried out on, as the store does it: the next revision in each changed
// resource, hashes made anew.
class AppliedState {
 public:
  AppliedState() : state_("lineage", "pepper-pepper-pepper-pepper-1234") {}

  void Carry(absl::Span<const v1::ResourceChange> changes) {
    v1::SnapshotDelta delta;
    delta.set_from_revision(state_.revision());
    delta.set_from_hash(state_.hash());
    delta.set_to_revision(state_.revision() + 1);
    uint64_t hash = state_.hash();
    for (const v1::ResourceChange& change : changes) {
      v1::ResourceChange* copy = delta.add_changes();
      *copy = change;
      hash -= change.old_hash();
      if (!copy->has_resource()) continue;
      v1::Resource* resource = copy->mutable_resource();
      if (resource->has_connection()) SetRevision(resource->mutable_connection());
      if (resource->has_route()) SetRevision(resource->mutable_route());
      if (resource->has_group()) SetRevision(resource->mutable_group());
      if (resource->has_settings()) SetRevision(resource->mutable_settings());
      resource->set_hash(contract::HashResource(*resource));
      hash += resource->hash();
    }
    delta.set_to_hash(hash);
    LMGATE_CHECK(state_.Apply(delta).ok());
  }

  // Applies a file that must be good; how many resources changed.
  size_t Apply(std::string_view file) {
    const auto parsed = ParseConfigFile(file, "test.yaml");
    LMGATE_CHECK(parsed.ok());
    const auto changes = PlanApply(*parsed, state_);
    LMGATE_CHECK(changes.ok());
    Carry(*changes);
    return changes->size();
  }

  const contract::SnapshotState& state() const { return state_; }

 private:
  template <typename T>
  void SetRevision(T* resource) {
    resource->set_revision(state_.revision() + 1);
  }

  contract::SnapshotState state_;
};

}  // namespace lmgate::importer
