#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/base/logging.h"
#include "dataplane/http1/head_scanner.h"
#include "dataplane/http2/session.h"

namespace {

using lmgate::http1::BodyKind;
using lmgate::http1::RequestHead;
using lmgate::http1::ScanRequestHead;
using lmgate::http1::ScanStatus;
using lmgate::http2::Session;
using Kind = Session::Event::Kind;

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// What the session has said of a stream.
struct Stream {
  bool ended = false;
  size_t body_bytes = 0;
};

// One request stands in the text, no more and no less, and its body is framed as the text says.
void CheckRequest(const lmgate::http2::RequestHead::Text& request) {
  static auto* const head = new RequestHead;
  const auto result = ScanRequestHead(request.head, head);
  if (request.cut) {
    LMGATE_CHECK(result.status != ScanStatus::kComplete);
    return;
  }
  LMGATE_CHECK(result.status != ScanStatus::kIncomplete);
  if (result.status != ScanStatus::kComplete) return;
  LMGATE_CHECK(head->bytes == request.head.size());
  LMGATE_CHECK(request.chunked == (head->body == BodyKind::kChunked));
  LMGATE_CHECK(request.is_head == (head->method == "HEAD"));
  LMGATE_CHECK(!head->http_1_0 && head->keep_alive);
}

class Server {
 public:
  explicit Server(uint8_t manner) : manner_(manner) {}

  void Take(std::string_view bytes) {
    session_.Receive(bytes, now_ms_++);
    Look();
    for (int i = 0; i < 100; ++i) {
      std::string out;
      session_.Produce(64 << 10, &out);
      LMGATE_CHECK(out.size() < (256 << 10));
      Look();
      if (out.empty()) return;
    }
  }

 private:
  void Look() {
    for (Session::Event& event : session_.TakeEvents()) {
      const auto found = streams_.find(event.stream);
      switch (event.kind) {
        case Kind::kRequest:
          LMGATE_CHECK(found == streams_.end());
          LMGATE_CHECK(streams_.size() < kStreamsMax);
          CheckRequest(event.request);
          streams_[event.stream] = {};
          if ((manner_ & 1) != 0) Answer(event.stream);
          break;
        case Kind::kBody:
          LMGATE_CHECK(found != streams_.end() && !found->second.ended);
          found->second.body_bytes += event.body.size();
          if ((manner_ & 2) != 0) session_.Consume(event.stream, event.body.size());
          break;
        case Kind::kRequestEnd:
          if (found == streams_.end()) break;  // its head was refused
          LMGATE_CHECK(!found->second.ended);
          found->second.ended = true;
          if ((manner_ & 1) == 0) Answer(event.stream);
          break;
        case Kind::kTaken:
          break;
        case Kind::kClosed:
          if (found != streams_.end()) streams_.erase(found);
          break;
      }
    }
  }

  void Answer(int32_t stream) {
    if ((manner_ & 4) != 0) return session_.Reset(stream);
    session_.Answer(stream, 200, {}, (manner_ & 8) != 0);
    session_.AddBody(stream, "some of it");
    if ((manner_ & 16) != 0) {
      session_.CutBody(stream);
    } else {
      session_.EndBody(stream, (manner_ & 32) != 0 ? "a: b\r\n\r\n" : "");
    }
  }

  static constexpr uint32_t kStreamsMax = 8;
  const uint8_t manner_;
  int64_t now_ms_ = 1000;
  Session session_{{.streams_max = kStreamsMax, .head_bytes_max = 600, .headers_max = 20}, now_ms_};
  std::map<int32_t, Stream> streams_;
};

}  // namespace

// A client may send what it likes: nothing crashes, no more streams are open than allowed, and the
// head of each is one HTTP/1.1 head, whose end and whose body's framing are those that were meant.
// The first byte is how the server behaves, the second in what pieces the rest comes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > (64 << 10)) return 0;
  Server server(data[0]);
  const size_t piece = data[1] == 0 ? size : data[1];
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  server.Take(kPreface);
  while (!bytes.empty()) {
    server.Take(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  return 0;
}
