#include "controlplane/options.h"

#include <absl/strings/str_join.h>

#include "common/base/strings.h"

namespace lmgate::controlplane {

std::string Options::Database() const {
  return database.empty() ? StrCat("sqlite:", state_dir, "/lmgate.db") : database;
}

std::vector<options::Option> OptionTable(Options* options) {
  using options::ToBool;
  using options::ToHostPort;
  using options::ToInteger;
  using options::ToString;
  return {
      {"grpc-listen", "HOST:PORT", "127.0.0.1:8400",
       "Address of the admin API and of the data planes' stream.",
       ToHostPort(&options->grpc_listen)},
      {"http-listen", "HOST:PORT", "127.0.0.1:8401", "Address of /healthz, /readyz and /metrics.",
       ToHostPort(&options->http_listen)},
      {"database", "URL", "", "sqlite:PATH; lmgate.db in the state directory if not given.",
       ToString(&options->database)},
      {"state-dir", "DIR", ".lmgate/controlplane",
       "Directory of secret.key, admin.token and replica.token, made on the first start.",
       ToString(&options->state_dir)},
      {"history-changes", "N", "100000",
       "Changes kept for `lmctl history` and `lmctl rollback`, the newest; 0 = all.",
       ToInteger(&options->history_changes, 0, 1'000'000'000)},
      {"tls-cert", "FILE", "", "PEM certificate chain: gRPC by TLS.", ToString(&options->tls_cert)},
      {"tls-key", "FILE", "", "PEM key of the certificate.", ToString(&options->tls_key)},
      {"tls-client-ca", "FILE", "", "PEM authorities of the client certificates to insist on.",
       ToString(&options->tls_client_ca)},
      {"insecure", "", "", "Allow listeners beyond loopback without TLS.",
       ToBool(&options->insecure)},
      {"log-level", "LEVEL", "info", "debug, info, warn or error; the process log is stderr.",
       ToString(&options->log_level)},
  };
}

absl::Status CheckOptions(const Options& options) {
  std::vector<std::string> problems;
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    problems.emplace_back("--tls-cert and --tls-key go together: give both or neither");
  }
  if (!options.tls_client_ca.empty() && options.tls_cert.empty()) {
    problems.emplace_back("--tls-client-ca needs --tls-cert and --tls-key");
  }
  if (!options.insecure && options.tls_cert.empty() && !options.grpc_listen.IsLoopback()) {
    problems.push_back(StrCat("--grpc-listen ", options.grpc_listen.Text(),
                              " is beyond loopback: give --tls-cert and --tls-key, or --insecure"));
  }
  if (!options.insecure && !options.http_listen.IsLoopback()) {
    problems.push_back(
        StrCat("--http-listen ", options.http_listen.Text(),
               " is beyond loopback and speaks no TLS: give --insecure to allow it"));
  }
  if (options.state_dir.empty()) problems.emplace_back("--state-dir must not be empty");
  if (problems.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(problems, "\n"));
}

}  // namespace lmgate::controlplane
