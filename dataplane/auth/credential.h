#pragma once

#include <cstddef>
#include <string_view>

namespace lmgate::auth {

// Longer credentials are refused without a look-up.
inline constexpr size_t kCredentialBytesMax = 512;

// The places where the SDKs put an API key; empty = not sent. Values as received, `query_key`
// percent-decoded.
struct CredentialHeaders {
  std::string_view authorization = {};
  std::string_view x_api_key = {};
  std::string_view x_goog_api_key = {};
  std::string_view api_key = {};
  std::string_view query_key = {};  // ?key=
};

enum class CredentialSource {
  kNone,
  kAuthorization,
  kXApiKey,
  kXGoogApiKey,
  kApiKey,
  kQuery,
};

struct PresentedCredential {
  CredentialSource source = CredentialSource::kNone;
  // SECRET. White space around it is taken off; empty only for kNone. Points into the headers.
  std::string_view secret;
};

// The first that is not empty, in the order of CredentialHeaders. An Authorization header counts
// only with the scheme Bearer (any case). No allocation.
PresentedCredential ExtractCredential(const CredentialHeaders& headers);

}  // namespace lmgate::auth
