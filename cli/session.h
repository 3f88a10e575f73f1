#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/command_line.h"
#include "cli/console.h"
#include "cli/endpoint.h"
#include "cli/global_flags.h"
#include "cli/printer.h"

namespace lmgate::cli {

// One run of one command: the printer, and the way to the control plane, which is opened by the
// first call only. Used by one thread; what it is given must outlive it.
class Session {
 public:
  // A usage error for flags that mean nothing.
  static absl::StatusOr<std::unique_ptr<Session>> Create(const GlobalFlags& flags,
                                                         const Command& root, Console& console);

  // Calls one method with the token, the actor and the deadline of --timeout:
  // Call("KeyService/GetKey", &v1::KeyService::Stub::GetKey, request). Errors say in a person's
  // words who could not be reached or why the token was refused.
  template <typename Stub, typename Request, typename Reply>
  absl::StatusOr<Reply> Call(std::string_view name,
                             grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                          Reply*),
                             const Request& request) {
    return CallWithin(timeout_, name, method, request);
  }
  template <typename Stub, typename Request, typename Reply>
  absl::StatusOr<Reply> CallWithin(absl::Duration timeout, std::string_view name,
                                   grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                const Request&, Reply*),
                                   const Request& request);

  // Talk for the person, on stderr: Say is silenced by --quiet, Warn never.
  void Say(std::string_view line);
  void Warn(std::string_view line);
  // For commands that go on after an error; else the error is given back and shown once.
  void ShowError(const absl::Status& status);
  // OK = go on. Asks on a terminal unless --yes; without a terminal a usage error, never a prompt.
  absl::Status Confirm(std::string_view question);

  Printer& printer() { return printer_; }
  Console& console() { return console_; }
  const GlobalFlags& flags() const { return flags_; }
  const Command& root() const { return root_; }
  absl::Duration timeout() const { return timeout_; }
  // As --timeout would; for commands that have a flag of that name themselves.
  absl::Status SetTimeout(const std::string& text);
  // Zero = --no-wait.
  absl::Duration wait() const { return wait_; }
  bool output_is_given() const { return output_is_given_; }
  // Resolved, not yet called.
  absl::StatusOr<const Endpoint*> GetEndpoint();

 private:
  struct Options {
    Printer::Options printer;
    bool output_is_given = false;
    absl::Duration timeout;
    absl::Duration wait;
  };
  Session(const GlobalFlags& flags, const Command& root, Console& console, Options options);

  absl::Status Connect();
  void Prepare(absl::Duration timeout, grpc::ClientContext* context) const;
  void ShowCall(std::string_view name, const google::protobuf::Message& request);
  absl::Status Finish(std::string_view name, absl::Duration timeout, const grpc::Status& status,
                      const google::protobuf::Message& reply);
  absl::Status Explain(absl::Status status, absl::Duration timeout) const;

  const GlobalFlags& flags_;
  const Command& root_;
  Console& console_;
  Printer printer_;
  const bool output_is_given_;
  absl::Duration timeout_;
  const absl::Duration wait_;
  std::optional<Endpoint> endpoint_;
  std::shared_ptr<grpc::Channel> channel_;
};

template <typename Stub, typename Request, typename Reply>
absl::StatusOr<Reply> Session::CallWithin(absl::Duration timeout, std::string_view name,
                                          grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                       const Request&, Reply*),
                                          const Request& request) {
  if (absl::Status status = Connect(); !status.ok()) return status;
  grpc::ClientContext context;
  Prepare(timeout, &context);
  ShowCall(name, request);
  Stub stub(channel_);
  Reply reply;
  const grpc::Status called = (stub.*method)(&context, request, &reply);
  if (absl::Status status = Finish(name, timeout, called, reply); !status.ok()) return status;
  return reply;
}

}  // namespace lmgate::cli
