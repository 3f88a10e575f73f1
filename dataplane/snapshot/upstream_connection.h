#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/contract/provider_preset.h"
#include "lmgate/v1/resources.pb.h"

namespace lmgate::snapshot {

// Returns what `env:NAME` or `file:/path` stands for. NotFound names the variable or the file and
// never shows a value. Handed in by the program: this folder reads no environment and no files.
using SecretResolver = std::function<absl::StatusOr<std::string>(std::string_view reference)>;

// What the credential of a connection is signed with or exchanged for (dataplane/credential),
// resolved; by auth_mode, all else is empty. SECRET.
struct CloudAccount {
  // kAwsSigV4. Neither an id nor a profile = the standard sources of the replica.
  std::string aws_access_key_id = {};
  std::string aws_secret_access_key = {};
  std::string aws_session_token = {};
  std::string aws_profile = {};
  // kGoogleServiceAccount: the JSON of the key file.
  std::string google_service_account = {};
  // kEntra; none is empty.
  std::string entra_tenant_id = {};
  std::string entra_client_id = {};
  std::string entra_client_secret = {};
  std::string entra_authority = {};  // no slash at the end
  std::string entra_scope = {};

  bool operator==(const CloudAccount&) const = default;
};

// A connection as the request path uses it. Immutable; shared by the snapshots in which it is the
// same, so that a worker can compare pointers to see what changed.
struct UpstreamConnection {
  std::string name;
  contract::EffectiveConnection config;
  // Ready-made head lines for each request, each ending in CRLF: Host, the credential
  // (kCredential only), static headers. SECRET.
  std::string header_block;
  // Lower-case names that header_block sets, and those that a fetched credential will: a client's
  // header of that name is never forwarded.
  std::vector<std::string> own_headers;
  CloudAccount account;
  // PEM, resolved; empty = the system's authorities / no client certificate. SECRET: client_key.
  std::string tls_ca_pem;
  std::string tls_client_cert_pem;
  std::string tls_client_key_pem;
  std::string tls_server_name;  // never empty for https
  bool tls_verify = true;
  // Not empty = cannot be used on this replica: "environment variable X is not set". Then
  // header_block, account and the PEM texts are empty.
  std::string unavailable_reason;
};

// A secret that cannot be resolved makes the connection unavailable; what contract::CheckConfig
// would refuse is InvalidArgument.
absl::StatusOr<std::shared_ptr<const UpstreamConnection>> MakeUpstreamConnection(
    const v1::Connection& connection, const SecretResolver& resolver);

}  // namespace lmgate::snapshot
