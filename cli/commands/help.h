#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "cli/command_line.h"

namespace lmgate::cli {

// `lmctl help [COMMAND]` and `lmctl help exit-codes`. Lives as long as the command tree.
class HelpCommand {
 public:
  explicit HelpCommand(Command& root);

 private:
  absl::StatusOr<ExitCode> Run(Session& session) const;

  std::vector<std::string> words_;
};

}  // namespace lmgate::cli
