#include "dataplane/gateway/http2_connection.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <exception>
#include <optional>
#include <span>
#include <utility>

#include "common/base/logging.h"
#include "common/base/strings.h"

namespace lmgate::gateway {
namespace {

namespace asio = boost::asio;
using http1::TimerWheel;
using http2::Session;

Session::Limits SessionLimits(const TrafficLimits& limits) {
  return {.streams_max = limits.http2_streams_max,
          .head_bytes_max = limits.head_bytes_max,
          .headers_max = limits.headers_max};
}

void LogException(std::exception_ptr exception) {
  if (exception == nullptr) return;
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    LogError(StrCat("client connection ended by an exception: ", error.what()));
  }
}

}  // namespace

Http2Connection::Http2Connection(Worker& worker, http1::StreamPtr client)
    : worker_(worker),
      client_(std::move(client)),
      session_(SessionLimits(worker.limits()), TimerWheel::NowMs()),
      timer_(
          worker.wheel(), [](void* self) { static_cast<Http2Connection*>(self)->OnTimer(); }, this),
      write_timer_(
          worker.wheel(), [](void* self) { static_cast<Http2Connection*>(self)->Abort(); }, this),
      drain_timer_(
          worker.wheel(),
          [](void* self) {
            static_cast<Http2Connection*>(self)->session_.ShutDown();
            static_cast<Http2Connection*>(self)->Work();
          },
          this),
      first_request_end_ms_(TimerWheel::NowMs() + kDrainFirstMs) {}

void Http2Connection::Start() {
  client_->SetObserver(nullptr, nullptr);  // whoever observed it before is gone
  if (worker_.draining()) OnDrain();
  ++operations_;
  asio::co_spawn(worker_.io().get_executor(), Serve(), [this](std::exception_ptr exception) {
    LogException(exception);
    ended_ = true;
    timer_.Clear();
    write_timer_.Clear();
    drain_timer_.Clear();
    exchanges_.clear();
    client_->Close();
    EndOperation();
  });
}

void Http2Connection::OnDrain() {
  if (ended_) return;
  session_.SendShutdownNotice();
  const int64_t next_end_ms = TimerWheel::NowMs() + kDrainNextMs;
  drain_timer_.Set(session_.streams_opened() == 0 ? std::max(first_request_end_ms_, next_end_ms)
                                                  : next_end_ms);
  Work();
}

void Http2Connection::Abort() { client_->Close(); }

http1::Awaitable<> Http2Connection::Serve() {
  Work();  // our settings
  while (!client_->closed() && !session_.ended()) {
    const std::string_view input = client_->input();
    if (!input.empty()) {
      session_.Receive(input, TimerWheel::NowMs());
      HandleEvents();
      client_->Consume(input.size());
      Work();
      continue;
    }
    if (client_->read_error()) co_return;
    client_->ArmRead(kInputBytes);
    if (client_->read_outstanding()) co_await client_->WaitRead();
  }
  // The last words are still being written, or may not have been read: a close with unread bytes in
  // the socket would reset it.
  if (!client_->closed()) BeginLinger();
  size_t discarded = 0;
  while (!client_->closed() && !client_->read_error() && discarded < kLingerBytesMax) {
    discarded += client_->input().size();
    client_->Consume(client_->input().size());
    client_->ArmRead(kInputBytes);
    if (client_->read_outstanding()) co_await client_->WaitRead();
  }
}

void Http2Connection::BeginLinger() {
  if (std::exchange(phase_, Phase::kLinger) == Phase::kLinger) return;
  exchanges_.clear();
  timer_.Set(TimerWheel::NowMs() + kLingerMs);
  if (writing_) return;
  if (client_->is_tls()) return client_->Close();
  http1::ErrorCode ignored;
  client_->socket().shutdown(asio::socket_base::shutdown_send, ignored);
}

// ---- the session's work

void Http2Connection::Work() {
  if (working_ || ended_) return;
  working_ = true;
  do {
    HandleEvents();
  } while (WriteOut() || session_.has_events());
  working_ = false;
  if (session_.ended() && !client_->closed()) {
    BeginLinger();  // Serve waits for the client's end
  } else {
    UpdateTimer();
  }
}

