#include "tests/fakeprovider/delivery_plan.h"

#include <absl/strings/str_format.h>

#include <algorithm>

#include "common/base/strings.h"

namespace lmgate::fakeprovider {
namespace {

// RFC 8297, 2.
constexpr std::string_view kEarlyHints =
    "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n";
// RFC 9110, 15.2.1.
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
// What wrong-length adds: enough that nobody takes it for a forgotten line end.
constexpr uint64_t kLengthExcess = 100;

// Breaks off after `count` events of a stream, or bytes of a plain body, but never after the last.
DeliveryPlan BreakAfter(DeliveryPlan plan, const Answer& answer, uint64_t count, Break how) {
  plan.break_how = how;
  if (answer.is_stream()) {
    plan.break_at = std::min<size_t>(count, std::max<size_t>(answer.event_count, 1) - 1);
    return plan;
  }
  plan.piece_bytes = std::min<size_t>(count, std::max<size_t>(answer.body.size(), 1) - 1);
  plan.break_at = plan.piece_bytes == 0 ? 0 : 1;
  return plan;
}

// A plain body in three parts, so that chunked framing has something to frame.
DeliveryPlan ChunkInThree(DeliveryPlan plan, const Answer& answer) {
  plan.framing = Framing::kChunked;
  if (!answer.is_stream()) plan.piece_bytes = answer.body.size() / 3 + 1;
  return plan;
}

DeliveryPlan ApplyFault(DeliveryPlan plan, const Answer& answer) {
  const uint64_t number = answer.fault.numbers[0];
  switch (answer.fault.kind) {
    case FaultKind::kRefuse:
      plan.sends_head = false;
      plan.break_how = Break::kReset;
      break;
    case FaultKind::kSilent:
      plan.sends_head = false;
      plan.break_how = Break::kSilence;
      break;
    case FaultKind::kSilentAfterHeaders:
      plan.break_how = Break::kSilence;
      break;
    case FaultKind::kCutAfter:
      return BreakAfter(plan, answer, number, Break::kFin);
    case FaultKind::kCutMidChunk:
      return BreakAfter(plan, answer, number,
                        answer.is_stream() ? Break::kFinMidPiece : Break::kFin);
    case FaultKind::kResetAfter:
      return BreakAfter(plan, answer, number, Break::kReset);
    case FaultKind::kStallAfter:
      return BreakAfter(plan, answer, number, Break::kSilence);
    case FaultKind::kMalformedChunk:
      plan = ChunkInThree(plan, answer);
      plan.break_how = Break::kBadChunk;
      plan.break_at = 2;
      break;
    case FaultKind::kDrip:
      plan.gap = absl::Milliseconds(number);
      plan.piece_bytes = 1;
      break;
    case FaultKind::kStream:
      if (answer.is_stream()) plan.gap = absl::Microseconds(answer.fault.numbers[2]);
      break;
    case FaultKind::kDelay:
      plan.delay = absl::Milliseconds(number);
      break;
    case FaultKind::kBytewise:
      plan.bytewise = true;
      break;
    case FaultKind::kChunked:
      plan = ChunkInThree(plan, answer);
      break;
    case FaultKind::kTrailers:
      plan = ChunkInThree(plan, answer);
      plan.sends_trailers = true;
      break;
    case FaultKind::kClose:
      plan.framing = Framing::kUntilClose;
      plan.keep_alive = false;
      plan.afterwards = Afterwards::kFin;
      break;
    case FaultKind::kHalfClose:
      plan.afterwards = Afterwards::kHalfClose;
      break;
    case FaultKind::kIdleClose:
      plan.afterwards = Afterwards::kIdleFin;
      plan.idle = absl::Milliseconds(number);
      break;
    case FaultKind::kIdleReset:
      plan.afterwards = Afterwards::kIdleReset;
      plan.idle = absl::Milliseconds(number);
      break;
    case FaultKind::kThenSilent:
      plan.afterwards = Afterwards::kSilence;
      break;
    case FaultKind::kEarlyHints:
      plan.interim_answer = kEarlyHints;
      break;
    case FaultKind::kUnaskedContinue:
      plan.interim_answer = kContinue;
      break;
    case FaultKind::kWrongLength:
      if (answer.is_stream()) break;
      plan.length_excess = kLengthExcess;
      plan.break_how = Break::kSilence;
      plan.break_at = 1;
      break;
    case FaultKind::kExtraBytes:
      plan.sends_extra_answer = true;
      break;
    default:
      break;  // the dialect has done it
  }
  return plan;
}

}  // namespace

bool DeliveryPlan::is_direct() const {
  return framing == Framing::kLength && sends_head && interim_answer.empty() &&
         !sends_extra_answer && !bytewise && delay == absl::ZeroDuration() &&
         gap == absl::ZeroDuration() && piece_bytes == 0 && break_how == Break::kNone;
}

DeliveryPlan MakeDeliveryPlan(const Answer& answer, const DeliveryRequest& request) {
  DeliveryPlan plan;
  plan.framing = answer.is_stream() ? Framing::kChunked : Framing::kLength;
  plan.keep_alive = request.keep_alive;
  plan.afterwards = request.keep_alive ? Afterwards::kKeepAlive : Afterwards::kFin;
  if (request.never_answer) {
    plan.sends_head = false;
    plan.break_how = Break::kSilence;
    return plan;
  }
  plan.sends_body = !request.is_head && answer.status != 204 && answer.status != 304;
  if (plan.sends_body) plan = ApplyFault(plan, answer);
  if (answer.is_stream()) {
    plan.piece_count = answer.event_count;
  } else if (plan.piece_bytes == 0) {
    plan.piece_count = answer.body.empty() ? 0 : 1;
  } else {
    plan.piece_count = (answer.body.size() + plan.piece_bytes - 1) / plan.piece_bytes;
  }
  return plan;
}

std::string MakeHead(const Answer& answer, const DeliveryPlan& plan) {
  std::string head;
  head.reserve(512);
  StrAppend(&head, "HTTP/1.1 ", answer.status, " ", ReasonPhrase(answer.status), "\r\n");
  if (answer.status != 204) StrAppend(&head, "content-type: ", answer.content_type, "\r\n");
  if (answer.status == 204 || answer.status == 304) {
    // No framing: RFC 9110, 8.6.
  } else if (plan.framing == Framing::kLength) {
    StrAppend(&head, "content-length: ", answer.body.size() + plan.length_excess, "\r\n");
  } else if (plan.framing == Framing::kChunked) {
    head += "transfer-encoding: chunked\r\n";
  }
  if (plan.sends_trailers) head += "trailer: x-fake-trailer\r\n";
  if (!plan.keep_alive) head += "connection: close\r\n";
  for (const Header& header : answer.headers) {
    StrAppend(&head, header.name, ": ", header.value, "\r\n");
  }
  head += "\r\n";
  return head;
}

std::string_view BodyPiece(const Answer& answer, const DeliveryPlan& plan, size_t index) {
  const std::string_view body = answer.body;
  if (plan.piece_bytes == 0) return body;
  return body.substr(index * plan.piece_bytes, plan.piece_bytes);
}

std::string EncodeChunk(std::string_view bytes) {
  std::string chunk;
  chunk.reserve(bytes.size() + 20);
  absl::StrAppendFormat(&chunk, "%x\r\n", bytes.size());
  chunk += bytes;
  chunk += "\r\n";
  return chunk;
}

std::string_view BodyEnd(const DeliveryPlan& plan) {
  if (plan.framing != Framing::kChunked) return "";
  return plan.sends_trailers ? "0\r\nx-fake-trailer: the-end\r\n\r\n" : "0\r\n\r\n";
}

}  // namespace lmgate::fakeprovider
