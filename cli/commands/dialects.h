#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>

#include "cli/command_line.h"

namespace lmgate::cli {

// `lmctl dialects`: what becomes of each feature of a request when its target speaks another
// dialect. Asks no server: the table is the one that this version translates by.
class DialectsCommand {
 public:
  explicit DialectsCommand(Command& root);

 private:
  absl::StatusOr<ExitCode> Show(Session& session) const;

  std::optional<std::string> from_;
  std::optional<std::string> to_;
};

}  // namespace lmgate::cli
