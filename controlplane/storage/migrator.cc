#include "controlplane/storage/migrator.h"

#include <absl/strings/escaping.h>
#include <openssl/sha.h>

#include <array>
#include <string>
#include <vector>

#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::storage {
namespace {

constexpr std::string_view kCreateTable =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, "
    "program_version TEXT NOT NULL, applied_at BIGINT NOT NULL)";
constexpr std::string_view kReadApplied =
    "SELECT version, checksum, program_version FROM schema_migrations ORDER BY version";
constexpr std::string_view kInsertApplied =
    "INSERT INTO schema_migrations (version, name, checksum, program_version, applied_at) "
    "VALUES (?, ?, ?, ?, ?)";

struct Applied {
  int64_t version = 0;
  std::string checksum;
  std::string program_version;
};

std::string Checksum(std::string_view sql) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(sql.data()), sql.size(), digest.data());
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

absl::StatusOr<std::vector<Applied>> ReadApplied(SqlConnection& sql) {
  std::vector<Applied> applied;
  LMGATE_RETURN_IF_ERROR(sql.Query(kReadApplied, {}, [&](const SqlRow& row) {
    applied.push_back({.version = row.Integer(0),
                       .checksum = std::string(row.Bytes(1)),
                       .program_version = std::string(row.Bytes(2))});
    return absl::OkStatus();
  }));
  return applied;
}

absl::Status CheckApplied(absl::Span<const Applied> applied,
                          absl::Span<const migrations::Migration> migrations,
                          std::string_view database) {
  if (applied.size() > migrations.size()) {
    const Applied& newest = applied.back();
    return absl::FailedPreconditionError(
        StrCat("database ", database, " has schema version ", newest.version, ", made by lmgate ",
               newest.program_version, "; this is lmgate ", Version(), ", which knows up to ",
               migrations.size(), ": run the newer program"));
  }
  for (size_t i = 0; i < applied.size(); ++i) {
    if (applied[i].version != migrations[i].version ||
        applied[i].checksum != Checksum(migrations[i].sql)) {
      return absl::FailedPreconditionError(
          StrCat("database ", database, ": migration ", migrations[i].name,
                 " has another checksum than when lmgate ", applied[i].program_version,
                 " applied it: this program was built from an edited migration"));
    }
  }
  return absl::OkStatus();
}

absl::Status ApplyOne(SqlConnection& sql, const migrations::Migration& migration, absl::Time now) {
  SqlTransaction transaction(sql);
  LMGATE_RETURN_IF_ERROR(transaction.Begin());
  LMGATE_RETURN_IF_ERROR(sql.ExecuteScript(migration.sql));
  const std::string checksum = Checksum(migration.sql);
  LMGATE_RETURN_IF_ERROR(sql.Execute(
      kInsertApplied, {int64_t{migration.version}, migration.name, std::string_view(checksum),
                       Version(), absl::ToUnixMicros(now)}));
  return transaction.Commit();
}

}  // namespace

absl::Status Migrate(SqlConnection& sql, absl::Span<const migrations::Migration> migrations,
                     std::string_view database, absl::Time now) {
  LMGATE_ASSIGN_OR_RETURN(const bool empty, sql.IsEmpty());
  if (empty) LMGATE_RETURN_IF_ERROR(sql.Execute(kCreateTable, {}));
  auto applied = ReadApplied(sql);
  if (applied.status().code() == absl::StatusCode::kInternal) {
    return absl::FailedPreconditionError(
        StrCat("database ", database, " has tables, but they are not those of lmgate"));
  }
  if (!applied.ok()) return applied.status();
  LMGATE_RETURN_IF_ERROR(CheckApplied(*applied, migrations, database));
  for (const migrations::Migration& migration : migrations.subspan(applied->size())) {
    LMGATE_RETURN_IF_ERROR(ApplyOne(sql, migration, now));
    LogInfo(StrCat("database ", database, ": applied migration ", migration.name));
  }
  return absl::OkStatus();
}

}  // namespace lmgate::storage
