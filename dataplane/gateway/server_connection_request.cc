// The part of ServerConnection that reads a request and decides where it goes.
#include <algorithm>
#include <cstring>
#include <utility>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "dataplane/auth/authenticator.h"
#include "dataplane/auth/credential.h"
#include "dataplane/gateway/body_form.h"
#include "dataplane/gateway/models_handler.h"
#include "dataplane/gateway/request_clock.h"
#include "dataplane/gateway/request_id.h"
#include "dataplane/gateway/server_connection.h"
#include "dataplane/http1/multipart_scan.h"

namespace lmgate::gateway {
namespace {

using contract::ErrorCode;
using contract::RoutingTable;
using http1::BodyKind;
using http1::HeaderId;

constexpr size_t kModelBytesMax = 512;

// Whether a client that sends this as its first bytes speaks HTTP/2 (RFC 9113, 3.4), or is about to
// show it.
bool IsHttp2Preface(std::string_view input) {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  return input.starts_with(kPreface) || kPreface.starts_with(input);
}

// How the SDKs of the dialect send a key; Bedrock's do it as OpenAI's.
std::string_view KeyHeaderOf(ErrorShape shape) {
  if (shape == ErrorShape::kAnthropic) return "x-api-key: KEY";
  if (shape == ErrorShape::kGemini) return "x-goog-api-key: KEY";
  return "Authorization: Bearer KEY";
}

}  // namespace

// ---- reading the request

void ServerConnection::BeginRequest() {
  request_.Reset();
  scanned_bytes_ = head_bytes_ = 0;
  body_bytes_ = 0;
  body_read_begun_ = false;
  timed_out_ = false;
  collecting_ = Collect::kNothing;
  out_.clear();
  SetDeadline(Phase::kIdle, IdleMs());
}

ServerConnection::Step ServerConnection::ReadHead() {
  for (;;) {
    const Step step = ScanHead();
    if (step != Step::kReadClient) return step;
    if (timed_out_) return request_.begun ? Refuse(ErrorCode::kRequestTimeout) : Step::kClose;
    if (client_->read_error() || client_->closed()) return Step::kClose;
    if (client_->read_outstanding()) return Step::kReadClient;
    const size_t have = client_->input().size();
    client_->ArmRead(
        std::max(kInputBytes, std::min(have * 2, worker_.limits().head_bytes_max + 1)));
  }
}

// kReadClient = the head is not whole yet.
ServerConnection::Step ServerConnection::ScanHead() {
  const std::string_view input = client_->input();
  if (input.size() <= scanned_bytes_) return Step::kReadClient;
  if (!request_.begun) {
    request_.begun = true;
    request_.start_us = SteadyMicros();
    request_.start_unix_us = UnixMicros();
    worker_.counters().active_requests.Add(1);
    if (scratch_ == nullptr) scratch_ = worker_.TakeScratch();
    SetDeadline(Phase::kHead, worker_.limits().head_timeout_ms);
  }
  // Scanned at the first bytes, so that what is no HTTP ends at once, and when the empty line has
  // come; not at each byte of a head that drips in.
  const size_t from = scanned_bytes_ < 3 ? 0 : scanned_bytes_ - 3;
  const bool scan = scanned_bytes_ == 0 || input.substr(from).find("\r\n\r\n") != input.npos;
  scanned_bytes_ = input.size();
  http1::RequestHead& head = scratch_->head;
  if (scan) {
    const http1::ScanResult result = http1::ScanRequestHead(input, &head);
    const bool too_many = result.status == http1::ScanStatus::kTooManyFields ||
                          (result.status == http1::ScanStatus::kComplete &&
                           head.field_count > worker_.limits().headers_max);
    if (too_many) {
      linger_ = true;
      return Refuse(
          ErrorCode::kHeaderTooLarge,
          StrCat("The request has more than ", worker_.limits().headers_max, " header lines."));
    }
    if (result.status == http1::ScanStatus::kInvalid ||
        result.status == http1::ScanStatus::kUnsupported) {
      if (may_be_http2_ && IsHttp2Preface(input)) {
        worker_.counters().active_requests.Subtract(1);
        request_.begun = false;
        HandOver();
        return Step::kClose;
      }
      linger_ = true;
      return Refuse(ErrorCode::kInvalidRequest, std::string(result.reason));
    }
    if (result.status == http1::ScanStatus::kComplete &&
        head.bytes <= worker_.limits().head_bytes_max) {
      head_bytes_ = head.bytes;
      request_.http_1_0 = head.http_1_0;
      request_.head_request = head.method == "HEAD";
      request_.keep_alive = head.keep_alive && !worker_.draining();
      request_.method.assign(head.method);
      request_.path.assign(head.target.substr(0, head.target.find('?')));
      const std::string_view id = head.Find(HeaderId::kXRequestId);
      if (IsValidRequestId(id)) {
        request_.id.assign(id);
      } else {
        MakeRequestId(worker_.NextRandom(), worker_.NextRandom(), &request_.id);
      }
      if (head.expect_unknown) {
        Refuse(ErrorCode::kInvalidRequest, "The only expectation that is met is 100-continue.");
        local_.status = 417;
        return Step::kAnswer;
      }
      return Step::kContinue;
    }
  }
  if (input.size() > worker_.limits().head_bytes_max) {
    linger_ = true;
    return Refuse(ErrorCode::kHeaderTooLarge, StrCat("The request head is longer than ",
                                                     worker_.limits().head_bytes_max, " bytes."));
  }
  return Step::kReadClient;
}

ServerConnection::Step ServerConnection::Authenticate() {
  const http1::RequestHead& head = scratch_->head;
  request_.served = worker_.served();
  std::span<const std::string> prefixes;
  if (request_.served != nullptr) {
    prefixes = request_.served->snapshot().routing().path_prefixes();
  }
  request_.endpoint = MatchEndpoint(head.method, head.target, prefixes);
  // Paths that several SDKs have, as /v1/models: Anthropic's names its version.
  if (request_.endpoint.dialect.empty() && !head.Find(HeaderId::kAnthropicVersion).empty()) {
    request_.endpoint.shape = ErrorShape::kAnthropic;
  }
  switch (request_.endpoint.action) {
    case EndpointMatch::Action::kHealth:
      return AnswerHere(200, "text/plain; charset=utf-8", "ok\n");
    case EndpointMatch::Action::kInvalid:
      return Refuse(ErrorCode::kInvalidRequest, "The path has a \".\" or \"..\" segment.");
    case EndpointMatch::Action::kNotFound:
      return Refuse(ErrorCode::kNotFound, "There is nothing at this path; the API begins at /v1/.");
    case EndpointMatch::Action::kMethodNotAllowed:
      return Refuse(ErrorCode::kMethodNotAllowed);
    default:
      break;
  }
  if (request_.served == nullptr) return Refuse(ErrorCode::kNotReady);
  const snapshot::Snapshot& snapshot = request_.served->snapshot();
  if (snapshot.settings().has_enabled() && !snapshot.settings().enabled()) {
    return Refuse(ErrorCode::kServiceDisabled);
  }

  auth::CredentialHeaders sent;
  for (const http1::HeaderField& field : head.headers()) {
    switch (field.id) {
      case HeaderId::kAuthorization:
        sent.authorization = field.value;
        break;
      case HeaderId::kXApiKey:
        sent.x_api_key = field.value;
        break;
      case HeaderId::kXGoogApiKey:
        sent.x_goog_api_key = field.value;
        break;
      case HeaderId::kApiKey:
        sent.api_key = field.value;
        break;
      default:
        break;
    }
  }
  std::string query_key;
  if (!request_.endpoint.query.empty()) {
    query_key = FindQueryParameter(request_.endpoint.query, "key");
    sent.query_key = query_key;
  }
  auth::PresentedCredential credential = auth::ExtractCredential(sent);
  if (credential.source == auth::CredentialSource::kNone) {
    return Refuse(ErrorCode::kInvalidApiKey, StrCat("You did not provide an API key. Send it as `",
                                                    KeyHeaderOf(request_.endpoint.shape), "`."));
  }
  auth::AuthResult result;
  // Under passthrough a client sends two credentials, its provider's and ours: any may be the key.
  while (credential.source != auth::CredentialSource::kNone) {
    result = auth::Authenticate(credential.secret, snapshot, request_.start_unix_us / 1000,
                                &digest_memo_);
    if (result.key != nullptr) break;
    switch (credential.source) {
      case auth::CredentialSource::kAuthorization:
        sent.authorization = {};
        break;
      case auth::CredentialSource::kXApiKey:
        sent.x_api_key = {};
        break;
      case auth::CredentialSource::kXGoogApiKey:
        sent.x_goog_api_key = {};
        break;
      case auth::CredentialSource::kApiKey:
        sent.api_key = {};
        break;
      default:
        sent.query_key = {};
        break;
    }
    credential = auth::ExtractCredential(sent);
  }
  if (result.key != nullptr) {
    const std::string_view id = result.key->id();
    std::copy(id.begin(), id.end(), request_.key_id.begin());
    request_.authenticated = true;
  }
  if (result.code != ErrorCode::kOk) return Refuse(result.code);
  switch (credential.source) {
    case auth::CredentialSource::kAuthorization:
      request_.key_header = HeaderId::kAuthorization;
      break;
    case auth::CredentialSource::kXApiKey:
      request_.key_header = HeaderId::kXApiKey;
      break;
    case auth::CredentialSource::kXGoogApiKey:
      request_.key_header = HeaderId::kXGoogApiKey;
      break;
    case auth::CredentialSource::kApiKey:
      request_.key_header = HeaderId::kApiKey;
      break;
    default:
      break;
  }
  request_.key = result.key;
  request_.group = &snapshot.group(*result.key);
  if (request_.endpoint.action != EndpointMatch::Action::kProxy) return ServeModels();
  return Step::kContinue;
}

std::optional<std::string_view> ServerConnection::HeaderValue(std::string_view lower_name) const {
  return scratch_->head.Find(lower_name);
}

ServerConnection::Step ServerConnection::ServeModels() {
  const ErrorShape shape = request_.endpoint.shape;
  const snapshot::Snapshot& snapshot = request_.served->snapshot();
  if (request_.endpoint.action == EndpointMatch::Action::kListModels) {
    return AnswerHere(200, "application/json",
                      ListModelsBody(shape, snapshot, *request_.group, *request_.key,
                                     request_.endpoint.path_prefix));
  }
  request_.model = PercentDecode(request_.endpoint.model_id);
  const auto header = [this](std::string_view name) { return HeaderValue(name); };
  const RoutingTable::Query query{.model = request_.model,
                                  .path_prefix = request_.endpoint.path_prefix,
                                  .dialect = request_.endpoint.dialect,
                                  .header = header};
  std::optional<std::string> body =
      GetModelBody(shape, snapshot, *request_.group, *request_.key, query);
  if (!body.has_value()) {
    return Refuse(ErrorCode::kModelNotFound,
                  StrCat("The model \"", request_.model,
                         "\" does not exist, or this key may not "
                         "use it."),
                  "model");
  }
  return AnswerHere(200, "application/json", *std::move(body));
}

// Puts the interim answer into out_ when the client waits for it before it sends its body.
ServerConnection::Step ServerConnection::StartBody() {
  const http1::RequestHead& head = scratch_->head;
  const uint64_t limit = worker_.limits().body_bytes_max;
  out_.clear();
  request_.has_body = head.body != BodyKind::kNone || head.method == "POST" ||
                      head.method == "PUT" || head.method == "PATCH";
  if (head.body == BodyKind::kNone) {
    request_.body_taken = true;
    return Step::kContinue;
  }
  if (head.body == BodyKind::kContentLength && head.content_length > limit) {
    return Refuse(ErrorCode::kRequestTooLarge,
                  StrCat("The request body is longer than ", limit, " bytes."));
  }
  if (head.expect_continue && client_->input().size() == head.bytes) {
    out_ = "HTTP/1.1 100 Continue\r\n\r\n";
  }
  const int64_t timeout_ms = worker_.limits().body_timeout_ms;
  if (head.body == BodyKind::kChunked) {
    SetDeadline(Phase::kBody, timeout_ms);
    DetachHead();
    request_chunks_ = http1::ChunkTracker();
    return Step::kContinue;
  }
  const auto length = static_cast<size_t>(head.content_length);
  const std::string_view came = client_->input().substr(head.bytes);
  if (came.size() >= length) {
    request_.body = came.substr(0, length);
    head_bytes_ += length;
    request_.body_taken = true;
    return Step::kContinue;
  }
  SetDeadline(Phase::kBody, timeout_ms);
  GrowBody(length);
  std::memcpy(body_.bytes.get(), came.data(), came.size());
  body_bytes_ = came.size();
  head_bytes_ += came.size();
  return Step::kContinue;
}

ServerConnection::Step ServerConnection::ReadBody() {
  if (request_.body_taken) return Step::kContinue;
  if (scratch_->head.body == BodyKind::kChunked) return ReadChunkedBody();
  const auto length = static_cast<size_t>(scratch_->head.content_length);
  for (;;) {
    if (body_read_begun_) body_bytes_ += client_->external_bytes();
    body_read_begun_ = false;
    if (body_bytes_ == length) {
      request_.body = std::string_view(body_.bytes.get(), length);
      request_.body_taken = true;
      return Step::kContinue;
    }
    if (timed_out_) return Refuse(ErrorCode::kRequestTimeout);
    if (client_->read_error() || client_->closed()) return Step::kClose;
    client_->ArmReadInto(body_.bytes.get() + body_bytes_, length - body_bytes_);
    body_read_begun_ = true;
    if (client_->read_outstanding()) return Step::kReadClient;
  }
}

ServerConnection::Step ServerConnection::ReadChunkedBody() {
  for (;;) {
    while (!client_->input().empty()) {
      const http1::ChunkTracker::Step chunk = request_chunks_.Next(client_->input());
      if (chunk.status == http1::ChunkTracker::Status::kInvalid) {
        return Refuse(ErrorCode::kInvalidRequest, "The chunked body is malformed.");
      }
      if (body_bytes_ + chunk.payload.size() > worker_.limits().body_bytes_max) {
        return Refuse(
            ErrorCode::kRequestTooLarge,
            StrCat("The request body is longer than ", worker_.limits().body_bytes_max, " bytes."));
      }
      GrowBody(body_bytes_ + chunk.payload.size());
      std::copy(chunk.payload.begin(), chunk.payload.end(), body_.bytes.get() + body_bytes_);
      body_bytes_ += chunk.payload.size();
      client_->Consume(chunk.consumed);
      if (chunk.status == http1::ChunkTracker::Status::kDone) {
        GrowBody(body_bytes_);
        request_.body = std::string_view(body_.bytes.get(), body_bytes_);
        request_.body_taken = true;
        return Step::kContinue;
      }
    }
    if (timed_out_) return Refuse(ErrorCode::kRequestTimeout);
    if (client_->read_error() || client_->closed()) return Step::kClose;
    if (client_->read_outstanding()) return Step::kReadClient;
    client_->ArmRead(kAnswerBytes);
  }
}

// Moves the head out of the input buffer, which a chunked body needs for itself.
void ServerConnection::DetachHead() {
  head_copy_.assign(client_->input().substr(0, head_bytes_));
  client_->Consume(head_bytes_);
  head_bytes_ = 0;
  const http1::ScanResult result = http1::ScanRequestHead(head_copy_, &scratch_->head);
  LMGATE_CHECK(result.status == http1::ScanStatus::kComplete);
  request_.endpoint = MatchEndpoint(scratch_->head.method, scratch_->head.target,
                                    request_.served->snapshot().routing().path_prefixes());
}

// Room for `bytes` of body and the padding after it.
void ServerConnection::GrowBody(size_t bytes) {
  if (body_.bytes != nullptr && body_.capacity >= bytes) return;
  const size_t wanted = body_bytes_ == 0 ? bytes : std::max(bytes, 2 * body_.capacity);
  BodyBuffer grown = worker_.bodies().Take(wanted);
  if (body_bytes_ > 0) std::memcpy(grown.bytes.get(), body_.bytes.get(), body_bytes_);
  worker_.bodies().Give(std::move(body_));
  body_ = std::move(grown);
}

// ---- deciding

ServerConnection::Step ServerConnection::Decide() {
  request_.body_bytes = request_.body.size();
  if (const Step step = ScanBody(); step != Step::kContinue) return step;
  const snapshot::Snapshot& snapshot = request_.served->snapshot();
  routing::Plan& plan = scratch_->plan;
  // What can be translated may go to a target of any dialect.
  const bool translatable = request_.endpoint.operation == contract::Operation::kGenerate ||
                            request_.endpoint.operation == contract::Operation::kCountTokens;
  const std::string_view target_dialect =
      translatable ? std::string_view() : request_.endpoint.dialect;
  if (request_.model.empty()) {
    plan = routing::MakeDefaultPlan(snapshot, *request_.group, target_dialect);
    if (plan.code() == ErrorCode::kNotFound) {
      return Refuse(ErrorCode::kNotFound,
                    StrCat("The request names no model, and the group \"", request_.group->name,
                           "\" has no default_connection."));
    }
  } else {
    const auto header = [this](std::string_view name) { return HeaderValue(name); };
    const RoutingTable::Query query{.model = request_.model,
                                    .path_prefix = request_.endpoint.path_prefix,
                                    .dialect = request_.endpoint.dialect,
                                    .header = header};
    const RoutingTable::Decision decision =
        snapshot.routing().Decide(query, *request_.group, request_.key->models());
    request_.route = decision.route;
    switch (decision.code) {
      case ErrorCode::kOk:
        break;
      case ErrorCode::kModelNotFound:
        return Refuse(
            decision.code,
            StrCat("The model \"", request_.model, "\" does not exist: no route matches."),
            "model");
      case ErrorCode::kModelNotAllowed:
        return Refuse(decision.code,
                      StrCat("This API key may not use the model \"", request_.model, "\"."),
                      "model");
      default:
        return Refuse(decision.code);
    }
    plan = routing::MakePlan(snapshot, *request_.group, decision,
                             {.model = request_.model,
                              .dialect = target_dialect,
                              .random = worker_.NextRandom(),
                              .turn = worker_.NextTurn()});
  }
  if (plan.code() != ErrorCode::kOk) return Refuse(plan.code());
  return Step::kContinue;
}

// Reads what routing needs out of the body: the model, and whether a stream is asked for.
ServerConnection::Step ServerConnection::ScanBody() {
  const std::string_view content_type = scratch_->head.Find(HeaderId::kContentType);
  if (!request_.body.empty() && !scratch_->head.Find(HeaderId::kContentEncoding).empty()) {
    // Nowhere: what cannot be read may name another model to the provider.
    return Refuse(ErrorCode::kInvalidRequest, "A compressed request body is not supported.");
  }
  const BodyForm form = FindBodyForm(content_type, request_.body);
  if (form == BodyForm::kMultipart) {
    const http1::MultipartScan scan = http1::ScanMultipart(content_type, request_.body);
    if (!scan.valid) return Refuse(ErrorCode::kInvalidRequest, std::string(scan.error));
    if (scan.has_model) {
      request_.model.assign(scan.model);
      request_.place = {.kind = ModelPlace::Kind::kMultipart,
                        .offset = scan.model_offset,
                        .bytes = scan.model.size()};
    }
    request_.stream = scan.stream;
  } else if (form == BodyForm::kUrlEncoded && !FindQueryParameter(request_.body, "model").empty()) {
    return Refuse(ErrorCode::kInvalidRequest, "A model is not read from a urlencoded body.",
                  "model");
  } else if (form == BodyForm::kJson || request_.endpoint.needs_model) {
    const http1::RequestScan scan = worker_.scanner().Scan(request_.body);
    if (!scan.valid) return Refuse(ErrorCode::kInvalidRequest, std::string(scan.error));
    if (scan.has_model) {
      request_.model.assign(scan.model);
      request_.place = {
          .kind = ModelPlace::Kind::kJson, .offset = scan.model_offset, .bytes = scan.model_bytes};
    }
    request_.stream = scan.stream;
  }
  if (!request_.endpoint.path_model.empty()) {
    request_.model = PercentDecode(request_.endpoint.path_model);
    request_.place = {.kind = ModelPlace::Kind::kPath,
                      .offset = static_cast<size_t>(request_.endpoint.path_model.data() -
                                                    request_.endpoint.upstream_path.data()),
                      .bytes = request_.endpoint.path_model.size()};
    request_.stream = request_.endpoint.stream;
  } else if (!request_.endpoint.query.empty()) {
    std::string model = FindQueryParameter(request_.endpoint.query, "model");
    if (!model.empty() && request_.place.kind != ModelPlace::Kind::kNone) {
      return Refuse(ErrorCode::kInvalidRequest, "The model is named in the body and in the query.",
                    "model");
    }
    if (!model.empty()) {
      request_.model = std::move(model);
      request_.place.kind = ModelPlace::Kind::kQuery;
    }
  }
  if (request_.endpoint.needs_model && request_.model.empty()) {
    return Refuse(ErrorCode::kInvalidRequest, "The request does not name a model.", "model");
  }
  if (request_.model.size() > kModelBytesMax) {
    request_.model.clear();
    return Refuse(ErrorCode::kInvalidRequest, "The model's name is too long.", "model");
  }
  for (const char c : request_.model) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) continue;
    // Some readers end a name at such a character.
    request_.model.clear();
    return Refuse(ErrorCode::kInvalidRequest, "The model's name has a control character.", "model");
  }
  return Step::kContinue;
}

