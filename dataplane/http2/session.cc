#include "dataplane/http2/session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/base/logging.h"
#include "common/base/strings.h"

namespace lmgate::http2 {
namespace {

// The longest head of an answer, as nghttp2 counts: more than --max-answer-header-bytes can be.
constexpr size_t kAnswerHeadBytesMax = 4 << 20;
// What RFC 9113, 6.5.2 adds to each field in SETTINGS_MAX_HEADER_LIST_SIZE.
constexpr size_t kFieldOverheadBytes = 32;

std::string_view View(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// Names and values of a list of fields in memory of its own, as nghttp2 wants it.
class FieldList {
 public:
  // `bytes`: of all names and values together; the views may not move.
  FieldList(size_t fields, size_t bytes) {
    list_.reserve(fields);
    text_.reserve(bytes);
  }
  void Add(std::string_view name, std::string_view value) {
    const size_t at = text_.size();
    for (const char c : name) text_.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c);
    text_.append(value);
    auto* const begin = reinterpret_cast<uint8_t*>(text_.data() + at);
    list_.push_back({.name = begin,
                     .value = begin + name.size(),
                     .namelen = name.size(),
                     .valuelen = value.size(),
                     .flags = NGHTTP2_NV_FLAG_NONE});
  }
  const nghttp2_nv* data() const { return list_.data(); }
  size_t size() const { return list_.size(); }

 private:
  std::vector<nghttp2_nv> list_;
  std::string text_;
};

}  // namespace

struct Session::Stream {
  explicit Stream(size_t head_bytes_max) : head(head_bytes_max) {}
  RequestHead head;
  size_t unconsumed_bytes = 0;  // of the request's body
  bool answered = false;
  bool reset = false;       // by us
  bool body_ended = false;  // nothing is added any more
  bool cut = false;
  bool deferred = false;  // nghttp2 does not ask for more until told
  std::string body;       // from body_begin on; the client has not taken it
  size_t body_begin = 0;
  std::string trailers;

  size_t pending() const { return body.size() - body_begin; }
};

// What nghttp2 calls, during Receive and Produce only.
struct Session::Callbacks {
  static Session& Self(void* self) { return *static_cast<Session*>(self); }

  static int OnBeginFrame(nghttp2_session*, const nghttp2_frame_hd* frame, void* self) {
    Session& session = Self(self);
    session.head_under_way_ = frame->type == NGHTTP2_HEADERS || frame->type == NGHTTP2_CONTINUATION;
    // The usual head is one frame.
    if (frame->type == NGHTTP2_CONTINUATION) session.CountGlitch();
    return 0;
  }

  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    Session& session = Self(self);
    session.streams_[frame->hd.stream_id] =
        std::make_unique<Stream>(session.limits_.head_bytes_max);
    ++session.streams_opened_;
    session.window_updates_left_ += kWindowUpdatesPerFrame;
    return 0;
  }

