#include "dataplane/snapshot/compiled_config.h"

#include <algorithm>

#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/config_check.h"

namespace lmgate::snapshot {
namespace {

// Connections and groups by name, routes in their order: what the routing table's indices mean.
v1::ConfigSet MakeConfigSet(const ConfigResources& resources) {
  v1::ConfigSet config;
  for (const auto& [id, resource] : resources) {
    switch (resource->resource_case()) {
      case v1::Resource::kConnection:
        *config.add_connections() = resource->connection();
        break;
      case v1::Resource::kRoute:
        *config.add_routes() = resource->route();
        break;
      case v1::Resource::kGroup:
        *config.add_groups() = resource->group();
        break;
      case v1::Resource::kSettings:
        *config.mutable_settings() = resource->settings();
        break;
      case v1::Resource::kKey:
      case v1::Resource::RESOURCE_NOT_SET:
        LMGATE_CHECK(false);
    }
  }
  std::sort(config.mutable_routes()->begin(), config.mutable_routes()->end(),
            [](const v1::Route& a, const v1::Route& b) { return a.order() < b.order(); });
  return config;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const CompiledConfig>> CompiledConfig::Create(
    ConfigResources resources, const CompiledConfig* before, const SecretResolver& resolver) {
  v1::ConfigSet set = MakeConfigSet(resources);
  LMGATE_RETURN_IF_ERROR(contract::CheckConfig(set));

  std::shared_ptr<CompiledConfig> config(new CompiledConfig);
  config->resources_ = std::move(resources);
  LMGATE_ASSIGN_OR_RETURN(config->routing_, contract::RoutingTable::Create(set));
  LMGATE_RETURN_IF_ERROR(config->CompileConnections(before, resolver));
  config->AssignGroupSlots(before);
  config->routes_.assign(std::move_iterator(set.mutable_routes()->begin()),
                         std::move_iterator(set.mutable_routes()->end()));
  config->settings_ = std::move(*set.mutable_settings());
  return config;
}

absl::Status CompiledConfig::CompileConnections(const CompiledConfig* before,
                                                const SecretResolver& resolver) {
  // The pointers of the version before, by name; its index order is another one.
  absl::flat_hash_map<std::string, std::shared_ptr<const UpstreamConnection>> known;
  if (before != nullptr) {
    for (const auto& upstream : before->connections_) known[upstream->name] = upstream;
  }
  for (const std::string& name : routing_.connection_names()) {
    const auto id = std::pair(v1::RESOURCE_KIND_CONNECTION, name);
    const v1::Resource& resource = *resources_.at(id);
    std::shared_ptr<const UpstreamConnection> upstream;
    if (const auto found = known.find(name); found != known.end()) {
      const bool same = before->resources_.at(id)->hash() == resource.hash();
      if (same && found->second->unavailable_reason.empty()) upstream = found->second;
    }
    if (upstream == nullptr) {
      LMGATE_ASSIGN_OR_RETURN(upstream, MakeUpstreamConnection(resource.connection(), resolver));
    }
    if (!upstream->unavailable_reason.empty()) {
      v1::Complaint complaint;
      complaint.set_kind(v1::RESOURCE_KIND_CONNECTION);
      complaint.set_name(name);
      complaint.set_message(upstream->unavailable_reason);
      complaints_.push_back(std::move(complaint));
    }
    connections_.push_back(std::move(upstream));
  }
  return absl::OkStatus();
}

void CompiledConfig::AssignGroupSlots(const CompiledConfig* before) {
  if (before != nullptr) group_slots_ = before->group_slots_;
  // A slot whose group was gone already in the version before has no keys: it may be given away.
  std::vector<uint32_t> free;
  absl::flat_hash_map<std::string, uint32_t> taken;
  for (uint32_t slot = 0; slot < group_slots_.size(); ++slot) {
    if (group_slots_[slot].group.has_value()) {
      taken[group_slots_[slot].name] = slot;
    } else {
      free.push_back(slot);
    }
    group_slots_[slot].group.reset();
  }
  for (uint32_t group = 0; group < routing_.groups().size(); ++group) {
    const std::string& name = routing_.groups()[group].name;
    uint32_t slot = static_cast<uint32_t>(group_slots_.size());
    if (const auto found = taken.find(name); found != taken.end()) {
      slot = found->second;
    } else if (!free.empty()) {
      slot = free.back();
      free.pop_back();
    } else {
      group_slots_.emplace_back();
    }
    group_slots_[slot] = {.name = name, .group = group};
    slot_by_name_[name] = slot;
  }
}

std::optional<uint32_t> CompiledConfig::FindGroupSlot(std::string_view name) const {
  const auto found = slot_by_name_.find(ToAbsl(name));
  if (found == slot_by_name_.end()) return std::nullopt;
  return found->second;
}

}  // namespace lmgate::snapshot
