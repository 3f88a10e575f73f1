#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/storage/store.h"
#include "lmgate/v1/admin.pb.h"

namespace lmgate::admin {

// What the services of all kinds do alike. Names of keys may be public ids.

using ResourcePtr = storage::ResourceIndex::ResourcePtr;

// Constant for a store. SECRET.
std::string KeyPepper(const storage::Store& store);

// NotFound with a "did you mean".
absl::StatusOr<ResourcePtr> FindResource(const storage::Store& store, v1::ResourceKind kind,
                                         std::string_view name);

// Aborted when the caller saw another revision of the resource.
absl::Status CheckRevision(const v1::Resource& current, std::optional<uint64_t> expected);

// One resource, created (`before` null) or changed, with whatever has to change beside it.
struct ResourceEdit {
  ResourcePtr before;
  v1::Resource after;
  std::vector<v1::ResourceChange> beside;
};
struct EditedResource {
  v1::Resource resource;  // as it is now, with its revision
  uint64_t revision = 0;  // of the configuration
};
absl::StatusOr<EditedResource> WriteResource(
    storage::Store& store, const storage::WriteContext& caller,
    absl::FunctionRef<absl::StatusOr<ResourceEdit>()> edit);

absl::StatusOr<v1::DeleteReply> DeleteResource(storage::Store& store,
                                               const storage::WriteContext& caller,
                                               v1::ResourceKind kind,
                                               const v1::DeleteRequest& request);

// Those of contract::FindConfigWarnings that name the resource.
std::vector<std::string> FindWarnings(const storage::Store& store, std::string_view name);

// The optional field of a request, as an optional.
template <typename Request>
std::optional<uint64_t> ExpectedRevision(const Request& request) {
  if (!request.has_expected_revision()) return std::nullopt;
  return request.expected_revision();
}

}  // namespace lmgate::admin
