#include "dataplane/dialect/tool_id.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "common/base/strings.h"

namespace lmgate::dialect {
namespace {

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return IsPlain(c); });
}

// `count` characters of base32 (RFC 4648, lower case) of SHA-256.
std::string HashText(std::string_view text, size_t count) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  std::string encoded;
  uint32_t bits = 0;
  int have = 0;
  for (const unsigned char byte : hash) {
    bits = bits << 8 | byte;
    have += 8;
    while (have >= 5 && encoded.size() < count) {
      have -= 5;
      encoded.push_back(kAlphabet[bits >> have & 31]);
    }
  }
  return encoded;
}

}  // namespace

std::string ToolIdFor(std::string_view id, std::string_view prefix, size_t bytes_max) {
  if (!id.empty() && id.size() <= bytes_max && IsPlain(id)) return std::string(id);
  return StrCat(prefix, HashText(id, 24));
}

std::string ToolNameFor(std::string_view name, size_t bytes_max) {
  constexpr size_t kHashBytes = 8;
  if (!name.empty() && name.size() <= bytes_max && IsPlain(name)) return std::string(name);
  std::string plain;
  for (const char c : name.substr(0, bytes_max - kHashBytes - 1)) {
    plain.push_back(IsPlain(c) ? c : '_');
  }
  return StrCat(plain, "_", HashText(name, kHashBytes));
}

}  // namespace lmgate::dialect
