#include "common/contract/key_token.h"

#include <algorithm>
#include <array>

#include "common/base/logging.h"
#include "common/base/strings.h"

namespace lmgate::contract {
namespace {

constexpr std::string_view kPrefix = "lm-";
constexpr std::string_view kAlphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr size_t kPublicIdAt = kPrefix.size();
constexpr size_t kDashAt = kPublicIdAt + kKeyPublicIdSize;
constexpr size_t kSecretAt = kDashAt + 1;
constexpr size_t kChecksumAt = kSecretAt + kKeySecretSize;

bool IsAlphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// Bytes from here on are thrown away: the rest is a whole multiple of 62, so that no letter is
// likelier than another.
constexpr size_t kByteLimit = 256 - 256 % kAlphabet.size();

// One byte in 32 is rejected: that 96 do not yield 32 letters, or 32 not 12, has a chance below
// 2^-70, so that it happening means that the source is broken.
std::string PickLetters(absl::Span<const uint8_t> random, size_t count) {
  std::string letters;
  letters.reserve(count);
  for (const uint8_t byte : random) {
    if (letters.size() == count) break;
    if (byte < kByteLimit) letters.push_back(kAlphabet[byte % kAlphabet.size()]);
  }
  LMGATE_CHECK(letters.size() == count);
  return letters;
}

// CRC-32 as in zlib and PNG: polynomial 0xEDB88320, reflected.
constexpr std::array<uint32_t, 256> kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0u);
    table[i] = crc;
  }
  return table;
}();

std::array<char, kKeyChecksumSize> Checksum(std::string_view text) {
  uint32_t crc = 0xFFFFFFFFu;
  for (const char c : text) crc = kCrcTable[(crc ^ static_cast<uint8_t>(c)) & 0xFF] ^ (crc >> 8);
  crc ^= 0xFFFFFFFFu;
  std::array<char, kKeyChecksumSize> digits;  // 62^6 > 2^32
  constexpr uint32_t kBase = kAlphabet.size();
  for (size_t i = digits.size(); i-- > 0; crc /= kBase) digits[i] = kAlphabet[crc % kBase];
  return digits;
}

bool HasTokenForm(std::string_view token) {
  if (token.size() != kKeyTokenSize || !token.starts_with(kPrefix) || token[kDashAt] != '-') {
    return false;
  }
  const std::string_view id = token.substr(kPublicIdAt, kKeyPublicIdSize);
  const std::string_view rest = token.substr(kSecretAt);
  return std::all_of(id.begin(), id.end(), IsAlphanumeric) &&
         std::all_of(rest.begin(), rest.end(), IsAlphanumeric);
}

}  // namespace

std::string MakeKeyPublicId(absl::Span<const uint8_t> random) {
  LMGATE_CHECK(random.size() == kKeyPublicIdEntropy);
  return PickLetters(random, kKeyPublicIdSize);
}

std::string MakeKeyToken(std::string_view public_id, absl::Span<const uint8_t> random) {
  LMGATE_CHECK(public_id.size() == kKeyPublicIdSize);
  LMGATE_CHECK(random.size() == kKeySecretEntropy);
  std::string token = StrCat(kPrefix, public_id, "-", PickLetters(random, kKeySecretSize));
  const auto checksum = Checksum(token);
  token.append(checksum.data(), checksum.size());
  return token;
}

KeyTokenShape ClassifyKeyToken(std::string_view token) {
  if (!HasTokenForm(token)) return KeyTokenShape::kForeign;
  const auto checksum = Checksum(token.substr(0, kChecksumAt));
  return token.substr(kChecksumAt) == std::string_view(checksum.data(), checksum.size())
             ? KeyTokenShape::kValid
             : KeyTokenShape::kMistyped;
}

std::string_view KeyTokenPublicId(std::string_view token) {
  return HasTokenForm(token) ? token.substr(kPublicIdAt, kKeyPublicIdSize) : std::string_view();
}

}  // namespace lmgate::contract
