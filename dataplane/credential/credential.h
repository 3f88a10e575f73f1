#pragma once

#include <absl/time/time.h>

#include <optional>
#include <string>

namespace lmgate::credential {

// What AWS requests are signed with. SECRET.
struct AwsKeys {
  std::string access_key_id = {};
  std::string secret_access_key = {};
  std::string session_token = {};  // of temporary keys; empty = none

  bool operator==(const AwsKeys&) const = default;
};

// A fetched credential, as requests use it: exactly one of the first three says something.
// Immutable once it is handed out. SECRET.
struct Credential {
  // A head line for each request, with its CRLF: "Authorization: Bearer …".
  std::string header_line = {};
  // Keys to sign each request with.
  std::optional<AwsKeys> aws_keys = {};
  // Why there is none; as "the token endpoint login.example.com: connection refused".
  std::string problem = {};
  absl::Time expires_at = absl::InfiniteFuture();

  bool operator==(const Credential&) const = default;
};

}  // namespace lmgate::credential
