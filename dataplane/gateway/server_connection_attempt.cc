// The part of ServerConnection that tries the targets of a plan until one answers.
#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/contract/provider_preset.h"
#include "dataplane/dialect/provider_error.h"
#include "dataplane/gateway/provider_error.h"
#include "dataplane/gateway/server_connection.h"
#include "dataplane/http1/answer_reader.h"

namespace lmgate::gateway {
namespace {

namespace asio = boost::asio;
using contract::ErrorCode;
using http1::BodyKind;
using http1::HeaderId;
using http1::TimerWheel;
using AuthMode = contract::EffectiveConnection::AuthMode;

int64_t Milliseconds(absl::Duration duration) { return absl::ToInt64Milliseconds(duration); }

// How an Anthropic stream begins that is none.
constexpr std::string_view kErrorEvent = "event: error";

struct PeekedBody {
  std::string payload;
  bool whole = false;  // nothing comes after
};
// What of the answer's body has come so far; all of it stays in `input`, which begins with its
// head.
PeekedBody PeekBody(std::string_view input, bool head_request) {
  http1::AnswerReader answer(head_request);
  http1::ResponseHead head;
  PeekedBody peeked;
  while (!peeked.whole) {
    const http1::AnswerReader::Step step = answer.Next(input, &head);
    if (step.part == http1::AnswerReader::Part::kNothing) break;
    peeked.payload.append(step.payload);
    peeked.whole = answer.ended() || step.part == http1::AnswerReader::Part::kInvalid;
    input.remove_prefix(step.consumed);
  }
  return peeked;
}

}  // namespace

// ---- attempts

ServerConnection::Step ServerConnection::PrepareTarget(Step previous) {
  WatchClient();
  if (client_gone_) return Step::kClose;
  const routing::PlannedTarget& target = scratch_->plan.targets()[request_.target];
  request_.connection = target.connection;
  request_.upstream = request_.served->snapshot().connections()[target.connection].get();
  request_.upstream_model.assign(target.model);
  request_.sent = false;
  const snapshot::UpstreamConnection& connection = upstream_connection();
  const bool counts = request_.endpoint.operation == contract::Operation::kCountTokens;
  if (counts && !connection.config.Speaks(request_.endpoint.dialect)) return CountTokensHere();
  if (request_.total_deadline_ms == 0) {
    request_.total_deadline_ms =
        TimerWheel::NowMs() + Milliseconds(connection.config.total_timeout);
  }
  connect_control_ = http1::ConnectControl();
  timed_out_ = false;
  interim_answers_ = 0;
  http1::Endpoint& endpoint = request_.served->endpoint(target.connection);
  if (!endpoint.tls_status().ok()) {
    return FailAttempt(ErrorCode::kConnectionUnavailable,
                       std::string(endpoint.tls_status().message()));
  }
  translating_ = NeedsTranslation();
  if (translating_) {
    if (const Step step = TranslateRequest(); step != Step::kContinue) return step;
  } else if (const Step step = EditRequest(); step != Step::kContinue) {
    return step;
  }
  if (const auto credential = request_.served->CredentialFor(target.connection); !credential.ok()) {
    return FailAttempt(ErrorCode::kConnectionUnavailable,
                       StrCat("The connection \"", connection.name,
                              "\" has no credential: ", ToStd(credential.status().message()), "."));
  }
  ++request_.attempts;
  request_.served->metrics(target.connection).attempts.Add(1);
  if (translating_ && translated_->translation->branch_count() > 1) return Step::kFanOut;
  upstream_ = previous == Step::kRetry ? nullptr : endpoint.TakeIdle();
  upstream_reused_ = upstream_ != nullptr;
  return Step::kContinue;
}

ServerConnection::Step ServerConnection::OnConnected(absl::StatusOr<http1::StreamPtr> connected) {
  if (client_gone_) return Step::kClose;
  if (timed_out_) {
    return FailAttempt(ErrorCode::kUpstreamTimeout, "Connecting to the provider took too long.");
  }
  if (!connected.ok()) {
    LogWarn(StrCat("connection ", upstream_connection().name, ": ",
                   ToStd(connected.status().message())));
    return FailAttempt(ErrorCode::kUpstreamConnectFailed, {});
  }
  worker_.counters().upstream_connects_total.Add(1);
  upstream_ = *std::move(connected);
  return Step::kContinue;
}

void ServerConnection::EncodeForTarget() {
  const http1::RequestHead& head = scratch_->head;
  UpstreamRequest request{.connection = &upstream_connection(),
                          .method = head.method,
                          .path = request_.endpoint.upstream_path,
                          .query = request_.endpoint.query,
                          .headers = head.headers(),
                          .forward_headers = {},
                          .key_header = request_.key_header,
                          .request_id = request_.id,
                          .body = request_.body,
                          .place = request_.place,
                          .client_model = request_.model,
                          .model = request_.upstream_model,
                          .has_body = request_.has_body};
  if (request_.route != nullptr) request.forward_headers = request_.route->forward_headers;
  if (translating_) {
    const dialect::UpstreamBody& upstream = translated_->upstream;
    request.path = upstream.path;
    request.query = upstream.query;
    request.body = upstream.body;
    request.place = {};
    request.translated_headers = &upstream.headers;
  } else if (edited_ != nullptr) {
    request.body = edited_->body();
    request.place = edited_->place;
  }
  // It may have changed since the attempt began, while a connection was being made.
  const auto credential = request_.served->CredentialFor(*request_.connection);
  if (credential.ok()) request.credential = *credential;
  request.unix_seconds = request_.start_unix_us / 1'000'000;
  encoded_.Encode(request);
}

ServerConnection::Step ServerConnection::ReadAnswerHead() {
  for (;;) {
    if (client_gone_) return Step::kClose;
    if (collecting_ != Collect::kNothing) return CollectAnswer();
    const std::string_view input = upstream_->input();
    if (!input.empty()) {
      http1::ResponseHead& head = worker_.response_head();
      const http1::ScanResult result = http1::ScanResponseHead(input, request_.head_request, &head);
      const size_t bytes_max = worker_.limits().answer_head_bytes_max;
      if (result.status == http1::ScanStatus::kComplete && head.bytes <= bytes_max) {
        if (head.status >= 200) {
          if (!AwaitsBody(head)) return OnAnswerHead(head);
          if (upstream_->read_outstanding()) return Step::kReadUpstream;
          if (MayBeginWithError(head)) SetAnswerDeadline();
          upstream_->ArmRead(head.bytes + kErrorBodyBytesMax);
          continue;
        }
        // Interim answers end here: early hints are the provider's site's business.
        if (head.status == 101 || ++interim_answers_ > kInterimAnswersMax) {
          return FailAttempt(ErrorCode::kUpstreamInvalidResponse, {});
        }
        upstream_->Consume(head.bytes);
        continue;
      }
      if (result.status != http1::ScanStatus::kComplete &&
          result.status != http1::ScanStatus::kIncomplete) {
        return FailAttempt(ErrorCode::kUpstreamInvalidResponse,
                           StrCat("The provider's answer is not valid HTTP: ", result.reason, "."));
      }
      if (input.size() > bytes_max) {
        return FailAttempt(ErrorCode::kUpstreamInvalidResponse,
                           "The provider's answer has too long a head.");
      }
    }
    if (timed_out_) {
      return FailAttempt(ErrorCode::kUpstreamTimeout,
                         "The provider did not begin to answer in time.");
    }
    if (upstream_->read_error() || upstream_->closed()) {
      // A pooled socket that the provider had given up: nothing of the answer came, so the request
      // is sent once more on a fresh one.
      if (upstream_reused_ && input.empty() && interim_answers_ == 0) {
        ReleaseUpstream(/*reusable=*/false);
        --request_.attempts;
        return Step::kRetry;
      }
      return FailAttempt(ErrorCode::kUpstreamReset, {});
    }
    if (upstream_->read_outstanding()) return Step::kReadUpstream;
    upstream_->ArmRead(std::max(kAnswerBytes, 2 * input.size()));
  }
}

// Google refuses a key with the status of a malformed request; the body tells them apart.
bool ServerConnection::MayRefuseKey(int status) const {
  return status == 400 && upstream_connection().config.dialect == contract::kDialectGemini &&
         SendsOurCredential();
}

bool ServerConnection::SendsOurCredential() const {
  const contract::EffectiveConnection& config = upstream_connection().config;
  return config.auth_mode == AuthMode::kCredential || config.has_fetched_credential();
}

// Anthropic answers 200 and then says that it is overloaded: the next target can do better.
bool ServerConnection::MayBeginWithError(const http1::ResponseHead& head) const {
  return head.status == 200 && !translating_ && HasNextTarget() &&
         request_.endpoint.dialect == contract::kDialectAnthropic &&
         IsEventStream(head.Find(HeaderId::kContentType));
}

bool ServerConnection::AwaitsBody(const http1::ResponseHead& head) const {
  const bool may_begin_with_error = MayBeginWithError(head);
  if (!may_begin_with_error && !MayRefuseKey(head.status)) return false;
  if (timed_out_ || upstream_->read_error() || upstream_->closed()) return false;
  if (upstream_->input().size() - head.bytes >= kErrorBodyBytesMax) return false;
  const PeekedBody peeked = PeekBody(upstream_->input(), request_.head_request);
  return !peeked.whole && (!may_begin_with_error || kErrorEvent.starts_with(peeked.payload)) &&
         peeked.payload != kErrorEvent;
}

bool ServerConnection::TakeCredentialRefusal(int status, std::string_view body) {
  const bool refused = status == 401 || status == 403
                           ? SendsOurCredential()
                           : MayRefuseKey(status) && dialect::RefusesGoogleKey(body);
  if (refused && upstream_connection().config.has_fetched_credential()) {
    request_.served->RenewCredential(*request_.connection);
  }
  return refused;
}

ServerConnection::Step ServerConnection::OnAnswerHead(const http1::ResponseHead& head) {
  const int status = head.status;
  request_.upstream_status = status;
  answer_kind_ = head.body;
  answer_left_ = head.content_length;
  answer_chunks_ = http1::ChunkTracker();
  answer_trailers_.clear();
  answer_done_ = head.body == BodyKind::kNone;
  upstream_keep_alive_ = head.keep_alive;
  if (!head.keep_alive) upstream_->ExpectClose();
  last_bytes_ = {'\n', '\n', '\n', '\n'};  // before the first event is between two events
  std::string peeked;
  const bool may_begin_with_error = MayBeginWithError(head);
  if (MayRefuseKey(status) || may_begin_with_error) {
    peeked = PeekBody(upstream_->input(), request_.head_request).payload;
  }
  const bool credential_refused = TakeCredentialRefusal(status, peeked);
  // What the next target may do better; a caller's own mistake would be one there as well.
  const bool may_move_on = credential_refused || status == 408 || status == 429 || status >= 500 ||
                           (may_begin_with_error && peeked.starts_with(kErrorEvent));
  if (may_move_on && HasNextTarget()) {
    return FailAttempt(
        credential_refused ? ErrorCode::kUpstreamAuthFailed : ErrorCode::kUpstreamError, {});
  }
  if (credential_refused) {
    collecting_ = Collect::kRefusal;
  } else if (translating_) {
    const std::string_view encoding = head.Find(HeaderId::kContentEncoding);
    if (status < 300 && !encoding.empty() && !http1::EqualsIgnoreCase(encoding, "identity")) {
      return FailAttempt(ErrorCode::kUpstreamInvalidResponse,
                         "The provider compressed its answer, which it was not asked for.");
    }
    BeginTranslatedAnswer(head);
  } else {
    return Step::kRelay;
  }
  collected_.clear();
  first_byte_seen_ = false;
  upstream_->Consume(head.bytes);
  SetAnswerDeadline();
  return CollectAnswer();
}

size_t ServerConnection::CollectBytesMax() const {
  return collecting_ == Collect::kAnswer ? worker_.limits().translated_answer_bytes_max
                                         : kErrorBodyBytesMax;
}

void ServerConnection::SetAnswerDeadline() {
  const contract::EffectiveConnection& config = upstream_connection().config;
  int64_t timeout_ms =
      Milliseconds(first_byte_seen_ ? config.idle_timeout : config.first_token_timeout);
  if (translating_ && collecting_ == Collect::kNothing) {
    translated_->idle_deadline_ms = TimerWheel::NowMs() + timeout_ms;
    timeout_ms = std::min(timeout_ms, worker_.limits().keep_alive_event_ms);
  }
  SetDeadline(first_byte_seen_ ? Phase::kAnswerBody : Phase::kFirstByte, timeout_ms);
}

ServerConnection::Step ServerConnection::CollectAnswer() {
  for (;;) {
    pieces_.clear();
    const bool lawful = TakeBody(upstream_->input());
    if (answer_taken_ > 0) first_byte_seen_ = true;
    upstream_->Consume(answer_taken_);
    const bool ended = upstream_->read_error() || upstream_->closed();
    if (answer_kind_ == BodyKind::kUntilClose && !timed_out_ &&
        upstream_->read_error() == asio::error::eof) {
      answer_done_ = true;
      upstream_keep_alive_ = false;
    }
    const bool enough = collecting_ == Collect::kStream ? !translated_->translation->said_nothing()
                                                        : collected_.size() > CollectBytesMax();
    if (answer_done_ || enough || !lawful || timed_out_ || ended) {
      return EndCollecting(/*whole=*/answer_done_ && lawful);
    }
    upstream_->ArmRead(kAnswerBytes);
    if (upstream_->read_outstanding()) {
      SetAnswerDeadline();
      return Step::kReadUpstream;
    }
  }
}

// Without what it may repeat of our credential.
std::string ServerConnection::ProviderMessage(std::string message) const {
  const auto credential = request_.served->CredentialFor(*request_.connection);
  const bool fetched = credential.ok() && *credential != nullptr;
  return ProviderErrorMessage(std::move(message), upstream_connection(),
                              fetched ? *credential : nullptr);
}

// The provider refuses our credential: not the client's fault, so its 401 must not reach the
// client's SDK as one. Its message does.
ServerConnection::Step ServerConnection::RefuseCredential() {
  ReleaseUpstream(answer_done_ && upstream_keep_alive_);
  const std::string said = ProviderMessage(
      dialect::DecodeProviderError(request_.upstream_status, {}, collected_).message);
  std::string message =
      StrCat("The provider behind connection \"", upstream_connection().name,
             "\" refused the gateway's credential (", request_.upstream_status, ")");
  StrAppend(&message, said.empty() ? "." : ": ", said);
  return Refuse(ErrorCode::kUpstreamAuthFailed, std::move(message));
}

// The attempt is over without an answer for the client: the next target, or the reason.
ServerConnection::Step ServerConnection::FailAttempt(ErrorCode code, std::string message) {
  ReleaseUpstream(/*reusable=*/false);
  const bool time_left = request_.total_deadline_ms > TimerWheel::NowMs();
  if (time_left && HasNextTarget()) {
    ++request_.target;
    return Step::kNextTarget;
  }
  return Refuse(code, std::move(message));
}

void ServerConnection::ReleaseUpstream(bool reusable) {
  if (upstream_ == nullptr) return;
  if (reusable && request_.sent && !worker_.stopping()) {
    request_.served->endpoint(*request_.connection).PutIdle(std::move(upstream_));
  }
  upstream_.reset();
}

}  // namespace lmgate::gateway
