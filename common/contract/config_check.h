#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include <string>
#include <string_view>
#include <vector>

#include "lmgate/v1/config.pb.h"
#include "lmgate/v1/resources.pb.h"

namespace lmgate::contract {

// Limits of the configuration; a test each at the limit and one past it.
inline constexpr int kConnectionsMax = 10000;
inline constexpr int kRoutesMax = 10000;
inline constexpr int kGroupsMax = 10000;
inline constexpr int kListEntriesMax = 1000;   // any repeated field or map of one resource
inline constexpr size_t kTextBytesMax = 4096;  // any one string of a resource

// The check that the control plane makes before a commit and the data plane before a swap.

// The whole configuration but the keys: names and vocabularies, limits, patterns that compile, base
// URLs, references from routes and groups to connections, unique names, unique route order.
// InvalidArgument or FailedPrecondition with a field hint whose path names the resource by name:
// `routes["gpt-*"].to[0].connection`; a dangling or misspelt word gets a "did you mean".
absl::Status CheckConfig(const v1::ConfigSet& config);

// Lawful but suspicious: a route that an earlier one hides completely, a group that grants nothing,
// a route whose connections no group grants, TLS verification off. One sentence each.
std::vector<std::string> FindConfigWarnings(const v1::ConfigSet& config);

// One key: id, name, state, digests, patterns, metadata, and that its group exists.
absl::Status CheckKey(const v1::Key& key, absl::FunctionRef<bool(std::string_view)> group_exists);

}  // namespace lmgate::contract
