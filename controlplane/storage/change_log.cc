#include "controlplane/storage/change_log.h"

#include <algorithm>
#include <limits>

#include "common/base/status_macros.h"

namespace lmgate::storage {
namespace {

constexpr std::string_view kInsertChange =
    "INSERT INTO changes (revision, committed_at, actor, operation) VALUES (?, ?, ?, ?)";
constexpr std::string_view kInsertItem =
    "INSERT INTO change_items (revision, position, kind, name, before_body, after_body) "
    "VALUES (?, ?, ?, ?, ?, ?)";
constexpr std::string_view kReadNewest = "SELECT COALESCE(MAX(revision), 0) FROM changes";
constexpr std::string_view kReadOldest = "SELECT COALESCE(MIN(revision), 0) FROM changes";
constexpr std::string_view kDeleteItems = "DELETE FROM change_items WHERE revision <= ?";
constexpr std::string_view kDeleteChanges = "DELETE FROM changes WHERE revision <= ?";
constexpr std::string_view kReadChanges =
    "SELECT revision, committed_at, actor, operation FROM changes WHERE revision < ? "
    "ORDER BY revision DESC LIMIT ?";
constexpr std::string_view kReadItems =
    "SELECT kind, name, before_body, after_body FROM change_items WHERE revision = ? "
    "ORDER BY position";

absl::StatusOr<uint64_t> ReadRevision(SqlConnection& sql, std::string_view query) {
  uint64_t revision = 0;
  LMGATE_RETURN_IF_ERROR(sql.Query(query, {}, [&](const SqlRow& row) {
    revision = static_cast<uint64_t>(row.Integer(0));
    return absl::OkStatus();
  }));
  return revision;
}

SqlValue Nullable(const std::optional<std::string>& body) {
  if (!body.has_value()) return nullptr;
  return SqlBlob{*body};
}

std::optional<std::string> NullableBytes(const SqlRow& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return std::string(row.Bytes(column));
}

}  // namespace

absl::Status InsertChangeRow(SqlConnection& sql, const ChangeRow& change) {
  return sql.Execute(kInsertChange,
                     {static_cast<int64_t>(change.revision), change.committed_micros,
                      std::string_view(change.actor), std::string_view(change.operation)});
}

absl::Status InsertChangeItemRow(SqlConnection& sql, uint64_t revision, int position,
                                 const ChangeItemRow& item) {
  return sql.Execute(kInsertItem, {static_cast<int64_t>(revision), int64_t{position},
                                   static_cast<int64_t>(item.kind), std::string_view(item.name),
                                   Nullable(item.before_body), Nullable(item.after_body)});
}

absl::StatusOr<uint64_t> ReadNewestRevision(SqlConnection& sql) {
  return ReadRevision(sql, kReadNewest);
}

absl::StatusOr<uint64_t> ReadOldestRevision(SqlConnection& sql) {
  return ReadRevision(sql, kReadOldest);
}

absl::Status DeleteOldestChangeRows(SqlConnection& sql, uint64_t last, uint64_t count) {
  LMGATE_ASSIGN_OR_RETURN(const uint64_t oldest, ReadOldestRevision(sql));
  // Revisions have no gaps.
  const uint64_t end = std::min(last + 1, oldest + count);
  if (end <= oldest) return absl::OkStatus();
  const auto bound = static_cast<int64_t>(end - 1);
  LMGATE_RETURN_IF_ERROR(sql.Execute(kDeleteItems, {bound}));
  return sql.Execute(kDeleteChanges, {bound});
}

absl::StatusOr<std::vector<ChangeRow>> ReadChangeRows(SqlConnection& sql, uint64_t before_revision,
                                                      int count) {
  constexpr auto kNewest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  const uint64_t before =
      before_revision == 0 || before_revision > kNewest ? kNewest : before_revision;
  std::vector<ChangeRow> changes;
  LMGATE_RETURN_IF_ERROR(sql.Query(
      kReadChanges, {static_cast<int64_t>(before), int64_t{count}}, [&](const SqlRow& row) {
        changes.push_back({.revision = static_cast<uint64_t>(row.Integer(0)),
                           .committed_micros = row.Integer(1),
                           .actor = std::string(row.Bytes(2)),
                           .operation = std::string(row.Bytes(3))});
        return absl::OkStatus();
      }));
  return changes;
}

absl::StatusOr<std::vector<ChangeItemRow>> ReadChangeItemRows(SqlConnection& sql,
                                                              uint64_t revision) {
  std::vector<ChangeItemRow> items;
  LMGATE_RETURN_IF_ERROR(
      sql.Query(kReadItems, {static_cast<int64_t>(revision)}, [&](const SqlRow& row) {
        items.push_back({.kind = static_cast<v1::ResourceKind>(row.Integer(0)),
                         .name = std::string(row.Bytes(1)),
                         .before_body = NullableBytes(row, 2),
                         .after_body = NullableBytes(row, 3)});
        return absl::OkStatus();
      }));
  return items;
}

}  // namespace lmgate::storage
