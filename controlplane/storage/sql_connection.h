#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/types/span.h>

#include <cstdint>
#include <string_view>
#include <variant>

namespace lmgate::storage {

// Bytes that are no text.
struct SqlBlob {
  std::string_view bytes;
};
// What stands for one `?`. Views need to live only as long as the call.
using SqlValue = std::variant<std::nullptr_t, int64_t, std::string_view, SqlBlob>;

// One row of an answer; valid during the visit.
class SqlRow {
 public:
  virtual ~SqlRow() = default;

  virtual bool IsNull(int column) const = 0;
  virtual int64_t Integer(int column) const = 0;
  // Text or blob; empty for NULL.
  virtual std::string_view Bytes(int column) const = 0;
};

// One session with a database: the seam between the product's SQL and the two databases. Not
// thread-safe. Errors say what the caller can do: AlreadyExists (a unique column),
// FailedPrecondition (a reference, a read-only file, no database), ResourceExhausted (disk full),
// Unavailable (locked for longer than the busy timeout, or I/O), DataLoss (damaged), Internal (our
// SQL).
class SqlConnection {
 public:
  virtual ~SqlConnection() = default;

  // One statement whose text is a constant of the program; the prepared form is kept.
  virtual absl::Status Execute(std::string_view sql, absl::Span<const SqlValue> values) = 0;
  // Stops at the first error of `visit` and returns it.
  virtual absl::Status Query(std::string_view sql, absl::Span<const SqlValue> values,
                             absl::FunctionRef<absl::Status(const SqlRow&)> visit) = 0;
  // Several statements without values: a migration.
  virtual absl::Status ExecuteScript(std::string_view sql) = 0;
  // True when the database holds no table at all.
  virtual absl::StatusOr<bool> IsEmpty() = 0;

  // Begins a transaction that may write, so that no later statement of it can fail for a lock.
  virtual absl::Status Begin() = 0;
  virtual absl::Status Commit() = 0;
  // Does nothing when no transaction is open.
  virtual void Rollback() = 0;
};

// Rolls back at its end unless committed. `connection` outlives it.
class SqlTransaction {
 public:
  explicit SqlTransaction(SqlConnection& connection) : connection_(connection) {}
  ~SqlTransaction() { connection_.Rollback(); }
  SqlTransaction(const SqlTransaction&) = delete;
  SqlTransaction& operator=(const SqlTransaction&) = delete;

  absl::Status Begin() { return connection_.Begin(); }
  absl::Status Commit() { return connection_.Commit(); }

 private:
  SqlConnection& connection_;
};

}  // namespace lmgate::storage
