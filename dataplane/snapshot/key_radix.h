#pragma once

#include <absl/functional/function_ref.h>

#include <cstddef>

#include "dataplane/snapshot/key_record.h"

namespace lmgate::snapshot {

// Keys by digest, as a persistent radix tree: four levels of 16 by the digest's first 16 bits (an
// HMAC, hence uniform), then a leaf sorted by digest (15 keys each when there are a million).
// Copying it is one reference count; a change copies the four nodes and the leaf on its way unless
// this copy already owns them alone, so a batch of changes copies each node once.
//
// 16 a level and not 256: what a change costs is the reference counts of the children of the nodes
// that it copies, 64 instead of 512.
//
// Values behave as values: one copy may be read by any number of threads while another is changed.
// Look-ups neither allocate nor touch a reference count.
class KeyRadix {
 public:
  KeyRadix() = default;
  KeyRadix(const KeyRadix& other);
  KeyRadix(KeyRadix&& other) noexcept;
  KeyRadix& operator=(KeyRadix other) noexcept;
  ~KeyRadix();

  // Null = unknown. The final comparison takes constant time. Valid until this copy is changed or
  // the last copy that shares the record is gone.
  const KeyRecord* Find(const contract::KeyDigest& digest) const;

  // False, and nothing changes, when the digest is taken.
  bool Insert(KeyRecord record);
  // False when there is none.
  bool Erase(const contract::KeyDigest& digest);

  // Records, not keys: a rotated key has two.
  size_t size() const { return size_; }
  // In ascending order of the digests.
  void ForEach(absl::FunctionRef<void(const KeyRecord&)> visit) const;

 private:
  struct Node;

  Node* root_ = nullptr;  // null = empty
  size_t size_ = 0;
};

}  // namespace lmgate::snapshot
