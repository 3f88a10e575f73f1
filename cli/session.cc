#include "cli/session.h"

#include <absl/strings/match.h>
#include <grpc/support/time.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <array>
#include <istream>

#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "common/base/error_detail.h"
#include "common/base/grpc_status.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/options/option_table.h"

namespace lmgate::cli {
namespace {

constexpr absl::Duration kTimeoutDefault = absl::Seconds(10);
constexpr absl::Duration kTimeoutMax = absl::Hours(1);
constexpr absl::Duration kWaitDefault = absl::Seconds(2);
constexpr absl::Duration kWaitMax = absl::Seconds(60);  // WaitForRevisionRequest.timeout
// An export of the largest configuration that `apply` takes (16 MiB), with room.
constexpr int kReplyBytesMax = 64 << 20;

absl::StatusOr<absl::Duration> DurationFlag(std::string_view flag,
                                            const std::optional<std::string>& text,
                                            absl::Duration fallback, absl::Duration maximum) {
  if (!text.has_value()) return fallback;
  const absl::StatusOr<absl::Duration> parsed = options::ParseFriendlyDuration(*text);
  if (!parsed.ok()) {
    return UsageError(StrCat(flag, ": ", ToStd(parsed.status().message())), "as 500ms, 10s or 1m");
  }
  if (*parsed > maximum) {
    return UsageError(
        StrCat(flag, ": at most ", options::FormatFriendlyDuration(maximum), ", not ", *text));
  }
  return *parsed;
}

bool IsLoopback(std::string_view server) {
  static constexpr std::array<std::string_view, 4> kLoopback = {"127.",
                                                                "localhost:", "[::1]:", "unix:"};
  for (const std::string_view prefix : kLoopback) {
    if (server.starts_with(prefix)) return true;
  }
  return false;
}

// gRPC's own words for a server that was not there, as against one that said Unavailable itself.
bool IsConnectFailure(std::string_view message) {
  static constexpr std::array<std::string_view, 7> kWords = {"failed to connect",
                                                             "Failed to connect",
                                                             "DNS resolution failed",
                                                             "Socket closed",
                                                             "Connection reset",
                                                             "handshake",
                                                             "GOAWAY"};
  for (const std::string_view words : kWords) {
    if (absl::StrContains(ToAbsl(message), ToAbsl(words))) return true;
  }
  return false;
}

std::string ConnectFailureReason(std::string_view message) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kReasons = {{
      {"Connection refused", "connection refused"},
      {"DNS resolution failed", "the name cannot be resolved"},
      {"handshake", "the TLS handshake failed"},
      {"No route to host", "no route to host"},
      {"Socket closed", "the connection was closed"},
  }};
  for (const auto& [theirs, ours] : kReasons) {
    if (absl::StrContains(ToAbsl(message), ToAbsl(theirs))) return std::string(ours);
  }
  return std::string(message);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> Session::Create(const GlobalFlags& flags,
                                                         const Command& root, Console& console) {
  Options options;
  const std::string output =
      flags.output.value_or(console.environment("LMCTL_OUTPUT").value_or(""));
  options.output_is_given = !output.empty();
  if (options.output_is_given) {
    LMGATE_ASSIGN_OR_RETURN(options.printer.format, ParseOutputFormat(output));
  }
  options.printer.show_headers = !flags.no_headers;
  options.printer.quiet = flags.quiet;
  options.printer.color = console.out_is_terminal && !flags.no_color &&
                          console.environment("NO_COLOR").value_or("").empty();
  LMGATE_ASSIGN_OR_RETURN(options.timeout,
                          DurationFlag("--timeout", flags.timeout, kTimeoutDefault, kTimeoutMax));
  LMGATE_ASSIGN_OR_RETURN(options.wait, DurationFlag("--wait", flags.wait, kWaitDefault, kWaitMax));
  if (flags.no_wait) {
    if (flags.wait.has_value()) return UsageError("--wait and --no-wait exclude each other");
    options.wait = absl::ZeroDuration();
  }
  return std::unique_ptr<Session>(new Session(flags, root, console, options));
}

Session::Session(const GlobalFlags& flags, const Command& root, Console& console, Options options)
    : flags_(flags),
      root_(root),
      console_(console),
      printer_(options.printer, console.out),
      output_is_given_(options.output_is_given),
      timeout_(options.timeout),
      wait_(options.wait) {}

absl::StatusOr<const Endpoint*> Session::GetEndpoint() {
  if (!endpoint_.has_value()) {
    LMGATE_ASSIGN_OR_RETURN(endpoint_, ResolveEndpoint(flags_, console_));
  }
  return &*endpoint_;
}

absl::Status Session::SetTimeout(const std::string& text) {
  LMGATE_ASSIGN_OR_RETURN(timeout_, DurationFlag("--timeout", text, kTimeoutDefault, kTimeoutMax));
  return absl::OkStatus();
}

absl::Status Session::Connect() {
  if (channel_ != nullptr) return absl::OkStatus();
  LMGATE_RETURN_IF_ERROR(GetEndpoint().status());
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  if (endpoint_->ca_pem.empty()) {
    credentials = grpc::InsecureChannelCredentials();
    if (!IsLoopback(endpoint_->server)) {
      Warn(StrCat("the admin token goes to ", endpoint_->server,
                  " unencrypted; --ca FILE turns TLS on"));
    }
  } else {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = endpoint_->ca_pem;
    tls.pem_cert_chain = endpoint_->client_cert_pem;
    tls.pem_private_key = endpoint_->client_key_pem;
    credentials = grpc::SslCredentials(tls);
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kReplyBytesMax);
  // A proxy for web traffic is no way to a control plane.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  channel_ = grpc::CreateCustomChannel(endpoint_->server, credentials, arguments);
  return absl::OkStatus();
}

void Session::Prepare(absl::Duration timeout, grpc::ClientContext* context) const {
  // A span counts from now, by gRPC's own clock.
  context->set_deadline(gpr_time_from_micros(absl::ToInt64Microseconds(timeout), GPR_TIMESPAN));
  context->AddMetadata("authorization", StrCat("Bearer ", endpoint_->token));
  context->AddMetadata("x-lmgate-actor", console_.actor);
}

void Session::ShowCall(std::string_view name, const google::protobuf::Message& request) {
  if (flags_.verbose) console_.err << "call: " << name << " " << MaskedLine(request) << std::endl;
}

absl::Status Session::Finish(std::string_view name, absl::Duration timeout,
                             const grpc::Status& status, const google::protobuf::Message& reply) {
  const absl::Status result = FromGrpcStatus(status);
  if (flags_.verbose) {
    console_.err << "reply: " << name << " "
                 << (result.ok() ? MaskedLine(reply) : absl::StatusCodeToString(result.code()))
                 << std::endl;
  }
  return result.ok() ? result : Explain(result, timeout);
}

absl::Status Session::Explain(absl::Status status, absl::Duration timeout) const {
  const std::string_view message = ToStd(status.message());
  const auto explained = [code = status.code()](std::string_view text, std::string_view hint) {
    return WithFieldHint(absl::Status(code, ToAbsl(text)),
                         FieldHint{.field = "", .hint = std::string(hint)});
  };
  if (status.code() == absl::StatusCode::kUnavailable && IsConnectFailure(message)) {
    const bool maybe_tls =
        endpoint_->ca_pem.empty() && !absl::StrContains(ToAbsl(message), "refused");
    return explained(
        StrCat("cannot reach the control plane at ", endpoint_->server, " (",
               endpoint_->server_origin, "): ", ConnectFailureReason(message)),
        StrCat("start it with `lmgate-controlplane`, or point to it with --server HOST:PORT, "
               "LMCTL_SERVER or `lmctl context`",
               maybe_tls ? "; if it speaks TLS, give --ca FILE" : ""));
  }
  if (status.code() == absl::StatusCode::kDeadlineExceeded) {
    return explained(
        StrCat("no answer from the control plane at ", endpoint_->server, " within ",
               options::FormatFriendlyDuration(timeout)),
        "--timeout waits longer; the change may have been made: look before repeating");
  }
  if (status.code() == absl::StatusCode::kUnauthenticated) {
    return explained(
        StrCat("the control plane at ", endpoint_->server, " refused the admin token: ", message),
        StrCat("the token came from ", endpoint_->token_origin,
               "; the right one is admin.token in the control plane's state directory "
               "(--token-file, LMCTL_TOKEN)"));
  }
  return status;
}

void Session::Say(std::string_view line) {
  if (!flags_.quiet) console_.err << Printable(line) << std::endl;
}

void Session::ShowError(const absl::Status& status) {
  console_.err << ErrorText(status, printer_.options().format == OutputFormat::kJson) << std::flush;
}

void Session::Warn(std::string_view line) {
  console_.err << "warning: " << Printable(line) << std::endl;
}

absl::Status Session::Confirm(std::string_view question) {
  if (flags_.yes) return absl::OkStatus();
  if (!console_.in_is_terminal) {
    return UsageError(StrCat("no terminal to ask: ", question), "--yes answers it");
  }
  console_.err << Printable(question) << " [y/N] " << std::flush;
  std::string answer;
  std::getline(console_.in, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return absl::OkStatus();
  return UsageError("not done");
}

}  // namespace lmgate::cli
