// The part of ServerConnection for targets that speak another dialect than the client.
#include <absl/strings/numbers.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "dataplane/chat/token_estimate.h"
#include "dataplane/dialect/dialects.h"
#include "dataplane/dialect/error_shape.h"
#include "dataplane/dialect/provider_error.h"
#include "dataplane/dialect/response_store.h"
#include "dataplane/gateway/provider_error.h"
#include "dataplane/gateway/request_clock.h"
#include "dataplane/gateway/server_connection.h"

namespace lmgate::gateway {
namespace {

namespace asio = boost::asio;
using contract::ErrorCode;
using http1::BodyKind;
using http1::HeaderId;

constexpr std::string_view kAmazonEventStream = "application/vnd.amazon.eventstream";

bool IsStream(std::string_view content_type) {
  return IsEventStream(content_type) || content_type.starts_with(kAmazonEventStream);
}

// Ids that a coder makes begin with it: of letters and digits only.
std::string PlainId(std::string_view request_id) {
  std::string plain;
  for (const char c : request_id) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter) plain.push_back(c);
  }
  constexpr size_t kBytesMax = 32;
  return plain.substr(0, kBytesMax);
}

// The outcome that an error in a provider's answer is.
ErrorCode CodeOf(const chat::ProviderError& error) {
  for (const ErrorCode code : {ErrorCode::kUpstreamTimeout, ErrorCode::kUpstreamInvalidResponse,
                               ErrorCode::kUpstreamTruncated}) {
    if (error.code == ErrorCodeName(code)) return code;
  }
  return ErrorCode::kUpstreamError;
}

absl::Time Now() { return absl::FromUnixMicros(UnixMicros()); }

}  // namespace

bool ServerConnection::NeedsTranslation() const {
  return request_.endpoint.operation == contract::Operation::kGenerate &&
         !request_.endpoint.dialect.empty() &&
         !upstream_connection().config.Speaks(request_.endpoint.dialect);
}

// The client's request, in the target's dialect.
ServerConnection::Step ServerConnection::TranslateRequest() {
  if (translated_ == nullptr) {
    const EndpointMatch& endpoint = request_.endpoint;
    const bool array = endpoint.dialect == contract::kDialectGemini && endpoint.stream &&
                       FindQueryParameter(endpoint.query, "alt") != "sse";
    dialect::Translation::Client client{
        .dialect = endpoint.invoke ? &dialect::BedrockInvokeDialect()
                                   : dialect::FindDialect(endpoint.dialect),
        .id = PlainId(request_.id),
        .request_id = request_.id,
        .created = request_.start_unix_us / 1'000'000,
        .gemini_array = array,
        .edits = system_edits(),
        .calls = {.store = worker_.shared().responses, .owner = std::string(Owner())}};
    std::string body;  // with what it refers to
    dialect::ResponseStore* const responses = worker_.shared().responses;
    const bool has_state =
        responses != nullptr && endpoint.dialect == contract::kDialectOpenAiResponses;
    if (has_state) {
      const absl::Time now = absl::FromUnixMicros(request_.start_unix_us);
      auto resolved = responses->ResolveState(Owner(), request_.body, now);
      if (!resolved.ok()) return RefuseState(resolved.status());
      body = *std::move(resolved);
    }
    dialect::RequestSource source{
        .body = has_state ? body : request_.body, .model = {}, .stream = endpoint.stream};
    if (!endpoint.path_model.empty()) source.model = request_.model;
    source.betas = HeaderValue("anthropic-beta").value_or(std::string_view());
    auto translation = dialect::Translation::Create(client, source);
    if (!translation.ok()) {
      return RefuseUntranslatable(ErrorCode::kInvalidRequest, translation.status());
    }
    translated_ = std::make_unique<TranslatedRequest>();
    translated_->translation = *std::move(translation);
    if (has_state && dialect::ResponseStore::IsKept(body)) {
      translated_->kept_request = std::move(body);
    }
  }
  const contract::EffectiveConnection& config = upstream_connection().config;
  const dialect::BackendTraits traits{.model = request_.upstream_model,
                                      .provider = config.provider,
                                      .legacy_max_tokens = config.legacy_max_tokens};
  auto upstream = translated_->translation->Encode(*dialect::FindDialect(config.dialect), traits);
  if (!upstream.ok()) {
    // Another target may speak a dialect that can say it.
    if (HasNextTarget()) {
      ++request_.target;
      return Step::kNextTarget;
    }
    const bool too_large = absl::IsResourceExhausted(upstream.status());
    return RefuseUntranslatable(
        too_large ? ErrorCode::kRequestTooLarge : ErrorCode::kDialectUnsupported,
        upstream.status());
  }
  translated_->upstream = *std::move(upstream);
  return Step::kContinue;
}

