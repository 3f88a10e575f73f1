#include "cli/commands/version.h"

#include <algorithm>

#include "cli/json_text.h"
#include "cli/session.h"
#include "common/base/logging.h"
#include "common/base/strings.h"
#include "lmgate/v1/admin.grpc.pb.h"

namespace lmgate::cli {
namespace {

// Nobody waits long for a version.
constexpr absl::Duration kServerTimeout = absl::Seconds(2);

absl::StatusOr<ExitCode> ShowVersion(Session& session) {
  const absl::StatusOr<v1::GetStatusReply> status =
      session.CallWithin(std::min(kServerTimeout, session.timeout()), "StatusService/GetStatus",
                         &v1::StatusService::Stub::GetStatus, v1::GetStatusRequest());
  const std::string server = status.ok() ? status->version() : "";
  const std::string reason = status.ok() ? "" : std::string(status.status().message());
  Printer& printer = session.printer();
  if (printer.is_structured()) {
    printer.PrintJson(StrCat("{\n \"client\": ", JsonQuote(Version()),
                             ",\n \"server\": ", JsonQuote(server),
                             ",\n \"server_error\": ", JsonQuote(reason), "\n}"));
  } else if (printer.is_names()) {
    printer.PrintText(StrCat(Version(), "\n"));
  } else {
    printer.PrintText(StrCat("client  ", Version(), "\nserver  ",
                             server.empty() ? std::string("-") : Printable(server), "\n"));
    if (!status.ok()) session.Say(StrCat("server version unknown: ", reason));
  }
  return ExitCode::kOk;
}

}  // namespace

void DeclareVersion(Command& root) {
  root.Add("version", "Print the versions of lmctl and of the control plane").Run(ShowVersion);
}

}  // namespace lmgate::cli
