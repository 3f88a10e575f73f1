#include "cli/commands/status.h"

#include <absl/strings/str_format.h>

#include "cli/exit_code.h"
#include "cli/flag_value.h"
#include "cli/propagation.h"
#include "cli/proto_time.h"
#include "cli/session.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "lmgate/v1/admin.grpc.pb.h"

namespace lmgate::cli {
namespace {

// Cursor home, clear the screen: ECMA-48 CUP and ED.
constexpr char kClearScreen[] = "\x1b[H\x1b[2J";
constexpr absl::Duration kIntervalMin = absl::Milliseconds(100);

absl::StatusOr<v1::GetStatusReply> GetStatus(Session& session) {
  return session.Call("StatusService/GetStatus", &v1::StatusService::Stub::GetStatus,
                      v1::GetStatusRequest());
}

}  // namespace

StatusCommand::StatusCommand(Command& root) {
  root.Add("status", "Show the control plane and its replicas: who serves which revision")
      .Switch("--watch", &watch_, "Show it again and again, until Ctrl-C")
      .Text("--interval", {"DURATION"}, &interval_, "How often --watch looks (default 2s)")
      .Detail(
          "States: SYNCED; STALE (behind); NACKED (refused the newest); DISCONNECTED; DRAINING.")
      .Run([this](Session& session) { return Run(session); });
}

Columns<v1::Replica> StatusCommand::MakeColumns(absl::Time now) {
  using R = v1::Replica;
  return {
      {"REPLICA", [](const R& r) { return r.id(); }},
      {"STATE", [](const R& r) { return r.state(); }},
      {"REVISION", [](const R& r) { return absl::StrCat(r.revision()); }},
      {"LAG", [](const R& r) { return absl::StrCat(r.lag()); }},
      {"VERSION", [](const R& r) { return r.version(); }},
      {"ADDRESS", [](const R& r) { return r.listen_address(); }},
      {"COMPLAINTS",
       [](const R& r) { return r.complaints().empty() ? "" : absl::StrCat(r.complaints_size()); }},
      {"ACK",
       [](const R& r) {
         return r.has_ack_latency() ? ElapsedText(FromProto(r.ack_latency())) : std::string();
       },
       true},
      {"CONNECTED",
       [now](const R& r) {
         return r.has_connected_at() && !r.has_disconnected_at()
                    ? AgeText(now - FromProto(r.connected_at()))
                    : std::string();
       },
       true},
      {"GONE SINCE",
       [now](const R& r) {
         return r.has_disconnected_at() ? AgeText(now - FromProto(r.disconnected_at()))
                                        : std::string();
       },
       true},
      {"HASH", [](const R& r) { return absl::StrFormat("%016x", r.hash()); }, true},
  };
}

std::string StatusCommand::Text(const v1::GetStatusReply& reply, const Printer& printer,
                                absl::Time now) {
  std::string text;
  if (printer.headers() == TableHeaders::kShow) {
    StrAppend(&text, "control plane ", reply.version(), ", revision ", reply.revision());
    if (reply.has_started_at()) {
      StrAppend(&text, ", up ", AgeText(now - FromProto(reply.started_at())));
    }
    StrAppend(&text, reply.replicas().empty() ? "\nno replicas connected\n" : "\n\n");
  }
  if (reply.replicas().empty()) return text;
  const std::vector<v1::Replica> replicas(reply.replicas().begin(), reply.replicas().end());
  const bool wide = printer.options().format == OutputFormat::kWide;
  StrAppend(&text, TableText(MakeTable(replicas, MakeColumns(now), wide), printer.headers()));
  bool first = true;
  for (const v1::Replica& replica : replicas) {
    for (const v1::Complaint& complaint : replica.complaints()) {
      StrAppend(&text, first ? "\n" : "",
                Printable(StrCat(replica.id(), ": ", ComplaintText(complaint))), "\n");
      first = false;
    }
  }
  return text;
}

void StatusCommand::Print(Session& session, const v1::GetStatusReply& reply) {
  Printer& printer = session.printer();
  if (printer.is_names()) {
    for (const v1::Replica& replica : reply.replicas()) {
      printer.PrintText(Printable(replica.id()) + "\n");
    }
  } else if (printer.is_structured()) {
    printer.PrintMessage(reply, JsonFields::kAll);
  } else {
    printer.PrintText(Text(reply, printer, session.console().clock.Now()));
  }
}

absl::StatusOr<ExitCode> StatusCommand::Run(Session& session) const {
  absl::Duration interval = kIntervalDefault;
  if (interval_.has_value()) {
    LMGATE_ASSIGN_OR_RETURN(interval, ParseDurationFlag("--interval", *interval_));
    if (interval < kIntervalMin) return UsageError("--interval: at least 100ms");
  }
  if (watch_) return Watch(session, interval);
  LMGATE_ASSIGN_OR_RETURN(const v1::GetStatusReply reply, GetStatus(session));
  Print(session, reply);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> StatusCommand::Watch(Session& session, absl::Duration interval) const {
  Console& console = session.console();
  const bool screen = console.out_is_terminal && !session.printer().is_structured();
  std::string last_error;
  bool seen = false;
  do {
    const absl::StatusOr<v1::GetStatusReply> reply = GetStatus(session);
    if (screen && reply.ok()) session.printer().PrintText(kClearScreen);
    if (reply.ok()) {
      // JSON: one object after the other, which is what jq reads.
      if (!screen && seen && !session.printer().is_structured()) session.printer().PrintText("\n");
      Print(session, *reply);
      seen = true;
      last_error.clear();
      continue;
    }
    // What will not heal by waiting ends the watch.
    if (!seen || ExitCodeOf(reply.status()) == ExitCode::kAuth) return reply.status();
    if (last_error != reply.status().message()) session.ShowError(reply.status());
    last_error = std::string(reply.status().message());
  } while (console.pause(interval));
  return ExitCode::kOk;
}

}  // namespace lmgate::cli