// For a provider that cannot count what the client's dialect says.
ServerConnection::Step ServerConnection::CountTokensHere() {
  const EndpointMatch& endpoint = request_.endpoint;
  dialect::RequestSource source{.body = request_.body, .count_only = true};
  if (!endpoint.path_model.empty()) source.model = request_.model;
  const auto request = dialect::FindDialect(endpoint.dialect)->DecodeRequest(source);
  if (!request.ok()) return RefuseUntranslatable(ErrorCode::kInvalidRequest, request.status());
  const std::string_view member =
      endpoint.dialect == contract::kDialectGemini ? "totalTokens" : "input_tokens";
  return AnswerHere(200, "application/json",
                    StrCat("{\"", member, "\":", chat::EstimateTokens(*request), "}"));
}

// Whose answers a request may refer to: those that the same key has got.
std::string_view ServerConnection::Owner() const {
  return {request_.key_id.data(), request_.key_id.size()};
}

// The request refers to an answer that is not known, or not any more.
ServerConnection::Step ServerConnection::RefuseState(const absl::Status& status) {
  const Step step = RefuseUntranslatable(ErrorCode::kInvalidRequest, status);
  const std::optional<FieldHint> hint = GetFieldHint(status);
  if (hint.has_value() && hint->field == "previous_response_id") {
    local_.body =
        dialect::ErrorBody(request_.endpoint.shape, {.status = local_.status,
                                                     .word = "invalid_request_error",
                                                     .code = dialect::kPreviousResponseNotFound,
                                                     .message = ToStd(status.message()),
                                                     .param = hint->field,
                                                     .request_id = request_.id,
                                                     .retry_after_ms = -1});
  }
  return step;
}

// Before the client hears of the end: its next request may come at once.
void ServerConnection::RememberAnswer(std::string_view answer) {
  std::string& kept = translated_->kept_request;
  if (kept.empty() || answer.empty()) return;
  worker_.shared().responses->Remember(Owner(), kept, answer, Now());
  kept.clear();
  kept.shrink_to_fit();
}

ServerConnection::Step ServerConnection::RefuseUntranslatable(ErrorCode code,
                                                              const absl::Status& status) {
  const std::string field = GetFieldHint(status).value_or(FieldHint()).field;
  Refuse(code, std::string(ToStd(status.message())), field);
  if (request_.endpoint.shape == ErrorShape::kAnthropic && field == kThreadField) {
    local_.body = ThreadRefusedBody(ToStd(status.message()), request_.id);
  }
  return Step::kAnswer;
}

// Says how much of the answer is read before the client hears of it.
void ServerConnection::BeginTranslatedAnswer(const http1::ResponseHead& head) {
  TranslatedRequest& translated = *translated_;
  translated.error_headers.clear();
  translated.retry_after_ms = -1;
  translated.out.clear();
  if (head.status < 200 || head.status > 299) {
    collecting_ = Collect::kError;
    translated.error_type.clear();
    for (const http1::HeaderField& field : head.headers()) {
      if (http1::EqualsIgnoreCase(field.name, "x-amzn-errortype")) {
        translated.error_type.assign(field.value);
      }
      int64_t milliseconds = 0;
      if (http1::EqualsIgnoreCase(field.name, "x-should-retry")) {
        translated.error_headers.append(field.line()).append("\r\n");
      } else if (http1::EqualsIgnoreCase(field.name, "retry-after-ms")) {
        if (absl::SimpleAtoi(ToAbsl(field.value), &milliseconds) && milliseconds >= 0) {
          translated.retry_after_ms = milliseconds;
        }
      } else if (http1::EqualsIgnoreCase(field.name, "retry-after")) {
        // The other header is more exact.
        if (translated.retry_after_ms < 0) {
          translated.retry_after_ms = RetryAfterMs(field.value, Now());
        }
      }
    }
    return;
  }
  if (!IsStream(head.Find(HeaderId::kContentType))) {
    collecting_ = Collect::kAnswer;
    return;
  }
  collecting_ = Collect::kStream;
  translated.translation->BeginStream();
}

