#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <absl/types/span.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/contract/base_url.h"
#include "common/contract/dialect_name.h"
#include "lmgate/v1/resources.pb.h"

namespace lmgate::contract {

// What `provider: NAME` implies.
struct ProviderPreset {
  std::string_view name;
  std::string_view dialect;
  // Empty = must be given (self-hosted servers), or is made from the account (cloud_account.h).
  std::string_view base_url;
  std::string_view auth_header;  // of api_key; empty = no credential needed; lower case
  std::string_view auth_scheme;
  std::string_view second_dialect = {};  // at the same base_url; empty = none
  // Knows only the old name of the token limit: self-hosted servers, most copies of the dialect.
  bool legacy_max_tokens = true;
};

absl::Span<const ProviderPreset> ProviderPresets();
// Null = no such preset.
const ProviderPreset* FindProviderPreset(std::string_view name);

// InvalidArgument with a field hint for a dialect that does not exist.
absl::Status CheckDialect(std::string_view field, std::string_view dialect);

// A connection with preset and defaults filled in.
struct EffectiveConnection {
  enum class AuthMode {
    kCredential,  // api_key, as it is
    kNone,
    kPassthrough,
    kAwsSigV4,              // each request is signed
    kGoogleServiceAccount,  // an access token, which its JSON key is exchanged for
    kEntra,                 // an access token, which the client's secret is exchanged for
  };

  std::string provider;               // the preset's name; empty = none
  std::string dialect;                // the first of `dialects`
  std::vector<std::string> dialects;  // that it can be called in, bytes unchanged
  BaseUrl base_url;
  AuthMode auth_mode = AuthMode::kCredential;
  std::string auth_header;        // lower case; empty for kNone
  std::string auth_scheme;        // "Bearer", or empty
  bool legacy_max_tokens = true;  // see ProviderPreset; also when there is no preset
  std::string aws_region;         // kAwsSigV4: to sign for
  std::string azure_api_version;  // sent as ?api-version=…; empty = not sent
  // Azure's paths before its v1 API: base_url + /deployments/{model}/chat/completions.
  bool azure_deployments = false;
  absl::Duration connect_timeout;
  absl::Duration header_timeout;
  absl::Duration first_token_timeout;
  absl::Duration idle_timeout;
  absl::Duration total_timeout;

  bool Speaks(std::string_view name) const;
  // The data plane fetches the credential, or signs with it: it is no fixed header.
  bool has_fetched_credential() const {
    return auth_mode == AuthMode::kAwsSigV4 || auth_mode == AuthMode::kGoogleServiceAccount ||
           auth_mode == AuthMode::kEntra;
  }
};

// InvalidArgument, with a field hint relative to the connection, for what config_check refuses of
// provider, dialect, base_url, api_key, auth, timeouts, aws, google and azure. Secrets are not
// looked up and stand in no message.
absl::StatusOr<EffectiveConnection> ResolveConnection(const v1::Connection& connection);

}  // namespace lmgate::contract
