#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>

#include "cli/command_line.h"
#include "lmgate/v1/admin.pb.h"

namespace lmgate::cli {

// The configuration as a whole: `apply`, `diff`, `export`, `history`, `rollback`. Lives as long as
// the command tree.
class ConfigCommands {
 public:
  explicit ConfigCommands(Command& root);

  // At most this much is read of a file: ApplyRequest.content.
  static constexpr size_t kFileBytesMax = 16 << 20;
  static constexpr int kHistoryDefault = 20;
  static constexpr int kHistoryMax = 10000;

 private:
  absl::StatusOr<ExitCode> Apply(Session& session) const;
  absl::StatusOr<ExitCode> Diff(Session& session) const;
  absl::StatusOr<ExitCode> Export(Session& session) const;
  absl::StatusOr<ExitCode> History(Session& session) const;
  absl::StatusOr<ExitCode> Rollback(Session& session) const;

  struct ApplyArgs {
    std::optional<std::string> file;
    bool dry_run = false;
    std::optional<std::string> if_revision;
  };
  struct RollbackArgs {
    std::string revision;
    std::optional<std::string> if_revision;
  };
  ApplyArgs apply_;
  std::optional<std::string> diff_file_;
  std::optional<std::string> history_limit_;
  RollbackArgs rollback_;
};

}  // namespace lmgate::cli
