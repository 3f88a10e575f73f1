#include "dataplane/snapshot/upstream_connection.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/header_rule.h"
#include "common/contract/secret_ref.h"

namespace lmgate::snapshot {
namespace {

using contract::SecretRef;
using AuthMode = contract::EffectiveConnection::AuthMode;

// "environment variable X" or "file X": the one way to speak of a reference.
std::string Describe(const SecretRef& reference) {
  return reference.kind == SecretRef::Kind::kEnv ? StrCat("environment variable ", reference.value)
                                                 : StrCat("file ", reference.value);
}

// Editors and `echo` end a file with a line feed that is no part of the secret.
void TrimTrailingNewline(std::string* text) {
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
}

// The text that a reference stands for, never empty. FailedPrecondition with the sentence for
// unavailable_reason.
absl::StatusOr<std::string> Resolve(std::string_view text, const SecretRef& reference,
                                    const SecretResolver& resolver) {
  if (reference.kind == SecretRef::Kind::kStored) {
    return absl::FailedPreconditionError("the secret that it names was not sent");
  }
  auto value = resolver(text);
  if (!value.ok()) return absl::FailedPreconditionError(value.status().message());
  if (reference.kind == SecretRef::Kind::kFile) TrimTrailingNewline(&*value);
  if (value->empty()) {
    return absl::FailedPreconditionError(StrCat(Describe(reference), " is empty"));
  }
  return value;
}

// What a secret field means as a header value; "" only for a field that is empty itself.
absl::StatusOr<std::string> ResolveHeaderValue(std::string_view field, std::string_view text,
                                               const SecretResolver& resolver) {
  const SecretRef reference = contract::ParseSecretRef(text);
  if (reference.kind == SecretRef::Kind::kEmpty) return std::string();
  std::string value;
  std::string source = StrCat(field);
  if (reference.kind == SecretRef::Kind::kLiteral) {
    value = text;
  } else {
    LMGATE_ASSIGN_OR_RETURN(value, Resolve(text, reference, resolver));
    source = Describe(reference);
  }
  if (!contract::IsHeaderValue(value)) {
    return absl::FailedPreconditionError(
        StrCat(source, " holds a line break, a control character, or white space at an end"));
  }
  return value;
}

// What a secret field means, whatever bytes it has; "" only for a field that is empty itself.
absl::StatusOr<std::string> ResolveText(std::string_view text, const SecretResolver& resolver) {
  const SecretRef reference = contract::ParseSecretRef(text);
  if (reference.kind == SecretRef::Kind::kEmpty) return std::string();
  if (reference.kind == SecretRef::Kind::kLiteral) return std::string(text);
  return Resolve(text, reference, resolver);
}

// PEM text of `file:/path` or a bare path; empty for an empty field.
absl::StatusOr<std::string> ResolvePem(std::string_view text, const SecretResolver& resolver) {
  if (text.empty()) return std::string();
  SecretRef reference = contract::ParseSecretRef(text);
  std::string reference_text(text);
  if (reference.kind == SecretRef::Kind::kLiteral) {
    reference = {.kind = SecretRef::Kind::kFile, .value = reference_text};
    reference_text = StrCat("file:", text);
  }
  LMGATE_ASSIGN_OR_RETURN(std::string pem, Resolve(reference_text, reference, resolver));
  if (pem.find('\0') != std::string::npos) {
    return absl::FailedPreconditionError(StrCat(Describe(reference), " is no PEM text"));
  }
  return pem;
}

void AddHeader(std::string_view name, std::string_view value, UpstreamConnection* upstream) {
  StrAppend(&upstream->header_block, name, ": ", value, "\r\n");
  upstream->own_headers.push_back(absl::AsciiStrToLower(ToAbsl(name)));
}

// Headers that a fetched credential sets on each request; a client must not.
void ReserveCredentialHeaders(UpstreamConnection* upstream) {
  if (!upstream->config.has_fetched_credential()) return;
  upstream->own_headers.push_back(upstream->config.auth_header);
  if (upstream->config.auth_mode != AuthMode::kAwsSigV4) return;
  upstream->own_headers.insert(upstream->own_headers.end(), contract::kAwsSignatureHeaders.begin(),
                               contract::kAwsSignatureHeaders.end());
}

absl::Status BuildAccount(const v1::Connection& connection, const SecretResolver& resolver,
                          UpstreamConnection* upstream) {
  CloudAccount& account = upstream->account;
  if (upstream->config.auth_mode == AuthMode::kAwsSigV4) {
    const v1::Aws& aws = connection.aws();
    LMGATE_ASSIGN_OR_RETURN(account.aws_access_key_id,
                            ResolveHeaderValue("aws.access_key_id", aws.access_key_id(), resolver));
    LMGATE_ASSIGN_OR_RETURN(account.aws_secret_access_key,
                            ResolveText(aws.secret_access_key(), resolver));
    LMGATE_ASSIGN_OR_RETURN(account.aws_session_token,
                            ResolveHeaderValue("aws.session_token", aws.session_token(), resolver));
    account.aws_profile = aws.profile();
  } else if (upstream->config.auth_mode == AuthMode::kGoogleServiceAccount) {
    LMGATE_ASSIGN_OR_RETURN(account.google_service_account,
                            ResolveText(connection.google().service_account(), resolver));
  } else if (upstream->config.auth_mode == AuthMode::kEntra) {
    const v1::Azure& azure = connection.azure();
    LMGATE_ASSIGN_OR_RETURN(account.entra_tenant_id, ResolveText(azure.tenant_id(), resolver));
    LMGATE_ASSIGN_OR_RETURN(account.entra_client_id, ResolveText(azure.client_id(), resolver));
    LMGATE_ASSIGN_OR_RETURN(account.entra_client_secret,
                            ResolveText(azure.client_secret(), resolver));
    account.entra_authority = azure.authority();
    if (account.entra_authority.empty()) {
      account.entra_authority = "https://login.microsoftonline.com";
    }
    while (account.entra_authority.ends_with('/')) account.entra_authority.pop_back();
    account.entra_scope = azure.scope();
    if (account.entra_scope.empty()) {
      account.entra_scope = "https://cognitiveservices.azure.com/.default";
    }
  }
  return absl::OkStatus();
}

// Host, credential, static headers; a static header cannot stand in for one of the first two.
absl::Status BuildHeaders(const v1::Connection& connection, const SecretResolver& resolver,
                          UpstreamConnection* upstream) {
  const contract::EffectiveConnection& config = upstream->config;
  // RFC 9112, 3.2: a Host line is needed even where there is no authority, as with unix sockets.
  const std::string& host = config.base_url.host_header;
  AddHeader("Host", host.empty() ? "localhost" : host, upstream);
  if (config.auth_mode == AuthMode::kCredential) {
    LMGATE_ASSIGN_OR_RETURN(const std::string credential,
                            ResolveHeaderValue("api_key", connection.api_key(), resolver));
    if (credential.empty()) return absl::FailedPreconditionError("api_key is empty");
    // Views on both sides: of a literal and a string, `?:` makes a temporary string.
    const std::string_view name = config.auth_header == "authorization"
                                      ? std::string_view("Authorization")
                                      : std::string_view(config.auth_header);
    const std::string_view space = config.auth_scheme.empty() ? "" : " ";
    AddHeader(name, StrCat(config.auth_scheme, space, credential), upstream);
  }
  ReserveCredentialHeaders(upstream);
  // Sorted: the block must not depend on the order of a hash map.
  const std::map<std::string, std::string> headers(connection.headers().begin(),
                                                   connection.headers().end());
  for (const auto& [name, text] : headers) {
    const std::string lower = absl::AsciiStrToLower(name);
    const std::vector<std::string>& own = upstream->own_headers;
    if (!contract::IsHeaderName(name) || contract::IsFramingHeader(lower) ||
        std::find(own.begin(), own.end(), lower) != own.end()) {
      return absl::FailedPreconditionError(StrCat("header ", lower, " cannot be set"));
    }
    LMGATE_ASSIGN_OR_RETURN(const std::string value,
                            ResolveHeaderValue(StrCat("header ", lower), text, resolver));
    AddHeader(name, value, upstream);
  }
  return absl::OkStatus();
}

absl::Status BuildTls(const v1::Tls& tls, const SecretResolver& resolver,
                      UpstreamConnection* upstream) {
  upstream->tls_verify = !tls.insecure_skip_verify();
  upstream->tls_server_name =
      tls.server_name().empty() ? upstream->config.base_url.host : tls.server_name();
  LMGATE_ASSIGN_OR_RETURN(upstream->tls_ca_pem, ResolvePem(tls.ca(), resolver));
  LMGATE_ASSIGN_OR_RETURN(upstream->tls_client_cert_pem, ResolvePem(tls.client_cert(), resolver));
  LMGATE_ASSIGN_OR_RETURN(upstream->tls_client_key_pem, ResolvePem(tls.client_key(), resolver));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const UpstreamConnection>> MakeUpstreamConnection(
    const v1::Connection& connection, const SecretResolver& resolver) {
  auto upstream = std::make_shared<UpstreamConnection>();
  upstream->name = connection.name();
  LMGATE_ASSIGN_OR_RETURN(upstream->config, contract::ResolveConnection(connection));
  absl::Status status = BuildHeaders(connection, resolver, upstream.get());
  if (status.ok()) status = BuildAccount(connection, resolver, upstream.get());
  if (status.ok()) status = BuildTls(connection.tls(), resolver, upstream.get());
  if (!status.ok()) {
    upstream->unavailable_reason = ToStd(status.message());
    // Nothing half-built may ever be sent.
    upstream->header_block.clear();
    upstream->own_headers.clear();
    upstream->account = {};
    upstream->tls_ca_pem.clear();
    upstream->tls_client_cert_pem.clear();
    upstream->tls_client_key_pem.clear();
  }
  return upstream;
}

}  // namespace lmgate::snapshot
