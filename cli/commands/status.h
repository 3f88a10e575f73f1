#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <optional>
#include <string>

#include "cli/command_line.h"
#include "cli/printer.h"
#include "lmgate/v1/admin.pb.h"

namespace lmgate::cli {

// `lmctl status`: the control plane and its replicas. Lives as long as the command tree.
class StatusCommand {
 public:
  explicit StatusCommand(Command& root);

  static constexpr absl::Duration kIntervalDefault = absl::Seconds(2);

 private:
  static Columns<v1::Replica> MakeColumns(absl::Time now);
  static std::string Text(const v1::GetStatusReply& reply, const Printer& printer, absl::Time now);
  static void Print(Session& session, const v1::GetStatusReply& reply);

  absl::StatusOr<ExitCode> Run(Session& session) const;
  // Until Ctrl-C. A control plane that goes away is said, and waited for.
  absl::StatusOr<ExitCode> Watch(Session& session, absl::Duration interval) const;

  bool watch_ = false;
  std::optional<std::string> interval_;
};

}  // namespace lmgate::cli
