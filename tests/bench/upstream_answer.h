#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lmgate::bench {

// What a request asks the upstream for, by words anywhere in the first or the last kWindowBytes of
// its body (its "user" field stands there, before or after the messages):
//   "stream":true and sse_<events>_<bytes>_<microseconds>   server-sent events
//   u-16k                                                   a plain answer of 16 KB
//   neither                                                 a plain answer of 1 KB
struct AnswerShape {
  bool is_stream = false;
  bool is_big = false;
  uint32_t events = 50;
  uint32_t event_bytes = 200;
  uint64_t gap_nanos = 0;  // between two events; 0 = as fast as they are taken
};

// The two ends of a body, which may be long and come in pieces.
class BodyEnds {
 public:
  static constexpr size_t kWindowBytes = 512;

  void Add(std::string_view piece);
  void Clear() { text_.clear(); }
  AnswerShape Shape() const;

 private:
  std::string text_;
};

// A whole plain answer, with its head, whose body has about `body_bytes`.
std::string MakePlainAnswer(size_t body_bytes);

inline constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    "X-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n";
inline constexpr std::string_view kStreamEnd = "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";

// Appends event number `sequence` as one chunk. It carries its number and `now_nanos`, so that
// the client can tell what was lost and how long it took. The last one carries the usage.
void AppendEvent(const AnswerShape& shape, uint32_t sequence, uint64_t now_nanos, std::string* out);

}  // namespace lmgate::bench
