#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/http/http_client.h"
#include "dataplane/credential/aws_credentials.h"
#include "dataplane/credential/credential.h"
#include "dataplane/snapshot/upstream_connection.h"

namespace lmgate::credential {

// Fetches credentials, one at a time, and blocks meanwhile: from token endpoints, and from where
// AWS keeps them. Used by one thread, but for Stop.
class CredentialFetcher {
 public:
  using AuthMode = contract::EffectiveConnection::AuthMode;

  struct Options {
    absl::Duration call_timeout = absl::Seconds(5);
    // Of calls to the metadata service, which beyond AWS often nobody answers.
    absl::Duration instance_timeout = absl::Seconds(1);
  };

  // `resolver`: the environment and the files of this replica, by reference. `clock` outlives it.
  CredentialFetcher(const Options& options, snapshot::SecretResolver resolver, const Clock& clock);

  // Of an account with a fetched credential. Any error says in one line, without a secret, why
  // there is none.
  absl::StatusOr<Credential> Fetch(AuthMode mode, const snapshot::CloudAccount& account);
  // Ends a Fetch that runs, and all later ones. Any thread.
  void Stop();

 private:
  absl::StatusOr<Credential> FetchGoogle(const snapshot::CloudAccount& account);
  absl::StatusOr<Credential> FetchEntra(const snapshot::CloudAccount& account);
  absl::StatusOr<Credential> FetchAws(const snapshot::CloudAccount& account);
  absl::StatusOr<Credential> PostForm(const std::string& url, std::string form);

  // NotFound: this source has nothing, ask the next.
  absl::StatusOr<AwsKeys> AwsKeysOfEnvironment() const;
  absl::StatusOr<AwsKeys> AwsKeysOfFile(const std::string& profile) const;
  absl::StatusOr<ExpiringAwsKeys> AwsKeysOfContainer();
  absl::StatusOr<ExpiringAwsKeys> AwsKeysOfInstance();

  // Empty = not set.
  std::string Variable(std::string_view name) const;

  const snapshot::SecretResolver resolver_;
  const Clock& clock_;
  http::HttpClient client_;
  http::HttpClient instance_client_;
};

}  // namespace lmgate::credential
