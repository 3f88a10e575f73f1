#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct nghttp2_session;

namespace lmgate::testing {

using Http2Fields = std::vector<std::pair<std::string, std::string>>;

// What a client got on one stream.
struct Http2Answer {
  int status = 0;
  std::vector<int> interim;
  std::map<std::string, std::string> headers;
  std::string body;
  std::map<std::string, std::string> trailers;
  bool ended = false;             // whole
  std::optional<uint32_t> reset;  // the error code with which the server gave it up
  bool over() const { return ended || reset.has_value(); }
};

// The client's side of HTTP/2, by nghttp2: bytes out of it and into it, no socket. Sends what it is
// told, lawful or not.
class Http2Peer {
 public:
  struct Options {
    bool take_bodies = true;  // false = no window is ever given back
    uint32_t window_bytes = 1 << 20;  // of each stream, and of all together
  };
  explicit Http2Peer(Options options = {true, 1 << 20});
  ~Http2Peer();
  Http2Peer(const Http2Peer&) = delete;
  Http2Peer& operator=(const Http2Peer&) = delete;

  // The pseudo fields of a POST, with `more` behind them.
  static Http2Fields Post(std::string_view path, Http2Fields more = {});

  // A whole request; nullopt = no body, END_STREAM with the head.
  int32_t Send(const Http2Fields& fields, std::optional<std::string_view> body = std::nullopt);
  // A request whose body is still to come.
  int32_t Open(const Http2Fields& fields);
  void AddBody(int32_t stream, std::string_view bytes, bool ends);
  void Reset(int32_t stream);
  void Ping();
  void SendSettings();
  void SendWindowUpdate();

  std::string TakeOutput();
  // False = the server broke the protocol.
  bool Feed(std::string_view bytes);

  const Http2Answer& answer(int32_t stream) { return streams_[stream].answer; }
  // The last error code of a GOAWAY.
  std::optional<uint32_t> goaway() const { return goaway_; }
  size_t pongs() const { return pongs_; }
  // Of the request's body: not yet sent.
  size_t unsent(int32_t stream) { return streams_[stream].body.size() - streams_[stream].sent; }
  // What the server allows at once.
  uint32_t streams_max() const;

 private:
  struct Stream {
    Http2Answer answer;
    std::string body;
    size_t sent = 0;
    bool ends = true;
    bool deferred = false;
  };
  struct Callbacks;

  nghttp2_session* session_ = nullptr;
  std::deque<Http2Fields> sent_fields_;  // nghttp2 would make copies in lower case
  std::map<int32_t, Stream> streams_;
  std::optional<uint32_t> goaway_;
  size_t pongs_ = 0;
};

}  // namespace lmgate::testing
