#include "dataplane/control/snapshot_fold.h"

#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "dataplane/control/snapshot_file.h"

namespace lmgate::control {
namespace {

// Resources that no part of the base has room for go into parts of this many.
constexpr int kPartResourcesMax = 10000;

// What all journals together do to one resource.
struct Change {
  uint64_t base_hash = 0;                // in the base; 0 = not there
  uint64_t hash = 0;                     // after the deltas read so far; 0 = not there
  std::optional<v1::Resource> resource;  // nullopt = removed
  bool done = false;                     // met in the base
};

struct Changes {
  std::map<std::pair<v1::ResourceKind, std::string>, Change> by_id;
  bool any_delta = false;
  uint64_t from_revision = 0;
  uint64_t from_hash = 0;
  uint64_t to_revision = 0;
  uint64_t to_hash = 0;

  absl::Status Add(const v1::SnapshotDelta& delta);
};

absl::Status Misfit(std::string_view what) {
  return absl::DataLossError(StrCat("the journal does not fit: ", what));
}

absl::Status Changes::Add(const v1::SnapshotDelta& delta) {
  if (!any_delta) {
    from_revision = delta.from_revision();
    from_hash = delta.from_hash();
  } else if (delta.from_revision() != to_revision || delta.from_hash() != to_hash) {
    return Misfit(StrCat("revision ", delta.from_revision(), " after ", to_revision));
  }
  any_delta = true;
  to_revision = delta.to_revision();
  to_hash = delta.to_hash();
  for (const v1::ResourceChange& entry : delta.changes()) {
    const auto [place, inserted] = by_id.try_emplace(std::pair(entry.kind(), entry.name()));
    Change& change = place->second;
    if (inserted) {
      change.base_hash = entry.old_hash();
    } else if (change.hash != entry.old_hash()) {
      return Misfit(StrCat(contract::KindName(entry.kind()), " ", entry.name()));
    }
    change.hash = entry.has_resource() ? entry.resource().hash() : 0;
    change.resource.reset();
    if (entry.has_resource()) change.resource = entry.resource();
  }
  return absl::OkStatus();
}

// The head of a part of the result, from one of the base.
v1::Snapshot MakePart(const v1::Snapshot& base_part, const Changes& changes) {
  v1::Snapshot part;
  part.set_lineage(base_part.lineage());
  part.set_key_pepper(base_part.key_pepper());
  part.set_revision(changes.any_delta ? changes.to_revision : base_part.revision());
  part.set_hash(changes.any_delta ? changes.to_hash : base_part.hash());
  return part;
}

// The resources of one part of the base, changed.
absl::StatusOr<v1::Snapshot> FoldPart(v1::Snapshot from, Changes* changes) {
  if (changes->any_delta &&
      (from.revision() != changes->from_revision || from.hash() != changes->from_hash)) {
    return Misfit(StrCat("revision ", changes->from_revision, " after ", from.revision()));
  }
  v1::Snapshot part = MakePart(from, *changes);
  for (v1::Resource& resource : *from.mutable_resources()) {
    const auto found =
        changes->by_id.find(std::pair(contract::KindOf(resource), contract::NameOf(resource)));
    if (found == changes->by_id.end()) {
      *part.add_resources() = std::move(resource);
      continue;
    }
    Change& change = found->second;
    if (change.done || change.base_hash != resource.hash()) {
      return Misfit(StrCat(contract::KindName(found->first.first), " ", found->first.second));
    }
    change.done = true;
    if (change.resource.has_value()) *part.add_resources() = *std::move(change.resource);
  }
  return part;
}

}  // namespace

absl::StatusOr<uint64_t> FoldSnapshot(const std::string& base,
                                      const std::vector<std::string>& journals,
                                      const std::string& output) {
  Changes changes;
  for (const std::string& journal : journals) {
    const JournalEnd end = ReadJournalFile(
        journal, [&changes](const v1::SnapshotDelta& delta) { return changes.Add(delta); });
    LMGATE_RETURN_IF_ERROR(end.why);
  }

  LMGATE_ASSIGN_OR_RETURN(BaseFileWriter writer, BaseFileWriter::Create(output));
  uint64_t sum = 0;
  const auto add = [&](const v1::Snapshot& part) {
    for (const v1::Resource& resource : part.resources()) sum += resource.hash();
    return writer.Add(part);
  };
  v1::Snapshot rest;
  LMGATE_RETURN_IF_ERROR(ReadBaseFile(base, [&](v1::Snapshot from) -> absl::Status {
    rest = MakePart(from, changes);
    LMGATE_ASSIGN_OR_RETURN(const v1::Snapshot part, FoldPart(std::move(from), &changes));
    return add(part);
  }));
  for (auto& [id, change] : changes.by_id) {
    if (change.done) continue;
    if (change.base_hash != 0) return Misfit(StrCat(contract::KindName(id.first), " ", id.second));
    if (!change.resource.has_value()) continue;
    *rest.add_resources() = *std::move(change.resource);
    if (rest.resources_size() < kPartResourcesMax) continue;
    LMGATE_RETURN_IF_ERROR(add(rest));
    rest.clear_resources();
  }
  if (rest.resources_size() > 0) LMGATE_RETURN_IF_ERROR(add(rest));
  if (sum != rest.hash()) return Misfit("the hashes do not add up");
  return writer.Finish();
}

}  // namespace lmgate::control
