#include "controlplane/storage/sealed_resource.h"

#include <absl/strings/escaping.h>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/field_error.h"
#include "common/contract/resource.h"
#include "common/contract/secret_ref.h"

namespace lmgate::storage {
namespace {

// Stands before what is sealed. No clear literal is ever stored, so that nothing can be mistaken
// for it.
constexpr std::string_view kSealedPrefix = "sealed:";

void SealField(std::string* text, std::string_view context, const SecretBox& box) {
  if (contract::ParseSecretRef(*text).kind != contract::SecretRef::Kind::kLiteral) return;
  *text = StrCat(kSealedPrefix, absl::Base64Escape(ToAbsl(box.Seal(*text, context))));
}

absl::Status UnsealField(std::string* text, std::string_view context, const SecretBox& box) {
  if (contract::ParseSecretRef(*text).kind != contract::SecretRef::Kind::kLiteral) {
    return absl::OkStatus();
  }
  std::string sealed;
  if (!text->starts_with(kSealedPrefix) ||
      !absl::Base64Unescape(ToAbsl(std::string_view(*text).substr(kSealedPrefix.size())),
                            &sealed)) {
    return absl::DataLossError(StrCat("the secret of ", context, " is not sealed"));
  }
  LMGATE_ASSIGN_OR_RETURN(*text, box.Unseal(sealed, context));
  return absl::OkStatus();
}

std::string Context(const v1::Connection& connection, const contract::SecretField& field) {
  return StrCat("connection/", connection.name(), "/", field.place);
}

}  // namespace

std::string SealResource(const v1::Resource& resource, const SecretBox& box) {
  v1::Resource stored = resource;
  stored.clear_hash();
  if (stored.has_connection()) {
    v1::Connection* connection = stored.mutable_connection();
    for (const contract::SecretField& field : contract::SecretFields(connection)) {
      SealField(field.value, Context(*connection, field), box);
    }
  }
  return stored.SerializeAsString();
}

absl::StatusOr<v1::Resource> UnsealResource(std::string_view body, v1::ResourceKind kind,
                                            std::string_view name, const SecretBox& box) {
  v1::Resource resource;
  if (!resource.ParseFromArray(body.data(), static_cast<int>(body.size())) ||
      contract::KindOf(resource) != kind || contract::NameOf(resource) != name) {
    return absl::DataLossError(StrCat("the row of ", contract::KindName(kind), " ",
                                      contract::Quoted(name), " is damaged"));
  }
  if (resource.has_connection()) {
    v1::Connection* connection = resource.mutable_connection();
    for (const contract::SecretField& field : contract::SecretFields(connection)) {
      LMGATE_RETURN_IF_ERROR(UnsealField(field.value, Context(*connection, field), box));
    }
  }
  resource.set_hash(contract::HashResource(resource));
  return resource;
}

}  // namespace lmgate::storage
