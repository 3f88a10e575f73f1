#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "controlplane/storage/secret_box.h"
#include "lmgate/v1/resources.pb.h"

namespace lmgate::storage {

// A resource as a row keeps it: serialised, without its hash, each literal secret sealed for its
// kind, name and field.
std::string SealResource(const v1::Resource& resource, const SecretBox& box);

// With its hash again. FailedPrecondition: a secret does not open. DataLoss: no resource, or
// another one than the row's name says.
absl::StatusOr<v1::Resource> UnsealResource(std::string_view body, v1::ResourceKind kind,
                                            std::string_view name, const SecretBox& box);

}  // namespace lmgate::storage
