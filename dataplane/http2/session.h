#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/http1/head_scanner.h"
#include "dataplane/http2/request_head.h"

struct nghttp2_session;

namespace lmgate::http2 {

// The server's side of one HTTP/2 connection (RFC 9113) around nghttp2: bytes of the client in,
// events out; answers in, bytes for the client out. Pure: no sockets, and the time is handed in.
//
// Memory is bounded: a request's body by the flow-control windows, which open as Consume says; an
// answer's body by Room. What costs us more than the client (resets, pings, settings, empty frames,
// malformed requests …) is counted; too much of it ends the session with ENHANCE_YOUR_CALM.
class Session {
 public:
  struct Limits {
    uint32_t streams_max = 128;
    size_t head_bytes_max = 32 << 10;  // of a request, as HTTP/1.1 would have it
    size_t headers_max = http1::kHeaderFieldsMax;
  };
  // What a client may send ahead of Consume: on a stream, and on all together.
  static constexpr size_t kStreamWindowBytes = 1 << 20;
  static constexpr size_t kConnectionWindowBytes = 2 << 20;
  // Of an answer's body, kept until the client takes it.
  static constexpr size_t kAnswerBytesMax = 64 << 10;
  // Frames of the suspicious kinds: so many at once, and so many a second for ever.
  static constexpr int64_t kGlitchesMax = 500;
  static constexpr int64_t kGlitchesPerSecond = 33;
  // Window updates: as many and these for each frame of data that was sent, each stream opened.
  static constexpr int64_t kWindowUpdatesPerFrame = 10;

  struct Event {
    enum class Kind : uint8_t {
      kRequest,     // begins a stream
      kBody,        // a piece of the request's body
      kRequestEnd,  // the request is whole
      kTaken,       // the client took some of the answer's body
      kClosed,      // the stream is over: whole, reset by either side, or with the session
    };
    Kind kind = Kind::kClosed;
    int32_t stream = 0;
    RequestHead::Text request = {};  // kRequest
    std::string_view body = {};      // kBody: into what Receive was given
  };

  Session(const Limits& limits, int64_t now_ms);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Takes bytes of the client. Look at the events before `bytes` goes.
  void Receive(std::string_view bytes, int64_t now_ms);
  bool has_events() const { return !events_.empty(); }
  std::vector<Event> TakeEvents();
  // Appends what is to be sent, about `bytes_max` or less; nothing = there is nothing now.
  void Produce(size_t bytes_max, std::string* out);
  // Nothing more is to be read or sent.
  bool ended() const;

  // Of a stream that has been closed meanwhile, all these do nothing.

  // So many bytes of the request's body are done with: the client may send as many again.
  void Consume(int32_t stream, size_t bytes);
  // A head of 1xx.
  void AnswerInterim(int32_t stream, int status, std::span<const http1::HeaderField> fields);
  // Fields that are about a connection are left out. `ends`: there is no body.
  void Answer(int32_t stream, int status, std::span<const http1::HeaderField> fields, bool ends);
  // How much more of the answer's body is welcome; one piece may exceed it.
  size_t Room(int32_t stream) const;
  // Of the answer's body, waiting for the client.
  size_t Pending(int32_t stream) const;
  void AddBody(int32_t stream, std::string_view bytes);
  // `trailers`: header lines, each ended by CR and LF, or nothing.
  void EndBody(int32_t stream, std::string_view trailers);
  // The rest of the body will not come: the client sees a reset after what was added.
  void CutBody(int32_t stream);
  // Now, by our own decision: INTERNAL_ERROR.
  void Reset(int32_t stream);

  // GOAWAY. New streams are still served after a notice; after ShutDown only those begun before,
  // and the session has ended when they have.
  void SendShutdownNotice();
  void ShutDown();
  // GOAWAY as well, and the streams end with it: the client asks too much.
  void Terminate();

  // A head has begun and not ended, or the client has not yet said its settings.
  bool head_under_way() const { return head_under_way_ || !settings_received_; }
  // Streams that the client has opened so far.
  uint64_t streams_opened() const { return streams_opened_; }

 private:
  struct Stream;
  struct Callbacks;

  Stream* Find(int32_t stream) const;
  void CountGlitch();
  void CountWindowUpdate();
  void Submit(int32_t id, int status, std::span<const http1::HeaderField> fields, bool interim,
              bool ends);
  void OnRequestHead(int32_t id, bool ends);
  int64_t ReadBody(int32_t id, uint8_t* target, size_t size, uint32_t* flags);

  const Limits limits_;
  nghttp2_session* session_ = nullptr;
  absl::flat_hash_map<int32_t, std::unique_ptr<Stream>> streams_;
  std::vector<Event> events_;
  uint64_t streams_opened_ = 0;
  bool settings_received_ = false;
  bool head_under_way_ = false;
  bool terminated_ = false;  // by us; GOAWAY is on its way
  bool failed_ = false;      // not even that
  int64_t now_ms_;
  double glitches_left_ = static_cast<double>(kGlitchesMax);
  int64_t glitches_counted_ms_;
  int64_t window_updates_left_ = kGlitchesMax;
};

}  // namespace lmgate::http2
