#include "controlplane/storage/change_set.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/config_check.h"
#include "common/contract/field_error.h"
#include "common/contract/resource.h"

namespace lmgate::storage {
namespace {

std::string Describe(const v1::ResourceChange& change) {
  return StrCat(contract::KindName(change.kind()), " ", contract::Quoted(change.name()));
}

absl::Status CheckBase(const v1::ResourceChange& change, const v1::Resource* before) {
  if (change.old_hash() == (before == nullptr ? 0 : before->hash())) {
    if (before != nullptr || change.has_resource()) return absl::OkStatus();
    return absl::AbortedError(StrCat(Describe(change), " is not there any more"));
  }
  if (change.old_hash() == 0) {
    return absl::AlreadyExistsError(StrCat(Describe(change), " exists already"));
  }
  return absl::AbortedError(StrCat(Describe(change), " changed meanwhile"));
}

bool SameButRevision(const v1::Resource& before, v1::Resource after) {
  SetRevision(&after, RevisionOf(before));
  return after.hash() == before.hash();
}

// Names, ids and digests of keys are unique together: a name that is another's id would make
// commands ambiguous, and a digest finds one key only.
class KeyUniqueness {
 public:
  KeyUniqueness(const v1::SnapshotDelta& delta, const ResourceIndex& current) : current_(current) {
    for (const v1::ResourceChange& change : delta.changes()) {
      if (change.kind() == v1::RESOURCE_KIND_KEY) changed_ids_.insert(change.name());
    }
  }

