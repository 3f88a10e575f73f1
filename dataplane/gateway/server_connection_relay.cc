// The part of ServerConnection that passes an answer on.
#include <algorithm>
#include <boost/asio/error.hpp>
#include <cstring>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/gateway/request_clock.h"
#include "dataplane/gateway/server_connection.h"

namespace lmgate::gateway {
namespace {

namespace asio = boost::asio;
using contract::ErrorCode;
using http1::BodyKind;
using http1::HeaderId;

}  // namespace

// ---- the relay

void ServerConnection::StartRelay() {
  first_byte_seen_ = false;
  reset_at_end_ = false;
  if (translating_) {
    StartTranslatedRelay();
  } else {
    StartRawRelay();
  }
  client_->Consume(head_bytes_);
  head_bytes_ = 0;
  // From here no other target is tried: the request itself is not needed any more.
  request_.body = {};
  worker_.bodies().Give(std::move(body_));
  worker_.GiveScratch(std::move(scratch_));
}

void ServerConnection::StartRawRelay() {
  const http1::ResponseHead& head = worker_.response_head();
  framing_ = ChooseFraming(head.body, request_.http_1_0);
  if (framing_ == OutFraming::kDechunked || framing_ == OutFraming::kClose) {
    request_.keep_alive = false;
  }
  if (worker_.draining()) request_.keep_alive = false;
  event_stream_ = IsEventStream(head.Find(HeaderId::kContentType));
  if (!head.Find(HeaderId::kContentEncoding).empty()) request_.usage.Disable();
  request_.status = head.status;
  request_.code = head.status >= 400 ? ErrorCode::kUpstreamError : ErrorCode::kOk;
  EncodeAnswerHead(head, framing_, request_.keep_alive, request_.http_1_0, request_.head_request,
                   request_.id, &out_);
  upstream_->Consume(head.bytes);
}

bool ServerConnection::Relay() {
  pieces_.clear();
  tail_.clear();
  answer_taken_ = 0;
  if (request_.first_byte_us < 0) {
    request_.first_byte_us = SteadyMicros() - request_.start_us;
    AddPiece(out_);
  }
  if (client_gone_) {
    request_.code = ErrorCode::kClientClosed;
    return false;
  }
  if (translating_) return RelayTranslated();
  if (!answer_done_ && !TakeBody(upstream_->input())) {
    EndTruncated(ErrorCode::kUpstreamInvalidResponse, "The provider's answer is not valid HTTP.");
    return false;
  }
  if (answer_done_) return false;
  if (timed_out_) {
    EndTruncated(ErrorCode::kUpstreamTimeout, "The provider stopped in the middle of its answer.");
    return false;
  }
  const http1::ErrorCode& error = upstream_->read_error();
  if (!error && !upstream_->closed()) return true;
  if (answer_kind_ == BodyKind::kUntilClose && error == asio::error::eof) {
    answer_done_ = true;
    upstream_keep_alive_ = false;
    if (framing_ == OutFraming::kRechunked) {
      tail_ = "0\r\n\r\n";
      AddPiece(tail_);
    }
    return false;
  }
  EndTruncated(ErrorCode::kUpstreamTruncated, DefaultMessage(ErrorCode::kUpstreamTruncated));
  return false;
}

bool ServerConnection::AfterRelayWrite(const http1::ErrorCode& error) {
  if (error) {
    // Ours to give up: the client took nothing for too long, or is gone.
    if (request_.code == ErrorCode::kOk || request_.code == ErrorCode::kUpstreamError) {
      request_.code = ErrorCode::kClientClosed;
    }
    client_gone_ = true;
    return false;
  }
  upstream_->Consume(answer_taken_);
  if (answer_taken_ > 0) first_byte_seen_ = true;
  if (answer_done_ || client_gone_) return true;
  if (upstream_->read_outstanding()) return true;
  upstream_->ArmRead(kAnswerBytes);
  SetAnswerDeadline();
  return true;
}

bool ServerConnection::TakeBody(std::string_view data) {
  answer_taken_ = 0;
  switch (answer_kind_) {
    case BodyKind::kNone:
      answer_done_ = true;
      return true;
    case BodyKind::kContentLength: {
      const std::string_view piece =
          data.substr(0, static_cast<size_t>(std::min<uint64_t>(data.size(), answer_left_)));
      answer_left_ -= piece.size();
      answer_done_ = answer_left_ == 0;
      answer_taken_ = piece.size();
      ObservePayload(piece);
      if (!translating_) AddPiece(piece);
      return true;
    }
    case BodyKind::kChunked: {
      size_t chunks_bytes = 0;  // of the data, up to the trailers
      while (answer_taken_ < data.size()) {
        const bool trailers = answer_chunks_.in_trailers();
        const http1::ChunkTracker::Step chunk = answer_chunks_.Next(data.substr(answer_taken_));
        if (chunk.status == http1::ChunkTracker::Status::kInvalid) {
          answer_taken_ += chunk.consumed;
          return false;
        }
        if (trailers) answer_trailers_.append(data.substr(answer_taken_, chunk.consumed));
        answer_taken_ += chunk.consumed;
        if (!trailers) chunks_bytes = answer_taken_;
        ObservePayload(chunk.payload);
        if (framing_ == OutFraming::kDechunked) AddPiece(chunk.payload);
        if (chunk.status == http1::ChunkTracker::Status::kDone) {
          answer_done_ = true;
          break;
        }
      }
      if (framing_ != OutFraming::kRaw) return true;
      AddPiece(data.substr(0, chunks_bytes));
      if (answer_done_) {
        AppendTrailers(answer_trailers_, &tail_);
        AddPiece(tail_);
      }
      return true;
    }
    case BodyKind::kUntilClose:
      answer_taken_ = data.size();
      ObservePayload(data);
      if (translating_ || data.empty()) return true;
      if (framing_ == OutFraming::kRechunked) {
        chunk_head_ = StrCat(absl::Hex(data.size()), "\r\n");
        AddPiece(chunk_head_);
        AddPiece(data);
        AddPiece("\r\n");
      } else {
        AddPiece(data);
      }
      return true;
  }
  return false;
}

void ServerConnection::AddPiece(std::string_view piece) {
  if (piece.empty()) return;
  pieces_.push_back({.iov_base = const_cast<char*>(piece.data()), .iov_len = piece.size()});
}

void ServerConnection::ObservePayload(std::string_view payload) {
  if (payload.empty()) return;
  if (translating_ && (collecting_ == Collect::kNothing || collecting_ == Collect::kStream)) {
    translated_->translation->Feed(0, payload, &translated_->out);
    return;
  }
  if (collecting_ != Collect::kNothing) {
    // One byte past the limit shows that it was passed.
    collected_.append(payload.substr(0, CollectBytesMax() + 1 - collected_.size()));
    return;
  }
  request_.response_bytes += payload.size();
  request_.usage.Feed(payload);
  const size_t tail = std::min(payload.size(), last_bytes_.size());
  std::memmove(last_bytes_.data(), last_bytes_.data() + tail, last_bytes_.size() - tail);
  std::memcpy(last_bytes_.data() + last_bytes_.size() - tail,
              payload.data() + payload.size() - tail, tail);
}

bool ServerConnection::AtEventBoundary() const {
  const std::string_view last(last_bytes_.data(), last_bytes_.size());
  return last.ends_with("\n\n") || last.ends_with("\r\r") || last == "\r\n\r\n";
}

// The answer stops in the middle: said in the stream where that is still possible, else by an end
// that no client can take for a whole answer.
void ServerConnection::EndTruncated(ErrorCode code, std::string_view message) {
  request_.code = code;
  request_.keep_alive = false;
  const bool between_events =
      event_stream_ && AtEventBoundary() && code != ErrorCode::kUpstreamInvalidResponse;
  const bool chunked = answer_kind_ == BodyKind::kChunked
                           ? framing_ == OutFraming::kDechunked || answer_chunks_.at_boundary()
                           : answer_kind_ == BodyKind::kUntilClose;
  if (!between_events || !chunked) {
    reset_at_end_ = true;
    return;
  }
  const std::string event = ErrorEvent(request_.endpoint.shape, code, message, request_.id);
  if (framing_ == OutFraming::kDechunked || framing_ == OutFraming::kClose) {
    tail_ = event;
  } else {
    tail_ = StrCat(absl::Hex(event.size()), "\r\n", event, "\r\n0\r\n\r\n");
  }
  AddPiece(tail_);
}

}  // namespace lmgate::gateway
