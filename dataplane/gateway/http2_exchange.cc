#include "dataplane/gateway/http2_exchange.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/gateway/http2_connection.h"

namespace lmgate::gateway {
namespace {

namespace asio = boost::asio;
using http1::AnswerReader;
using http1::TimerWheel;

iovec PieceOf(std::string_view text) {
  return {.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
}

}  // namespace

Http2Exchange::Http2Exchange(Http2Connection& owner, int32_t stream, http1::StreamPtr server,
                             http2::RequestHead::Text request)
    : owner_(owner),
      stream_(stream),
      server_(std::move(server)),
      chunked_(request.chunked),
      bodiless_(request.cut),
      stall_timer_(
          owner.worker().wheel(),
          [](void* self) {
            auto* const exchange = static_cast<Http2Exchange*>(self);
            exchange->owner_.session().Reset(exchange->stream_);
            exchange->owner_.Work();
          },
          this),
      unsent_(std::move(request.head)),
      answer_(request.is_head) {}

void Http2Exchange::Start() {
  if (server_ == nullptr) {
    GiveUpRequest();
    TakeAnswer(OverloadedAnswer());
    return;
  }
  server_->SetObserver(
      [](void* self) {
        auto* const exchange = static_cast<Http2Exchange*>(self);
        Http2Connection& owner = exchange->owner_;
        exchange->ReadAnswer();
        owner.Work();  // may end the exchange
      },
      this);
  OnWritable();
  ReadAnswer();
}

// ---- the request

void Http2Exchange::SendBody(std::string_view bytes) {
  if (bytes.empty()) return;
  if (bodiless_) return owner_.session().Consume(stream_, bytes.size());
  unconsumed_bytes_ += bytes.size();
  if (!chunked_) {
    iovec piece = PieceOf(bytes);
    return Send(std::span(&piece, 1));
  }
  const std::string size_line = StrCat(absl::Hex(bytes.size()), "\r\n");
  std::array<iovec, 3> pieces = {PieceOf(size_line), PieceOf(bytes), PieceOf("\r\n")};
  Send(pieces);
}

void Http2Exchange::EndBody() {
  if (!chunked_) return;
  iovec piece = PieceOf("0\r\n\r\n");
  Send(std::span(&piece, 1));
}

void Http2Exchange::Send(std::span<iovec> pieces) {
  if (request_over_) return GiveUpRequest();
  if (unsent_.empty()) {
    const http1::ErrorCode error = server_->TryWrite(&pieces);
    if (error && error != asio::error::would_block) return GiveUpRequest();
  }
  for (const iovec& piece : pieces) {
    unsent_.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  }
  if (unsent_.empty()) {
    owner_.session().Consume(stream_, std::exchange(unconsumed_bytes_, 0));
  } else {
    AwaitWritable();
  }
}

void Http2Exchange::AwaitWritable() {
  if (std::exchange(awaiting_writable_, true)) return;
  owner_.AwaitWritable(server_->socket(), stream_);
}

void Http2Exchange::OnWritable() {
  awaiting_writable_ = false;
  if (request_over_) return;
  iovec piece = PieceOf(std::string_view(unsent_).substr(unsent_begin_));
  std::span<iovec> pieces(&piece, 1);
  const http1::ErrorCode error = server_->TryWrite(&pieces);
  if (error && error != asio::error::would_block) return GiveUpRequest();
  const size_t left = pieces.empty() ? 0 : pieces.front().iov_len;
  const size_t written = unsent_.size() - unsent_begin_ - left;
  if (left == 0) {
    unsent_.clear();
    unsent_begin_ = 0;
    owner_.session().Consume(stream_, std::exchange(unconsumed_bytes_, 0));
    return;
  }
  unsent_begin_ += written;
  // The sent part goes when it is the larger one: each byte is moved once or so.
  if (unsent_begin_ > unsent_.size() / 2) {
    unsent_.erase(0, unsent_begin_);
    unsent_begin_ = 0;
  }
  const size_t consumed = std::min(written, unconsumed_bytes_);
  unconsumed_bytes_ -= consumed;
  owner_.session().Consume(stream_, consumed);
  AwaitWritable();
}

// What is still to come of it is thrown away.
void Http2Exchange::GiveUpRequest() {
  request_over_ = true;
  unsent_.clear();
  unsent_begin_ = 0;
  owner_.session().Consume(stream_, std::exchange(unconsumed_bytes_, 0));
}

// ---- the answer

void Http2Exchange::OnTaken() {
  UpdateStallTimer();
  ReadAnswer();
}

void Http2Exchange::ReadAnswer() {
  if (server_ == nullptr || answer_over_) return;
  for (;;) {
    const std::string_view input = server_->input();
    const size_t taken = TakeAnswer(input);
    if (answer_over_) {
      server_.reset();
      request_over_ = true;
      return;
    }
    if (taken > 0) server_->Consume(taken);
    if (answer_.in_body() && owner_.session().Room(stream_) == 0) return;
    if (server_->read_outstanding()) return;
    if (server_->read_error() || server_->closed()) {
      EndAnswer(answer_.Finish());
      server_.reset();
      request_over_ = true;
      return;
    }
    server_->ArmRead(std::max(kAnswerBytes, 2 * server_->input().size()));
  }
}

size_t Http2Exchange::TakeAnswer(std::string_view bytes) {
  http2::Session& session = owner_.session();
  http1::ResponseHead& head = owner_.worker().response_head();
  size_t taken = 0;
  while (!answer_over_) {
    if (answer_.in_body() && session.Room(stream_) == 0) break;
    const AnswerReader::Step step = answer_.Next(bytes.substr(taken), &head);
    switch (step.part) {
      case AnswerReader::Part::kNothing:
        return taken;
      case AnswerReader::Part::kInterim:
        session.AnswerInterim(stream_, head.status, head.headers());
        break;
      case AnswerReader::Part::kHead:
        session.Answer(stream_, head.status, head.headers(), answer_.ended());
        break;
      case AnswerReader::Part::kBody:
      case AnswerReader::Part::kEnd:
        session.AddBody(stream_, step.payload);
        break;
      case AnswerReader::Part::kInvalid:
        EndAnswer(/*whole=*/false);
        return taken;
    }
    taken += step.consumed;
    if (answer_.ended()) EndAnswer(/*whole=*/true);
  }
  UpdateStallTimer();
  return taken;
}

void Http2Exchange::EndAnswer(bool whole) {
  answer_over_ = true;
  if (whole) {
    owner_.session().EndBody(stream_, answer_.trailers());
  } else {
    owner_.session().CutBody(stream_);
  }
}

void Http2Exchange::UpdateStallTimer() {
  if (owner_.session().Pending(stream_) == 0) {
    stall_timer_.Clear();
  } else {
    stall_timer_.Set(TimerWheel::NowMs() + owner_.worker().limits().write_timeout_ms);
  }
}

}  // namespace lmgate::gateway
