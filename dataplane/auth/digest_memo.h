#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/contract/key_digest.h"

namespace lmgate::auth {

// The digest of the secret that one client connection sent last: the requests of a connection
// nearly always carry the same. Only the digest is remembered, never what it led to, so that a
// blocked key is refused at once. SECRET; wiped at the end. Not thread-safe.
class DigestMemo {
 public:
  DigestMemo() = default;
  ~DigestMemo();
  DigestMemo(const DigestMemo&) = delete;
  DigestMemo& operator=(const DigestMemo&) = delete;

  // `hasher` is kept until another one comes.
  contract::KeyDigest Digest(std::string_view secret,
                             const std::shared_ptr<const contract::KeyHasher>& hasher);

 private:
  std::shared_ptr<const contract::KeyHasher> hasher_;
  std::string secret_;
  contract::KeyDigest digest_{};
};

}  // namespace lmgate::auth
