#include "tests/fakeprovider/delivery.h"

#include <absl/time/time.h>

#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "common/base/status_macros.h"

namespace lmgate::fakeprovider {
namespace {

namespace asio = boost::asio;
using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view kBadChunk = "zz\r\nthis is no chunk\r\n";
constexpr std::string_view kExtraAnswer =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\r\n"
    "{\"unasked\": true}";

absl::Status BrokenOff() { return absl::AbortedError("the fault ends the answer here"); }

// The state of one Deliver().
class Delivery {
 public:
  Delivery(Wire& wire, const Answer& answer, const DeliveryPlan& plan, RequestRecord& record)
      : wire_(wire), answer_(answer), plan_(plan), record_(record) {}

  asio::awaitable<absl::Status> SendHead();
  asio::awaitable<absl::Status> SendPieces();
  asio::awaitable<absl::Status> SendEnd();
  // Ends the answer before its end; `due` is the framed piece that would be next.
  asio::awaitable<absl::Status> BreakOff(std::string_view due);

 private:
  asio::awaitable<absl::Status> SendPiece(size_t index);
  std::string FramedPiece(size_t index) const;

  Wire& wire_;
  const Answer& answer_;
  const DeliveryPlan& plan_;
  RequestRecord& record_;
};

asio::awaitable<absl::Status> Delivery::SendHead() {
  if (plan_.delay > absl::ZeroDuration()) {
    const auto due = SteadyClock::now() + absl::ToChronoNanoseconds(plan_.delay);
    const absl::Status paused = co_await wire_.PauseUntil(due);
    LMGATE_CO_RETURN_IF_ERROR(paused);
  }
  if (!plan_.interim_answer.empty()) {
    const absl::Status written = co_await wire_.Write(plan_.interim_answer);
    LMGATE_CO_RETURN_IF_ERROR(written);
  }
  record_.SetStatus(answer_.status);
  const std::string head = MakeHead(answer_, plan_);
  if (plan_.bytewise) co_return co_await wire_.WriteBytewise(head);
  co_return co_await wire_.Write(head);
}

std::string Delivery::FramedPiece(size_t index) const {
  const std::string event = answer_.is_stream() ? answer_.event(index) : std::string();
  const std::string_view piece = answer_.is_stream() ? event : BodyPiece(answer_, plan_, index);
  if (plan_.framing != Framing::kChunked) return std::string(piece);
  if (!plan_.bytewise) return EncodeChunk(piece);
  std::string chunks;
  chunks.reserve(piece.size() * 6);
  for (const char byte : piece) chunks += EncodeChunk(std::string_view(&byte, 1));
  return chunks;
}

asio::awaitable<absl::Status> Delivery::SendPiece(size_t index) {
  const std::string bytes = FramedPiece(index);
  if (plan_.bytewise) co_return co_await wire_.WriteBytewise(bytes);
  co_return co_await wire_.Write(bytes);
}

asio::awaitable<absl::Status> Delivery::SendPieces() {
  const auto start = SteadyClock::now();
  const auto gap = absl::ToChronoNanoseconds(plan_.gap);
  for (size_t i = 0; i < plan_.piece_count; ++i) {
    if (plan_.break_how != Break::kNone && i == plan_.break_at) {
      const std::string due = FramedPiece(i);
      co_return co_await BreakOff(due);
    }
    if (gap.count() > 0) {
      // From the start, not from the last piece: a slow reader must not shift the schedule.
      const auto due = start + gap * static_cast<int64_t>(i + 1);
      const absl::Status paused = co_await wire_.PauseUntil(due);
      LMGATE_CO_RETURN_IF_ERROR(paused);
    }
    const absl::Status sent = co_await SendPiece(i);
    LMGATE_CO_RETURN_IF_ERROR(sent);
    if (answer_.is_stream()) record_.CountChunk();
  }
  if (plan_.break_how != Break::kNone) co_return co_await BreakOff("");
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> Delivery::SendEnd() {
  const std::string_view end = BodyEnd(plan_);
  if (plan_.bytewise) {
    const absl::Status written = co_await wire_.WriteBytewise(end);
    LMGATE_CO_RETURN_IF_ERROR(written);
  } else {
    const absl::Status written = co_await wire_.Write(end);
    LMGATE_CO_RETURN_IF_ERROR(written);
  }
  if (plan_.sends_extra_answer) co_return co_await wire_.Write(kExtraAnswer);
  co_return absl::OkStatus();
}

asio::awaitable<absl::Status> Delivery::BreakOff(std::string_view due) {
  switch (plan_.break_how) {
    case Break::kNone:
      co_return absl::OkStatus();
    case Break::kFin:
      break;
    case Break::kFinMidPiece: {
      const absl::Status written = co_await wire_.Write(due.substr(0, due.size() / 2));
      LMGATE_CO_RETURN_IF_ERROR(written);
      break;
    }
    case Break::kReset:
      record_.Finish(Outcome::kProviderClosed);
      wire_.Reset();
      co_return BrokenOff();
    case Break::kBadChunk: {
      const absl::Status written = co_await wire_.Write(kBadChunk);
      LMGATE_CO_RETURN_IF_ERROR(written);
      [[fallthrough]];
    }
    case Break::kSilence:
      co_await wire_.WaitUntilGone();
      co_return BrokenOff();
  }
  record_.Finish(Outcome::kProviderClosed);
  wire_.Close();
  co_return BrokenOff();
}

}  // namespace

asio::awaitable<absl::Status> Deliver(Wire& wire, const Answer& answer, const DeliveryPlan& plan,
                                      RequestRecord& record) {
  // Cancellation comes as a status from the wire, never as an exception.
  co_await asio::this_coro::throw_if_cancelled(false);
  Delivery delivery(wire, answer, plan, record);
  if (!plan.sends_head) co_return co_await delivery.BreakOff("");
  const absl::Status headed = co_await delivery.SendHead();
  LMGATE_CO_RETURN_IF_ERROR(headed);
  if (plan.sends_body) {
    const absl::Status sent = co_await delivery.SendPieces();
    LMGATE_CO_RETURN_IF_ERROR(sent);
    const absl::Status ended = co_await delivery.SendEnd();
    LMGATE_CO_RETURN_IF_ERROR(ended);
  }
  record.Finish(Outcome::kCompleted);
  co_return absl::OkStatus();
}

}  // namespace lmgate::fakeprovider
