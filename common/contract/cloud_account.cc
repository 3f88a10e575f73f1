#include "common/contract/cloud_account.h"

#include <absl/strings/match.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <vector>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/base_url.h"
#include "common/contract/field_error.h"
#include "common/contract/header_rule.h"
#include "common/contract/provider_preset.h"
#include "common/contract/secret_ref.h"

namespace lmgate::contract {
namespace {

constexpr std::string_view kAwsProvider = "aws-bedrock";
constexpr std::string_view kAzureProvider = "azure-openai";
constexpr std::string_view kGoogleProvider = "google";
constexpr std::string_view kVertexProvider = "google-vertex";

// A label of a host name or a segment of a path: nothing that could end either.
bool IsPlainWord(std::string_view text, std::string_view marks) {
  constexpr size_t kBytesMax = 128;
  return text.size() <= kBytesMax && std::all_of(text.begin(), text.end(), [marks](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  marks.find(c) != std::string_view::npos;
         });
}

absl::Status CheckWord(std::string_view field, std::string_view text, std::string_view marks,
                       std::string_view example) {
  if (IsPlainWord(text, marks)) return absl::OkStatus();
  return FieldError(field, StrCat(Quoted(text), " cannot be part of an address"),
                    StrCat("as ", example));
}

// What a reference must look like; a literal goes into a header or a form.
absl::Status CheckCredentialPart(std::string_view field, std::string_view text) {
  const SecretRef secret = ParseSecretRef(text);
  LMGATE_RETURN_IF_ERROR(CheckSecretRef(field, secret));
  if (secret.kind == SecretRef::Kind::kLiteral && !IsHeaderValue(text)) {
    return FieldError(field,
                      "contains a control character, or white space at its beginning or end");
  }
  return absl::OkStatus();
}

absl::Status CheckAws(const v1::Aws& aws) {
  LMGATE_RETURN_IF_ERROR(CheckWord("aws.region", aws.region(), "-", "us-east-1"));
  LMGATE_RETURN_IF_ERROR(CheckCredentialPart("aws.access_key_id", aws.access_key_id()));
  LMGATE_RETURN_IF_ERROR(CheckCredentialPart("aws.secret_access_key", aws.secret_access_key()));
  LMGATE_RETURN_IF_ERROR(CheckCredentialPart("aws.session_token", aws.session_token()));
  if (aws.access_key_id().empty() != aws.secret_access_key().empty()) {
    return FieldError(aws.access_key_id().empty() ? "aws.access_key_id" : "aws.secret_access_key",
                      "is missing: access_key_id and secret_access_key belong together");
  }
  if (!aws.session_token().empty() && aws.access_key_id().empty()) {
    return FieldError("aws.session_token", "is nothing without access_key_id");
  }
  if (!aws.profile().empty() && !aws.access_key_id().empty()) {
    return FieldError("aws.profile", "and access_key_id exclude each other");
  }
  return absl::OkStatus();
}

absl::Status CheckGoogle(const v1::Google& google, const v1::Connection& connection) {
  const SecretRef secret = ParseSecretRef(google.service_account());
  LMGATE_RETURN_IF_ERROR(CheckSecretRef("google.service_account", secret));
  // Never repeated: it may be a secret that somebody put into the wrong field.
  if (secret.kind == SecretRef::Kind::kLiteral && !google.service_account().starts_with('{')) {
    return FieldError("google.service_account", "is not the JSON of a key file",
                      "as file:/run/secrets/service-account.json");
  }
  LMGATE_RETURN_IF_ERROR(CheckWord("google.project", google.project(), "-.:_", "my-project-1"));
  LMGATE_RETURN_IF_ERROR(CheckWord("google.location", google.location(), "-", "europe-west4"));
  if (google.project().empty() && google.location().empty()) return absl::OkStatus();
  const std::string_view given = google.project().empty() ? "google.location" : "google.project";
  if (connection.provider() != kVertexProvider) {
    return FieldError(given, StrCat("is for provider \"", kVertexProvider, "\" only"));
  }
  if (google.project().empty() || google.location().empty()) {
    return FieldError(google.project().empty() ? "google.project" : "google.location",
                      "is missing: project and location belong together");
  }
  if (!connection.base_url().empty()) {
    return FieldError(given, "would do nothing: base_url is given", "leave one of the two out");
  }
  return absl::OkStatus();
}

absl::Status CheckEntra(const v1::Azure& azure) {
  LMGATE_RETURN_IF_ERROR(CheckCredentialPart("azure.tenant_id", azure.tenant_id()));
  LMGATE_RETURN_IF_ERROR(CheckCredentialPart("azure.client_id", azure.client_id()));
  LMGATE_RETURN_IF_ERROR(CheckCredentialPart("azure.client_secret", azure.client_secret()));
  const std::pair<std::string_view, bool> parts[] = {
      {"azure.tenant_id", azure.tenant_id().empty()},
      {"azure.client_id", azure.client_id().empty()},
      {"azure.client_secret", azure.client_secret().empty()}};
  const auto missing = std::find_if(std::begin(parts), std::end(parts),
                                    [](const auto& part) { return part.second; });
  const bool all_missing =
      std::all_of(std::begin(parts), std::end(parts), [](const auto& part) { return part.second; });
  if (missing != std::end(parts) && !all_missing) {
    return FieldError(missing->first,
                      "is missing: tenant_id, client_id and client_secret belong together");
  }
  // A literal tenant becomes a segment of the token endpoint's path.
  if (ParseSecretRef(azure.tenant_id()).kind == SecretRef::Kind::kLiteral) {
    LMGATE_RETURN_IF_ERROR(CheckWord("azure.tenant_id", azure.tenant_id(), "-.",
                                     "contoso.onmicrosoft.com, or the directory's id"));
  }
  if (!azure.authority().empty() && !IsSecretSafeUrl(azure.authority())) {
    return FieldError("azure.authority",
                      StrCat(Quoted(azure.authority()), " is no https URL to send a secret to"),
                      "as https://login.microsoftonline.com");
  }
  if (!azure.scope().empty() && !IsHeaderValue(azure.scope())) {
    return FieldError("azure.scope", "has white space at its beginning or end");
  }
  if (all_missing && !(azure.authority().empty() && azure.scope().empty())) {
    return FieldError(azure.authority().empty() ? "azure.scope" : "azure.authority",
                      "would do nothing: there is no client_secret");
  }
  return absl::OkStatus();
}

absl::Status CheckAzure(const v1::Azure& azure, const v1::Connection& connection,
                        std::string_view dialect) {
  LMGATE_RETURN_IF_ERROR(CheckWord("azure.api_version", azure.api_version(), "-._", "2024-10-21"));
  LMGATE_RETURN_IF_ERROR(CheckEntra(azure));
  if (!azure.deployments()) return absl::OkStatus();
  if (dialect != kDialectOpenAiChat) {
    return FieldError("azure.deployments",
                      StrCat("is for dialect openai-chat, and not for ", dialect));
  }
  if (azure.api_version().empty()) {
    return FieldError("azure.api_version", "is required with deployments", "as 2024-10-21");
  }
  std::string_view url = connection.base_url();
  while (url.ends_with('/')) url.remove_suffix(1);
  if (url.ends_with("/v1")) {
    return FieldError("base_url", "is that of the v1 API, which has no deployments in its paths",
                      "https://NAME.openai.azure.com/openai, or leave azure.deployments out");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckCloudAccount(const v1::Connection& connection, std::string_view dialect) {
  const std::string& provider = connection.provider();
  if (connection.has_aws()) {
    if (provider != kAwsProvider && dialect != kDialectBedrock) {
      return FieldError("aws",
                        StrCat("is for provider \"", kAwsProvider, "\" and dialect bedrock only"));
    }
    LMGATE_RETURN_IF_ERROR(CheckAws(connection.aws()));
  }
  if (connection.has_google()) {
    if (provider != kGoogleProvider && provider != kVertexProvider && dialect != kDialectGemini) {
      return FieldError("google", StrCat("is for providers \"", kGoogleProvider, "\" and \"",
                                         kVertexProvider, "\" and dialect gemini only"));
    }
    LMGATE_RETURN_IF_ERROR(CheckGoogle(connection.google(), connection));
  }
  if (connection.has_azure()) {
    if (provider != kAzureProvider) {
      return FieldError("azure", StrCat("is for provider \"", kAzureProvider, "\" only"));
    }
    LMGATE_RETURN_IF_ERROR(CheckAzure(connection.azure(), connection, dialect));
  }
  return absl::OkStatus();
}

std::string_view StatedCloudCredential(const v1::Connection& connection) {
  if (!connection.aws().secret_access_key().empty()) return "aws.secret_access_key";
  if (!connection.aws().profile().empty()) return "aws.profile";
  if (!connection.google().service_account().empty()) return "google.service_account";
  if (!connection.azure().client_secret().empty()) return "azure.client_secret";
  return "";
}

std::string MakeCloudBaseUrl(const v1::Connection& connection) {
  const std::string& region = connection.aws().region();
  if (connection.provider() == kAwsProvider && !region.empty()) {
    // The partition of China has its own domain: AWS General Reference, Amazon Bedrock endpoints.
    return StrCat("https://bedrock-runtime.", region,
                  region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com");
  }
  const v1::Google& google = connection.google();
  if (connection.provider() == kVertexProvider && !google.project().empty() &&
      !google.location().empty()) {
    const std::string& location = google.location();
    // The global endpoint has no prefix: Vertex AI, Deployments and endpoints.
    return StrCat("https://", location == "global" ? "" : StrCat(location, "-"),
                  "aiplatform.googleapis.com/v1/projects/", google.project(), "/locations/",
                  location, "/publishers/google");
  }
  return "";
}

std::string AwsRegion(const v1::Connection& connection, std::string_view host) {
  if (!connection.aws().region().empty()) return connection.aws().region();
  if (!host.ends_with(".amazonaws.com") && !host.ends_with(".amazonaws.com.cn")) return "";
  const std::vector<std::string> labels = absl::StrSplit(ToAbsl(host), '.');
  for (size_t i = 0; i + 1 < labels.size(); ++i) {
    if (labels[i] == "bedrock-runtime" || labels[i] == "bedrock-runtime-fips") {
      return std::string(labels[i + 1]);
    }
  }
  return "";
}

bool IsSecretSafeUrl(std::string_view text) {
  const auto url = ParseBaseUrl(text);
  if (!url.ok()) return false;
  if (url->scheme == BaseUrl::Scheme::kHttps) return true;
  return url->scheme == BaseUrl::Scheme::kHttp &&
         (url->host == "localhost" || url->host == "::1" || url->host == "127.0.0.1");
}

}  // namespace lmgate::contract
