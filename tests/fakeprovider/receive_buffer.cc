#include "tests/fakeprovider/receive_buffer.h"

#include <algorithm>
#include <cstring>

namespace lmgate::fakeprovider {
namespace {

// What an idle connection may keep: more than the bodies of usual benchmarks.
constexpr size_t kKeptBytesMax = 256 * 1024;

}  // namespace

char* ReceiveBuffer::Prepare(size_t bytes) {
  if (begin_ > 0 && storage_.size() - end_ < bytes) {
    std::memmove(storage_.data(), storage_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (storage_.size() - end_ < bytes) {
    storage_.resize(std::max(end_ + bytes, storage_.size() * 2));
  }
  return storage_.data() + end_;
}

void ReceiveBuffer::Consume(size_t bytes) {
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

void ReceiveBuffer::Shrink() {
  if (storage_.size() <= kKeptBytesMax) return;
  storage_.resize(end_);
  storage_.shrink_to_fit();
}

}  // namespace lmgate::fakeprovider
