#include "dataplane/snapshot/key_radix.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "common/base/logging.h"

namespace lmgate::snapshot {
namespace {

constexpr size_t kFanOut = 16;
constexpr int kInnerLevels = 4;
constexpr size_t kDigestBytesOfWay = kInnerLevels / 2;

// The way from the root: one half byte of the digest a level.
size_t BranchOf(const contract::KeyDigest& digest, int level) {
  const uint8_t byte = digest[static_cast<size_t>(level / 2)];
  return level % 2 == 0 ? byte >> 4 : byte & 0xf;
}

}  // namespace

// Inner nodes and leaves, counted by hand: a leaf is one block that ends in its records, and no
// pointer is wider than 8 bytes.
struct KeyRadix::Node {
  std::atomic<uint32_t> references{1};

  struct Inner;
  struct Leaf;
  static void Unreference(Node* node, int level);
  static Node* Reference(Node* node) {
    if (node != nullptr) node->references.fetch_add(1, std::memory_order_relaxed);
    return node;
  }
  // True when only the caller's tree, whose way down to here must be its own, leads here. Acquire:
  // what other threads read in this node before they let go of it is done.
  bool IsSole() const { return references.load(std::memory_order_acquire) == 1; }

  static Inner* MakeSoleInner(Node** slot, int level);
  static bool Insert(Node** slot, int level, KeyRecord* record);
  static bool Erase(Node** slot, int level, const contract::KeyDigest& digest);
  static void ForEach(const Node* node, int level, absl::FunctionRef<void(const KeyRecord&)> visit);
};

struct KeyRadix::Node::Inner : Node {
  std::array<Node*, kFanOut> children{};
};

struct KeyRadix::Node::Leaf : Node {
  uint32_t count = 0;  // never 0
  // Sorted by digest.
  KeyRecord* records() { return reinterpret_cast<KeyRecord*>(this + 1); }
  const KeyRecord* records() const { return reinterpret_cast<const KeyRecord*>(this + 1); }

  // The first record that is not below `digest`. Digests are spread evenly, so the bytes that
  // follow those of the way here say where it must be about: one or two cache misses, where a
  // binary search of a million keys has four.
  const KeyRecord* LowerBound(const contract::KeyDigest& digest) const {
    const uint32_t fraction =
        uint32_t{digest[kDigestBytesOfWay]} << 8 | digest[kDigestBytesOfWay + 1];
    const KeyRecord* const end = records() + count;
    const KeyRecord* at = records() + (uint64_t{count} * fraction >> 16);
    while (at != records() && !((at - 1)->digest < digest)) --at;
    while (at != end && at->digest < digest) ++at;
    return at;
  }

