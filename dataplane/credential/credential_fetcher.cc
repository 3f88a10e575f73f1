#include "dataplane/credential/credential_fetcher.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>

#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/base_url.h"
#include "common/contract/header_rule.h"
#include "dataplane/credential/access_token.h"
#include "dataplane/credential/entra_token.h"
#include "dataplane/credential/google_service_account.h"

namespace lmgate::credential {
namespace {

using http::HttpCall;

// Of the instance metadata service, version 2: Amazon EC2 User Guide, "Use IMDS".
constexpr std::string_view kInstanceAddress = "http://169.254.169.254";
constexpr std::string_view kRolesPath = "/latest/meta-data/iam/security-credentials/";
constexpr char kSessionSeconds[] = "21600";

std::string Trimmed(std::string_view text) {
  return std::string(absl::StripAsciiWhitespace(ToAbsl(text)));
}

// A call to `url`, which has been checked to be one that may be called, but perhaps not its path.
absl::StatusOr<HttpCall> MakeCall(HttpCall::Method method, std::string_view url) {
  const size_t authority = url.find("://");
  const size_t target =
      url.find_first_of("/?", authority == std::string_view::npos ? 0 : authority + 3);
  LMGATE_ASSIGN_OR_RETURN(const contract::BaseUrl base,
                          contract::ParseBaseUrl(url.substr(0, target)));
  if (base.scheme == contract::BaseUrl::Scheme::kUnix) {
    return absl::InvalidArgumentError("is no http or https URL");
  }
  HttpCall call{.method = method,
                .tls = base.scheme == contract::BaseUrl::Scheme::kHttps,
                .host = base.host,
                .port = base.port};
  if (target != std::string_view::npos) {
    call.target = StrCat(url[target] == '?' ? "/" : "", url.substr(target));
  }
  if (!contract::IsHeaderValue(call.target) ||
      call.target.find_first_of(" \t#") != std::string::npos) {
    return absl::InvalidArgumentError("the path holds white space or control characters");
  }
  return call;
}

// With the name of who was asked.
absl::Status Of(std::string_view who, const absl::Status& status) {
  return absl::Status(status.code(), StrCat(who, ": ", ToStd(status.message())));
}

Credential MakeCredential(ExpiringAwsKeys answer) {
  return {.aws_keys = std::move(answer.keys), .expires_at = answer.expires_at};
}

}  // namespace

CredentialFetcher::CredentialFetcher(const Options& options, snapshot::SecretResolver resolver,
                                     const Clock& clock)
    : resolver_(std::move(resolver)),
      clock_(clock),
      client_({.timeout = options.call_timeout}),
      instance_client_({.timeout = options.instance_timeout}) {}

absl::StatusOr<Credential> CredentialFetcher::Fetch(AuthMode mode,
                                                    const snapshot::CloudAccount& account) {
  switch (mode) {
    case AuthMode::kAwsSigV4:
      return FetchAws(account);
    case AuthMode::kGoogleServiceAccount:
      return FetchGoogle(account);
    case AuthMode::kEntra:
      return FetchEntra(account);
    case AuthMode::kCredential:
    case AuthMode::kNone:
    case AuthMode::kPassthrough:
      break;
  }
  return absl::InternalError("this credential is not fetched");
}

void CredentialFetcher::Stop() {
  client_.Stop();
  instance_client_.Stop();
}

absl::StatusOr<Credential> CredentialFetcher::FetchGoogle(const snapshot::CloudAccount& account) {
  const auto parsed = ParseGoogleServiceAccount(account.google_service_account);
  if (!parsed.ok()) return Of("google.service_account", parsed.status());
  const auto assertion = SignGoogleAssertion(*parsed, clock_.Now());
  if (!assertion.ok()) return Of("google.service_account", assertion.status());
  return PostForm(parsed->token_uri, GoogleTokenForm(*assertion));
}

absl::StatusOr<Credential> CredentialFetcher::FetchEntra(const snapshot::CloudAccount& account) {
  const EntraApplication application{.tenant_id = account.entra_tenant_id,
                                     .client_id = account.entra_client_id,
                                     .client_secret = account.entra_client_secret,
                                     .authority = account.entra_authority,
                                     .scope = account.entra_scope};
  return PostForm(EntraTokenUrl(application), EntraTokenForm(application));
}

absl::StatusOr<Credential> CredentialFetcher::PostForm(const std::string& url, std::string form) {
  LMGATE_ASSIGN_OR_RETURN(HttpCall call, MakeCall(HttpCall::Method::kPost, url));
  call.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                  {"Accept", "application/json"}};
  call.body = std::move(form);
  const std::string who = StrCat("the token endpoint ", call.host);
  const auto reply = client_.Send(call);
  if (!reply.ok()) return Of(who, reply.status());
  // Its lifetime counts from when the answer came: better a little early than late.
  const absl::Time now = clock_.Now();
  const auto token = ParseAccessToken(reply->status, reply->body);
  if (!token.ok()) return Of(who, token.status());
  return Credential{.header_line = BearerLine(token->text), .expires_at = now + token->lifetime};
}

