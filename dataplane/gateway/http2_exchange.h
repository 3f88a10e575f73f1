#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/http1/answer_reader.h"
#include "dataplane/http1/stream.h"
#include "dataplane/http1/timer_wheel.h"
#include "dataplane/http2/request_head.h"

namespace lmgate::gateway {

class Http2Connection;

// One stream of an HTTP/2 connection: its request as HTTP/1.1 to a ServerConnection, and the answer
// back. What it holds is bounded by the session's windows on the way in and by Session::Room on the
// way out. Destroyed with the stream: then its socket closes, which is how the ServerConnection
// learns that the client has gone.
class Http2Exchange {
 public:
  // `owner` outlives it. `server`: the way to the ServerConnection; null = there is none left, and
  // the client is told so.
  Http2Exchange(Http2Connection& owner, int32_t stream, http1::StreamPtr server,
                http2::RequestHead::Text request);
  Http2Exchange(const Http2Exchange&) = delete;
  Http2Exchange& operator=(const Http2Exchange&) = delete;

  void Start();
  void SendBody(std::string_view bytes);
  void EndBody();
  // The client took some of the answer.
  void OnTaken();
  // The server takes more of the request.
  void OnWritable();

 private:
  static constexpr size_t kAnswerBytes = 32 << 10;  // read at a time

  void Send(std::span<iovec> pieces);
  void AwaitWritable();
  void GiveUpRequest();
  void ReadAnswer();
  // Takes all parts of the answer in `bytes` that there is room for, and returns their length.
  size_t TakeAnswer(std::string_view bytes);
  void EndAnswer(bool whole);
  void UpdateStallTimer();

  Http2Connection& owner_;
  const int32_t stream_;
  http1::StreamPtr server_;
  const bool chunked_;
  const bool bodiless_;                   // the server must not see the body
  http1::TimerWheel::Entry stall_timer_;  // a client that takes nothing
  std::string unsent_;                    // of the request
  size_t unsent_begin_ = 0;
  size_t unconsumed_bytes_ = 0;  // of the body among it
  bool awaiting_writable_ = false;
  bool request_over_ = false;  // the server reads no more of it
  http1::AnswerReader answer_;
  bool answer_over_ = false;
};

}  // namespace lmgate::gateway
