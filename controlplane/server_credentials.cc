#include "controlplane/server_credentials.h"

#include <absl/strings/match.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::controlplane {
namespace {

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) {
    return absl::InvalidArgumentError(
        StrCat(path, ": ", errno == 0 ? "is empty" : std::string(strerror(errno))));
  }
  if (!absl::StrContains(text.str(), "-----BEGIN ")) {
    return absl::InvalidArgumentError(StrCat(path, ": holds no PEM"));
  }
  return text.str();
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CreateServerCredentials(
    const Options& options) {
  if (options.tls_cert.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions tls(
      options.tls_client_ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                    : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
  LMGATE_ASSIGN_OR_RETURN(pair.private_key, ReadPem(options.tls_key));
  LMGATE_ASSIGN_OR_RETURN(pair.cert_chain, ReadPem(options.tls_cert));
  tls.pem_key_cert_pairs.push_back(std::move(pair));
  if (!options.tls_client_ca.empty()) {
    LMGATE_ASSIGN_OR_RETURN(tls.pem_root_certs, ReadPem(options.tls_client_ca));
  }
  return grpc::SslServerCredentials(tls);
}

}  // namespace lmgate::controlplane