absl::StatusOr<Credential> CredentialFetcher::FetchAws(const snapshot::CloudAccount& account) {
  if (!account.aws_access_key_id.empty()) {
    AwsKeys keys{.access_key_id = account.aws_access_key_id,
                 .secret_access_key = account.aws_secret_access_key,
                 .session_token = account.aws_session_token};
    if (!IsUsable(keys)) return absl::InvalidArgumentError("aws: a key holds white space");
    return Credential{.aws_keys = std::move(keys)};
  }
  if (!account.aws_profile.empty()) {
    LMGATE_ASSIGN_OR_RETURN(AwsKeys keys, AwsKeysOfFile(account.aws_profile));
    return Credential{.aws_keys = std::move(keys)};
  }
  const std::string bearer = Trimmed(Variable("AWS_BEARER_TOKEN_BEDROCK"));
  if (!bearer.empty()) {
    if (!contract::IsHeaderValue(bearer)) {
      return absl::FailedPreconditionError("AWS_BEARER_TOKEN_BEDROCK cannot stand in a header");
    }
    return Credential{.header_line = BearerLine(bearer)};
  }
  auto keys = AwsKeysOfEnvironment();
  // A profile that the environment names must be there; the default one may be.
  const std::string profile = Variable("AWS_PROFILE");
  if (absl::IsNotFound(keys.status())) {
    keys = AwsKeysOfFile(profile.empty() ? "default" : profile);
  }
  if (keys.ok()) return Credential{.aws_keys = *std::move(keys)};
  if (!absl::IsNotFound(keys.status()) || !profile.empty()) return keys.status();

  auto temporary = AwsKeysOfContainer();
  if (absl::IsNotFound(temporary.status())) temporary = AwsKeysOfInstance();
  if (temporary.ok()) return MakeCredential(*std::move(temporary));
  if (!absl::IsNotFound(temporary.status())) return temporary.status();
  return absl::NotFoundError(StrCat(
      "no AWS credentials in the configuration, the environment, the shared file or a container; ",
      ToStd(temporary.status().message())));
}

