#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include <string_view>

#include "controlplane/storage/sql_connection.h"
#include "lmgate/v1/resources.pb.h"

namespace lmgate::storage {

// Table api_keys.

// Inserts or overwrites. AlreadyExists: another key has the name or the digest.
absl::Status PutKeyRow(SqlConnection& sql, const v1::Key& key, std::string_view body);
absl::Status DeleteKeyRow(SqlConnection& sql, std::string_view id);
// In no particular order.
absl::Status ReadKeyRows(
    SqlConnection& sql,
    absl::FunctionRef<absl::Status(std::string_view id, std::string_view body)> visit);

}  // namespace lmgate::storage
