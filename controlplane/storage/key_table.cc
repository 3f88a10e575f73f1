#include "controlplane/storage/key_table.h"

namespace lmgate::storage {
namespace {

constexpr std::string_view kPutKey =
    "INSERT INTO api_keys (id, name, group_name, digest, revision, body) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET name = excluded.name, group_name = excluded.group_name, "
    "digest = excluded.digest, revision = excluded.revision, body = excluded.body";
constexpr std::string_view kDeleteKey = "DELETE FROM api_keys WHERE id = ?";
constexpr std::string_view kReadKeys = "SELECT id, body FROM api_keys";

}  // namespace

absl::Status PutKeyRow(SqlConnection& sql, const v1::Key& key, std::string_view body) {
  const SqlValue digest =
      key.digest().empty() ? SqlValue(nullptr) : SqlValue(SqlBlob{key.digest()});
  return sql.Execute(kPutKey, {std::string_view(key.id()), std::string_view(key.name()),
                               std::string_view(key.group()), digest,
                               static_cast<int64_t>(key.revision()), SqlBlob{body}});
}

absl::Status DeleteKeyRow(SqlConnection& sql, std::string_view id) {
  return sql.Execute(kDeleteKey, {id});
}

absl::Status ReadKeyRows(
    SqlConnection& sql,
    absl::FunctionRef<absl::Status(std::string_view id, std::string_view body)> visit) {
  return sql.Query(kReadKeys, {},
                   [&](const SqlRow& row) { return visit(row.Bytes(0), row.Bytes(1)); });
}

}  // namespace lmgate::storage
