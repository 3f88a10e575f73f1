#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

namespace lmgate::storage {

// The claim of one control plane on one database: an advisory lock on `<database>.lock`, given up
// when the object or the process ends. A lock file of its own, because closing any descriptor of
// the database file would drop SQLite's locks; and so a person may still read the database.
class DatabaseLock {
 public:
  // FailedPrecondition when another control plane holds it, naming its process.
  static absl::StatusOr<std::unique_ptr<DatabaseLock>> Create(const std::string& database_path);
  ~DatabaseLock();
  DatabaseLock(const DatabaseLock&) = delete;
  DatabaseLock& operator=(const DatabaseLock&) = delete;

 private:
  explicit DatabaseLock(int file) : file_(file) {}

  const int file_;
};

}  // namespace lmgate::storage
