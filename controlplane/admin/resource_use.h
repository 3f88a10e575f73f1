#pragma once

#include <absl/status/status.h>

#include <string_view>

#include "lmgate/v1/config.pb.h"
#include "lmgate/v1/snapshot.pb.h"

namespace lmgate::admin {

// Whether a resource may be removed by itself. FailedPrecondition names the routes and groups of
// `config` that refer to it: the check of the whole would only say that they name what is missing.
// The keys of a group are the store's to count.
absl::Status CheckUnused(const v1::ConfigSet& config, v1::ResourceKind kind, std::string_view name);

}  // namespace lmgate::admin
