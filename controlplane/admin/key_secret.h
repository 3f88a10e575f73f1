#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

namespace lmgate::admin {

inline constexpr size_t kImportedSecretSizeMin = 8;
inline constexpr size_t kImportedSecretSizeMax = 512;

// Fresh ones from the cryptographic generator.
std::string NewKeyPublicId();
std::string NewKeySecret(std::string_view public_id);

// Whether a secret that somebody brings can be one: a client must be able to send it in a header,
// and one of our own form must not be a mistyped one. The message never shows it.
absl::Status CheckImportedSecret(std::string_view secret);

}  // namespace lmgate::admin
