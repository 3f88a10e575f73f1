#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/logging.h"
#include "dataplane/dialect/aws_event_stream.h"

namespace {

using lmgate::dialect::AppendEventFrame;
using lmgate::dialect::EventFrame;
using lmgate::dialect::EventFrameReader;

struct Read {
  std::vector<EventFrame> frames;
  bool failed = false;
  bool at_boundary = false;
};

void Drain(EventFrameReader* reader, Read* read) {
  for (;;) {
    auto frame = reader->Next();
    read->failed = !frame.ok();
    if (read->failed || !frame->has_value()) return;
    read->frames.push_back(**std::move(frame));
  }
}

Read ReadIn(std::string_view bytes, size_t piece_bytes) {
  EventFrameReader reader;
  Read read;
  for (size_t at = 0; at < bytes.size(); at += piece_bytes) {
    reader.Feed(bytes.substr(at, piece_bytes));
    Drain(&reader, &read);
  }
  read.at_boundary = reader.AtBoundary();
  return read;
}

void CheckSame(const EventFrame& a, const EventFrame& b) {
  LMGATE_CHECK(a.message_type == b.message_type);
  LMGATE_CHECK(a.event_type == b.event_type || !a.message_type.empty());
  LMGATE_CHECK(a.exception_type == b.exception_type || a.message_type.empty());
  LMGATE_CHECK(a.payload == b.payload);
}

}  // namespace

// Frames are the same however the stream is cut, and what is read can be written and read again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Read whole = ReadIn(bytes, size + 1);
  const Read pieces = ReadIn(bytes, 7);
  LMGATE_CHECK(whole.failed == pieces.failed && whole.at_boundary == pieces.at_boundary);
  LMGATE_CHECK(whole.frames.size() == pieces.frames.size());

  std::string written;
  for (const EventFrame& frame : whole.frames) AppendEventFrame(frame, &written);
  const Read again = ReadIn(written, written.size() + 1);
  LMGATE_CHECK(!again.failed && again.frames.size() == whole.frames.size());
  for (size_t i = 0; i < whole.frames.size(); ++i) {
    CheckSame(whole.frames[i], pieces.frames[i]);
    const std::string& type = whole.frames[i].message_type;
    if (type.empty() || type == "exception") CheckSame(whole.frames[i], again.frames[i]);
  }

  // The input as a payload, to come past the checksums.
  EventFrame frame;
  frame.event_type = "chunk";
  frame.payload = bytes;
  written.clear();
  AppendEventFrame(frame, &written);
  const Read own = ReadIn(written, written.size());
  LMGATE_CHECK(own.frames.size() == 1 && own.at_boundary);
  CheckSame(own.frames.front(), frame);
  return 0;
}
