#pragma once

#include <absl/types/span.h>

#include <string_view>

namespace lmgate::migrations {

// One numbered forward step of the schema, embedded at build time.
struct Migration {
  int version = 0;        // 1, 2, 3 … without gaps
  std::string_view name;  // "0001_create_schema"
  std::string_view sql;   // one script; the migrator runs it in one transaction
};

// migrations/sqlite, in ascending order.
absl::Span<const Migration> SqliteMigrations();

}  // namespace lmgate::migrations
