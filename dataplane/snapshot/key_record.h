#pragma once

#include <absl/types/span.h>

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

#include "common/contract/key_digest.h"
#include "common/contract/key_token.h"
#include "common/contract/model_pattern.h"

namespace lmgate::snapshot {

enum class KeyState : uint8_t { kActive, kBlocked, kRevoked };

// What the request path needs to know of a key, as found under one of its digests. A million of
// them stand side by side in a snapshot, so it is packed: 88 bytes, nothing on the heap but the
// model list of the few keys that have one.
struct KeyRecord {
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  using Models = std::vector<contract::ModelPattern>;

  // SECRET, as Key.digest.
  contract::KeyDigest digest{};
  // Hash of the resource: a delta that replaces the key must name it.
  uint64_t resource_hash = 0;
  // Unix milliseconds from which this digest is refused: the key's expiry, or the end of the grace
  // of a rotated secret.
  int64_t expires_ms = kNever;
  // Null = the key has no list of its own.
  std::shared_ptr<const Models> model_list;
  // Stable while the snapshot's lineage of deltas lasts; Snapshot::group() turns it into a group.
  uint32_t group_slot = 0;
  std::array<char, contract::kKeyPublicIdSize> id_text{};
  KeyState state = KeyState::kActive;
  // Digests under which the key is found: 1, or 2 after a rotation.
  uint8_t digest_count = 1;
  // True for the digest before the last rotation.
  bool is_previous = false;

  // Public id: may be logged.
  std::string_view id() const { return {id_text.data(), id_text.size()}; }
  // The key's own patterns; empty = no restriction beyond the group's.
  absl::Span<const contract::ModelPattern> models() const {
    return model_list == nullptr ? absl::Span<const contract::ModelPattern>()
                                 : absl::MakeConstSpan(*model_list);
  }
};

}  // namespace lmgate::snapshot