void Http2Connection::HandleEvents() {
  for (Session::Event& event : session_.TakeEvents()) {
    if (event.kind == Session::Event::Kind::kRequest) {
      Begin(std::move(event));
      continue;
    }
    const auto found = exchanges_.find(event.stream);
    if (found == exchanges_.end()) continue;
    switch (event.kind) {
      case Session::Event::Kind::kBody:
        found->second->SendBody(event.body);
        break;
      case Session::Event::Kind::kRequestEnd:
        found->second->EndBody();
        break;
      case Session::Event::Kind::kTaken:
        found->second->OnTaken();
        break;
      case Session::Event::Kind::kClosed:
        exchanges_.erase(found);
        break;
      case Session::Event::Kind::kRequest:
        break;
    }
  }
}

void Http2Connection::Begin(Session::Event event) {
  http1::StreamPtr server;
  std::optional<http1::Socket> socket = worker_.ServeInProcess();
  if (socket.has_value()) {
    server = http1::StreamPtr(new http1::Stream(*std::move(socket), worker_.streams()));
  }
  auto exchange = std::make_unique<Http2Exchange>(*this, event.stream, std::move(server),
                                                  std::move(event.request));
  Http2Exchange* const started = exchange.get();
  exchanges_[event.stream] = std::move(exchange);
  started->Start();
}

bool Http2Connection::WriteOut() {
  if (writing_ || client_->closed() || phase_ == Phase::kLinger) return false;
  out_.clear();
  session_.Produce(kOutputBytes, &out_);
  if (out_.empty()) {
    out_.shrink_to_fit();  // a connection that waits holds no buffer
    return false;
  }
  out_piece_ = {.iov_base = out_.data(), .iov_len = out_.size()};
  std::span<iovec> pieces(&out_piece_, 1);
  const http1::ErrorCode error = client_->TryWrite(&pieces);
  if (!error) return true;
  if (error != asio::error::would_block) {
    client_->Close();
    return false;
  }
  writing_ = true;
  write_timer_.Set(TimerWheel::NowMs() + worker_.limits().write_timeout_ms);
  ++operations_;
  asio::co_spawn(worker_.io().get_executor(), WriteRest(), [this](std::exception_ptr exception) {
    LogException(exception);
    writing_ = false;
    write_timer_.Clear();
    if (phase_ == Phase::kLinger && !ended_) {
      phase_ = Phase::kBusy;
      BeginLinger();
    } else {
      Work();
    }
    EndOperation();
  });
  return !writing_;  // it may have come to its end already
}

// Of what TryWrite has left in out_piece_.
http1::Awaitable<> Http2Connection::WriteRest() {
  const http1::ErrorCode error = co_await client_->WriteRest(std::span<iovec>(&out_piece_, 1));
  if (error) client_->Close();
}

void Http2Connection::AwaitWritable(http1::Socket& socket, int32_t stream) {
  ++operations_;
  socket.async_wait(http1::Socket::wait_write, [this, stream](const http1::ErrorCode& error) {
    const auto found = exchanges_.find(stream);
    if (!error && found != exchanges_.end()) {
      found->second->OnWritable();
      Work();
    }
    EndOperation();
  });
}

void Http2Connection::EndOperation() {
  --operations_;
  if (operations_ > 0) return;
  worker_.Remove(this);
  delete this;
}

// ---- timers

void Http2Connection::UpdateTimer() {
  if (phase_ == Phase::kLinger) return;
  const Phase phase = session_.head_under_way() ? Phase::kHead
                      : exchanges_.empty()      ? Phase::kIdle
                                                : Phase::kBusy;
  if (phase == phase_) return;
  phase_ = phase;
  switch (phase) {
    case Phase::kHead:
      timer_.Set(TimerWheel::NowMs() + worker_.limits().head_timeout_ms);
      break;
    case Phase::kIdle:
      timer_.Set(TimerWheel::NowMs() + worker_.limits().idle_timeout_ms);
      break;
    default:
      timer_.Clear();
      break;
  }
}

void Http2Connection::OnTimer() {
  if (phase_ == Phase::kLinger) return client_->Close();
  if (phase_ == Phase::kHead) {
    session_.Terminate();
  } else {
    session_.ShutDown();
  }
  Work();
}

}  // namespace lmgate::gateway
