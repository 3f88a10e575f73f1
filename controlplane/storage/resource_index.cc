#include "controlplane/storage/resource_index.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <utility>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/contract/resource.h"

namespace lmgate::storage {
namespace {

void AddTo(v1::ConfigSet* config, const v1::Resource& resource) {
  switch (resource.resource_case()) {
    case v1::Resource::kConnection:
      *config->add_connections() = resource.connection();
      break;
    case v1::Resource::kRoute:
      *config->add_routes() = resource.route();
      break;
    case v1::Resource::kGroup:
      *config->add_groups() = resource.group();
      break;
    case v1::Resource::kSettings:
      *config->mutable_settings() = resource.settings();
      break;
    case v1::Resource::kKey:
    case v1::Resource::RESOURCE_NOT_SET:
      break;
  }
}

}  // namespace

void ResourceIndex::Add(ResourcePtr resource) {
  if (!resource->has_key()) {
    by_kind_.at(contract::KindOf(*resource))[contract::NameOf(*resource)] = resource;
    if (resource->has_route()) routes_by_order_[resource->route().order()] = std::move(resource);
    return;
  }
  const v1::Key& key = resource->key();
  by_kind_[v1::RESOURCE_KIND_KEY][key.name()] = resource;
  keys_by_id_[key.id()] = resource;
  ++keys_of_group_[key.group()];
  if (!key.previous_digest().empty()) keys_by_digest_[key.previous_digest()] = resource;
  if (!key.digest().empty()) keys_by_digest_[key.digest()] = resource;
}

void ResourceIndex::Remove(const ResourcePtr& resource) {
  if (!resource->has_key()) {
    by_kind_.at(contract::KindOf(*resource)).erase(contract::NameOf(*resource));
    if (resource->has_route()) routes_by_order_.erase(resource->route().order());
    return;
  }
  const v1::Key& key = resource->key();
  by_kind_[v1::RESOURCE_KIND_KEY].erase(key.name());
  keys_by_id_.erase(key.id());
  keys_by_digest_.erase(key.previous_digest());
  keys_by_digest_.erase(key.digest());
  const auto count = keys_of_group_.find(key.group());
  LMGATE_CHECK(count != keys_of_group_.end());
  if (--count->second == 0) keys_of_group_.erase(count);
}

ResourceIndex::ResourcePtr ResourceIndex::FindKey(std::string_view id_or_name) const {
  const auto by_id = keys_by_id_.find(ToAbsl(id_or_name));
  if (by_id != keys_by_id_.end()) return by_id->second;
  const ByName& keys = OfKind(v1::RESOURCE_KIND_KEY);
  const auto by_name = keys.find(ToAbsl(id_or_name));
  return by_name == keys.end() ? nullptr : by_name->second;
}

ResourceIndex::ResourcePtr ResourceIndex::FindKeyByDigest(std::string_view digest) const {
  const auto found = keys_by_digest_.find(ToAbsl(digest));
  return found == keys_by_digest_.end() ? nullptr : found->second;
}

size_t ResourceIndex::CountKeysOfGroup(std::string_view group) const {
  const auto found = keys_of_group_.find(ToAbsl(group));
  return found == keys_of_group_.end() ? 0 : found->second;
}

v1::ConfigSet ResourceIndex::Config() const { return ConfigAfter(v1::SnapshotDelta()); }

v1::ConfigSet ResourceIndex::ConfigAfter(const v1::SnapshotDelta& delta) const {
  absl::flat_hash_set<std::pair<v1::ResourceKind, std::string>> changed;
  v1::ConfigSet config;
  for (const v1::ResourceChange& change : delta.changes()) {
    changed.emplace(change.kind(), change.name());
    AddTo(&config, change.resource());
  }
  for (const v1::ResourceKind kind : {v1::RESOURCE_KIND_CONNECTION, v1::RESOURCE_KIND_ROUTE,
                                      v1::RESOURCE_KIND_GROUP, v1::RESOURCE_KIND_SETTINGS}) {
    for (const auto& [name, resource] : OfKind(kind)) {
      if (!changed.contains(std::pair(kind, name))) AddTo(&config, *resource);
    }
  }
  const auto by_name = [](const auto& a, const auto& b) { return a.name() < b.name(); };
  std::sort(config.mutable_connections()->begin(), config.mutable_connections()->end(), by_name);
  std::sort(config.mutable_groups()->begin(), config.mutable_groups()->end(), by_name);
  std::sort(config.mutable_routes()->begin(), config.mutable_routes()->end(),
            [](const v1::Route& a, const v1::Route& b) { return a.order() < b.order(); });
  return config;
}

}  // namespace lmgate::storage
