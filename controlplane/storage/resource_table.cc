#include "controlplane/storage/resource_table.h"

#include "common/base/logging.h"

namespace lmgate::storage {
namespace {

struct Statements {
  std::string_view put;
  std::string_view remove;
  std::string_view read;
};

// An upsert and not REPLACE: that would delete the row, and with it a group that keys refer to.
#define LMGATE_STATEMENTS(table)                                                \
  {                                                                             \
    "INSERT INTO " table                                                        \
    " (name, revision, body) VALUES (?, ?, ?) "                                 \
    "ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, "           \
    "body = excluded.body",                                                     \
        "DELETE FROM " table " WHERE name = ?", "SELECT name, body FROM " table \
  }

const Statements& StatementsOf(v1::ResourceKind kind) {
  static constexpr Statements kConnections = LMGATE_STATEMENTS("connections");
  static constexpr Statements kRoutes = LMGATE_STATEMENTS("routes");
  static constexpr Statements kGroups = LMGATE_STATEMENTS("groups");
  static constexpr Statements kSettings = LMGATE_STATEMENTS("settings");
  switch (kind) {
    case v1::RESOURCE_KIND_CONNECTION:
      return kConnections;
    case v1::RESOURCE_KIND_ROUTE:
      return kRoutes;
    case v1::RESOURCE_KIND_GROUP:
      return kGroups;
    default:
      LMGATE_CHECK(kind == v1::RESOURCE_KIND_SETTINGS);
      return kSettings;
  }
}
#undef LMGATE_STATEMENTS

}  // namespace

absl::Status PutResourceRow(SqlConnection& sql, v1::ResourceKind kind, std::string_view name,
                            uint64_t revision, std::string_view body) {
  return sql.Execute(StatementsOf(kind).put, {name, static_cast<int64_t>(revision), SqlBlob{body}});
}

absl::Status DeleteResourceRow(SqlConnection& sql, v1::ResourceKind kind, std::string_view name) {
  return sql.Execute(StatementsOf(kind).remove, {name});
}

absl::Status ReadResourceRows(
    SqlConnection& sql, v1::ResourceKind kind,
    absl::FunctionRef<absl::Status(std::string_view name, std::string_view body)> visit) {
  return sql.Query(StatementsOf(kind).read, {},
                   [&](const SqlRow& row) { return visit(row.Bytes(0), row.Bytes(1)); });
}

}  // namespace lmgate::storage
