#include "controlplane/storage/sqlite_connection.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::storage {
namespace {

class SqliteRow final : public SqlRow {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

  bool IsNull(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  int64_t Integer(int column) const override { return sqlite3_column_int64(statement_, column); }
  std::string_view Bytes(int column) const override {
    const void* bytes = sqlite3_column_blob(statement_, column);
    if (bytes == nullptr) return {};
    return {static_cast<const char*>(bytes),
            static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_;
};

absl::StatusCode CodeOf(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
      return absl::StatusCode::kAlreadyExists;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return absl::StatusCode::kFailedPrecondition;
    default:
      break;
  }
  // The low byte is the primary code: SQLite, Result and Error Codes.
  switch (extended & 0xff) {
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
      return absl::StatusCode::kUnavailable;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_NOTADB:
      return absl::StatusCode::kFailedPrecondition;
    case SQLITE_CORRUPT:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kInternal;
  }
}

int Bind(sqlite3_stmt* statement, int index, const SqlValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    return sqlite3_bind_int64(statement, index, *number);
  }
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    // A null pointer would bind NULL.
    return sqlite3_bind_text64(statement, index, text->empty() ? "" : text->data(), text->size(),
                               SQLITE_STATIC, SQLITE_UTF8);
  }
  if (const auto* blob = std::get_if<SqlBlob>(&value)) {
    return sqlite3_bind_blob64(statement, index, blob->bytes.empty() ? "" : blob->bytes.data(),
                               blob->bytes.size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, index);
}

// SQLite would make the file readable for everybody.
absl::Status TouchPrivate(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return absl::FailedPreconditionError(
        StrCat("database ", path, ": ", std::string(strerror(errno))));
  }
  close(file);
  return absl::OkStatus();
}

}  // namespace

void SqliteConnection::CloseDatabase::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

void SqliteConnection::FinalizeStatement::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Create(const Options& options) {
  if (!options.read_only) LMGATE_RETURN_IF_ERROR(TouchPrivate(options.path));
  sqlite3* opened = nullptr;
  const int flags = (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(options.path.c_str(), &opened, flags, nullptr);
  std::unique_ptr<sqlite3, CloseDatabase> database(opened);
  if (code != SQLITE_OK) {
    return absl::Status(CodeOf(code),
                        StrCat("database ", options.path, ": ", std::string(sqlite3_errstr(code))));
  }
  std::unique_ptr<SqliteConnection> connection(
      new SqliteConnection(options.path, std::move(database)));
  LMGATE_RETURN_IF_ERROR(connection->Configure(options));
  return connection;
}

SqliteConnection::SqliteConnection(std::string path,
                                   std::unique_ptr<sqlite3, CloseDatabase> database)
    : path_(std::move(path)), database_(std::move(database)) {}

SqliteConnection::~SqliteConnection() = default;

absl::Status SqliteConnection::Configure(const Options& options) {
  sqlite3_busy_timeout(database_.get(),
                       static_cast<int>(absl::ToInt64Milliseconds(options.busy_timeout)));
  if (options.read_only) return ExecuteScript("PRAGMA query_only = ON");
  LMGATE_RETURN_IF_ERROR(
      ExecuteScript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
                    "PRAGMA foreign_keys = ON"));
  if (options.bytes_max == 0) return absl::OkStatus();
  int64_t page_bytes = 0;
  LMGATE_RETURN_IF_ERROR(Query("PRAGMA page_size", {}, [&](const SqlRow& row) {
    page_bytes = row.Integer(0);
    return absl::OkStatus();
  }));
  const auto pages = std::max<uint64_t>(1, options.bytes_max / static_cast<uint64_t>(page_bytes));
  return ExecuteScript(StrCat("PRAGMA max_page_count = ", pages));
}

absl::Status SqliteConnection::LastError() const {
  const int code = sqlite3_extended_errcode(database_.get());
  return absl::Status(
      CodeOf(code), StrCat("database ", path_, ": ", std::string(sqlite3_errmsg(database_.get()))));
}

absl::StatusOr<sqlite3_stmt*> SqliteConnection::Prepare(std::string_view sql,
                                                        absl::Span<const SqlValue> values) {
  StatementPtr& statement = statements_[std::string(sql)];
  if (statement == nullptr) {
    sqlite3_stmt* prepared = nullptr;
    const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    if (code != SQLITE_OK) return LastError();
    statement.reset(prepared);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (Bind(statement.get(), static_cast<int>(i) + 1, values[i]) != SQLITE_OK) return LastError();
  }
  return statement.get();
}

absl::Status SqliteConnection::Execute(std::string_view sql, absl::Span<const SqlValue> values) {
  return Query(sql, values, [](const SqlRow&) { return absl::OkStatus(); });
}

absl::Status SqliteConnection::Query(std::string_view sql, absl::Span<const SqlValue> values,
                                     absl::FunctionRef<absl::Status(const SqlRow&)> visit) {
  LMGATE_ASSIGN_OR_RETURN(sqlite3_stmt * statement, Prepare(sql, values));
  const SqliteRow row(statement);
  absl::Status result;
  int code = SQLITE_ROW;
  while (result.ok() && (code = sqlite3_step(statement)) == SQLITE_ROW) result = visit(row);
  if (result.ok() && code != SQLITE_DONE) result = LastError();
  // Gives up its locks and its views of the values, which end with this call.
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return result;
}

absl::Status SqliteConnection::ExecuteScript(std::string_view sql) {
  const std::string text(sql);
  if (sqlite3_exec(database_.get(), text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return LastError();
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> SqliteConnection::IsEmpty() {
  int64_t count = 0;
  LMGATE_RETURN_IF_ERROR(Query("SELECT COUNT(*) FROM sqlite_schema", {}, [&](const SqlRow& row) {
    count = row.Integer(0);
    return absl::OkStatus();
  }));
  return count == 0;
}

absl::Status SqliteConnection::Begin() { return Execute("BEGIN IMMEDIATE", {}); }

absl::Status SqliteConnection::Commit() { return Execute("COMMIT", {}); }

void SqliteConnection::Rollback() {
  // SQLite has already rolled back by itself after some errors (a full disk, for one).
  if (sqlite3_get_autocommit(database_.get()) != 0) return;
  sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace lmgate::storage
