#include "common/contract/snapshot_state.h"

#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <array>
#include <vector>

#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/field_error.h"
#include "common/contract/resource.h"

namespace lmgate::contract {
namespace {

std::string Describe(v1::ResourceKind kind, std::string_view name) {
  return StrCat(KindName(kind), " ", Quoted(name));
}

// The digests that a key can be found under; none for the other kinds.
std::vector<std::string> DigestsOf(const v1::Resource& resource) {
  std::vector<std::string> digests;
  if (!resource.has_key()) return digests;
  const v1::Key& key = resource.key();
  if (!key.digest().empty()) digests.push_back(key.digest());
  if (!key.previous_digest().empty()) digests.push_back(key.previous_digest());
  return digests;
}

// One change against what is there; `before` null = nothing is.
absl::Status CheckChange(const v1::ResourceChange& change, const v1::Resource* before) {
  const std::string what = Describe(change.kind(), change.name());
  const uint64_t old_hash = before == nullptr ? 0 : before->hash();
  if (change.old_hash() != old_hash) {
    return absl::FailedPreconditionError(StrCat(what, " is not the one that the delta changes"));
  }
  if (before == nullptr && !change.has_resource()) {
    return absl::FailedPreconditionError(StrCat(what, " is removed, but not there"));
  }
  const auto old_digests = before == nullptr ? std::vector<std::string>() : DigestsOf(*before);
  if (!std::equal(old_digests.begin(), old_digests.end(), change.old_digests().begin(),
                  change.old_digests().end())) {
    return absl::FailedPreconditionError(StrCat(what, " has other digests than the delta says"));
  }
  if (!change.has_resource()) return absl::OkStatus();
  if (KindOf(change.resource()) != change.kind() || NameOf(change.resource()) != change.name() ||
      change.kind() == v1::RESOURCE_KIND_UNSPECIFIED) {
    return absl::FailedPreconditionError(StrCat(what, " is changed to another resource"));
  }
  if (change.resource().hash() == 0) {
    return absl::FailedPreconditionError(StrCat(what, " is changed to one without a hash"));
  }
  return absl::OkStatus();
}

}  // namespace

SnapshotState::SnapshotState(std::string lineage, std::string key_pepper)
    : lineage_(std::move(lineage)), key_pepper_(std::move(key_pepper)) {}

absl::StatusOr<SnapshotState> SnapshotState::FromSnapshot(v1::Snapshot snapshot) {
  SnapshotState state(std::move(*snapshot.mutable_lineage()),
                      std::move(*snapshot.mutable_key_pepper()));
  state.revision_ = snapshot.revision();
  state.resources_.reserve(static_cast<size_t>(snapshot.resources_size()));
  for (v1::Resource& resource : *snapshot.mutable_resources()) {
    const v1::ResourceKind kind = KindOf(resource);
    if (kind == v1::RESOURCE_KIND_UNSPECIFIED) {
      return absl::InvalidArgumentError("a resource of the snapshot is of no known kind");
    }
    Id id(kind, NameOf(resource));
    if (resource.hash() == 0) {
      return absl::InvalidArgumentError(StrCat(Describe(kind, id.second), " has no hash"));
    }
    state.hash_ += resource.hash();
    auto shared = std::make_shared<const v1::Resource>(std::move(resource));
    const auto [place, inserted] = state.resources_.try_emplace(std::move(id), std::move(shared));
    if (!inserted) {
      return absl::InvalidArgumentError(
          StrCat(Describe(kind, place->first.second), " is in the snapshot twice"));
    }
  }
  if (state.hash_ != snapshot.hash()) {
    return absl::InvalidArgumentError(
        "the hashes of the resources do not add up to the snapshot's");
  }
  return state;
}

v1::Snapshot SnapshotState::ToSnapshot() const {
  v1::Snapshot snapshot;
  snapshot.set_revision(revision_);
  snapshot.set_lineage(lineage_);
  snapshot.set_hash(hash_);
  snapshot.set_key_pepper(key_pepper_);
  snapshot.mutable_resources()->Reserve(static_cast<int>(resources_.size()));
  for (const auto& [id, resource] : resources_) *snapshot.add_resources() = *resource;
  return snapshot;
}

absl::Status SnapshotState::Apply(const v1::SnapshotDelta& delta) {
  if (delta.from_revision() != revision_ || delta.from_hash() != hash_) {
    return absl::FailedPreconditionError(StrCat(
        "the delta is for revision ", delta.from_revision(), " with hash ",
        absl::Hex(delta.from_hash()), ", not for ", revision_, " with hash ", absl::Hex(hash_)));
  }
  // First all checks, then all changes.
  absl::flat_hash_set<Id> seen;
  uint64_t hash = hash_;
  for (const v1::ResourceChange& change : delta.changes()) {
    Id id(change.kind(), change.name());
    const auto found = resources_.find(id);
    const v1::Resource* before = found == resources_.end() ? nullptr : found->second.get();
    LMGATE_RETURN_IF_ERROR(CheckChange(change, before));
    if (!seen.insert(std::move(id)).second) {
      return absl::FailedPreconditionError(
          StrCat(Describe(change.kind(), change.name()), " is changed twice"));
    }
    hash += change.resource().hash() - change.old_hash();
  }
  if (hash != delta.to_hash()) {
    return absl::FailedPreconditionError("the changes do not lead to the hash of the delta");
  }

  for (const v1::ResourceChange& change : delta.changes()) {
    Id id(change.kind(), change.name());
    if (change.has_resource()) {
      resources_[std::move(id)] = std::make_shared<const v1::Resource>(change.resource());
    } else {
      resources_.erase(id);
    }
  }
  revision_ = delta.to_revision();
  hash_ = hash;
  return absl::OkStatus();
}

SnapshotState::ResourcePtr SnapshotState::Find(v1::ResourceKind kind, std::string_view name) const {
  const auto found = resources_.find(Id(kind, name));
  return found == resources_.end() ? nullptr : found->second;
}

void SnapshotState::ForEach(absl::FunctionRef<void(const ResourcePtr&)> visit) const {
  for (const auto& [id, resource] : resources_) visit(resource);
}

v1::SnapshotDelta Diff(const SnapshotState& from, const SnapshotState& to) {
  LMGATE_CHECK(from.lineage() == to.lineage());
  v1::SnapshotDelta delta;
  delta.set_from_revision(from.revision());
  delta.set_from_hash(from.hash());
  delta.set_to_revision(to.revision());
  delta.set_to_hash(to.hash());
  to.ForEach([&](const SnapshotState::ResourcePtr& after) {
    const auto before = from.Find(KindOf(*after), NameOf(*after));
    if (before != nullptr && before->hash() == after->hash()) return;
    *delta.add_changes() = MakeChange(before.get(), after.get());
  });
  from.ForEach([&](const SnapshotState::ResourcePtr& before) {
    if (to.Find(KindOf(*before), NameOf(*before)) != nullptr) return;
    *delta.add_changes() = MakeChange(before.get(), nullptr);
  });
  // One order, whatever the hash tables do: the same change gives the same bytes.
  std::sort(delta.mutable_changes()->begin(), delta.mutable_changes()->end(),
            [](const v1::ResourceChange& a, const v1::ResourceChange& b) {
              return std::pair(a.kind(), std::string_view(a.name())) <
                     std::pair(b.kind(), std::string_view(b.name()));
            });
  return delta;
}

v1::ResourceChange MakeChange(const v1::Resource* before, const v1::Resource* after) {
  LMGATE_CHECK(before != nullptr || after != nullptr);
  const v1::Resource& any = after != nullptr ? *after : *before;
  v1::ResourceChange change;
  change.set_kind(KindOf(any));
  change.set_name(NameOf(any));
  if (before != nullptr) {
    change.set_old_hash(before->hash());
    for (std::string& digest : DigestsOf(*before)) change.add_old_digests(std::move(digest));
  }
  if (after != nullptr) *change.mutable_resource() = *after;
  return change;
}

}  // namespace lmgate::contract
