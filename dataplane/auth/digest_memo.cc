#include "dataplane/auth/digest_memo.h"

#include <openssl/crypto.h>

namespace lmgate::auth {

DigestMemo::~DigestMemo() { OPENSSL_cleanse(secret_.data(), secret_.size()); }

contract::KeyDigest DigestMemo::Digest(std::string_view secret,
                                       const std::shared_ptr<const contract::KeyHasher>& hasher) {
  // In constant time: behind another proxy one connection may carry the requests of many clients.
  if (hasher_ == hasher && secret_.size() == secret.size() &&
      CRYPTO_memcmp(secret_.data(), secret.data(), secret.size()) == 0) {
    return digest_;
  }
  hasher_ = hasher;
  OPENSSL_cleanse(secret_.data(), secret_.size());
  secret_.assign(secret);
  digest_ = hasher->Digest(secret);
  return digest_;
}

}  // namespace lmgate::auth
