#include "dataplane/gateway/body_pool.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace lmgate::gateway {
namespace {

// Below this, sizes are rounded up to powers of two, so that bodies of like sizes share buffers.
constexpr size_t kRoundedMax = 1 << 20;
constexpr size_t kRoundedMin = 64 << 10;
// A spare buffer so much larger than asked for stays for a body that needs it.
constexpr size_t kWasteMax = 4;

}  // namespace

BodyBuffer BodyPool::Take(size_t bytes) {
  for (size_t i = spare_.size(); i-- > 0;) {
    if (spare_[i].capacity < bytes ||
        spare_[i].capacity / kWasteMax > std::max(bytes, kRoundedMin)) {
      continue;
    }
    BodyBuffer found = std::move(spare_[i]);
    spare_.erase(spare_.begin() + static_cast<std::ptrdiff_t>(i));
    spare_bytes_ -= found.capacity;
    return found;
  }
  const size_t capacity =
      bytes <= kRoundedMax ? std::bit_ceil(std::max(bytes, kRoundedMin)) : bytes;
  BodyBuffer made{.bytes = std::make_unique_for_overwrite<char[]>(capacity + kPaddingBytes),
                  .capacity = capacity};
  std::memset(made.bytes.get() + capacity, 0, kPaddingBytes);
  return made;
}

void BodyPool::Give(BodyBuffer buffer) {
  if (buffer.bytes == nullptr || spare_bytes_ + buffer.capacity > kSpareBytesMax) return;
  spare_bytes_ += buffer.capacity;
  spare_.push_back(std::move(buffer));
}

}  // namespace lmgate::gateway
