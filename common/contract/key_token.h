#pragma once

#include <absl/types/span.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lmgate::contract {

// The text of a virtual key: "lm-" <12 public id> "-" <32 secret> <6 checksum>, letters and digits.
inline constexpr size_t kKeyPublicIdSize = 12;
inline constexpr size_t kKeySecretSize = 32;
inline constexpr size_t kKeyChecksumSize = 6;
inline constexpr size_t kKeyTokenSize =
    3 + kKeyPublicIdSize + 1 + kKeySecretSize + kKeyChecksumSize;
// Random bytes that the makers below use up.
inline constexpr size_t kKeyPublicIdEntropy = 32;
inline constexpr size_t kKeySecretEntropy = 96;

// `random` must be kKeyPublicIdEntropy bytes from a cryptographic source. Unbiased (rejection);
// letters and digits only.
std::string MakeKeyPublicId(absl::Span<const uint8_t> random);
// The whole token for a public id. `random`: kKeySecretEntropy bytes.
std::string MakeKeyToken(std::string_view public_id, absl::Span<const uint8_t> random);

enum class KeyTokenShape {
  kForeign,   // not of this form: an imported secret, maybe
  kMistyped,  // of this form, but the checksum does not fit: can be refused without a look-up
  kValid,
};
// The checksum is CRC-32 of all before it, in base 62: it finds typos, it proves nothing.
// No allocation: for the request path.
KeyTokenShape ClassifyKeyToken(std::string_view token);

// The public id in a token of our form, else empty.
std::string_view KeyTokenPublicId(std::string_view token);

}  // namespace lmgate::contract