// What was waited for is there, or will not come. `whole`: the body was read to its end.
ServerConnection::Step ServerConnection::EndCollecting(bool whole) {
  switch (std::exchange(collecting_, Collect::kNothing)) {
    case Collect::kNothing:
      break;
    case Collect::kRefusal:
      return RefuseCredential();
    case Collect::kError:
      return TranslateError();
    case Collect::kAnswer:
      if (whole) return TranslateWhole();
      break;
    case Collect::kStream: {
      dialect::Translation& translation = *translated_->translation;
      if (!translation.said_nothing()) return Step::kRelay;
      if (timed_out_) break;
      if (!translation.ended()) translation.Finish(0, &translated_->out);
      return translation.failed() ? FailTranslated({}) : Step::kRelay;
    }
  }
  if (timed_out_) {
    return FailAttempt(ErrorCode::kUpstreamTimeout,
                       "The provider stopped in the middle of its answer.");
  }
  if (collected_.size() > worker_.limits().translated_answer_bytes_max) {
    return FailAttempt(ErrorCode::kUpstreamInvalidResponse, "The provider's answer is too long.");
  }
  return FailAttempt(ErrorCode::kUpstreamTruncated, {});
}

ServerConnection::Step ServerConnection::TranslateError() {
  if (request_.upstream_status < 400) {
    return FailAttempt(ErrorCode::kUpstreamError,
                       StrCat("The provider behind connection \"", upstream_connection().name,
                              "\" answered with a redirect (", request_.upstream_status, ")."));
  }
  ReleaseUpstream(answer_done_ && upstream_keep_alive_);
  return RefuseAs(
      dialect::DecodeProviderError(request_.upstream_status, translated_->error_type, collected_));
}

// What the provider answered with is no answer; `status` says why.
ServerConnection::Step ServerConnection::FailTranslated(const absl::Status& status) {
  const dialect::Translation& translation = *translated_->translation;
  if (!translation.failed()) {
    return FailAttempt(ErrorCode::kUpstreamInvalidResponse,
                       ProviderMessage(std::string(ToStd(status.message()))));
  }
  const chat::ProviderError& error = translation.error();
  if (const ErrorCode code = CodeOf(error); code != ErrorCode::kUpstreamError) {
    return FailAttempt(code, error.message);
  }
  // An error in the place of an answer: as if the status had said so.
  if (HasNextTarget()) {
    return FailAttempt(ErrorCode::kUpstreamError, {});
  }
  ReleaseUpstream(answer_done_ && upstream_keep_alive_);
  return RefuseAs(error);
}

ServerConnection::Step ServerConnection::RefuseAs(const chat::ProviderError& error) {
  chat::ProviderError told = error;
  told.message = ProviderMessage(std::move(told.message));
  if (translated_->retry_after_ms >= 0) told.retry_after_ms = translated_->retry_after_ms;
  gateway::TranslatedError answer =
      gateway::TranslateError(request_.endpoint.shape, told, request_.id);
  Refuse(ErrorCode::kUpstreamError);
  local_.status = answer.status;
  local_.body = std::move(answer.body);
  local_.extra_headers = StrCat(answer.headers, translated_->error_headers);
  return Step::kAnswer;
}

ServerConnection::Step ServerConnection::TranslateWhole() {
  dialect::Translation& translation = *translated_->translation;
  auto answer = translation.request().stream ? translation.TranslateAnswerAsStream({collected_})
                                             : translation.TranslateAnswer({collected_});
  if (!answer.ok()) return FailTranslated(answer.status());
  ReleaseUpstream(answer_done_ && upstream_keep_alive_);
  translation.RememberCalls(Now());
  RememberAnswer(translation.request().stream ? translation.final_response()
                                              : std::string_view(*answer));
  const std::string_view content_type =
      translation.request().stream ? translation.content_type() : "application/json";
  return AnswerHere(200, content_type, *std::move(answer));
}

// ---- the relay

void ServerConnection::StartTranslatedRelay() {
  framing_ = request_.http_1_0 ? OutFraming::kClose : OutFraming::kRechunked;
  if (framing_ == OutFraming::kClose || worker_.draining()) request_.keep_alive = false;
  event_stream_ = true;
  request_.status = 200;
  EncodeStreamHead(translated_->translation->content_type(), framing_, request_.keep_alive,
                   request_.http_1_0, RequestIdLines(request_.endpoint.shape, request_.id), &out_);
  translated_->translation->ForgetRequest();
}

