#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "cli/command_line.h"

namespace lmgate::cli {

// `lmctl completion SHELL` prints a script that asks `lmctl __complete -- WORD...` for candidates,
// so that the shells know nothing by themselves. Lives as long as the command tree.
class CompletionCommand {
 public:
  explicit CompletionCommand(Command& root);

 private:
  absl::StatusOr<ExitCode> Script(Session& session) const;
  absl::StatusOr<ExitCode> Complete(Session& session) const;

  std::string shell_;
  std::vector<std::string> words_;
};

}  // namespace lmgate::cli
