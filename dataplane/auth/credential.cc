#include "dataplane/auth/credential.h"

#include <absl/strings/match.h>

#include "common/base/strings.h"

namespace lmgate::auth {
namespace {

// Optional white space around field values: RFC 9110, 5.6.3.
std::string_view Trim(std::string_view text) {
  constexpr std::string_view kWhiteSpace = " \t";
  const size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

// `Bearer <secret>`: RFC 6750, 2.1; the scheme in any case: RFC 9110, 11.1. Empty for another one.
std::string_view BearerSecret(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer";
  const std::string_view text = Trim(authorization);
  if (text.size() <= kScheme.size() ||
      !absl::EqualsIgnoreCase(ToAbsl(text.substr(0, kScheme.size())), ToAbsl(kScheme))) {
    return {};
  }
  const std::string_view rest = text.substr(kScheme.size());
  const std::string_view secret = Trim(rest);
  const bool is_word_end = secret.size() < rest.size();
  return is_word_end ? secret : std::string_view();
}

// AWS signs with a key of its own id and secret: there the virtual key is the id, which stands in
// the header as it is, and the secret is anything (AWS, Signature Version 4,
// "Credential=ID/date/…").
std::string_view AwsAccessKeyId(std::string_view authorization) {
  constexpr std::string_view kScheme = "AWS4-HMAC-SHA256 ";
  constexpr std::string_view kMember = "Credential=";
  const std::string_view text = Trim(authorization);
  const size_t at = text.find(kMember);
  if (!text.starts_with(kScheme) || at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + kMember.size());
  return rest.substr(0, rest.find('/'));
}

}  // namespace

PresentedCredential ExtractCredential(const CredentialHeaders& headers) {
  const PresentedCredential candidates[] = {
      {CredentialSource::kAuthorization, BearerSecret(headers.authorization)},
      {CredentialSource::kAuthorization, AwsAccessKeyId(headers.authorization)},
      {CredentialSource::kXApiKey, Trim(headers.x_api_key)},
      {CredentialSource::kXGoogApiKey, Trim(headers.x_goog_api_key)},
      {CredentialSource::kApiKey, Trim(headers.api_key)},
      {CredentialSource::kQuery, Trim(headers.query_key)},
  };
  for (const PresentedCredential& candidate : candidates) {
    if (!candidate.secret.empty()) return candidate;
  }
  return {};
}

}  // namespace lmgate::auth