  static int OnHeader(nghttp2_session* nghttp2, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_bytes, const uint8_t* value, size_t value_bytes, uint8_t,
                      void* self) {
    // A request's trailers go nowhere.
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    Stream* const stream = Self(self).Find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    if (stream->head.Add(View(name, name_bytes), View(value, value_bytes))) return 0;
    nghttp2_submit_rst_stream(nghttp2, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                              NGHTTP2_PROTOCOL_ERROR);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  // nghttp2 would leave the field out; RFC 9113, 8.1.1 wants the stream ended.
  static int OnInvalidHeader(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t,
                             const uint8_t*, size_t, uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    Session& session = Self(self);
    const nghttp2_frame_hd& header = frame->hd;
    const bool ends = (header.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    const bool is_ack = (header.flags & NGHTTP2_FLAG_ACK) != 0;
    switch (header.type) {
      case NGHTTP2_HEADERS:
        session.head_under_way_ = false;
        if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
          session.OnRequestHead(header.stream_id, ends);
        break;
      case NGHTTP2_DATA:
        if (header.length == 0 && !ends) session.CountGlitch();
        break;
      case NGHTTP2_SETTINGS:
        session.settings_received_ = true;
        if (!is_ack) session.CountGlitch();
        return 0;
      case NGHTTP2_WINDOW_UPDATE:
        session.CountWindowUpdate();
        return 0;
      case NGHTTP2_PING:
        if (!is_ack) session.CountGlitch();
        return 0;
      default:  // PRIORITY, RST_STREAM, GOAWAY
        session.CountGlitch();
        return 0;
    }
    if (ends && session.Find(header.stream_id) != nullptr) {
      session.events_.push_back({.kind = Event::Kind::kRequestEnd, .stream = header.stream_id});
    }
    return 0;
  }

  static int OnInvalidFrame(nghttp2_session*, const nghttp2_frame*, int, void* self) {
    Self(self).CountGlitch();
    return 0;
  }

  static int OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size,
                    void* self) {
    Session& session = Self(self);
    Stream* const stream = session.Find(id);
    if (stream == nullptr || stream->body_ended) {
      // The answer is complete, and nobody reads the rest of the request.
      nghttp2_session_consume(session.session_, id, size);
      return 0;
    }
    stream->unconsumed_bytes += size;
    session.events_.push_back(
        {.kind = Event::Kind::kBody, .stream = id, .request = {}, .body = View(bytes, size)});
    return 0;
  }

  static int OnSent(nghttp2_session* nghttp2, const nghttp2_frame* frame, void* self) {
    Session& session = Self(self);
    const int32_t id = frame->hd.stream_id;
    if (frame->hd.type == NGHTTP2_DATA) session.window_updates_left_ += kWindowUpdatesPerFrame;
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
      session.head_under_way_ = false;
      const Stream* const stream = session.Find(id);
      const bool ours = frame->rst_stream.error_code == NGHTTP2_NO_ERROR ||
                        (stream != nullptr && (stream->reset || stream->cut));
      if (!ours) session.CountGlitch();
    }
    const bool ended_by_us =
        (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (ended_by_us && nghttp2_session_get_stream_remote_close(nghttp2, id) == 0) {
      // RFC 9113, 8.1: the rest of the request is not needed.
      nghttp2_submit_rst_stream(nghttp2, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
    }
    return 0;
  }

  static int OnNotSent(nghttp2_session*, const nghttp2_frame* frame, int, void* self) {
    if (frame->hd.type == NGHTTP2_HEADERS) Self(self).Reset(frame->hd.stream_id);
    return 0;
  }

  static int OnClose(nghttp2_session*, int32_t id, uint32_t, void* self) {
    Session& session = Self(self);
    const auto found = session.streams_.find(id);
    if (found == session.streams_.end()) return 0;
    nghttp2_session_consume_connection(session.session_, found->second->unconsumed_bytes);
    session.streams_.erase(found);
    session.events_.push_back({.kind = Event::Kind::kClosed, .stream = id});
    return 0;
  }

  static ssize_t ReadBody(nghttp2_session*, int32_t id, uint8_t* target, size_t size,
                          uint32_t* flags, nghttp2_data_source*, void* self) {
    return Self(self).ReadBody(id, target, size, flags);
  }
};

Session::Session(const Limits& limits, int64_t now_ms)
    : limits_(limits), now_ms_(now_ms), glitches_counted_ms_(now_ms) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  LMGATE_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0);
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, Callbacks::OnBeginFrame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Callbacks::OnBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::OnHeader);
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, Callbacks::OnInvalidHeader);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::OnFrame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks,
                                                               Callbacks::OnInvalidFrame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::OnData);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Callbacks::OnSent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, Callbacks::OnNotSent);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::OnClose);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_send_header_block_length(option, kAnswerHeadBytesMax);
  LMGATE_CHECK(nghttp2_session_server_new2(&session_, callbacks, this, option) == 0);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);

  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindowBytes},
      // Longer ones are refused with 431 where they can be; this tells clients that ask.
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<uint32_t>(limits.head_bytes_max + limits.headers_max * kFieldOverheadBytes)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindowBytes);
}

