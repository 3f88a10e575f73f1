#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/storage/sql_connection.h"
#include "lmgate/v1/resources.pb.h"

namespace lmgate::storage {

// Tables changes and change_items.

struct ChangeRow {
  uint64_t revision = 0;
  int64_t committed_micros = 0;  // Unix time
  std::string actor;
  std::string operation;
};

// Bodies as in the resource tables; nullopt = was not there, or is not there any more.
struct ChangeItemRow {
  v1::ResourceKind kind = v1::RESOURCE_KIND_UNSPECIFIED;
  std::string name;
  std::optional<std::string> before_body;
  std::optional<std::string> after_body;
};

absl::Status InsertChangeRow(SqlConnection& sql, const ChangeRow& change);
absl::Status InsertChangeItemRow(SqlConnection& sql, uint64_t revision, int position,
                                 const ChangeItemRow& item);

// 0 = no change was ever made.
absl::StatusOr<uint64_t> ReadNewestRevision(SqlConnection& sql);
// Of the oldest change that is kept; 0 as above.
absl::StatusOr<uint64_t> ReadOldestRevision(SqlConnection& sql);
// Forgets changes up to and with `last`, the oldest first, at most `count`.
absl::Status DeleteOldestChangeRows(SqlConnection& sql, uint64_t last, uint64_t count);
// Newest first, those below `before_revision` (0 = all), at most `count`.
absl::StatusOr<std::vector<ChangeRow>> ReadChangeRows(SqlConnection& sql, uint64_t before_revision,
                                                      int count);
// In their order.
absl::StatusOr<std::vector<ChangeItemRow>> ReadChangeItemRows(SqlConnection& sql,
                                                              uint64_t revision);

}  // namespace lmgate::storage
