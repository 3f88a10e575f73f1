#include "common/contract/connection_check.h"

#include <absl/container/flat_hash_set.h>
#include <absl/strings/ascii.h>

#include <algorithm>
#include <string>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/base_url.h"
#include "common/contract/field_error.h"
#include "common/contract/header_rule.h"
#include "common/contract/provider_preset.h"
#include "common/contract/secret_ref.h"
#include "common/contract/text_limit.h"

namespace lmgate::contract {
namespace {

absl::Status CheckHeader(const std::string& name, const std::string& value,
                         const EffectiveConnection& effective) {
  const std::string field = MapField("headers", name);
  if (!IsHeaderName(name)) return FieldError(field, "is not the name of a header");
  if (IsFramingHeader(name)) {
    return FieldError(field, "is a header that only the gateway itself may set");
  }
  if (absl::AsciiStrToLower(name) == effective.auth_header) {
    return FieldError(field, "is the header that already carries the credential",
                      "use api_key and auth.scheme, or say auth: none");
  }
  if (effective.auth_mode == EffectiveConnection::AuthMode::kAwsSigV4 &&
      std::find(kAwsSignatureHeaders.begin(), kAwsSignatureHeaders.end(),
                absl::AsciiStrToLower(name)) != kAwsSignatureHeaders.end()) {
    return FieldError(field, "is a header that the signature of the request sets");
  }
  const SecretRef secret = ParseSecretRef(value);
  LMGATE_RETURN_IF_ERROR(CheckSecretRef(field, secret));
  if (secret.kind == SecretRef::Kind::kLiteral && !IsHeaderValue(value)) {
    return FieldError(
        field, "has a value with a control character, or white space at its beginning or end");
  }
  return absl::OkStatus();
}

absl::Status CheckHeaders(const v1::Connection& connection, const EffectiveConnection& effective) {
  LMGATE_RETURN_IF_ERROR(CheckMapLimits("headers", connection.headers()));
  absl::flat_hash_set<std::string> seen;
  for (const auto& [name, value] : connection.headers()) {
    LMGATE_RETURN_IF_ERROR(CheckHeader(name, value, effective));
    if (!seen.insert(absl::AsciiStrToLower(name)).second) {
      return FieldError(MapField("headers", name), "is given twice: header names have no case");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckPemPath(std::string_view field, std::string_view path) {
  if (path.empty()) return absl::OkStatus();
  if (path.starts_with("file:")) path.remove_prefix(std::string_view("file:").size());
  if (path.starts_with('/')) return absl::OkStatus();
  return FieldError(field, "must be the absolute path of a PEM file, as file:/etc/ca.pem");
}

absl::Status CheckTls(const v1::Tls& tls) {
  LMGATE_RETURN_IF_ERROR(CheckPemPath("tls.ca", tls.ca()));
  LMGATE_RETURN_IF_ERROR(CheckPemPath("tls.client_cert", tls.client_cert()));
  LMGATE_RETURN_IF_ERROR(CheckPemPath("tls.client_key", tls.client_key()));
  if (tls.client_cert().empty() != tls.client_key().empty()) {
    return FieldError(tls.client_cert().empty() ? "tls.client_cert" : "tls.client_key",
                      "is missing: client_cert and client_key belong together");
  }
  if (tls.server_name().empty()) return absl::OkStatus();
  // A name or an address, without a port: what stands alone between "//" and "/".
  const auto url = ParseBaseUrl(StrCat("https://", tls.server_name(), "/"));
  if (!url.ok() || url->host_header != absl::AsciiStrToLower(tls.server_name()) ||
      !url->path.empty()) {
    return FieldError("tls.server_name", StrCat(Quoted(tls.server_name()), " is not a host name"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckConnection(const v1::Connection& connection) {
  LMGATE_RETURN_IF_ERROR(CheckName("name", connection.name(), "_-"));
  LMGATE_RETURN_IF_ERROR(CheckTextLimits(connection));
  LMGATE_ASSIGN_OR_RETURN(const EffectiveConnection effective, ResolveConnection(connection));
  LMGATE_RETURN_IF_ERROR(CheckHeaders(connection, effective));
  return CheckTls(connection.tls());
}

}  // namespace lmgate::contract
