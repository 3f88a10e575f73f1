#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lmgate::dialect {

// Takes an event stream apart (WHATWG HTML, Server-sent events), whatever the pieces in which it
// comes: lines ended by LF, CRLF or CR, comments, several data lines, a BOM, a last event without
// its empty line. `id` and `retry` are ignored.
class SseReader {
 public:
  struct Event {
    std::string_view type;  // `event:`; empty = none
    std::string_view data;  // without the last line feed
  };
  // An event larger than this ends the stream as broken: images and encrypted content are long.
  static constexpr size_t kEventBytesMax = 32 << 20;

  // Consumes from the front of `bytes` up to the end of the next event. True = `event` is one,
  // valid until the next call; false = all of `bytes` is consumed and no event is complete, or it
  // is broken.
  bool Next(std::string_view* bytes, Event* event);
  // What the end of the stream completes.
  bool Finish(Event* event);
  bool broken() const { return broken_; }

 private:
  void AddLine(std::string_view line);
  bool TakeEvent(Event* event);

  std::string line_;  // the beginning of a line whose end has not come
  std::string type_;
  std::string data_;
  std::string taken_type_;
  std::string taken_data_;
  bool has_data_ = false;
  bool after_cr_ = false;  // a LF that comes now belongs to the CR before it
  bool first_line_ = true;
  bool broken_ = false;
};

// One event: "event: TYPE" when given, "data: DATA", an empty line. `data` has no line breaks.
void AppendSseEvent(std::string_view type, std::string_view data, std::string* out);

}  // namespace lmgate::dialect
