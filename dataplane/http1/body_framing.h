#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lmgate::http1 {

// Follows chunked framing (RFC 9112, 7.1) over bytes that come in any pieces. It tells where the
// body ends, and which bytes are payload, so that the framing itself can be passed on as it came.
// Refuses what two readers could read differently: bare LF, a size that is no hex number or does
// not fit 60 bits, anything but CRLF after a chunk, extensions and trailers that are not as the RFC
// has them. Both are skipped, limited to kExtensionBytesMax and kTrailerBytesMax. Copyable, no
// allocation.
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
  // Consumes up to and with one piece of payload, or the size line of the last chunk: what follows
  // that one are the trailers. Call again with the rest until status is not kMore or nothing is
  // left.
  Step Next(std::string_view data);

  // True between chunks: before a size line, where another chunk may be put in.
  bool at_boundary() const { return state_ == State::kSize && digits_ == 0; }
  // True from the last chunk's size line to the end.
  bool in_trailers() const { return state_ >= State::kTrailerStart && state_ <= State::kDone; }
  bool done() const { return state_ == State::kDone; }

 private:
  // In the order of a body, which in_trailers relies on.
  enum class State : uint8_t {
    kSize,
    kExtensionStart,  // before a ';', which has to come
    kExtensionName,   // before the first byte of the name
    kExtensionInName,
    kExtensionAfterName,  // white space after it: '=' or ';' has to come
    kExtensionValue,      // before the first byte of the value
    kExtensionInValue,
    kExtensionQuoted,
    kExtensionEscaped,
    kExtensionAfterValue,  // the end of the line, or another extension
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kFinalLf,
    kDone,
    kBroken,
  };

  // Takes one byte of an extension; false = it may not stand there.
  bool TakeExtension(char c);

  State state_ = State::kSize;
  uint8_t digits_ = 0;
  uint64_t remaining_ = 0;
  size_t skipped_ = 0;  // bytes of the extension or the trailers so far
};

}  // namespace lmgate::http1
