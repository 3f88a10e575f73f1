#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <string>
#include <string_view>

namespace lmgate::credential {

// A service account's key file, and the exchange of its signature for an access token: RFC 7523;
// Google Identity, "Using OAuth 2.0 for Server to Server Applications".
struct GoogleServiceAccount {
  std::string client_email;
  std::string private_key_id;  // may be empty
  std::string private_key;     // PEM. SECRET
  std::string token_uri;       // https, or http to this machine
};

// InvalidArgument, without any of its text, for what is no key file of a service account.
absl::StatusOr<GoogleServiceAccount> ParseGoogleServiceAccount(std::string_view json);

// The signed assertion (a JWT, RS256), valid from `now` for an hour. SECRET. InvalidArgument: the
// private key is no RSA key.
absl::StatusOr<std::string> SignGoogleAssertion(const GoogleServiceAccount& account,
                                                absl::Time now);

// Body of the POST to token_uri, as application/x-www-form-urlencoded. SECRET.
std::string GoogleTokenForm(std::string_view assertion);

}  // namespace lmgate::credential
