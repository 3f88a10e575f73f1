#include "common/contract/secret_ref.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/field_error.h"
#include "common/contract/key_digest.h"
#include "common/contract/text_limit.h"

namespace lmgate::contract {
namespace {

constexpr std::string_view kEnvPrefix = "env:";
constexpr std::string_view kFilePrefix = "file:";
constexpr std::string_view kStoredPrefix = "stored:";

// POSIX.1, 8.1. What follows "env:" may be a secret that somebody put there by mistake: it is never
// repeated in a message.
bool IsVariableName(std::string_view name) {
  constexpr size_t kBytesMax = 256;
  if (name.empty() || name.size() > kBytesMax || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
  });
}

absl::Status RestoreSecret(std::string* text, std::string_view current, std::string_view pepper,
                           std::string_view field) {
  if (ParseSecretRef(*text).kind != SecretRef::Kind::kStored) return absl::OkStatus();
  if (ParseSecretRef(current).kind != SecretRef::Kind::kLiteral ||
      RedactSecret(current, pepper) != *text) {
    return FieldError(field, "this stored secret is not the one that is stored here",
                      "give the secret itself, or env:NAME or file:/path");
  }
  *text = current;
  return absl::OkStatus();
}

}  // namespace

SecretRef ParseSecretRef(std::string_view text) {
  using Kind = SecretRef::Kind;
  if (text.empty()) return {};
  if (text.starts_with(kEnvPrefix)) {
    return {.kind = Kind::kEnv, .value = std::string(text.substr(kEnvPrefix.size()))};
  }
  if (text.starts_with(kFilePrefix)) {
    return {.kind = Kind::kFile, .value = std::string(text.substr(kFilePrefix.size()))};
  }
  if (text.starts_with(kStoredPrefix)) {
    return {.kind = Kind::kStored, .value = std::string(text.substr(kStoredPrefix.size()))};
  }
  return {.kind = Kind::kLiteral, .value = std::string(text)};
}

absl::Status CheckSecretRef(std::string_view field, const SecretRef& secret) {
  switch (secret.kind) {
    case SecretRef::Kind::kEmpty:
    case SecretRef::Kind::kLiteral:
      break;
    case SecretRef::Kind::kEnv:
      if (!IsVariableName(secret.value)) {
        return FieldError(field, "needs the name of an environment variable after \"env:\"",
                          "as env:OPENAI_API_KEY: letters, digits and '_'");
      }
      break;
    case SecretRef::Kind::kFile:
      if (!secret.value.starts_with('/')) {
        return FieldError(field, "needs an absolute path after \"file:\"",
                          "as file:/run/secrets/openai");
      }
      break;
    case SecretRef::Kind::kStored:
      return FieldError(field, "names a stored secret, but nothing is stored here",
                        "give the secret itself, or env:NAME or file:/path");
  }
  return absl::OkStatus();
}

std::string RedactSecret(std::string_view text, std::string_view pepper) {
  if (ParseSecretRef(text).kind != SecretRef::Kind::kLiteral) return std::string(text);
  constexpr size_t kFingerprintBytes = 6;
  const KeyDigest digest = KeyHasher(pepper).Digest(text);
  return StrCat(kStoredPrefix,
                absl::BytesToHexString(absl::string_view(
                    reinterpret_cast<const char*>(digest.data()), kFingerprintBytes)));
}

std::vector<SecretField> SecretFields(v1::Connection* connection) {
  std::vector<SecretField> fields;
  const auto add = [&fields](std::string_view part, std::string_view name, std::string* value) {
    fields.push_back(
        {.path = StrCat(part, ".", name), .place = StrCat(part, "/", name), .value = value});
  };
  fields.push_back({.path = "api_key", .place = "api_key", .value = connection->mutable_api_key()});
  for (auto& [name, value] : *connection->mutable_headers()) {
    fields.push_back(
        {.path = MapField("headers", name), .place = StrCat("headers/", name), .value = &value});
  }
  // An absent part stays absent.
  if (connection->has_aws()) {
    v1::Aws* aws = connection->mutable_aws();
    add("aws", "secret_access_key", aws->mutable_secret_access_key());
    add("aws", "session_token", aws->mutable_session_token());
  }
  if (connection->has_google()) {
    add("google", "service_account", connection->mutable_google()->mutable_service_account());
  }
  if (connection->has_azure()) {
    add("azure", "client_secret", connection->mutable_azure()->mutable_client_secret());
  }
  return fields;
}

void RedactConnection(v1::Connection* connection, std::string_view pepper) {
  for (const SecretField& field : SecretFields(connection)) {
    *field.value = RedactSecret(*field.value, pepper);
  }
}

absl::Status RestoreStoredSecrets(v1::Connection* connection, const v1::Connection* current,
                                  std::string_view pepper) {
  v1::Connection before = current == nullptr ? v1::Connection() : *current;
  const std::vector<SecretField> stored = SecretFields(&before);
  // All or nothing: done on a copy, so that a refusal leaves `connection` as it was.
  v1::Connection restored = *connection;
  for (const SecretField& field : SecretFields(&restored)) {
    const auto same =
        std::find_if(stored.begin(), stored.end(),
                     [&field](const SecretField& other) { return other.place == field.place; });
    const std::string_view value =
        same == stored.end() ? std::string_view() : std::string_view(*same->value);
    LMGATE_RETURN_IF_ERROR(RestoreSecret(field.value, value, pepper, field.path));
  }
  *connection = std::move(restored);
  return absl::OkStatus();
}

}  // namespace lmgate::contract
