#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace lmgate::contract {

using KeyDigest = std::array<uint8_t, 32>;

// HMAC-SHA-256 of key secrets under one pepper, with the padded-key states computed once.
// Immutable, thread-safe; Digest does not allocate.
class KeyHasher {
 public:
  explicit KeyHasher(std::string_view pepper);
  ~KeyHasher();
  KeyHasher(KeyHasher&&) noexcept;
  KeyHasher& operator=(KeyHasher&&) noexcept;

  KeyDigest Digest(std::string_view secret) const;

 private:
  struct States;
  std::unique_ptr<const States> states_;
};

// Constant time.
bool DigestsEqual(const KeyDigest& a, const KeyDigest& b);

}  // namespace lmgate::contract
