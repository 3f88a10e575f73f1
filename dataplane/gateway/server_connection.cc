#include "dataplane/gateway/server_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <exception>
#include <utility>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "dataplane/gateway/request_clock.h"

namespace lmgate::gateway {
namespace {

namespace asio = boost::asio;
using contract::ErrorCode;
using http1::TimerWheel;

int64_t Milliseconds(absl::Duration duration) { return absl::ToInt64Milliseconds(duration); }

}  // namespace

ServerConnection::ServerConnection(Worker& worker, http1::Socket socket, Client client)
    : worker_(worker),
      client_kind_(client),
      may_be_http2_(client == Client::kNetwork && worker.shared().tls == nullptr &&
                    worker.limits().http2_streams_max > 0),
      client_(new http1::Stream(std::move(socket), worker.streams())),
      timer_(
          worker.wheel(), [](void* self) { static_cast<ServerConnection*>(self)->OnTimer(); },
          this),
      drain_end_ms_(TimerWheel::NowMs() + kDrainFirstMs) {}

void ServerConnection::Start() {
  client_->SetObserver([](void* self) { static_cast<ServerConnection*>(self)->OnUnattendedRead(); },
                       this);
  asio::co_spawn(worker_.io().get_executor(), Serve(), [this](std::exception_ptr exception) {
    if (exception != nullptr) {
      try {
        std::rethrow_exception(exception);
      } catch (const std::exception& error) {
        LogError(StrCat("client connection ended by an exception: ", error.what()));
      }
    }
    Finish();
  });
}

void ServerConnection::Finish() {
  if (client_ != nullptr) worker_.Remove(this);
  delete this;
}

void ServerConnection::HandOver() {
  timer_.Clear();
  worker_.HandOver(this, std::move(client_));
}

void ServerConnection::OnDrain() {
  if (phase_ == Phase::kIdle) SetDeadline(Phase::kIdle, IdleMs());
}

void ServerConnection::Abort() {
  client_gone_ = true;
  connect_control_.Cancel();
  if (upstream_ != nullptr) upstream_->Close();
  if (fan_out_ != nullptr) fan_out_->Wake();
  client_->Close();
}

// The life of a connection. It reads like the list in house.md 2.7: read, authenticate, decode and
// plan (Decide), attempt, relay, settle.
http1::Awaitable<> ServerConnection::Serve() {
  if (worker_.shared().tls != nullptr && client_kind_ == Client::kNetwork) {
    SetDeadline(Phase::kHead, worker_.limits().head_timeout_ms);
    http1::ErrorCode error = client_->StartTls(*worker_.shared().tls, {}, false);
    if (!error) error = co_await client_->Handshake(/*as_client=*/false);
    if (error) co_return;
    if (client_->protocol() == "h2") {
      HandOver();
      co_return;
    }
  }
  bool keep_alive = true;
  while (keep_alive) {
    BeginRequest();
    Step step = Step::kContinue;
    while ((step = ReadHead()) == Step::kReadClient) co_await client_->WaitRead();
    if (step == Step::kClose && !request_.begun) break;
    if (step == Step::kContinue) step = Authenticate();
    if (step == Step::kContinue) step = StartBody();
    if (step == Step::kContinue && !out_.empty()) {  // 100 Continue
      iovec piece{.iov_base = out_.data(), .iov_len = out_.size()};
      std::span<iovec> pieces(&piece, 1);
      http1::ErrorCode error = client_->TryWrite(&pieces);
      if (error == asio::error::would_block) error = co_await client_->WriteRest(pieces);
      if (error) step = Step::kClose;
    }
    if (step == Step::kContinue) {
      while ((step = ReadBody()) == Step::kReadClient) co_await client_->WaitRead();
    }
    if (step == Step::kContinue) step = Decide();

    // Attempts: until an answer begins, or nothing is left to try.
    while (step == Step::kContinue || step == Step::kNextTarget || step == Step::kRetry) {
      step = PrepareTarget(step);
      if (step == Step::kFanOut) step = co_await FanOutRequest();
      if (step != Step::kContinue) continue;
      if (upstream_ == nullptr) {
        SetDeadline(Phase::kConnect, Milliseconds(upstream_connection().config.connect_timeout));
        http1::Endpoint& endpoint = request_.served->endpoint(*request_.connection);
        auto connected = co_await endpoint.Connect(&connect_control_);
        step = OnConnected(std::move(connected));
        if (step != Step::kContinue) continue;
      }
      EncodeForTarget();
      std::span<iovec> pieces = encoded_.Rewind();
      http1::ErrorCode error = upstream_->TryWrite(&pieces);
      if (error == asio::error::would_block) {
        SetDeadline(Phase::kSend, worker_.limits().write_timeout_ms);
        error = co_await upstream_->WriteRest(pieces);
      }
      // A provider may answer, and close, before it has read all: its answer is looked for anyway.
      request_.sent = !error;
      SetDeadline(Phase::kAnswerHead, Milliseconds(upstream_connection().config.header_timeout));
      while ((step = ReadAnswerHead()) == Step::kReadUpstream) co_await upstream_->WaitRead();
    }

    if (step == Step::kRelay) {
      StartRelay();
      for (bool more = true; more;) {
        more = Relay();
        std::span<iovec> pieces(pieces_);
        http1::ErrorCode error = client_->TryWrite(&pieces);
        if (error == asio::error::would_block) {
          SetDeadline(Phase::kWrite, worker_.limits().write_timeout_ms);
          error = co_await client_->WriteRest(pieces);
        }
        more = AfterRelayWrite(error) && more;
        if (more && upstream_->read_outstanding()) co_await upstream_->WaitRead();
      }
    } else if (step == Step::kAnswer) {
      EncodeLocalAnswer(local_.status, local_.content_type, local_.extra_headers, local_.body,
                        request_.keep_alive, request_.http_1_0, request_.head_request,
                        RequestIdLines(request_.endpoint.shape, request_.id), &out_);
      iovec piece{.iov_base = out_.data(), .iov_len = out_.size()};
      std::span<iovec> pieces(&piece, 1);
      SetDeadline(Phase::kWrite, worker_.limits().write_timeout_ms);
      http1::ErrorCode error = client_->TryWrite(&pieces);
      if (error == asio::error::would_block) error = co_await client_->WriteRest(pieces);
      if (error) step = Step::kClose;
    }
    keep_alive = Settle(step);
  }

  // Closing with unread bytes in the socket would reset it, and the client might never see why.
  if (linger_ && !client_->closed() && !client_->is_tls()) {
    http1::ErrorCode ignored;
    client_->socket().shutdown(asio::socket_base::shutdown_send, ignored);
    SetDeadline(Phase::kLinger, kLingerMs);
    size_t discarded = 0;
    while (discarded < kLingerBytesMax && !client_->read_error() && !client_->closed()) {
      discarded += client_->input().size();
      client_->Consume(client_->input().size());
      client_->ArmRead(kInputBytes);
      if (client_->read_outstanding()) co_await client_->WaitRead();
    }
  }
}

// ---- the end of a request

bool ServerConnection::Settle(Step last) {
  if (last == Step::kClose && request_.code == ErrorCode::kOk) {
    request_.code = ErrorCode::kClientClosed;
  }
  if (last == Step::kAnswer) {
    request_.status = local_.status;
    request_.response_bytes = request_.head_request ? 0 : local_.body.size();
    request_.first_byte_us = SteadyMicros() - request_.start_us;
  }
  ReleaseUpstream(last == Step::kRelay && answer_done_ && upstream_keep_alive_ && !client_gone_);
  const int64_t duration_us = SteadyMicros() - request_.start_us;

  AccessRecord record;
  record.time_us = request_.start_unix_us;
  record.request_id = request_.id;
  record.method = request_.method;
  record.path = request_.path;
  record.status = request_.status;
  record.code = request_.code;
  record.model = request_.model;
  record.upstream_model = request_.upstream_model;
  record.upstream_status = request_.upstream_status;
  record.attempts = request_.attempts;
  record.stream = request_.stream || event_stream_;
  record.request_bytes = request_.body_bytes;
  record.response_bytes = request_.response_bytes;
  record.duration_us = duration_us;
  record.first_byte_us = request_.first_byte_us;
  record.usage =
      translated_ != nullptr ? translated_->translation->usage() : request_.usage.usage();
  ConnectionMetrics* metrics = &worker_.unrouted_metrics();
  if (request_.authenticated) {
    record.key = std::string_view(request_.key_id.data(), request_.key_id.size());
  }
  if (request_.group != nullptr) record.group = request_.group->name;
  if (request_.route != nullptr) record.route = request_.route->name;
  if (request_.served != nullptr) record.revision = request_.served->snapshot().revision();
  if (request_.connection.has_value()) {
    record.connection = upstream_connection().name;
    metrics = &request_.served->metrics(*request_.connection);
  }
  worker_.Log(record);

  metrics->requests[static_cast<size_t>(request_.code)].Add(1);
  metrics->duration.Observe(duration_us);
  if (request_.first_byte_us >= 0) metrics->first_byte.Observe(request_.first_byte_us);
  if (record.usage.known) {
    metrics->prompt_tokens.Add(static_cast<uint64_t>(record.usage.prompt_tokens));
    metrics->completion_tokens.Add(static_cast<uint64_t>(record.usage.completion_tokens));
    metrics->cached_tokens.Add(static_cast<uint64_t>(record.usage.cached_tokens));
    metrics->reasoning_tokens.Add(static_cast<uint64_t>(record.usage.reasoning_tokens));
  }
  worker_.counters().request_bytes_total.Add(request_.body_bytes);
  worker_.counters().response_bytes_total.Add(request_.response_bytes);
  worker_.counters().active_requests.Subtract(1);

  worker_.GiveScratch(std::move(scratch_));
  worker_.bodies().Give(std::move(body_));
  request_.served.reset();
  request_.total_deadline_ms = 0;
  // Null = the request itself could not be read for translation.
  const bool whole =
      answer_done_ || (translating_ && translated_ != nullptr && translated_->tail_written);
  translated_.reset();
  translating_ = false;
  edited_.reset();
  if (last == Step::kClose || client_gone_ || client_->closed()) return false;
  if ((last == Step::kRelay || last == Step::kRelayed) && !whole) {
    if (reset_at_end_) {
      // A reset, where a plain close would end the answer as if it were whole.
      const linger abort{.l_onoff = 1, .l_linger = 0};
      if (framing_ == OutFraming::kDechunked || framing_ == OutFraming::kClose) {
        ::setsockopt(client_->socket().native_handle(), SOL_SOCKET, SO_LINGER, &abort,
                     sizeof(abort));
      }
      client_->Close();
    }
    return false;
  }
  if (!request_.keep_alive) return false;
  client_->Consume(head_bytes_);
  may_be_http2_ = false;
  drain_end_ms_ = TimerWheel::NowMs() + kDrainNextMs;
  return true;
}

// ---- timers and the client's end

int64_t ServerConnection::IdleMs() const {
  if (!worker_.draining()) return worker_.limits().idle_timeout_ms;
  return std::max<int64_t>(0, drain_end_ms_ - TimerWheel::NowMs());
}

// Never from OnDrain itself, but from the next tick of the wheel on: what a read has brought by
// then has been looked at, and the connection is not idle any more.
void ServerConnection::OnIdleEnd() {
  if (client_->HasUnread()) {
    // A request came just now. The read is outstanding; the head has its time, as any other.
    timed_out_ = false;
    SetDeadline(Phase::kHead, worker_.limits().head_timeout_ms);
    return;
  }
  client_->Close();
}

void ServerConnection::SetDeadline(Phase phase, int64_t timeout_ms) {
  phase_ = phase;
  int64_t deadline_ms = TimerWheel::NowMs() + timeout_ms;
  if (request_.total_deadline_ms != 0) {
    deadline_ms = std::min(deadline_ms, request_.total_deadline_ms);
  }
  timer_.Set(deadline_ms);
}

void ServerConnection::OnTimer() {
  if (KeepStreamAlive()) return;
  timed_out_ = true;
  switch (phase_) {
    case Phase::kHead:
    case Phase::kBody: {
      // The read is given up, the socket stays: the client is told.
      http1::ErrorCode ignored;
      client_->socket().cancel(ignored);
      break;
    }
    case Phase::kIdle:
      OnIdleEnd();
      break;
    case Phase::kWrite:
    case Phase::kLinger:
      client_->Close();
      break;
    case Phase::kConnect:
      connect_control_.Cancel();
      break;
    case Phase::kSend:
    case Phase::kAnswerHead:
    case Phase::kFirstByte:
    case Phase::kAnswerBody:
      if (upstream_ != nullptr) upstream_->Close();
      break;
  }
}

// Started before the waiting for a provider begins: the client's end is noticed at once, and the
// read is there already when the next request comes.
void ServerConnection::WatchClient() {
  if (client_->read_error() || client_->closed()) {
    client_gone_ = true;
    return;
  }
  // What follows the request already is looked at after it.
  if (client_->input().size() <= head_bytes_) client_->Watch();
  if (client_->read_error()) client_gone_ = true;
}

void ServerConnection::OnUnattendedRead() {
  if (!client_->read_error()) return;  // the next request, early
  client_gone_ = true;
  connect_control_.Cancel();
  if (upstream_ != nullptr) upstream_->Close();
  if (fan_out_ != nullptr) fan_out_->Wake();
}

}  // namespace lmgate::gateway
