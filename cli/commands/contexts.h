#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"

namespace lmgate::cli {

// `lmctl context ...`: the places kept in $XDG_CONFIG_HOME/lmctl/config.yaml. Never calls a server.
// Lives as long as the command tree.
class ContextCommands {
 public:
  explicit ContextCommands(Command& root);

 private:
  absl::StatusOr<ExitCode> List(Session& session) const;
  absl::StatusOr<ExitCode> Show(Session& session) const;
  absl::StatusOr<ExitCode> Add(Session& session) const;
  absl::StatusOr<ExitCode> Use(Session& session) const;
  absl::StatusOr<ExitCode> Remove(Session& session) const;

  std::optional<std::string> show_name_;
  std::string add_name_;
  bool add_use_ = false;
  std::string use_name_;
  std::vector<std::string> remove_names_;
};

}  // namespace lmgate::cli
