#include "cli/endpoint.h"

#include <absl/strings/numbers.h>

#include <filesystem>

#include "cli/exit_code.h"
#include "cli/input_file.h"
#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::cli {
namespace {

constexpr size_t kPemBytesMax = 1 << 20;
constexpr char kTokenHint[] =
    "the control plane writes admin.token into its state directory on its first start; name it "
    "with "
    "--token-file, LMCTL_TOKEN (the token itself) or `lmctl context add`";

struct Found {
  std::string value;
  std::string origin;
};

// An empty variable counts as not set: `LMCTL_TOKEN= lmctl ...` is how scripts take one away.
std::string Variable(const Console& console, std::string_view name) {
  return console.environment(name).value_or("");
}

Found FindServer(const GlobalFlags& flags, const Context& context, const Console& console) {
  if (flags.server.has_value()) return {*flags.server, "--server"};
  std::string variable = Variable(console, "LMCTL_SERVER");
  if (!variable.empty()) return {std::move(variable), "LMCTL_SERVER"};
  if (!context.server.empty()) return {context.server, StrCat("context ", context.name)};
  return {kDefaultServer, "the default"};
}

// HOST:PORT; gRPC would take a host alone and go to port 443.
absl::Status CheckServer(const Found& server) {
  const size_t colon = server.value.rfind(':');
  int port = 0;
  if (colon != std::string::npos && colon > 0 &&
      absl::SimpleAtoi(server.value.substr(colon + 1), &port) && port > 0 && port <= 65535) {
    return absl::OkStatus();
  }
  return UsageError(StrCat("server \"", server.value, "\" (", server.origin, ") is not HOST:PORT"),
                    StrCat("as ", kDefaultServer));
}

absl::StatusOr<Found> ReadToken(const Console& console, const std::string& path,
                                std::string_view origin) {
  absl::StatusOr<std::string> token = ReadSecret(console, path);
  if (token.ok()) return Found{*std::move(token), StrCat(path, " (", origin, ")")};
  return LocalError(absl::StatusCode::kUnauthenticated,
                    StrCat("no admin token: ", ToStd(token.status().message()), " (", origin, ")"),
                    kTokenHint);
}

absl::StatusOr<Found> FindToken(const GlobalFlags& flags, const Context& context,
                                const Console& console) {
  if (flags.token_file.has_value()) return ReadToken(console, *flags.token_file, "--token-file");
  std::string variable = Variable(console, "LMCTL_TOKEN");
  if (!variable.empty()) {
    // gRPC aborts the process on metadata that HTTP/2 does not allow.
    if (!IsSecretText(variable)) {
      return LocalError(absl::StatusCode::kUnauthenticated,
                        "LMCTL_TOKEN is not a token: it has blanks or control characters",
                        kTokenHint);
    }
    return Found{std::move(variable), "LMCTL_TOKEN"};
  }
  if (!context.token_file.empty()) {
    return ReadToken(console, context.token_file, StrCat("context ", context.name));
  }
  std::error_code ignored;
  if (std::filesystem::exists(kDefaultTokenFile, ignored)) {
    return ReadToken(console, kDefaultTokenFile, "the default");
  }
  return LocalError(absl::StatusCode::kUnauthenticated,
                    StrCat("no admin token: neither --token-file nor LMCTL_TOKEN is given, ",
                           context.name.empty() ? std::string("no context is in use")
                                                : StrCat("context ", context.name, " names none"),
                           ", and ./", kDefaultTokenFile, " does not exist"),
                    kTokenHint);
}

// Contents of the file that flag, variable or context name; empty = none does.
absl::StatusOr<std::string> ReadPem(const Console& console, const std::optional<std::string>& flag,
                                    std::string_view variable, const std::string& of_context) {
  std::string path = flag.value_or(Variable(console, variable));
  if (path.empty()) path = of_context;
  if (path.empty()) return std::string();
  LMGATE_ASSIGN_OR_RETURN(std::string pem, ReadInput(console, path, kPemBytesMax));
  if (pem.empty()) return UsageError(StrCat(path, " is empty: expected a PEM file"));
  return pem;
}

}  // namespace

absl::StatusOr<ContextFile> LoadContexts(const Console& console) {
  return ReadContextFile(
      ContextFilePath(console.environment("XDG_CONFIG_HOME"), console.environment("HOME")));
}

absl::StatusOr<Context> FindContext(const ContextFile& file, const GlobalFlags& flags,
                                    const Console& console) {
  std::string name = flags.context.value_or(Variable(console, "LMCTL_CONTEXT"));
  if (name.empty()) name = file.current;
  if (name.empty()) return Context{};
  if (const Context* context = file.Find(name); context != nullptr) return *context;
  std::vector<std::string> names;
  for (const Context& context : file.contexts) names.push_back(context.name);
  const std::string nearest = NearestWord(name, names);
  return UsageError(StrCat("there is no context \"", name, "\""),
                    nearest.empty() ? std::string("`lmctl context list` shows them")
                                    : StrCat("did you mean \"", nearest, "\"?"));
}

absl::StatusOr<Endpoint> ResolveEndpoint(const GlobalFlags& flags, const Console& console) {
  LMGATE_ASSIGN_OR_RETURN(const ContextFile file, LoadContexts(console));
  LMGATE_ASSIGN_OR_RETURN(const Context context, FindContext(file, flags, console));
  Found server = FindServer(flags, context, console);
  LMGATE_RETURN_IF_ERROR(CheckServer(server));
  LMGATE_ASSIGN_OR_RETURN(Found token, FindToken(flags, context, console));
  Endpoint endpoint{.server = std::move(server.value),
                    .server_origin = std::move(server.origin),
                    .token = std::move(token.value),
                    .token_origin = std::move(token.origin),
                    .ca_pem = "",
                    .client_cert_pem = "",
                    .client_key_pem = ""};
  LMGATE_ASSIGN_OR_RETURN(endpoint.ca_pem, ReadPem(console, flags.ca, "LMCTL_CA", context.ca));
  LMGATE_ASSIGN_OR_RETURN(
      endpoint.client_cert_pem,
      ReadPem(console, flags.client_cert, "LMCTL_CLIENT_CERT", context.client_cert));
  LMGATE_ASSIGN_OR_RETURN(endpoint.client_key_pem, ReadPem(console, flags.client_key,
                                                           "LMCTL_CLIENT_KEY", context.client_key));
  if (endpoint.client_cert_pem.empty() != endpoint.client_key_pem.empty()) {
    return UsageError("a client certificate needs its key, and the other way round",
                      "give --client-cert and --client-key");
  }
  if (!endpoint.client_cert_pem.empty() && endpoint.ca_pem.empty()) {
    return UsageError("a client certificate is of use with TLS only", "--ca FILE turns it on");
  }
  return endpoint;
}

}  // namespace lmgate::cli
