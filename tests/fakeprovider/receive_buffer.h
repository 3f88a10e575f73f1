#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace lmgate::fakeprovider {

// Bytes that were read from a socket and not yet used. Grows as needed (its user keeps the limits)
// and never clears what it grows over: a read of 1 KB must not cost a 64 KB memset.
class ReceiveBuffer {
 public:
  // Room for at least `bytes` more; invalidates Data(). Returns where to read to.
  char* Prepare(size_t bytes);
  void Commit(size_t bytes) { end_ += bytes; }
  void Consume(size_t bytes);
  // Gives back the memory of a large body.
  void Shrink();

  std::string_view Data() const { return {storage_.data() + begin_, end_ - begin_}; }

 private:
  std::vector<char> storage_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace lmgate::fakeprovider
