#pragma once

#include <string>

namespace lmgate::testing {

// A service account that was made for these tests, and its key pair.
struct TestServiceAccount {
  std::string private_key_pem;
  std::string public_key_pem;

  // With a new RSA key of 2048 bits.
  static TestServiceAccount Make();
  // The key file, with this token_uri.
  std::string Json(const std::string& token_uri) const;
};

// The claims (JSON) of a JWT whose RS256 signature is right; else "".
std::string VerifiedClaims(const std::string& jwt, const std::string& public_key_pem);

}  // namespace lmgate::testing