Session::~Session() { nghttp2_session_del(session_); }

Session::Stream* Session::Find(int32_t stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? nullptr : found->second.get();
}

void Session::Receive(std::string_view bytes, int64_t now_ms) {
  now_ms_ = now_ms;
  if (terminated_ || failed_) return;
  const ssize_t taken = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0) return;
  if (taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
    failed_ = true;
  } else {
    Terminate();
  }
}

std::vector<Session::Event> Session::TakeEvents() { return std::exchange(events_, {}); }

void Session::Produce(size_t bytes_max, std::string* out) {
  while (!failed_ && out->size() < bytes_max) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) failed_ = true;
    if (size <= 0) return;
    out->append(View(bytes, static_cast<size_t>(size)));
  }
}

bool Session::ended() const {
  return failed_ ||
         (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0);
}

void Session::Terminate() {
  if (terminated_) return;
  terminated_ = true;
  nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
}

void Session::CountGlitch() {
  const double more = static_cast<double>(now_ms_ - glitches_counted_ms_) *
                      static_cast<double>(kGlitchesPerSecond) / 1000;
  glitches_counted_ms_ = now_ms_;
  glitches_left_ = std::min(glitches_left_ + more, static_cast<double>(kGlitchesMax)) - 1;
  if (glitches_left_ < 0) Terminate();
}

void Session::CountWindowUpdate() {
  if (--window_updates_left_ < 0) CountGlitch();
}

void Session::OnRequestHead(int32_t id, bool ends) {
  Stream* const stream = Find(id);
  if (stream == nullptr) return;
  std::optional<RequestHead::Text> text = stream->head.Finish(ends);
  if (!text.has_value()) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_PROTOCOL_ERROR);
    return;
  }
  // RFC 9218: streams take turns. Else a long answer would hold up the events of those after it.
  nghttp2_extpri in_turns{.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1};
  nghttp2_session_change_extpri_stream_priority(session_, id, &in_turns,
                                                /*ignore_client_signal=*/1);
  events_.push_back({.kind = Event::Kind::kRequest, .stream = id, .request = *std::move(text)});
}

void Session::Consume(int32_t id, size_t bytes) {
  Stream* const stream = Find(id);
  if (stream == nullptr) return;  // its close has given all of them back
  bytes = std::min(bytes, stream->unconsumed_bytes);
  stream->unconsumed_bytes -= bytes;
  nghttp2_session_consume(session_, id, bytes);
}

// ---- answers

void Session::AnswerInterim(int32_t stream, int status,
                            std::span<const http1::HeaderField> fields) {
  Submit(stream, status, fields, /*interim=*/true, /*ends=*/false);
}

void Session::Answer(int32_t stream, int status, std::span<const http1::HeaderField> fields,
                     bool ends) {
  Submit(stream, status, fields, /*interim=*/false, ends);
}

void Session::Submit(int32_t id, int status, std::span<const http1::HeaderField> fields,
                     bool interim, bool ends) {
  Stream* const stream = Find(id);
  if (stream == nullptr || stream->answered || stream->reset) return;
  const std::string status_text = StrCat(status);
  size_t bytes = status_text.size() + 7;
  for (const http1::HeaderField& field : fields) bytes += field.name.size() + field.value.size();
  FieldList list(fields.size() + 1, bytes);
  list.Add(":status", status_text);
  for (const http1::HeaderField& field : fields) {
    if (!http1::IsHopByHop(field.id)) list.Add(field.name, field.value);
  }
  if (interim) {
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr, list.data(), list.size(),
                           nullptr);
    return;
  }
  stream->answered = true;
  stream->body_ended = ends;
  nghttp2_data_provider provider{};
  provider.read_callback = Callbacks::ReadBody;
  const int error =
      nghttp2_submit_response(session_, id, list.data(), list.size(), ends ? nullptr : &provider);
  if (error != 0) Reset(id);
}

