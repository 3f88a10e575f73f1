#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lmgate::dialect {

// One message of an AWS event stream (Amazon Event Stream Specification, smithy.io). Other headers
// than these are skipped.
struct EventFrame {
  std::string message_type = {};    // empty = "event"; "exception" or "error" otherwise
  std::string event_type = {};      // as "chunk", "messageStart"; empty for the other two
  std::string exception_type = {};  // as "throttlingException"; of an error its :error-code
  std::string content_type = {};    // empty = none
  // Of an error {"message": its :error-message}, which on the wire is a header.
  std::string payload = {};
};

// Limits of the specification's newest form; AWS's own SDKs refuse more as well.
inline constexpr size_t kFrameHeadersBytesMax = 128 << 10;
inline constexpr size_t kFramePayloadBytesMax = 24 << 20;

// The frame as it goes over the wire. The payload must be within the limit.
void AppendEventFrame(const EventFrame& frame, std::string* out);

// Takes a stream of frames apart, whatever the pieces in which it comes. Not thread-safe.
class EventFrameReader {
 public:
  void Feed(std::string_view bytes);
  // The next whole frame; nullopt = more bytes are needed. InvalidArgument: a checksum does not
  // fit, a length is beyond its limit, or the headers cannot be read. After it the stream is lost:
  // all further calls say the same.
  absl::StatusOr<std::optional<EventFrame>> Next();
  // True when no part of a frame is left over: where a stream may end.
  bool AtBoundary() const { return begin_ == bytes_.size() && error_.ok(); }

 private:
  absl::StatusOr<std::optional<EventFrame>> TakeFrame();

  std::string bytes_;
  size_t begin_ = 0;  // what stands before it is consumed
  absl::Status error_;
};

}  // namespace lmgate::dialect
