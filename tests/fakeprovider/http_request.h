#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lmgate::fakeprovider {

// A request as it arrived. The views point into the receive buffer and die with the next read.
struct HttpRequest {
  std::string_view method;
  std::string_view target;
  std::string_view path;   // target up to '?'
  std::string_view query;  // after '?'; empty = none
  // In the order and spelling of the wire.
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  bool keep_alive = true;
  bool expects_continue = false;
  bool chunked = false;
  uint64_t content_length = 0;
  std::string_view body;

  // First header of that name, any case; empty = none.
  std::string_view FindHeader(std::string_view name) const;
};

struct ParsedHead {
  HttpRequest request;  // without body
  size_t head_bytes = 0;
};

// Nullopt = the head is not complete yet. InvalidArgument: not HTTP/1.1 by RFC 9112; stricter than
// it where a gateway must never be lax (obs-fold, bare LF, both lengths, two lengths).
absl::StatusOr<std::optional<ParsedHead>> ParseHead(std::string_view bytes);

// Takes a chunked body apart as it arrives (RFC 9112, 7.1). Trailers are read and dropped.
class ChunkDecoder {
 public:
  explicit ChunkDecoder(size_t body_bytes_max) : body_bytes_max_(body_bytes_max) {}

  // Returns how many bytes belonged to the body; fewer than all of them are left over when done()
  // or when a line is incomplete. InvalidArgument: bad framing. OutOfRange: body too long.
  absl::StatusOr<size_t> Feed(std::string_view bytes);

  bool done() const { return state_ == State::kDone; }
  std::string TakeBody() { return std::move(body_); }

 private:
  enum class State { kSize, kData, kDataEnd, kTrailers, kDone };

  absl::Status ReadSizeLine(std::string_view line);

  const size_t body_bytes_max_;
  State state_ = State::kSize;
  uint64_t chunk_bytes_left_ = 0;
  size_t trailers_ = 0;
  std::string body_;
};

// The value of name=value in a query, not percent-decoded; empty = none.
std::string_view FindQueryValue(std::string_view query, std::string_view name);

// Values that a comma-separated header has, in any case: Connection, Transfer-Encoding.
bool HasToken(std::string_view list, std::string_view token);

}  // namespace lmgate::fakeprovider
