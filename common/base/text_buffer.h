#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace lmgate {

// Text under construction whose memory is used again. For the request path: appending is a bounds
// check and a copy, without absl::StrAppend's dispatch and its zeroing of what it grows by. Not
// thread-safe. Throws std::bad_alloc.
class TextBuffer {
 public:
  std::string_view view() const { return {bytes_.get(), size_}; }
  void Clear() { size_ = 0; }

  void Append(std::string_view text) {
    // Neither side of an empty copy may be null (C, 7.1.4).
    if (text.empty()) return;
    Reserve(text.size());
    std::memcpy(bytes_.get() + size_, text.data(), text.size());
    size_ += text.size();
  }
  // A literal, without its final NUL.
  template <size_t N>
  void Append(const char (&literal)[N]) {
    static_assert(N > 1);
    Reserve(N - 1);
    std::memcpy(bytes_.get() + size_, literal, N - 1);
    size_ += N - 1;
  }
  // Decimal.
  template <std::integral Number>
  void AppendNumber(Number value) {
    constexpr size_t kDigitsMax = 20;
    Reserve(kDigitsMax);
    char* const begin = bytes_.get() + size_;
    size_ += static_cast<size_t>(std::to_chars(begin, begin + kDigitsMax, value).ptr - begin);
  }

 private:
  void Reserve(size_t more) {
    if (capacity_ - size_ < more) Grow(more);
  }
  void Grow(size_t more) {
    constexpr size_t kCapacityMin = 512;
    size_t capacity = capacity_ < kCapacityMin ? kCapacityMin : capacity_ * 2;
    while (capacity - size_ < more) capacity *= 2;
    auto grown = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) std::memcpy(grown.get(), bytes_.get(), size_);
    bytes_ = std::move(grown);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace lmgate
