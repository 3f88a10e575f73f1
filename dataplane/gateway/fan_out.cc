#include "dataplane/gateway/fan_out.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <exception>
#include <utility>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "dataplane/http1/answer_reader.h"
#include "dataplane/http1/head_scanner.h"

namespace lmgate::gateway {
namespace {

namespace asio = boost::asio;
using contract::ErrorCode;
using http1::AnswerReader;
using http1::TimerWheel;

constexpr size_t kReadBytes = 32 << 10;
constexpr int kInterimAnswersMax = 16;

}  // namespace

// One of the requests: a coroutine of its own, which deletes itself at its end.
class FanOut::Runner {
 public:
  Runner(FanOut& owner, size_t index)
      : owner_(&owner),
        index_(index),
        worker_(owner.worker_),
        served_(owner.served_),
        endpoint_(owner.endpoint_),
        timer_(
            worker_.wheel(), [](void* self) { static_cast<Runner*>(self)->OnTimer(); }, this),
        resume_(worker_.io().get_executor()) {}

  void Start() {
    asio::co_spawn(worker_.io().get_executor(), Run(), [this](std::exception_ptr exception) {
      if (exception != nullptr) LogError("a branch of a fan-out ended by an exception");
      if (owner_ != nullptr) owner_->runners_[index_] = nullptr;
      delete this;
    });
  }

  // The owner goes away.
  void Abandon() {
    owner_ = nullptr;
    control_.Cancel();
    if (stream_ != nullptr) stream_->Close();
    resume_.cancel();
  }

  void Resume() { resume_.cancel(); }

 private:
  // What the owner has asked for; valid while there is one.
  const Options& options() const { return owner_->options_; }
  Branch& branch() { return owner_->branches_[index_]; }

  void SetDeadline(int64_t timeout_ms) {
    timer_.Set(std::min(TimerWheel::NowMs() + timeout_ms, options().total_deadline_ms));
  }

  void OnTimer() {
    timed_out_ = true;
    control_.Cancel();
    if (stream_ != nullptr) stream_->Close();
  }

  void End(ErrorCode code) {
    if (owner_ == nullptr) return;
    branch().ended = true;
    branch().code = timed_out_ ? ErrorCode::kUpstreamTimeout : code;
    owner_->Wake();
  }

  http1::Awaitable<> Run() {
    stream_ = endpoint_.TakeIdle();
    const bool reused = stream_ != nullptr;
    ErrorCode code = co_await Exchange();
    // A pooled socket that the provider had given up: once more on a fresh one.
    if (code == ErrorCode::kUpstreamReset && reused && owner_ != nullptr && !timed_out_) {
      stream_.reset();
      code = co_await Exchange();
    }
    if (code == ErrorCode::kOk && keep_alive_ && stream_ != nullptr && !worker_.stopping()) {
      endpoint_.PutIdle(std::move(stream_));
    }
    End(code);
  }

  http1::Awaitable<ErrorCode> Exchange() {
    if (stream_ == nullptr) {
      SetDeadline(options().connect_timeout_ms);
      auto connected = co_await endpoint_.Connect(&control_);
      if (owner_ == nullptr) co_return ErrorCode::kClientClosed;
      if (!connected.ok()) co_return ErrorCode::kUpstreamConnectFailed;
      stream_ = *std::move(connected);
    }
    SetDeadline(options().header_timeout_ms);
    // A copy: the owner may go away while it is being written.
    request_ = options().request;
    iovec piece{.iov_base = request_.data(), .iov_len = request_.size()};
    std::span<iovec> pieces(&piece, 1);
    http1::ErrorCode error = stream_->TryWrite(&pieces);
    if (error == asio::error::would_block) error = co_await stream_->WriteRest(pieces);
    if (owner_ == nullptr) co_return ErrorCode::kClientClosed;
    AnswerReader answer(/*head_request=*/false);
    for (int interim = 0;;) {
      const std::string_view input = stream_->input();
      http1::ResponseHead& head = worker_.response_head();
      const AnswerReader::Step step = answer.Next(input, &head);
      if (step.part == AnswerReader::Part::kHead) {
        TakeHead(head);
        break;
      }
      if (step.part == AnswerReader::Part::kInterim) {
        if (++interim > kInterimAnswersMax) co_return ErrorCode::kUpstreamInvalidResponse;
        stream_->Consume(step.consumed);
        continue;
      }
      if (step.part == AnswerReader::Part::kInvalid ||
          input.size() > worker_.limits().answer_head_bytes_max) {
        co_return ErrorCode::kUpstreamInvalidResponse;
      }
      if (stream_->read_error() || stream_->closed()) co_return ErrorCode::kUpstreamReset;
      stream_->ArmRead(std::max(kReadBytes, 2 * input.size()));
      if (stream_->read_outstanding()) co_await stream_->WaitRead();
      if (owner_ == nullptr) co_return ErrorCode::kClientClosed;
    }
    co_return co_await ReadBody(answer);
  }

