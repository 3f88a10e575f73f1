#include "tests/fakeprovider/session.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "common/base/status_macros.h"
#include "tests/fakeprovider/delivery.h"
#include "tests/fakeprovider/request_record.h"

namespace lmgate::fakeprovider {
namespace {

namespace asio = boost::asio;
using asio::experimental::awaitable_operators::operator||;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr size_t kReadBytes = 16 * 1024;
// How long a refused client may go on sending before its answer is lost to a RST.
constexpr std::chrono::seconds kDrainTime(2);

}  // namespace

Session::Session(asio::ip::tcp::socket socket, uint64_t connection_id, SessionContext context)
    : connection_id_(connection_id), context_(context), wire_(std::move(socket)) {}

asio::awaitable<void> Session::Run() {
  while (!wire_.is_gone()) {
    absl::StatusOr<HttpRequest> request = co_await Receive();
    if (absl::IsCancelled(request.status())) break;
    if (!request.ok()) {
      co_await Refuse(request.status());
      break;
    }
    const Response response = context_.responder.Respond(*request, connection_id_);
    const DeliveryRequest wanted{.is_head = request->method == "HEAD",
                                 .keep_alive = request->keep_alive,
                                 .never_answer = is_silent_};
    const DeliveryPlan plan = MakeDeliveryPlan(response.answer, wanted);
    // The request's views end here.
    buffer_.Consume(std::exchange(body_bytes_in_buffer_, 0));
    buffer_.Shrink();
    co_await Send(response, plan);
    if (!wire_.is_gone()) co_await Continue(plan);
  }
  wire_.Close();
}

asio::awaitable<absl::StatusOr<HttpRequest>> Session::Receive() {
  const absl::Status received = co_await ReceiveHead();
  LMGATE_CO_RETURN_IF_ERROR(received);
  absl::StatusOr<std::optional<ParsedHead>> parsed = ParseHead(head_);
  LMGATE_CO_RETURN_IF_ERROR(parsed.status());
  HttpRequest request = std::move((*parsed)->request);
  const absl::StatusOr<std::string_view> body = co_await ReceiveBody(request);
  LMGATE_CO_RETURN_IF_ERROR(body.status());
  request.body = *body;
  co_return request;
}

// Moves the next head from buffer_ to head_, where reading the body cannot move it.
asio::awaitable<absl::Status> Session::ReceiveHead() {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const size_t header_bytes_max = context_.options.header_bytes_max;
  size_t searched = 0;
  while (true) {
    const std::string_view data = buffer_.Data();
    const size_t end = data.find(kEnd, searched);
    const size_t head_bytes = end == std::string_view::npos ? data.size() : end + kEnd.size();
    if (head_bytes > header_bytes_max) {
      co_return absl::ResourceExhaustedError("the request head is too long");
    }
    if (end != std::string_view::npos) {
      head_.assign(data.substr(0, head_bytes));
      buffer_.Consume(head_bytes);
      co_return absl::OkStatus();
    }
    searched = data.size() - std::min(data.size(), kEnd.size() - 1);
    const absl::Status read = co_await wire_.Read(buffer_, kReadBytes);
    LMGATE_CO_RETURN_IF_ERROR(read);
  }
}

asio::awaitable<absl::StatusOr<std::string_view>> Session::ReceiveBody(const HttpRequest& request) {
  if (request.content_length > context_.options.body_bytes_max) {
    co_return absl::OutOfRangeError("the request body is too long");
  }
  if (request.expects_continue && buffer_.Data().empty()) {
    const absl::Status written = co_await wire_.Write(kContinue);
    LMGATE_CO_RETURN_IF_ERROR(written);
  }
  if (request.chunked) {
    const absl::Status received = co_await ReceiveChunkedBody();
    LMGATE_CO_RETURN_IF_ERROR(received);
    co_return std::string_view(chunked_body_);
  }
  const size_t body_bytes = request.content_length;
  while (buffer_.Data().size() < body_bytes) {
    const absl::Status read = co_await wire_.Read(buffer_, body_bytes - buffer_.Data().size());
    LMGATE_CO_RETURN_IF_ERROR(read);
  }
  body_bytes_in_buffer_ = body_bytes;
  co_return buffer_.Data().substr(0, body_bytes);
}

asio::awaitable<absl::Status> Session::ReceiveChunkedBody() {
  ChunkDecoder decoder(context_.options.body_bytes_max);
  while (true) {
    const absl::StatusOr<size_t> used = decoder.Feed(buffer_.Data());
    LMGATE_CO_RETURN_IF_ERROR(used.status());
    buffer_.Consume(*used);
    if (decoder.done()) break;
    const absl::Status read = co_await wire_.Read(buffer_, kReadBytes);
    LMGATE_CO_RETURN_IF_ERROR(read);
  }
  chunked_body_ = decoder.TakeBody();
  co_return absl::OkStatus();
}

asio::awaitable<void> Session::Send(const Response& response, const DeliveryPlan& plan) {
  RequestRecord record(context_.journal, context_.clock, response.journal_seq);
  if (!plan.is_direct()) {
    auto delivery = Deliver(wire_, response.answer, plan, record) || wire_.Watch(buffer_);
    co_await std::move(delivery);
    co_return;
  }
  record.SetStatus(response.answer.status);
  std::string bytes = MakeHead(response.answer, plan);
  if (plan.sends_body) bytes += response.answer.body;
  const absl::Status written = co_await wire_.Write(bytes);
  if (written.ok()) record.Finish(Outcome::kCompleted);
}

asio::awaitable<void> Session::Refuse(const absl::Status& reason) {
  const Response response{.answer = context_.responder.Refuse(reason)};
  const DeliveryRequest wanted{.keep_alive = false};
  const DeliveryPlan plan = MakeDeliveryPlan(response.answer, wanted);
  co_await Send(response, plan);
  wire_.ShutdownWrite();
  co_await wire_.Drain(std::chrono::steady_clock::now() + kDrainTime);
}

asio::awaitable<void> Session::Continue(const DeliveryPlan& plan) {
  switch (plan.afterwards) {
    case Afterwards::kKeepAlive:
      break;
    case Afterwards::kFin:
      wire_.Close();
      break;
    case Afterwards::kHalfClose:
      wire_.ShutdownWrite();
      is_silent_ = true;
      break;
    case Afterwards::kSilence:
      is_silent_ = true;
      break;
    case Afterwards::kIdleFin:
    case Afterwards::kIdleReset: {
      const auto until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(plan.idle);
      if (!buffer_.Data().empty()) break;
      const bool has_bytes = co_await wire_.WaitForBytes(until);
      if (has_bytes) break;
      if (plan.afterwards == Afterwards::kIdleReset) {
        wire_.Reset();
      } else {
        wire_.Close();
      }
      break;
    }
  }
}

}  // namespace lmgate::fakeprovider
