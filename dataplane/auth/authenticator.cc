#include "dataplane/auth/authenticator.h"

#include "common/contract/key_token.h"
#include "dataplane/auth/credential.h"

namespace lmgate::auth {

using contract::ErrorCode;
using snapshot::KeyState;

AuthResult Authenticate(std::string_view secret, const snapshot::Snapshot& snapshot, int64_t now_ms,
                        DigestMemo* memo) {
  constexpr AuthResult kUnknown{.code = ErrorCode::kInvalidApiKey, .key = nullptr};
  if (secret.empty() || secret.size() > kCredentialBytesMax) return kUnknown;
  if (contract::ClassifyKeyToken(secret) == contract::KeyTokenShape::kMistyped) return kUnknown;

  const snapshot::KeyRecord* const key = snapshot.FindKey(memo->Digest(secret, snapshot.hasher()));
  if (key == nullptr) return kUnknown;
  switch (key->state) {
    case KeyState::kRevoked:
      return {.code = ErrorCode::kKeyRevoked, .key = key};
    case KeyState::kBlocked:
      return {.code = ErrorCode::kKeyBlocked, .key = key};
    case KeyState::kActive:
      break;
  }
  if (now_ms >= key->expires_ms) return {.code = ErrorCode::kKeyExpired, .key = key};
  return {.code = ErrorCode::kOk, .key = key};
}

}  // namespace lmgate::auth