  void TakeHead(const http1::ResponseHead& head) {
    Branch& mine = branch();
    mine.status = head.status;
    mine.content_type = head.Find(http1::HeaderId::kContentType);
    for (const http1::HeaderField& field : head.headers()) {
      if (http1::EqualsIgnoreCase(field.name, "x-amzn-errortype")) mine.error_type = field.value;
      if (http1::EqualsIgnoreCase(field.name, "retry-after")) mine.retry_after = field.value;
    }
    keep_alive_ = head.keep_alive;
    stream_->Consume(head.bytes);
    if (!keep_alive_) stream_->ExpectClose();
    owner_->Wake();
  }

  http1::Awaitable<ErrorCode> ReadBody(AnswerReader& answer) {
    bool begun = false;
    while (!answer.ended()) {
      const std::string_view input = stream_->input();
      if (!input.empty()) {
        begun = true;
        size_t taken = 0;
        while (taken < input.size() && !answer.ended()) {
          const AnswerReader::Step step =
              answer.Next(input.substr(taken), &worker_.response_head());
          if (step.part == AnswerReader::Part::kInvalid) {
            co_return ErrorCode::kUpstreamInvalidResponse;
          }
          branch().payload.append(step.payload);
          taken += step.consumed;
        }
        stream_->Consume(taken);
        if (!options().stream && branch().payload.size() > options().answer_bytes_max) {
          co_return ErrorCode::kUpstreamInvalidResponse;
        }
        owner_->Wake();
        if (answer.ended()) break;
        while (options().stream && branch().payload.size() > kPendingBytesMax) {
          // Its time is the client's, not the provider's.
          timer_.Set(options().total_deadline_ms);
          resume_.expires_at(std::chrono::steady_clock::time_point::max());
          co_await resume_.async_wait(boost::asio::as_tuple(http1::kUseAwaitable));
          if (owner_ == nullptr) co_return ErrorCode::kClientClosed;
          if (timed_out_) co_return ErrorCode::kUpstreamTimeout;
        }
      }
      const http1::ErrorCode& error = stream_->read_error();
      if (error == asio::error::eof && answer.Finish()) {
        keep_alive_ = false;
        break;
      }
      if (error || stream_->closed()) co_return ErrorCode::kUpstreamTruncated;
      SetDeadline(begun ? options().idle_timeout_ms : options().first_token_timeout_ms);
      stream_->ArmRead(kReadBytes);
      if (stream_->read_outstanding()) co_await stream_->WaitRead();
      if (owner_ == nullptr) co_return ErrorCode::kClientClosed;
    }
    co_return ErrorCode::kOk;
  }

  FanOut* owner_;  // null = abandoned
  const size_t index_;
  Worker& worker_;
  const ServedSnapshotRef served_;  // keeps endpoint_
  http1::Endpoint& endpoint_;
  TimerWheel::Entry timer_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    http1::Executor>
      resume_;
  http1::ConnectControl control_;
  http1::StreamPtr stream_;
  std::string request_;
  bool keep_alive_ = false;
  bool timed_out_ = false;
};

FanOut::FanOut(Worker& worker, ServedSnapshotRef served, http1::Endpoint& endpoint, Options options,
               size_t count)
    : worker_(worker),
      served_(std::move(served)),
      endpoint_(endpoint),
      options_(std::move(options)),
      branches_(count),
      runners_(count, nullptr),
      news_(worker.io().get_executor()) {}

FanOut::~FanOut() {
  for (Runner* runner : runners_) {
    if (runner != nullptr) runner->Abandon();
  }
}

void FanOut::Start() {
  for (size_t i = 0; i < runners_.size(); ++i) {
    runners_[i] = new Runner(*this, i);
    runners_[i]->Start();
  }
}

http1::Awaitable<> FanOut::WaitNews() {
  if (!has_news_) {
    news_.expires_at(std::chrono::steady_clock::time_point::max());
    co_await news_.async_wait(boost::asio::as_tuple(http1::kUseAwaitable));
  }
  has_news_ = false;
}

void FanOut::Wake() {
  has_news_ = true;
  news_.cancel();
}

void FanOut::Resume(size_t branch) {
  if (runners_[branch] != nullptr) runners_[branch]->Resume();
}

}  // namespace lmgate::gateway
