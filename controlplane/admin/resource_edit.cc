#include "controlplane/admin/resource_edit.h"

#include <absl/strings/match.h>

#include <utility>

#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/config_check.h"
#include "common/contract/field_error.h"
#include "common/contract/resource.h"
#include "controlplane/admin/resource_use.h"
#include "controlplane/storage/change_set.h"

namespace lmgate::admin {
namespace {

// Beyond this many names a suggestion is not worth the time it takes.
constexpr size_t kSuggestedFromMax = 10000;

absl::Status NoSuchResource(const storage::ResourceIndex::ByName& resources, v1::ResourceKind kind,
                            std::string_view name) {
  std::vector<std::string_view> names;
  if (resources.size() <= kSuggestedFromMax) {
    for (const auto& [known, resource] : resources) names.push_back(known);
  }
  return WithFieldHint(absl::NotFoundError(StrCat(contract::KindName(kind), " ",
                                                  contract::Quoted(name), " does not exist")),
                       {.field = "name", .hint = contract::DidYouMean(NearestWord(name, names))});
}

}  // namespace

std::string KeyPepper(const storage::Store& store) {
  std::string pepper;
  store.Read([&](const contract::SnapshotState& state) { pepper = state.key_pepper(); });
  return pepper;
}

absl::StatusOr<ResourcePtr> FindResource(const storage::Store& store, v1::ResourceKind kind,
                                         std::string_view name) {
  if (name.empty()) return contract::FieldError("name", "is required");
  absl::StatusOr<ResourcePtr> found = nullptr;
  store.ReadIndex([&](const storage::ResourceIndex& index) {
    const auto& resources = index.OfKind(kind);
    if (kind == v1::RESOURCE_KIND_KEY) {
      found = index.FindKey(name);
    } else if (const auto at = resources.find(ToAbsl(name)); at != resources.end()) {
      found = at->second;
    }
    if (*found == nullptr) found = NoSuchResource(resources, kind, name);
  });
  return found;
}

absl::Status CheckRevision(const v1::Resource& current, std::optional<uint64_t> expected) {
  const uint64_t revision = storage::RevisionOf(current);
  if (!expected.has_value() || *expected == revision) return absl::OkStatus();
  return absl::AbortedError(StrCat(contract::KindName(contract::KindOf(current)), " ",
                                   contract::Quoted(contract::NameOf(current)),
                                   " was changed at revision ", revision, ", not at ", *expected,
                                   ": look at it again"));
}

absl::StatusOr<EditedResource> WriteResource(
    storage::Store& store, const storage::WriteContext& caller,
    absl::FunctionRef<absl::StatusOr<ResourceEdit>()> edit) {
  ResourceEdit edited;
  LMGATE_ASSIGN_OR_RETURN(
      const storage::WriteResult written,
      store.Write(
          caller,
          [&](const contract::SnapshotState&) -> absl::StatusOr<std::vector<v1::ResourceChange>> {
            LMGATE_ASSIGN_OR_RETURN(edited, edit());
            auto changes = std::move(edited.beside);
            changes.push_back(contract::MakeChange(edited.before.get(), &edited.after));
            return changes;
          }));
  // As it was when nothing changed, else as this commit made it: another may have followed by now.
  if (!written.changed) return EditedResource{*edited.before, written.revision};
  storage::SetRevision(&edited.after, written.revision);
  return EditedResource{std::move(edited.after), written.revision};
}

absl::StatusOr<v1::DeleteReply> DeleteResource(storage::Store& store,
                                               const storage::WriteContext& caller,
                                               v1::ResourceKind kind,
                                               const v1::DeleteRequest& request) {
  LMGATE_ASSIGN_OR_RETURN(
      const storage::WriteResult written,
      store.Write(
          caller,
          [&](const contract::SnapshotState&) -> absl::StatusOr<std::vector<v1::ResourceChange>> {
            LMGATE_ASSIGN_OR_RETURN(const auto before, FindResource(store, kind, request.name()));
            LMGATE_RETURN_IF_ERROR(CheckRevision(*before, ExpectedRevision(request)));
            absl::Status unused;
            store.ReadIndex([&](const storage::ResourceIndex& index) {
              unused = CheckUnused(index.Config(), kind, contract::NameOf(*before));
            });
            LMGATE_RETURN_IF_ERROR(unused);
            return std::vector<v1::ResourceChange>{contract::MakeChange(before.get(), nullptr)};
          }));
  v1::DeleteReply reply;
  reply.set_revision(written.revision);
  return reply;
}

std::vector<std::string> FindWarnings(const storage::Store& store, std::string_view name) {
  v1::ConfigSet config;
  store.ReadIndex([&](const storage::ResourceIndex& index) { config = index.Config(); });
  std::vector<std::string> warnings;
  for (std::string& warning : contract::FindConfigWarnings(config)) {
    if (absl::StrContains(warning, contract::Quoted(name))) warnings.push_back(std::move(warning));
  }
  return warnings;
}

}  // namespace lmgate::admin