// Fills pieces_ with what the provider's bytes say to the client. False = nothing comes after.
bool ServerConnection::RelayTranslated() {
  TranslatedRequest& translated = *translated_;
  dialect::Translation& translation = *translated.translation;
  bool over = false;  // the provider's stream
  if (!answer_done_ && !TakeBody(upstream_->input())) {
    translation.Fail(AsProviderError(ErrorCode::kUpstreamInvalidResponse, {}), &translated.out);
    over = true;
  } else if (timed_out_) {
    translation.Fail(AsProviderError(ErrorCode::kUpstreamTimeout,
                                     "The provider stopped in the middle of its answer."),
                     &translated.out);
    over = true;
  } else {
    const http1::ErrorCode& error = upstream_->read_error();
    if (answer_kind_ == BodyKind::kUntilClose && error == asio::error::eof) {
      answer_done_ = true;
      upstream_keep_alive_ = false;
    }
    over = answer_done_ || error || upstream_->closed();
    if (over && !translation.ended()) translation.Finish(0, &translated.out);
  }
  if (translated.tail_written) return !over;

  if (translation.ended()) RememberAnswer(translation.final_response());
  AddTranslated(&translated.out);
  if (!translation.ended()) return true;
  SetTranslatedCode();
  // The rest of the provider's framing, so that its connection can be used again.
  return !over;
}

// Takes what is to be written now, and the end of the body after the last of it.
void ServerConnection::AddTranslated(std::string* text) {
  TranslatedRequest& translated = *translated_;
  // Stays in place until the pieces are written.
  translated.keep_alive_writing.swap(translated.keep_alive_rest);
  translated.keep_alive_rest.clear();
  AddPiece(translated.keep_alive_writing);
  translated.translation->RememberCalls(Now());
  translated.writing.swap(*text);
  text->clear();
  request_.response_bytes += translated.writing.size();
  const bool chunked = framing_ == OutFraming::kRechunked;
  if (!translated.writing.empty()) {
    if (chunked) {
      chunk_head_ = StrCat(absl::Hex(translated.writing.size()), "\r\n");
      AddPiece(chunk_head_);
    }
    AddPiece(translated.writing);
    if (chunked) AddPiece("\r\n");
  }
  if (!translated.translation->ended()) return;
  if (chunked) AddPiece("0\r\n\r\n");
  translated.tail_written = true;
}

