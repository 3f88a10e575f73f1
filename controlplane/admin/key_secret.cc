#include "controlplane/admin/key_secret.h"

#include <absl/strings/ascii.h>
#include <absl/types/span.h>

#include <algorithm>
#include <cstdint>

#include "common/base/strings.h"
#include "common/contract/field_error.h"
#include "common/contract/key_token.h"
#include "controlplane/storage/random_bytes.h"

namespace lmgate::admin {
namespace {

absl::Span<const uint8_t> AsBytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

std::string NewKeyPublicId() {
  return contract::MakeKeyPublicId(AsBytes(storage::RandomBytes(contract::kKeyPublicIdEntropy)));
}

std::string NewKeySecret(std::string_view public_id) {
  return contract::MakeKeyToken(public_id,
                                AsBytes(storage::RandomBytes(contract::kKeySecretEntropy)));
}

absl::Status CheckImportedSecret(std::string_view secret) {
  const bool printable = std::all_of(secret.begin(), secret.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (!printable || secret.size() < kImportedSecretSizeMin ||
      secret.size() > kImportedSecretSizeMax) {
    return contract::FieldError(
        "secret", StrCat("must be ", kImportedSecretSizeMin, " to ", kImportedSecretSizeMax,
                         " printable ASCII characters without spaces"));
  }
  if (contract::ClassifyKeyToken(secret) == contract::KeyTokenShape::kMistyped) {
    return contract::FieldError(
        "secret", "has the form of a key of lmgate, but its checksum does not fit: it is mistyped");
  }
  return absl::OkStatus();
}

}  // namespace lmgate::admin
