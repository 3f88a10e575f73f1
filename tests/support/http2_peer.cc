#include "tests/support/http2_peer.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>

#include "common/base/logging.h"

namespace lmgate::testing {
namespace {

// RFC 9113, 6.9.2.
constexpr uint32_t kInitialWindowBytes = 65535;

}  // namespace

struct Http2Peer::Callbacks {
  static Http2Peer& Self(void* self) { return *static_cast<Http2Peer*>(self); }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_bytes, const uint8_t* value, size_t value_bytes, uint8_t,
                      void* self) {
    Http2Answer& answer = Self(self).streams_[frame->hd.stream_id].answer;
    const std::string key(reinterpret_cast<const char*>(name), name_bytes);
    const std::string text(reinterpret_cast<const char*>(value), value_bytes);
    if (key == ":status") {
      if (answer.status / 100 == 1) answer.interim.push_back(answer.status);
      answer.status = std::stoi(text);
    } else if (answer.status >= 200 && frame->headers.cat == NGHTTP2_HCAT_HEADERS &&
               !answer.headers.empty()) {
      answer.trailers[key] = text;
    } else {
      answer.headers[key] = text;
    }
    return 0;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    Http2Peer& peer = Self(self);
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA:
        if (ends) peer.streams_[frame->hd.stream_id].answer.ended = true;
        break;
      case NGHTTP2_RST_STREAM: {
        Http2Answer& answer = peer.streams_[frame->hd.stream_id].answer;
        if (!answer.ended) answer.reset = frame->rst_stream.error_code;
        break;
      }
      case NGHTTP2_GOAWAY:
        peer.goaway_ = frame->goaway.error_code;
        break;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) ++peer.pongs_;
        break;
      default:
        break;
    }
    return 0;
  }

  static int OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size,
                    void* self) {
    Self(self).streams_[id].answer.body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }

  static ssize_t ReadBody(nghttp2_session*, int32_t id, uint8_t* target, size_t size,
                          uint32_t* flags, nghttp2_data_source*, void* self) {
    Stream& stream = Self(self).streams_[id];
    const size_t taken = std::min(size, stream.body.size() - stream.sent);
    if (taken == 0 && !stream.ends) {
      stream.deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    std::memcpy(target, stream.body.data() + stream.sent, taken);
    stream.sent += taken;
    if (stream.ends && stream.sent == stream.body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(taken);
  }
};

Http2Peer::Http2Peer(Options options) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  LMGATE_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::OnHeader);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::OnFrame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::OnData);
  nghttp2_option_set_no_auto_window_update(option, options.take_bodies ? 0 : 1);
  nghttp2_option_set_max_outbound_ack(option, 100'000);
  LMGATE_CHECK(nghttp2_session_client_new2(&session_, callbacks, this, option) == 0);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry window = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                         options.window_bytes};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &window, 1);
  nghttp2_session_set_local_window_size(
      session_, NGHTTP2_FLAG_NONE, 0,
      static_cast<int32_t>(std::max<uint32_t>(options.window_bytes, kInitialWindowBytes)));
}

Http2Peer::~Http2Peer() { nghttp2_session_del(session_); }

Http2Fields Http2Peer::Post(std::string_view path, Http2Fields more) {
  Http2Fields fields = {{":method", "POST"},
                        {":scheme", "http"},
                        {":authority", "localhost"},
                        {":path", std::string(path)}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

int32_t Http2Peer::Send(const Http2Fields& fields, std::optional<std::string_view> body) {
  std::vector<nghttp2_nv> list;
  for (const auto& [name, value] : sent_fields_.emplace_back(fields)) {
    list.push_back({.name = reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                    .value = reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())),
                    .namelen = name.size(),
                    .valuelen = value.size(),
                    .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE});
  }
  nghttp2_data_provider provider{};
  provider.read_callback = Callbacks::ReadBody;
  const int32_t id = nghttp2_submit_request(session_, nullptr, list.data(), list.size(),
                                            body.has_value() ? &provider : nullptr, nullptr);
  LMGATE_CHECK(id > 0);
  streams_[id].body = body.value_or("");
  return id;
}

int32_t Http2Peer::Open(const Http2Fields& fields) {
  const int32_t id = Send(fields, "");
  streams_[id].ends = false;
  return id;
}

void Http2Peer::AddBody(int32_t id, std::string_view bytes, bool ends) {
  Stream& stream = streams_[id];
  stream.body.append(bytes);
  stream.ends = ends;
  if (stream.deferred) nghttp2_session_resume_data(session_, id);
  stream.deferred = false;
}

void Http2Peer::Reset(int32_t stream) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
}

void Http2Peer::Ping() { nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr); }

void Http2Peer::SendSettings() { nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0); }

void Http2Peer::SendWindowUpdate() {
  nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, 0, 1);
}

std::string Http2Peer::TakeOutput() {
  std::string output;
  for (;;) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size <= 0) return output;
    output.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  }
}

bool Http2Peer::Feed(std::string_view bytes) {
  return nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()),
                                  bytes.size()) >= 0;
}

uint32_t Http2Peer::streams_max() const {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

}  // namespace lmgate::testing