// Called while the coroutine waits for the provider, so that nobody else is writing.
bool ServerConnection::KeepStreamAlive() {
  const bool waits = phase_ == Phase::kFirstByte || phase_ == Phase::kAnswerBody;
  if (!waits || !translating_ || collecting_ != Collect::kNothing) return false;
  TranslatedRequest& translated = *translated_;
  const int64_t now_ms = http1::TimerWheel::NowMs();
  const int64_t left_ms =
      std::min(translated.idle_deadline_ms, request_.total_deadline_ms) - now_ms;
  if (left_ms <= 0 || translated.tail_written) return false;
  SetDeadline(phase_, std::min(left_ms, worker_.limits().keep_alive_event_ms));
  const std::string_view event = translated.translation->keep_alive();
  // What is still to be written says that the stream lives.
  if (event.empty() || !translated.keep_alive_rest.empty()) return true;
  const std::string text = framing_ == OutFraming::kRechunked
                               ? StrCat(absl::Hex(event.size()), "\r\n", event, "\r\n")
                               : std::string(event);
  iovec piece{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
  std::span<iovec> pieces(&piece, 1);
  const http1::ErrorCode error = client_->TryWrite(&pieces);
  // An error is met again by the next write.
  if (error == asio::error::would_block && !pieces.empty()) {
    translated.keep_alive_rest.assign(static_cast<const char*>(pieces[0].iov_base),
                                      pieces[0].iov_len);
  }
  return true;
}

void ServerConnection::SetTranslatedCode() {
  const dialect::Translation& translation = *translated_->translation;
  if (!translation.failed()) return;
  request_.code = CodeOf(translation.error());
}

// ---- several branches

http1::Awaitable<ServerConnection::Step> ServerConnection::FanOutRequest() {
  timer_.Clear();  // each branch has its own
  answer_done_ = false;
  EncodeForTarget();
  const contract::EffectiveConnection& config = upstream_connection().config;
  dialect::Translation& translation = *translated_->translation;
  FanOut::Options options;
  for (const iovec& piece : encoded_.Rewind()) {
    options.request.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  }
  options.connect_timeout_ms = absl::ToInt64Milliseconds(config.connect_timeout);
  options.header_timeout_ms = absl::ToInt64Milliseconds(config.header_timeout);
  options.first_token_timeout_ms = absl::ToInt64Milliseconds(config.first_token_timeout);
  options.idle_timeout_ms = absl::ToInt64Milliseconds(config.idle_timeout);
  options.total_deadline_ms = request_.total_deadline_ms;
  options.stream = translation.request().stream;
  options.answer_bytes_max = worker_.limits().translated_answer_bytes_max;
  fan_out_ = std::make_unique<FanOut>(worker_, request_.served,
                                      request_.served->endpoint(*request_.connection),
                                      std::move(options), translation.branch_count());
  fan_out_->Start();
  Step step = AdvanceFanOut();
  while (step == Step::kReadUpstream) {
    co_await fan_out_->WaitNews();
    step = AdvanceFanOut();
  }
  if (step != Step::kRelay) {
    fan_out_.reset();
    co_return step;
  }
  StartRelay();
  request_.first_byte_us = SteadyMicros() - request_.start_us;
  pieces_.clear();
  AddPiece(out_);
  for (bool more = true; more;) {
    more = RelayFanOut();
    std::span<iovec> pieces(pieces_);
    http1::ErrorCode error = client_->TryWrite(&pieces);
    if (error == asio::error::would_block) {
      SetDeadline(Phase::kWrite, worker_.limits().write_timeout_ms);
      error = co_await client_->WriteRest(pieces);
      timer_.Clear();
    }
    if (error || client_gone_) {
      request_.code = ErrorCode::kClientClosed;
      client_gone_ = true;
      break;
    }
    pieces_.clear();
    if (more) co_await fan_out_->WaitNews();
  }
  fan_out_.reset();
  co_return Step::kRelayed;
}

ServerConnection::Step ServerConnection::AdvanceFanOut() {
  if (client_gone_) return Step::kClose;
  size_t begun = 0;
  size_t ended = 0;
  for (FanOut::Branch& branch : fan_out_->branches()) {
    const bool refused = branch.status != 0 && (branch.status < 200 || branch.status > 299);
    if (branch.status != 0) request_.upstream_status = branch.status;
    if (refused && branch.ended) {
      translated_->error_type = branch.error_type;
      translated_->error_headers.clear();
      translated_->retry_after_ms = RetryAfterMs(branch.retry_after, Now());
      collected_ = std::move(branch.payload);
      const bool credential = TakeCredentialRefusal(branch.status, collected_);
      if (credential && HasNextTarget()) {
        return FailAttempt(ErrorCode::kUpstreamAuthFailed, {});
      }
      return credential ? RefuseCredential() : TranslateError();
    }
    if (branch.ended && branch.code != ErrorCode::kOk) return FailAttempt(branch.code, {});
    if (branch.status != 0 && !refused) ++begun;
    if (branch.ended) ++ended;
  }
  const size_t count = fan_out_->branches().size();
  dialect::Translation& translation = *translated_->translation;
  if (translation.request().stream) {
    if (begun < count) return Step::kReadUpstream;
    for (const FanOut::Branch& branch : fan_out_->branches()) {
      if (!IsStream(branch.content_type)) {
        return FailAttempt(ErrorCode::kUpstreamInvalidResponse, "The provider does not stream.");
      }
    }
    translation.BeginStream();
    return Step::kRelay;
  }
  if (ended < count) return Step::kReadUpstream;
  std::vector<std::string> bodies;
  for (FanOut::Branch& branch : fan_out_->branches()) bodies.push_back(std::move(branch.payload));
  auto answer = translation.TranslateAnswer(bodies);
  if (!answer.ok()) return FailTranslated(answer.status());
  translation.RememberCalls(Now());
  return AnswerHere(200, "application/json", *std::move(answer));
}

// Adds to pieces_ what the branches have brought; false = nothing comes after.
bool ServerConnection::RelayFanOut() {
  TranslatedRequest& translated = *translated_;
  dialect::Translation& translation = *translated.translation;
  std::vector<FanOut::Branch>& branches = fan_out_->branches();
  for (size_t i = 0; i < branches.size() && !translation.ended(); ++i) {
    FanOut::Branch& branch = branches[i];
    translation.Feed(i, branch.payload, &translated.out);
    branch.payload.clear();
    fan_out_->Resume(i);
    if (!branch.ended) continue;
    if (branch.code == ErrorCode::kUpstreamTimeout ||
        branch.code == ErrorCode::kUpstreamInvalidResponse) {
      translation.Fail(AsProviderError(branch.code, {}), &translated.out);
    } else {
      translation.Finish(i, &translated.out);
    }
  }
  AddTranslated(&translated.out);
  if (translation.ended()) SetTranslatedCode();
  return !translation.ended();
}

}  // namespace lmgate::gateway
