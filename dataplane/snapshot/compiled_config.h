#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/contract/routing_table.h"
#include "dataplane/snapshot/upstream_connection.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::snapshot {

// All of a snapshot but its keys, by kind and name.
using ConfigResources =
    std::map<std::pair<v1::ResourceKind, std::string>, std::shared_ptr<const v1::Resource>>;

// All of a snapshot but its keys, compiled. Immutable; shared by the snapshots that differ in keys
// only.
class CompiledConfig {
 public:
  // Where a key record's group is found. Records keep their slot when groups come and go, so that
  // a change of groups need not touch a million keys.
  struct GroupSlot {
    std::string name;
    // Index into routing().groups(); nullopt = the group is gone and no key is in it.
    std::optional<uint32_t> group;
  };

  // `before` (null = none) hands on its group slots and the connections that are still the same.
  // InvalidArgument: contract::CheckConfig refuses.
  static absl::StatusOr<std::shared_ptr<const CompiledConfig>> Create(
      ConfigResources resources, const CompiledConfig* before, const SecretResolver& resolver);

  // Nullopt = no such group.
  std::optional<uint32_t> FindGroupSlot(std::string_view name) const;

  const ConfigResources& resources() const { return resources_; }
  const contract::RoutingTable& routing() const { return routing_; }
  const std::vector<std::shared_ptr<const UpstreamConnection>>& connections() const {
    return connections_;
  }
  const v1::Settings& settings() const { return settings_; }
  const std::vector<v1::Route>& routes() const { return routes_; }
  const std::vector<v1::Complaint>& complaints() const { return complaints_; }
  const std::vector<GroupSlot>& group_slots() const { return group_slots_; }

 private:
  CompiledConfig() = default;

  absl::Status CompileConnections(const CompiledConfig* before, const SecretResolver& resolver);
  void AssignGroupSlots(const CompiledConfig* before);

  ConfigResources resources_;
  contract::RoutingTable routing_;
  std::vector<std::shared_ptr<const UpstreamConnection>> connections_;  // by connection index
  std::vector<v1::Route> routes_;
  v1::Settings settings_;
  std::vector<v1::Complaint> complaints_;
  std::vector<GroupSlot> group_slots_;
  absl::flat_hash_map<std::string, uint32_t> slot_by_name_;  // present groups
};

}  // namespace lmgate::snapshot
