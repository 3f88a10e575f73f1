#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/control/record_file.h"

namespace lmgate::control {

// The directory of one replica, held by a lock so that no two replicas write into it.
class StateDirectory {
 public:
  // Made when absent (0700; its parent must exist). FailedPrecondition: another process holds it.
  static absl::StatusOr<StateDirectory> Open(std::string path);

  // `kind`-`number`: base-7.
  std::string PathOf(std::string_view kind, uint64_t number) const;
  std::string PathOf(std::string_view name) const;
  // Of the files `kind`-NUMBER, ascending.
  absl::StatusOr<std::vector<uint64_t>> FindNumbers(std::string_view kind) const;

  // Renames to PATH.damaged-<unix seconds>; the oldest of more than kDamagedMax such files go.
  void SetAside(const std::string& path) const;
  // All that is there is durable.
  absl::Status Sync() const { return SyncDirectory(path_); }

  static constexpr size_t kDamagedMax = 4;

 private:
  StateDirectory(std::string path, FileHandle lock);

  std::string path_;
  FileHandle lock_;
};

// Absent is fine.
void DeleteFile(const std::string& path);

}  // namespace lmgate::control
