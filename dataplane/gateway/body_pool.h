#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace lmgate::gateway {

// Memory for a request body that did not come with its head.
struct BodyBuffer {
  std::unique_ptr<char[]> bytes;  // null = none
  size_t capacity = 0;            // without the padding
};

// The body buffers of one worker. Spare ones are kept: to the allocator each is memory to be
// mapped, zeroed page by page and unmapped again, which costs more than reading the body. Not
// thread-safe.
class BodyPool {
 public:
  // Readable bytes behind the capacity, for simdjson. Zero.
  static constexpr size_t kPaddingBytes = 64;
  // Together; what comes beyond is given back to the allocator.
  static constexpr size_t kSpareBytesMax = 8 << 20;

  // At least `bytes` of capacity, not zeroed.
  BodyBuffer Take(size_t bytes);
  // None is fine.
  void Give(BodyBuffer buffer);
  size_t spare_bytes() const { return spare_bytes_; }

 private:
  std::vector<BodyBuffer> spare_;  // last used last
  size_t spare_bytes_ = 0;
};

}  // namespace lmgate::gateway