  // Without records: the caller constructs `count` of them.
  static Leaf* Allocate(uint32_t count) {
    static_assert(sizeof(Leaf) % alignof(KeyRecord) == 0);
    Leaf* leaf = new (::operator new(sizeof(Leaf) + count * sizeof(KeyRecord))) Leaf;
    leaf->count = count;
    return leaf;
  }
  static void Free(Leaf* leaf) {
    std::destroy_n(leaf->records(), leaf->count);
    leaf->~Leaf();
    ::operator delete(leaf);
  }
  // Copies or, when the old leaf is about to go, moves records.
  static void Transfer(KeyRecord* from, KeyRecord* end, KeyRecord* to, bool move) {
    if (move) {
      std::uninitialized_move(from, end, to);
    } else {
      std::uninitialized_copy(from, end, to);
    }
  }
};

void KeyRadix::Node::Unreference(Node* node, int level) {
  if (node == nullptr) return;
  if (node->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (level == kInnerLevels) {
    Leaf::Free(static_cast<Leaf*>(node));
    return;
  }
  Inner* const inner = static_cast<Inner*>(node);
  for (Node* child : inner->children) Unreference(child, level + 1);
  delete inner;
}

// The inner node in `slot`, made or copied as needed so that it may be changed.
KeyRadix::Node::Inner* KeyRadix::Node::MakeSoleInner(Node** slot, int level) {
  Inner* const old = static_cast<Inner*>(*slot);
  if (old == nullptr) {
    Inner* const made = new Inner;
    *slot = made;
    return made;
  }
  if (old->IsSole()) return old;
  Inner* const copy = new Inner;
  for (size_t i = 0; i < kFanOut; ++i) copy->children[i] = Reference(old->children[i]);
  *slot = copy;
  Unreference(old, level);
  return copy;
}

bool KeyRadix::Node::Insert(Node** slot, int level, KeyRecord* record) {
  if (level < kInnerLevels) {
    Inner* const inner = MakeSoleInner(slot, level);
    return Insert(&inner->children[BranchOf(record->digest, level)], level + 1, record);
  }
  Leaf* const old = static_cast<Leaf*>(*slot);
  if (old == nullptr) {
    Leaf* const leaf = Leaf::Allocate(1);
    new (leaf->records()) KeyRecord(std::move(*record));
    *slot = leaf;
    return true;
  }
  KeyRecord* const begin = old->records();
  KeyRecord* const end = begin + old->count;
  KeyRecord* const at = begin + (old->LowerBound(record->digest) - begin);
  if (at != end && at->digest == record->digest) return false;
  const bool sole = old->IsSole();
  Leaf* const leaf = Leaf::Allocate(old->count + 1);
  KeyRecord* const hole = leaf->records() + (at - begin);
  Leaf::Transfer(begin, at, leaf->records(), sole);
  new (hole) KeyRecord(std::move(*record));
  Leaf::Transfer(at, end, hole + 1, sole);
  *slot = leaf;
  Unreference(old, kInnerLevels);
  return true;
}

// The digest must be there. Leaves and inner nodes that become empty go away.
bool KeyRadix::Node::Erase(Node** slot, int level, const contract::KeyDigest& digest) {
  if (level < kInnerLevels) {
    Inner* const inner = MakeSoleInner(slot, level);
    if (!Erase(&inner->children[BranchOf(digest, level)], level + 1, digest)) return false;
    if (std::all_of(inner->children.begin(), inner->children.end(),
                    [](const Node* child) { return child == nullptr; })) {
      Unreference(std::exchange(*slot, nullptr), level);
    }
    return true;
  }
  Leaf* const old = static_cast<Leaf*>(*slot);
  KeyRecord* const begin = old->records();
  KeyRecord* const end = begin + old->count;
  KeyRecord* const at = begin + (old->LowerBound(digest) - begin);
  if (at == end || at->digest != digest) return false;
  Leaf* leaf = nullptr;
  if (old->count > 1) {
    const bool sole = old->IsSole();
    leaf = Leaf::Allocate(old->count - 1);
    Leaf::Transfer(begin, at, leaf->records(), sole);
    Leaf::Transfer(at + 1, end, leaf->records() + (at - begin), sole);
  }
  *slot = leaf;
  Unreference(old, kInnerLevels);
  return true;
}

void KeyRadix::Node::ForEach(const Node* node, int level,
                             absl::FunctionRef<void(const KeyRecord&)> visit) {
  if (node == nullptr) return;
  if (level == kInnerLevels) {
    const Leaf* const leaf = static_cast<const Leaf*>(node);
    std::for_each_n(leaf->records(), leaf->count, visit);
    return;
  }
  for (const Node* child : static_cast<const Inner*>(node)->children) {
    ForEach(child, level + 1, visit);
  }
}

KeyRadix::KeyRadix(const KeyRadix& other)
    : root_(Node::Reference(other.root_)), size_(other.size_) {}

KeyRadix::KeyRadix(KeyRadix&& other) noexcept
    : root_(std::exchange(other.root_, nullptr)), size_(std::exchange(other.size_, 0)) {}

KeyRadix& KeyRadix::operator=(KeyRadix other) noexcept {
  std::swap(root_, other.root_);
  std::swap(size_, other.size_);
  return *this;
}

KeyRadix::~KeyRadix() { Node::Unreference(root_, 0); }

const KeyRecord* KeyRadix::Find(const contract::KeyDigest& digest) const {
  const Node* node = root_;
  for (int level = 0; node != nullptr && level < kInnerLevels; ++level) {
    node = static_cast<const Node::Inner*>(node)->children[BranchOf(digest, level)];
  }
  if (node == nullptr) return nullptr;
  const Node::Leaf* const leaf = static_cast<const Node::Leaf*>(node);
  const KeyRecord* const found = leaf->LowerBound(digest);
  if (found == leaf->records() + leaf->count) return nullptr;
  return contract::DigestsEqual(found->digest, digest) ? found : nullptr;
}

bool KeyRadix::Insert(KeyRecord record) {
  // Looked up first, so that a refusal copies nothing.
  if (Find(record.digest) != nullptr) return false;
  LMGATE_CHECK(Node::Insert(&root_, 0, &record));
  ++size_;
  return true;
}

bool KeyRadix::Erase(const contract::KeyDigest& digest) {
  if (Find(digest) == nullptr) return false;
  LMGATE_CHECK(Node::Erase(&root_, 0, digest));
  --size_;
  return true;
}

void KeyRadix::ForEach(absl::FunctionRef<void(const KeyRecord&)> visit) const {
  Node::ForEach(root_, 0, visit);
}

}  // namespace lmgate::snapshot