// ---- answers of our own

ServerConnection::Step ServerConnection::Refuse(ErrorCode code, std::string message,
                                                std::string_view param) {
  if (request_.id.empty()) {
    MakeRequestId(worker_.NextRandom(), worker_.NextRandom(), &request_.id);
  }
  request_.code = code;
  request_.total_deadline_ms = 0;  // it bounds the provider's part; telling so has its own time
  local_.status = HttpStatusOf(request_.endpoint.shape, code);
  local_.content_type = "application/json";
  local_.extra_headers = ErrorHeaders(request_.endpoint.shape, code);
  local_.body = ErrorBody(request_.endpoint.shape, code,
                          message.empty() ? DefaultMessage(code) : std::string_view(message), param,
                          request_.id);
  if (code == ErrorCode::kRequestTimeout) request_.keep_alive = false;
  SkipBody();
  return Step::kAnswer;
}

ServerConnection::Step ServerConnection::AnswerHere(int status, std::string_view content_type,
                                                    std::string body) {
  local_.status = status;
  local_.content_type = content_type;
  local_.extra_headers.clear();
  local_.body = std::move(body);
  SkipBody();
  return Step::kAnswer;
}

// The body will not be read. What came with the head is skipped; of one still under way the
// connection cannot be used again.
void ServerConnection::SkipBody() {
  if (request_.body_taken || head_bytes_ == 0) {
    if (head_bytes_ == 0 && !request_.body_taken) {
      request_.keep_alive = false;
      linger_ = true;
    }
    return;
  }
  const http1::RequestHead& head = scratch_->head;
  if (head.body == BodyKind::kNone) return;
  if (head.body == BodyKind::kContentLength && head_bytes_ == head.bytes &&
      client_->input().size() - head.bytes >= head.content_length) {
    head_bytes_ += static_cast<size_t>(head.content_length);
    return;
  }
  request_.keep_alive = false;
  linger_ = true;
}

}  // namespace lmgate::gateway