size_t Session::Room(int32_t id) const {
  const Stream* const stream = Find(id);
  if (stream == nullptr || stream->pending() >= kAnswerBytesMax) return 0;
  return kAnswerBytesMax - stream->pending();
}

size_t Session::Pending(int32_t id) const {
  const Stream* const stream = Find(id);
  return stream == nullptr ? 0 : stream->pending();
}

void Session::AddBody(int32_t id, std::string_view bytes) {
  Stream* const stream = Find(id);
  if (stream == nullptr || stream->body_ended || bytes.empty()) return;
  if (stream->body_begin > 0) {
    stream->body.erase(0, stream->body_begin);
    stream->body_begin = 0;
  }
  stream->body.append(bytes);
  if (std::exchange(stream->deferred, false)) nghttp2_session_resume_data(session_, id);
}

void Session::EndBody(int32_t id, std::string_view trailers) {
  Stream* const stream = Find(id);
  if (stream == nullptr || stream->body_ended) return;
  stream->body_ended = true;
  stream->trailers = trailers;
  if (std::exchange(stream->deferred, false)) nghttp2_session_resume_data(session_, id);
}

void Session::CutBody(int32_t id) {
  Stream* const stream = Find(id);
  if (stream == nullptr || stream->body_ended) return;
  if (!stream->answered) return Reset(id);
  stream->body_ended = stream->cut = true;
  if (std::exchange(stream->deferred, false)) nghttp2_session_resume_data(session_, id);
}

int64_t Session::ReadBody(int32_t id, uint8_t* target, size_t size, uint32_t* flags) {
  Stream* const stream = Find(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const size_t taken = std::min(size, stream->pending());
  if (taken == 0 && !stream->body_ended) {
    stream->deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  // nghttp2 resets the stream with INTERNAL_ERROR.
  if (taken == 0 && stream->cut) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  std::memcpy(target, stream->body.data() + stream->body_begin, taken);
  stream->body_begin += taken;
  if (stream->pending() == 0) {
    stream->body.clear();
    stream->body_begin = 0;
  }
  if (taken > 0) events_.push_back({.kind = Event::Kind::kTaken, .stream = id});
  if (stream->pending() > 0 || !stream->body_ended || stream->cut) {
    return static_cast<int64_t>(taken);
  }
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  std::string_view trailers = stream->trailers;
  if (!trailers.empty()) {
    FieldList list(static_cast<size_t>(std::count(trailers.begin(), trailers.end(), '\n')),
                   trailers.size());
    for (size_t end; (end = trailers.find("\r\n")) != std::string_view::npos;) {
      const std::string_view line = trailers.substr(0, end);
      trailers.remove_prefix(end + 2);
      const size_t colon = line.find(':');
      if (colon == std::string_view::npos || colon == 0) continue;
      std::string_view value = line.substr(colon + 1);
      const size_t first = value.find_first_not_of(" \t");
      value = first == std::string_view::npos
                  ? std::string_view()
                  : value.substr(first, value.find_last_not_of(" \t") - first + 1);
      list.Add(line.substr(0, colon), value);
    }
    if (list.size() > 0) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      nghttp2_submit_trailer(session_, id, list.data(), list.size());
    }
  }
  return static_cast<int64_t>(taken);
}

void Session::Reset(int32_t id) {
  Stream* const stream = Find(id);
  if (stream == nullptr || stream->reset) return;
  stream->reset = stream->body_ended = true;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
}

// ---- the end

void Session::SendShutdownNotice() { nghttp2_submit_shutdown_notice(session_); }

void Session::ShutDown() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

}  // namespace lmgate::http2
