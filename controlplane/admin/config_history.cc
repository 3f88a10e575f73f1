#include "controlplane/admin/config_history.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/field_error.h"
#include "common/contract/resource.h"

namespace lmgate::admin {
namespace {

// Changes read at once: they may be large.
constexpr int kChangesAtOnce = 100;

void AddTo(v1::ConfigSet* config, const v1::Resource& resource) {
  if (resource.has_connection()) *config->add_connections() = resource.connection();
  if (resource.has_route()) *config->add_routes() = resource.route();
  if (resource.has_group()) *config->add_groups() = resource.group();
  if (resource.has_settings()) *config->mutable_settings() = resource.settings();
}

}  // namespace

absl::StatusOr<v1::ConfigSet> ConfigAtRevision(const storage::Store& store,
                                               const contract::SnapshotState& current,
                                               uint64_t revision) {
  if (revision > current.revision()) {
    return contract::FieldError(
        "revision", StrCat(revision, " is to come: the configuration is at ", current.revision()));
  }
  LMGATE_ASSIGN_OR_RETURN(const uint64_t oldest, store.OldestRevision());
  if (revision < oldest) {
    return contract::FieldError("revision", StrCat(revision, " is not kept any more"),
                                StrCat("the oldest revision that is kept is ", oldest));
  }
  std::map<std::pair<v1::ResourceKind, std::string>, v1::Resource> resources;
  current.ForEach([&](const contract::SnapshotState::ResourcePtr& resource) {
    if (resource->has_key()) return;
    resources.emplace(std::pair(contract::KindOf(*resource), contract::NameOf(*resource)),
                      *resource);
  });
  uint64_t at = current.revision();
  while (at > revision) {
    LMGATE_ASSIGN_OR_RETURN(const auto changes, store.ListChanges(at + 1, kChangesAtOnce));
    if (changes.empty()) return absl::DataLossError("the change log has a gap");
    for (const auto& change : changes) {
      if (change.revision <= revision) break;
      for (const auto& item : change.items) {
        if (item.kind == v1::RESOURCE_KIND_KEY) continue;
        const auto id = std::pair(item.kind, item.name);
        resources.erase(id);
        if (item.before.has_value()) resources.emplace(id, *item.before);
      }
      at = change.revision - 1;
    }
  }
  v1::ConfigSet config;
  for (const auto& [id, resource] : resources) AddTo(&config, resource);
  return config;
}

}  // namespace lmgate::admin
