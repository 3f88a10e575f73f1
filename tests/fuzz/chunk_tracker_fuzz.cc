#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/logging.h"
#include "dataplane/http1/body_framing.h"

namespace {

using lmgate::http1::ChunkTracker;
using Status = ChunkTracker::Status;

struct Outcome {
  Status status = Status::kMore;
  std::string payload;
  size_t consumed = 0;
};

Outcome Track(std::string_view bytes, size_t piece_bytes) {
  ChunkTracker tracker;
  Outcome outcome;
  while (outcome.consumed < bytes.size() && outcome.status == Status::kMore) {
    const auto step = tracker.Next(bytes.substr(outcome.consumed, piece_bytes));
    LMGATE_CHECK(step.status != Status::kMore || step.consumed > 0);
    outcome.status = step.status;
    outcome.payload += step.payload;
    outcome.consumed += step.consumed;
  }
  return outcome;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The plainest decoder of a whole body (RFC 9112, 7.1), for bodies that the tracker has accepted.
std::string Decode(std::string_view bytes, size_t* consumed) {
  std::string payload;
  size_t at = 0;
  for (;;) {
    size_t size = 0;
    while (HexValue(bytes[at]) >= 0) size = size * 16 + static_cast<size_t>(HexValue(bytes[at++]));
    at = bytes.find("\r\n", at) + 2;
    if (size == 0) break;
    payload += bytes.substr(at, size);
    at += size;
    LMGATE_CHECK(bytes.substr(at, 2) == "\r\n");
    at += 2;
  }
  while (bytes.substr(at, 2) != "\r\n") at = bytes.find("\r\n", at) + 2;
  *consumed = at + 2;
  return payload;
}

}  // namespace

// Whatever the pieces, the outcome is the same; a body that is complete decodes to its payload.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = Track(bytes, size);
  for (const size_t piece_bytes : {1, 2, 3, 7}) {
    const Outcome pieces = Track(bytes, piece_bytes);
    LMGATE_CHECK(pieces.status == whole.status && pieces.payload == whole.payload);
    LMGATE_CHECK(pieces.consumed == whole.consumed);
  }
  if (whole.status == Status::kDone) {
    size_t consumed = 0;
    LMGATE_CHECK(Decode(bytes, &consumed) == whole.payload);
    LMGATE_CHECK(consumed == whole.consumed);
  }
  return 0;
}