absl::StatusOr<AwsKeys> CredentialFetcher::AwsKeysOfEnvironment() const {
  AwsKeys keys{.access_key_id = Trimmed(Variable("AWS_ACCESS_KEY_ID")),
               .secret_access_key = Trimmed(Variable("AWS_SECRET_ACCESS_KEY")),
               .session_token = Trimmed(Variable("AWS_SESSION_TOKEN"))};
  if (keys.access_key_id.empty() && keys.secret_access_key.empty()) {
    return absl::NotFoundError("AWS_ACCESS_KEY_ID is not set");
  }
  if (!IsUsable(keys)) {
    return absl::FailedPreconditionError(
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set, or hold white space");
  }
  return keys;
}

absl::StatusOr<AwsKeys> CredentialFetcher::AwsKeysOfFile(const std::string& profile) const {
  std::string path = Variable("AWS_SHARED_CREDENTIALS_FILE");
  if (path.empty()) {
    const std::string home = Variable("HOME");
    if (home.empty()) return absl::NotFoundError("HOME is not set");
    path = StrCat(home, "/.aws/credentials");
  }
  const auto text = resolver_(StrCat("file:", path));
  if (!text.ok()) return text.status();
  const auto keys = ParseSharedCredentials(*text, profile);
  if (!keys.ok()) return Of(StrCat("file ", path), keys.status());
  return keys;
}

absl::StatusOr<ExpiringAwsKeys> CredentialFetcher::AwsKeysOfContainer() {
  LMGATE_ASSIGN_OR_RETURN(const std::string url,
                          AwsContainerUrl(Variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
                                          Variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")));
  if (url.empty()) return absl::NotFoundError("this is no container of AWS");
  std::string token = Trimmed(Variable("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
  // Read anew each time: EKS rotates it.
  if (const std::string file = Variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) {
    LMGATE_ASSIGN_OR_RETURN(const std::string text, resolver_(StrCat("file:", file)));
    token = Trimmed(text);
  }
  if (!contract::IsHeaderValue(token)) {
    return absl::FailedPreconditionError("the container's authorization token is no header value");
  }
  LMGATE_ASSIGN_OR_RETURN(HttpCall call, MakeCall(HttpCall::Method::kGet, url));
  if (!token.empty()) call.headers = {{"Authorization", token}};
  const std::string who = StrCat("the container endpoint ", call.host);
  const auto reply = client_.Send(call);
  if (!reply.ok()) return Of(who, reply.status());
  auto keys = ParseAwsKeysAnswer(reply->status, reply->body);
  if (!keys.ok()) return Of(who, keys.status());
  return keys;
}

absl::StatusOr<ExpiringAwsKeys> CredentialFetcher::AwsKeysOfInstance() {
  if (absl::EqualsIgnoreCase(Variable("AWS_EC2_METADATA_DISABLED"), "true")) {
    return absl::NotFoundError("the metadata service is not asked: AWS_EC2_METADATA_DISABLED");
  }
  std::string address = Variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (address.empty()) address = kInstanceAddress;
  while (address.ends_with('/')) address.pop_back();
  const std::string who = StrCat("the metadata service ", Printable(address));

  LMGATE_ASSIGN_OR_RETURN(HttpCall begin,
                          MakeCall(HttpCall::Method::kPut, StrCat(address, "/latest/api/token")));
  begin.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", kSessionSeconds}};
  const auto session = instance_client_.Send(begin);
  // Nobody there: this is no instance.
  if (!session.ok()) {
    return absl::NotFoundError(StrCat(who, ": ", ToStd(session.status().message())));
  }
  const std::string token = Trimmed(session->body);
  if (session->status != 200 || token.empty() || !contract::IsHeaderValue(token)) {
    return absl::UnavailableError(StrCat(who, ": answered ", session->status, " to a session"));
  }

  LMGATE_ASSIGN_OR_RETURN(HttpCall list,
                          MakeCall(HttpCall::Method::kGet, StrCat(address, kRolesPath)));
  list.headers = {{"X-aws-ec2-metadata-token", token}};
  const auto roles = instance_client_.Send(list);
  if (!roles.ok()) return Of(who, roles.status());
  if (roles->status == 404) return absl::NotFoundError(StrCat(who, ": the instance has no role"));
  if (roles->status != 200) {
    return absl::UnavailableError(StrCat(who, ": answered ", roles->status, " to the roles"));
  }
  const auto role = ParseInstanceRole(roles->body);
  if (!role.ok()) return Of(who, role.status());

  LMGATE_ASSIGN_OR_RETURN(HttpCall get,
                          MakeCall(HttpCall::Method::kGet, StrCat(address, kRolesPath, *role)));
  get.headers = list.headers;
  const auto reply = instance_client_.Send(get);
  if (!reply.ok()) return Of(who, reply.status());
  auto keys = ParseAwsKeysAnswer(reply->status, reply->body);
  if (!keys.ok()) return Of(who, keys.status());
  return keys;
}

std::string CredentialFetcher::Variable(std::string_view name) const {
  const auto value = resolver_(StrCat("env:", name));
  return value.ok() ? *value : std::string();
}

}  // namespace lmgate::credential
