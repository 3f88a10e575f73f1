#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "controlplane/storage/sql_connection.h"

struct sqlite3;
struct sqlite3_stmt;

namespace lmgate::storage {

// SQLite with write-ahead log, foreign keys and synchronous=FULL: what was committed survives a
// power cut. The file is made with mode 0600; its -wal and -shm files inherit that.
class SqliteConnection final : public SqlConnection {
 public:
  struct Options {
    std::string path;
    bool read_only = false;
    absl::Duration busy_timeout = absl::Seconds(2);
    // Largest size of the database file; a commit beyond it is ResourceExhausted. 0 = the disk's.
    uint64_t bytes_max = 0;
  };

  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Create(const Options& options);
  ~SqliteConnection() override;

  absl::Status Execute(std::string_view sql, absl::Span<const SqlValue> values) override;
  absl::Status Query(std::string_view sql, absl::Span<const SqlValue> values,
                     absl::FunctionRef<absl::Status(const SqlRow&)> visit) override;
  absl::Status ExecuteScript(std::string_view sql) override;
  absl::StatusOr<bool> IsEmpty() override;
  absl::Status Begin() override;
  absl::Status Commit() override;
  void Rollback() override;

 private:
  struct CloseDatabase {
    void operator()(sqlite3* database) const;
  };
  struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const;
  };
  using StatementPtr = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

  SqliteConnection(std::string path, std::unique_ptr<sqlite3, CloseDatabase> database);

  absl::Status Configure(const Options& options);
  absl::StatusOr<sqlite3_stmt*> Prepare(std::string_view sql, absl::Span<const SqlValue> values);
  absl::Status LastError() const;

  const std::string path_;
  const std::unique_ptr<sqlite3, CloseDatabase> database_;
  // By their text: the program has a few dozen.
  absl::flat_hash_map<std::string, StatementPtr> statements_;
};

}  // namespace lmgate::storage
