#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include <cstdint>
#include <string_view>

#include "controlplane/storage/sql_connection.h"
#include "lmgate/v1/resources.pb.h"

namespace lmgate::storage {

// Tables connections, routes, groups and settings, which differ in nothing but their name. Keys
// have key_table.h.

// Inserts or overwrites.
absl::Status PutResourceRow(SqlConnection& sql, v1::ResourceKind kind, std::string_view name,
                            uint64_t revision, std::string_view body);
absl::Status DeleteResourceRow(SqlConnection& sql, v1::ResourceKind kind, std::string_view name);
// In no particular order.
absl::Status ReadResourceRows(
    SqlConnection& sql, v1::ResourceKind kind,
    absl::FunctionRef<absl::Status(std::string_view name, std::string_view body)> visit);

}  // namespace lmgate::storage
