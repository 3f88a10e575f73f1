#pragma once

#include <absl/status/status.h>
#include <absl/time/time.h>
#include <absl/types/span.h>

#include <string_view>

#include "controlplane/storage/sql_connection.h"
#include "migrations/migration.h"

namespace lmgate::storage {

// Brings the schema to the last of `migrations`, one transaction a step, and remembers each step
// with the SHA-256 of its text. `database` names it in messages. FailedPrecondition: the database
// is from a newer program, a step was edited after it had been applied, or its tables are not ours.
absl::Status Migrate(SqlConnection& sql, absl::Span<const migrations::Migration> migrations,
                     std::string_view database, absl::Time now);

}  // namespace lmgate::storage
