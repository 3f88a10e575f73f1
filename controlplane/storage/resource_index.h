#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/contract/snapshot_state.h"
#include "lmgate/v1/config.pb.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::storage {

// The orders and look-ups that SnapshotState does not keep, so that neither a change nor a page of
// a list has to visit every key. Shares its resources. Not thread-safe.
class ResourceIndex {
 public:
  using ResourcePtr = contract::SnapshotState::ResourcePtr;
  using ByName = absl::btree_map<std::string, ResourcePtr>;

  void Add(ResourcePtr resource);
  void Remove(const ResourcePtr& resource);

  // By name; keys by label, not by id; settings (at most one) under "".
  const ByName& OfKind(v1::ResourceKind kind) const { return by_kind_.at(kind); }
  // By `order`, which is unique.
  const absl::btree_map<int64_t, ResourcePtr>& routes_by_order() const { return routes_by_order_; }

  // By public id or label; null = no such key.
  ResourcePtr FindKey(std::string_view id_or_name) const;
  // The key that is found under a digest, the current or the previous; null = none.
  ResourcePtr FindKeyByDigest(std::string_view digest) const;
  size_t CountKeysOfGroup(std::string_view group) const;

  // Everything but the keys: connections and groups by name, routes by order.
  v1::ConfigSet Config() const;
  // The same after the changes.
  v1::ConfigSet ConfigAfter(const v1::SnapshotDelta& delta) const;

 private:
  std::array<ByName, v1::ResourceKind_ARRAYSIZE> by_kind_;
  absl::btree_map<int64_t, ResourcePtr> routes_by_order_;
  absl::flat_hash_map<std::string, ResourcePtr> keys_by_id_;
  absl::flat_hash_map<std::string, ResourcePtr> keys_by_digest_;
  absl::flat_hash_map<std::string, size_t> keys_of_group_;
};

}  // namespace lmgate::storage
