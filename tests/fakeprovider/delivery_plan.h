#pragma once

#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/fakeprovider/answer.h"

namespace lmgate::fakeprovider {

enum class Framing { kLength, kChunked, kUntilClose };

// How an answer ends before its end.
enum class Break {
  kNone,
  kFin,
  kFinMidPiece,  // after half of the piece that was due
  kReset,
  kSilence,
  kBadChunk,  // a chunk size that is no number, then silence: waiting for the FIN is no detection
};

// What becomes of the connection after a whole answer.
enum class Afterwards {
  kKeepAlive,
  kFin,
  kHalfClose,  // FIN, but it goes on reading
  kIdleFin,
  kIdleReset,
  kSilence,  // reads further requests, answers none
};

// How an answer goes over the wire: all that its fault asks of the delivery, decided beforehand.
// An answer is sent in pieces: the events of a stream, or parts of a plain body.
struct DeliveryPlan {
  Framing framing = Framing::kLength;
  bool sends_head = true;
  bool sends_body = true;                // false: HEAD, 204, 304
  std::string_view interim_answer = {};  // sent before the head; empty = none
  bool sends_trailers = false;
  bool sends_extra_answer = false;
  bool bytewise = false;
  bool keep_alive = true;  // what the head says

  absl::Duration delay;        // before the head
  absl::Duration gap;          // the i-th piece goes (i + 1) * gap after the head
  size_t piece_bytes = 0;      // of a plain body; 0 = in one piece
  size_t piece_count = 0;      // of events or parts
  uint64_t length_excess = 0;  // what content-length says too much

  Break break_how = Break::kNone;
  size_t break_at = 0;  // index of the piece that is not sent any more

  Afterwards afterwards = Afterwards::kKeepAlive;
  absl::Duration idle;  // for kIdleFin, kIdleReset

  // Head and body can be handed to the kernel in one write.
  bool is_direct() const;
};

struct DeliveryRequest {
  bool is_head = false;  // method HEAD
  bool keep_alive = true;
  bool never_answer = false;  // the connection has fallen silent
};
DeliveryPlan MakeDeliveryPlan(const Answer& answer, const DeliveryRequest& request);

// Status line and headers, with the empty line.
std::string MakeHead(const Answer& answer, const DeliveryPlan& plan);

// The piece, which must outlive the view; for a stream use answer.event.
std::string_view BodyPiece(const Answer& answer, const DeliveryPlan& plan, size_t index);

// As one HTTP chunk (RFC 9112, 7.1).
std::string EncodeChunk(std::string_view bytes);

// What ends the body; empty unless chunked.
std::string_view BodyEnd(const DeliveryPlan& plan);

}  // namespace lmgate::fakeprovider
