#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lmgate::http1 {

// Follows chunked framing (RFC 9112, 7.1) over bytes that come in any pieces. It tells where the
// body ends, and which bytes are payload, so that the framing itself can be passed on as it came.
// Refuses what two readers could read differently: bare LF, a size that is no hex number or does
// not fit 60 bits, anything but CRLF after a chunk. Extensions and trailers are skipped, limited to
// kExtensionBytesMax and kTrailerBytesMax. Copyable, no allocation.
class ChunkTracker {
 public:
  static constexpr size_t kExtensionBytesMax = 1024;  // of one size line
  static constexpr size_t kTrailerBytesMax = 8192;

  enum class Status : uint8_t { kMore, kDone, kInvalid };

  struct Step {
    Status status = Status::kMore;
    size_t consumed = 0;       // bytes of `data` looked at; less than its size only at the end
    std::string_view payload;  // the piece of the body among them; empty = framing only
  };
  // Consumes up to and with one piece of payload. Call again with the rest until status is not
  // kMore or nothing is left.
  Step Next(std::string_view data);

  // True between chunks: before a size line, where another chunk may be put in.
  bool at_boundary() const { return state_ == State::kSize && digits_ == 0; }
  bool done() const { return state_ == State::kDone; }

 private:
  enum class State : uint8_t {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailer,
    kTrailerLf,
    kFinalLf,
    kDone,
    kBroken,
  };

  State state_ = State::kSize;
  uint8_t digits_ = 0;
  uint64_t remaining_ = 0;
  size_t skipped_ = 0;  // bytes of the extension or the trailers so far
};

}  // namespace lmgate::http1