  absl::Status Check(const v1::Key& key) {
    LMGATE_RETURN_IF_ERROR(Claim(key.id(), key));
    if (key.name() != key.id()) LMGATE_RETURN_IF_ERROR(Claim(key.name(), key));
    for (const std::string* digest : {&key.digest(), &key.previous_digest()}) {
      if (digest->empty()) continue;
      const auto holder = current_.FindKeyByDigest(*digest);
      const bool taken = holder != nullptr && holder->key().id() != key.id();
      const auto [claim, fresh] = digests_.try_emplace(*digest, key.id());
      // Not whose: that would tell the caller that the secret is valid, and for what.
      if (taken || (!fresh && claim->second != key.id())) {
        return absl::AlreadyExistsError("this secret is in use by another key");
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Claim(const std::string& name, const v1::Key& key) {
    const auto holder = current_.FindKey(name);
    // One that the same change renames or removes is judged by its new name.
    const bool taken = holder != nullptr && holder->key().id() != key.id() &&
                       !changed_ids_.contains(holder->key().id());
    const auto [claim, fresh] = names_.try_emplace(name, key.id());
    if (taken || (!fresh && claim->second != key.id())) {
      return absl::AlreadyExistsError(StrCat("key ", contract::Quoted(name), " exists already"));
    }
    return absl::OkStatus();
  }

  const ResourceIndex& current_;
  absl::flat_hash_set<std::string> changed_ids_;
  absl::flat_hash_map<std::string, std::string> names_;    // name or id -> id of its key
  absl::flat_hash_map<std::string, std::string> digests_;  // digest -> id of its key
};

absl::Status CheckKeys(const v1::SnapshotDelta& delta, const ResourceIndex& current) {
  absl::flat_hash_map<std::string_view, bool> changed_groups;  // name -> exists afterwards
  for (const v1::ResourceChange& change : delta.changes()) {
    if (change.kind() == v1::RESOURCE_KIND_GROUP) {
      changed_groups[change.name()] = change.has_resource();
    }
  }
  const auto& groups = current.OfKind(v1::RESOURCE_KIND_GROUP);
  const auto group_exists = [&](std::string_view name) {
    const auto changed = changed_groups.find(name);
    if (changed != changed_groups.end()) return changed->second;
    return groups.contains(ToAbsl(name));
  };
  KeyUniqueness uniqueness(delta, current);
  for (const v1::ResourceChange& change : delta.changes()) {
    if (!change.resource().has_key()) continue;
    const v1::Key& key = change.resource().key();
    LMGATE_RETURN_IF_ERROR(contract::CheckKey(key, group_exists));
    LMGATE_RETURN_IF_ERROR(uniqueness.Check(key));
  }
  return absl::OkStatus();
}

absl::Status CheckGroupsUnused(const v1::SnapshotDelta& delta, const ResourceIndex& current) {
  for (const v1::ResourceChange& change : delta.changes()) {
    if (change.kind() != v1::RESOURCE_KIND_GROUP || change.has_resource()) continue;
    const size_t keys = current.CountKeysOfGroup(change.name());
    if (keys == 0) continue;
    return absl::FailedPreconditionError(StrCat(Describe(change), " is the group of ", keys,
                                                keys == 1 ? " key" : " keys",
                                                ": what is in use cannot be deleted"));
  }
  return absl::OkStatus();
}

}  // namespace

void SetRevision(v1::Resource* resource, uint64_t revision) {
  switch (resource->resource_case()) {
    case v1::Resource::kConnection:
      resource->mutable_connection()->set_revision(revision);
      break;
    case v1::Resource::kRoute:
      resource->mutable_route()->set_revision(revision);
      break;
    case v1::Resource::kGroup:
      resource->mutable_group()->set_revision(revision);
      break;
    case v1::Resource::kKey:
      resource->mutable_key()->set_revision(revision);
      break;
    case v1::Resource::kSettings:
      resource->mutable_settings()->set_revision(revision);
      break;
    case v1::Resource::RESOURCE_NOT_SET:
      break;
  }
  resource->set_hash(contract::HashResource(*resource));
}

uint64_t RevisionOf(const v1::Resource& resource) {
  switch (resource.resource_case()) {
    case v1::Resource::kConnection:
      return resource.connection().revision();
    case v1::Resource::kRoute:
      return resource.route().revision();
    case v1::Resource::kGroup:
      return resource.group().revision();
    case v1::Resource::kKey:
      return resource.key().revision();
    case v1::Resource::kSettings:
      return resource.settings().revision();
    case v1::Resource::RESOURCE_NOT_SET:
      break;
  }
  return 0;
}

absl::StatusOr<v1::SnapshotDelta> MakeDelta(const contract::SnapshotState& current,
                                            std::vector<v1::ResourceChange> changes) {
  const uint64_t revision = current.revision() + 1;
  uint64_t hash = current.hash();
  absl::flat_hash_set<std::pair<v1::ResourceKind, std::string>> seen;
  v1::SnapshotDelta delta;
  for (v1::ResourceChange& change : changes) {
    if (!seen.emplace(change.kind(), change.name()).second) {
      return absl::InvalidArgumentError(StrCat(Describe(change), " stands twice in one change"));
    }
    const auto before = current.Find(change.kind(), change.name());
    LMGATE_RETURN_IF_ERROR(CheckBase(change, before.get()));
    if (change.has_resource()) {
      if (before != nullptr && SameButRevision(*before, change.resource())) continue;
      SetRevision(change.mutable_resource(), revision);
    }
    hash += change.resource().hash() - change.old_hash();
    *delta.add_changes() = std::move(change);
  }
  delta.set_from_revision(current.revision());
  delta.set_from_hash(current.hash());
  delta.set_to_revision(revision);
  delta.set_to_hash(hash);
  return delta;
}

absl::Status CheckDelta(const v1::SnapshotDelta& delta, const ResourceIndex& current) {
  const bool only_keys = std::all_of(
      delta.changes().begin(), delta.changes().end(),
      [](const v1::ResourceChange& change) { return change.kind() == v1::RESOURCE_KIND_KEY; });
  if (!only_keys) {
    // First: "is the group of 3 keys" says more than what the check would.
    LMGATE_RETURN_IF_ERROR(CheckGroupsUnused(delta, current));
    LMGATE_RETURN_IF_ERROR(contract::CheckConfig(current.ConfigAfter(delta)));
  }
  return CheckKeys(delta, current);
}

}  // namespace lmgate::storage
