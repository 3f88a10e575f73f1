#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>
#include <vector>

#include "lmgate/v1/resources.pb.h"

namespace lmgate::contract {

// What a secret field holds: a reference or the secret itself.
struct SecretRef {
  enum class Kind { kEmpty, kEnv, kFile, kLiteral, kStored };

  Kind kind = Kind::kEmpty;
  std::string value;  // variable name, path, the secret, or the fingerprint of kStored
};

// `env:NAME`, `file:/path`, `stored:<fingerprint>` (what the admin API shows in place of a
// literal), else a literal. The prefix must stand at the very start; case matters.
SecretRef ParseSecretRef(std::string_view text);

// Refuses (InvalidArgument with a field hint, never with a value) a reference that can never be
// resolved: `env:` without a variable's name, `file:` without an absolute path, and `stored:`,
// which RestoreStoredSecrets should have replaced. Empty and literal secrets pass.
absl::Status CheckSecretRef(std::string_view field, const SecretRef& secret);

// `stored:` and 12 hex digits of HMAC-SHA-256(pepper, literal): tells two literals apart, tells
// neither. References come back as they are, and so does the empty string.
std::string RedactSecret(std::string_view text, std::string_view pepper);

// A field of a connection that holds a secret.
struct SecretField {
  std::string path;    // as errors name it: headers["x-token"]
  std::string place;   // what sealing binds it to, and never changes: headers/x-token
  std::string* value;  // in the connection; never null
};

// All secret fields of a connection that may hold something: api_key, header values, those of aws,
// google and azure. Valid until the connection changes its shape.
std::vector<SecretField> SecretFields(v1::Connection* connection);

// Both over all secret fields of a connection.
// Blanks literals as RedactSecret does; what the admin API, diffs and exports show.
void RedactConnection(v1::Connection* connection, std::string_view pepper);
// Puts back the literal of `current` (null = there is none) wherever `connection` says `stored:`
// with its fingerprint. InvalidArgument with a field hint when the fingerprint is another's.
absl::Status RestoreStoredSecrets(v1::Connection* connection, const v1::Connection* current,
                                  std::string_view pepper);

}  // namespace lmgate::contract
