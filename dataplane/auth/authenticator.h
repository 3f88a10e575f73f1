#pragma once

#include <cstdint>
#include <string_view>

#include "common/contract/error_code.h"
#include "dataplane/auth/digest_memo.h"
#include "dataplane/snapshot/snapshot.h"

namespace lmgate::auth {

struct AuthResult {
  // kOk, kInvalidApiKey, kKeyRevoked, kKeyBlocked or kKeyExpired.
  contract::ErrorCode code = contract::ErrorCode::kInvalidApiKey;
  // Null for kInvalidApiKey only, so that a refusal can be logged with the key's public id. Lives
  // as long as the snapshot.
  const snapshot::KeyRecord* key = nullptr;
};

// Which key a credential is, and whether it may be used now. An empty or too long credential and
// one with a wrong checksum are refused without a look-up. No allocation for a secret that `memo`,
// the connection's, knows.
AuthResult Authenticate(std::string_view secret, const snapshot::Snapshot& snapshot, int64_t now_ms,
                        DigestMemo* memo);

}  // namespace lmgate::auth
