// The SHA256_* functions are deprecated in OpenSSL 3, but only they let a state be copied without
// an allocation (EVP_MD_CTX_copy allocates), and Digest runs once a request.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "common/contract/key_digest.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace lmgate::contract {

// HMAC: RFC 2104. The states after the padded key, before the message.
struct KeyHasher::States {
  SHA256_CTX inner;
  SHA256_CTX outer;

  explicit States(std::string_view pepper) {
    std::array<uint8_t, SHA256_CBLOCK> block{};
    if (pepper.size() > block.size()) {
      SHA256(reinterpret_cast<const uint8_t*>(pepper.data()), pepper.size(), block.data());
    } else {
      std::copy(pepper.begin(), pepper.end(), block.begin());
    }
    constexpr uint8_t kInnerPad = 0x36;
    constexpr uint8_t kOuterPad = 0x5C;
    for (uint8_t& byte : block) byte = static_cast<uint8_t>(byte ^ kInnerPad);
    SHA256_Init(&inner);
    SHA256_Update(&inner, block.data(), block.size());
    for (uint8_t& byte : block) byte = static_cast<uint8_t>(byte ^ kInnerPad ^ kOuterPad);
    SHA256_Init(&outer);
    SHA256_Update(&outer, block.data(), block.size());
    OPENSSL_cleanse(block.data(), block.size());
  }
  ~States() {
    OPENSSL_cleanse(&inner, sizeof(inner));
    OPENSSL_cleanse(&outer, sizeof(outer));
  }
  States(const States&) = delete;
  States& operator=(const States&) = delete;
};

KeyHasher::KeyHasher(std::string_view pepper) : states_(std::make_unique<const States>(pepper)) {}
KeyHasher::~KeyHasher() = default;
KeyHasher::KeyHasher(KeyHasher&&) noexcept = default;
KeyHasher& KeyHasher::operator=(KeyHasher&&) noexcept = default;

KeyDigest KeyHasher::Digest(std::string_view secret) const {
  KeyDigest digest;
  SHA256_CTX context = states_->inner;
  SHA256_Update(&context, secret.data(), secret.size());
  SHA256_Final(digest.data(), &context);
  context = states_->outer;
  SHA256_Update(&context, digest.data(), digest.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

bool DigestsEqual(const KeyDigest& a, const KeyDigest& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace lmgate::contract
