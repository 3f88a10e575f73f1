#include "controlplane/importer/config_plan.h"

#include <absl/container/flat_hash_set.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "common/base/status_macros.h"
#include "common/contract/resource.h"
#include "common/contract/secret_ref.h"
#include "controlplane/importer/route_order.h"

namespace lmgate::importer {
namespace {

using ResourcePtr = contract::SnapshotState::ResourcePtr;

// What is there now, sorted by name; keys left out.
struct Existing {
  std::vector<ResourcePtr> connections;
  std::vector<ResourcePtr> routes;
  std::vector<ResourcePtr> groups;
};

Existing CollectExisting(const contract::SnapshotState& current) {
  Existing existing;
  current.ForEach([&](const ResourcePtr& resource) {
    if (resource->has_connection()) existing.connections.push_back(resource);
    if (resource->has_route()) existing.routes.push_back(resource);
    if (resource->has_group()) existing.groups.push_back(resource);
  });
  const auto by_name = [](const ResourcePtr& a, const ResourcePtr& b) {
    return contract::NameOf(*a) < contract::NameOf(*b);
  };
  std::sort(existing.connections.begin(), existing.connections.end(), by_name);
  std::sort(existing.routes.begin(), existing.routes.end(), by_name);
  std::sort(existing.groups.begin(), existing.groups.end(), by_name);
  return existing;
}

template <typename T>
const T& PayloadOf(const v1::Resource& resource) {
  if constexpr (std::is_same_v<T, v1::Connection>) {
    return resource.connection();
  } else if constexpr (std::is_same_v<T, v1::Route>) {
    return resource.route();
  } else if constexpr (std::is_same_v<T, v1::Group>) {
    return resource.group();
  } else {
    return resource.settings();
  }
}

// Nullopt when `wanted` is what is there, but for the revision.
template <typename T>
std::optional<v1::ResourceChange> PlanOne(T wanted, const v1::Resource* before) {
  wanted.set_revision(before == nullptr ? 0 : PayloadOf<T>(*before).revision());
  if (before != nullptr &&
      google::protobuf::util::MessageDifferencer::Equals(wanted, PayloadOf<T>(*before))) {
    return std::nullopt;
  }
  const v1::Resource after = contract::MakeResource(std::move(wanted));
  return contract::MakeChange(before, &after);
}

// Makes one kind equal to `wanted`: changes in its order, then removals.
template <typename T>
void PlanSection(v1::ResourceKind kind, std::vector<T> wanted,
                 const std::vector<ResourcePtr>& existing, const contract::SnapshotState& current,
                 std::vector<v1::ResourceChange>* changes) {
  absl::flat_hash_set<std::string> names;
  for (T& resource : wanted) {
    names.insert(resource.name());
    const ResourcePtr before = current.Find(kind, resource.name());
    if (auto change = PlanOne(std::move(resource), before.get())) {
      changes->push_back(*std::move(change));
    }
  }
  for (const ResourcePtr& before : existing) {
    if (names.contains(contract::NameOf(*before))) continue;
    changes->push_back(contract::MakeChange(before.get(), nullptr));
  }
}

template <typename T>
std::vector<T> ToVector(const google::protobuf::RepeatedPtrField<T>& list) {
  return std::vector<T>(list.begin(), list.end());
}

absl::StatusOr<std::vector<v1::Connection>> RestoreSecrets(std::vector<v1::Connection> connections,
                                                           const contract::SnapshotState& current) {
  for (v1::Connection& connection : connections) {
    const ResourcePtr before = current.Find(v1::RESOURCE_KIND_CONNECTION, connection.name());
    LMGATE_RETURN_IF_ERROR(contract::RestoreStoredSecrets(
        &connection, before == nullptr ? nullptr : &before->connection(), current.key_pepper()));
  }
  return connections;
}

std::vector<v1::Route> PlaceRoutes(std::vector<v1::Route> routes,
                                   const contract::SnapshotState& current) {
  std::vector<std::optional<int64_t>> orders;
  orders.reserve(routes.size());
  for (const v1::Route& route : routes) {
    const ResourcePtr before = current.Find(v1::RESOURCE_KIND_ROUTE, route.name());
    orders.push_back(before == nullptr ? std::nullopt : std::optional(before->route().order()));
  }
  const std::vector<int64_t> assigned = AssignRouteOrders(orders);
  for (size_t i = 0; i < routes.size(); ++i) routes[i].set_order(assigned[i]);
  return routes;
}

}  // namespace

absl::StatusOr<std::vector<v1::ResourceChange>> PlanApply(const ParsedConfig& file,
                                                          const contract::SnapshotState& current) {
  const Existing existing = CollectExisting(current);
  std::vector<v1::ResourceChange> changes;
  if (file.has_connections) {
    LMGATE_ASSIGN_OR_RETURN(std::vector<v1::Connection> connections,
                            RestoreSecrets(ToVector(file.config.connections()), current));
    PlanSection(v1::RESOURCE_KIND_CONNECTION, std::move(connections), existing.connections, current,
                &changes);
  }
  if (file.has_groups) {
    PlanSection(v1::RESOURCE_KIND_GROUP, ToVector(file.config.groups()), existing.groups, current,
                &changes);
  }
  if (file.has_routes) {
    PlanSection(v1::RESOURCE_KIND_ROUTE, PlaceRoutes(ToVector(file.config.routes()), current),
                existing.routes, current, &changes);
  }
  if (file.has_settings) {
    const ResourcePtr before = current.Find(v1::RESOURCE_KIND_SETTINGS, "");
    // Settings that nobody made are the defaults.
    const bool defaults = google::protobuf::util::MessageDifferencer::Equals(
        file.config.settings(), v1::Settings::default_instance());
    if (before != nullptr || !defaults) {
      if (auto change = PlanOne(file.config.settings(), before.get())) {
        changes.push_back(*std::move(change));
      }
    }
  }
  return changes;
}

std::vector<v1::ResourceChange> PlanRollback(const v1::ConfigSet& target,
                                             const contract::SnapshotState& current) {
  const Existing existing = CollectExisting(current);
  std::vector<v1::ResourceChange> changes;
  PlanSection(v1::RESOURCE_KIND_CONNECTION, ToVector(target.connections()), existing.connections,
              current, &changes);
  PlanSection(v1::RESOURCE_KIND_GROUP, ToVector(target.groups()), existing.groups, current,
              &changes);
  PlanSection(v1::RESOURCE_KIND_ROUTE, ToVector(target.routes()), existing.routes, current,
              &changes);
  const ResourcePtr before = current.Find(v1::RESOURCE_KIND_SETTINGS, "");
  if (target.has_settings()) {
    if (auto change = PlanOne(target.settings(), before.get())) {
      changes.push_back(*std::move(change));
    }
  } else if (before != nullptr) {
    changes.push_back(contract::MakeChange(before.get(), nullptr));
  }
  return changes;
}

}  // namespace lmgate::importer
