#include "dataplane/gateway/server_connection.h"

#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <cstring>
#include <exception>
#include <utility>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "dataplane/auth/authenticator.h"
#include "dataplane/auth/credential.h"
#include "dataplane/gateway/models_handler.h"
#include "dataplane/gateway/provider_error.h"
#include "dataplane/http1/multipart_scan.h"

namespace lmgate::gateway {
namespace {

namespace asio = boost::asio;
using contract::ErrorCode;
using contract::RoutingTable;
using http1::BodyKind;
using http1::HeaderId;
using http1::TimerWheel;
using AuthMode = contract::EffectiveConnection::AuthMode;

constexpr size_t kRequestIdBytesMax = 128;
constexpr size_t kModelBytesMax = 512;

int64_t SteadyMicros() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t UnixMicros() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// What may stand in a log line, a header and a support ticket without harm.
bool IsValidRequestId(std::string_view id) {
  if (id.empty() || id.size() > kRequestIdBytesMax) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':';
  });
}

void MakeRequestId(uint64_t high, uint64_t low, std::string* id) {
  constexpr char kHex[] = "0123456789abcdef";
  id->assign("req_");
  for (int shift = 60; shift >= 0; shift -= 4) id->push_back(kHex[(high >> shift) & 0xf]);
  for (int shift = 60; shift >= 32; shift -= 4) id->push_back(kHex[(low >> shift) & 0xf]);
}

int64_t Milliseconds(absl::Duration duration) { return absl::ToInt64Milliseconds(duration); }

}  // namespace

ServerConnection::ServerConnection(Worker& worker, http1::Socket socket)
    : worker_(worker),
      client_(new http1::Stream(std::move(socket))),
      timer_(
          worker.wheel(), [](void* self) { static_cast<ServerConnection*>(self)->OnTimer(); },
          this) {}

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
  worker_.Remove(this);
  delete this;
}

void ServerConnection::OnDrain() {
  if (phase_ == Phase::kIdle) timer_.Set(TimerWheel::NowMs() + kDrainIdleMs);
}

void ServerConnection::Abort() {
  client_gone_ = true;
  connect_control_.Cancel();
  if (upstream_ != nullptr) upstream_->Close();
  client_->Close();
}

// The life of a connection. It reads like the list in house.md 2.7: read, authenticate, decode and
// plan (Decide), attempt, relay, settle.
http1::Awaitable<> ServerConnection::Serve() {
  if (worker_.shared().tls != nullptr) {
    SetDeadline(Phase::kHead, worker_.limits().head_timeout_ms);
    http1::ErrorCode error = client_->StartTls(*worker_.shared().tls, {}, false);
    if (!error) error = co_await client_->Handshake(/*as_client=*/false);
    if (error) co_return;
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
                        request_.keep_alive, request_.http_1_0, request_.head_request, request_.id,
                        &out_);
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
      client_->ArmRead();
      if (client_->read_outstanding()) co_await client_->WaitRead();
    }
  }
}

// ---- reading the request

void ServerConnection::BeginRequest() {
  std::string id = std::move(request_.id);
  std::string method = std::move(request_.method);
  std::string path = std::move(request_.path);
  std::string model = std::move(request_.model);
  std::string upstream_model = std::move(request_.upstream_model);
  request_ = Request();
  // Their memory serves again.
  request_.id = std::move(id);
  request_.method = std::move(method);
  request_.path = std::move(path);
  request_.model = std::move(model);
  request_.upstream_model = std::move(upstream_model);
  request_.id.clear();
  request_.method.clear();
  request_.path.clear();
  request_.model.clear();
  request_.upstream_model.clear();
  scanned_bytes_ = head_bytes_ = 0;
  body_bytes_ = 0;
  body_read_armed_ = false;
  timed_out_ = false;
  collecting_ = false;
  out_.clear();
  SetDeadline(Phase::kIdle, worker_.draining() ? kDrainIdleMs : worker_.limits().idle_timeout_ms);
}

ServerConnection::Step ServerConnection::ReadHead() {
  for (;;) {
    const Step step = ScanHead();
    if (step != Step::kReadClient) return step;
    if (timed_out_) return request_.begun ? Refuse(ErrorCode::kRequestTimeout) : Step::kClose;
    if (client_->read_error() || client_->closed()) return Step::kClose;
    if (client_->read_outstanding()) return Step::kReadClient;
    const size_t have = client_->input().size();
    client_->Reserve(
        std::max(kInputBytes, std::min(have * 2, worker_.limits().head_bytes_max + 1)));
    client_->ArmRead();
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
    if (result.status == http1::ScanStatus::kInvalid ||
        result.status == http1::ScanStatus::kUnsupported) {
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
    return Refuse(ErrorCode::kInvalidApiKey,
                  "You did not provide an API key. Send it as `Authorization: Bearer KEY`.");
  }
  auth::AuthResult result;
  // Under passthrough a client sends two credentials, its provider's and ours: any may be the key.
  while (credential.source != auth::CredentialSource::kNone) {
    result = auth::Authenticate(credential.secret, snapshot, request_.start_unix_us / 1000);
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
  const snapshot::Snapshot& snapshot = request_.served->snapshot();
  if (request_.endpoint.action == EndpointMatch::Action::kListModels) {
    return AnswerHere(
        200, "application/json",
        ListModelsBody(snapshot, *request_.group, *request_.key, request_.endpoint.path_prefix));
  }
  request_.model = PercentDecode(request_.endpoint.model_id);
  const auto header = [this](std::string_view name) { return HeaderValue(name); };
  const RoutingTable::Query query{.model = request_.model,
                                  .path_prefix = request_.endpoint.path_prefix,
                                  .dialect = request_.endpoint.dialect,
                                  .header = header};
  std::optional<std::string> body = GetModelBody(snapshot, *request_.group, *request_.key, query);
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
  SetDeadline(Phase::kBody, worker_.limits().body_timeout_ms);
  if (head.body == BodyKind::kChunked) {
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
  GrowBody(length);
  std::memcpy(body_.get(), came.data(), came.size());
  body_bytes_ = came.size();
  head_bytes_ += came.size();
  return Step::kContinue;
}

ServerConnection::Step ServerConnection::ReadBody() {
  if (request_.body_taken) return Step::kContinue;
  if (scratch_->head.body == BodyKind::kChunked) return ReadChunkedBody();
  const auto length = static_cast<size_t>(scratch_->head.content_length);
  if (body_read_armed_) {
    body_bytes_ += client_->external_bytes();
    body_read_armed_ = false;
  }
  if (body_bytes_ == length) {
    request_.body = std::string_view(body_.get(), length);
    request_.body_taken = true;
    return Step::kContinue;
  }
  if (timed_out_) return Refuse(ErrorCode::kRequestTimeout);
  if (client_->read_error() || client_->closed()) return Step::kClose;
  client_->ArmReadInto(body_.get() + body_bytes_, length - body_bytes_);
  body_read_armed_ = client_->read_outstanding();
  return body_read_armed_ ? Step::kReadClient : Step::kClose;
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
      std::copy(chunk.payload.begin(), chunk.payload.end(), body_.get() + body_bytes_);
      body_bytes_ += chunk.payload.size();
      client_->Consume(chunk.consumed);
      if (chunk.status == http1::ChunkTracker::Status::kDone) {
        GrowBody(body_bytes_);
        request_.body = std::string_view(body_.get(), body_bytes_);
        request_.body_taken = true;
        return Step::kContinue;
      }
    }
    if (timed_out_) return Refuse(ErrorCode::kRequestTimeout);
    if (client_->read_error() || client_->closed()) return Step::kClose;
    if (client_->read_outstanding()) return Step::kReadClient;
    client_->Reserve(kAnswerBytes);
    client_->ArmRead();
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
  if (body_ != nullptr && body_capacity_ >= bytes) return;
  const size_t capacity = body_bytes_ == 0 ? bytes : std::max(bytes, 2 * body_capacity_);
  auto grown =
      std::make_unique_for_overwrite<char[]>(capacity + http1::RequestScanner::kPaddingBytes);
  std::memset(grown.get() + capacity, 0, http1::RequestScanner::kPaddingBytes);
  if (body_bytes_ > 0) std::memcpy(grown.get(), body_.get(), body_bytes_);
  body_ = std::move(grown);
  body_capacity_ = capacity;
}

// ---- deciding

ServerConnection::Step ServerConnection::Decide() {
  request_.body_bytes = request_.body.size();
  if (const Step step = ScanBody(); step != Step::kContinue) return step;
  const snapshot::Snapshot& snapshot = request_.served->snapshot();
  routing::Plan& plan = scratch_->plan;
  if (request_.model.empty()) {
    plan = routing::MakeDefaultPlan(snapshot, *request_.group, request_.endpoint.dialect);
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
                              .dialect = request_.endpoint.dialect,
                              .random = worker_.NextRandom(),
                              .turn = worker_.NextTurn()});
  }
  if (plan.code() != ErrorCode::kOk) return Refuse(plan.code());
  return Step::kContinue;
}

// Reads what routing needs out of the body: the model, and whether a stream is asked for.
ServerConnection::Step ServerConnection::ScanBody() {
  const std::string_view content_type = scratch_->head.Find(HeaderId::kContentType);
  const bool encoded = !scratch_->head.Find(HeaderId::kContentEncoding).empty();
  if (encoded && request_.endpoint.needs_model) {
    return Refuse(ErrorCode::kInvalidRequest, "A compressed request body is not supported.");
  }
  if (http1::IsMultipartFormData(content_type)) {
    const http1::MultipartScan scan = http1::ScanMultipart(content_type, request_.body);
    if (!scan.valid) return Refuse(ErrorCode::kInvalidRequest, std::string(scan.error));
    if (scan.has_model) {
      request_.model.assign(scan.model);
      request_.place = {.kind = ModelPlace::Kind::kMultipart,
                        .offset = scan.model_offset,
                        .bytes = scan.model.size()};
    }
    request_.stream = scan.stream;
  } else if (request_.endpoint.needs_model || (!request_.body.empty() && !encoded &&
                                               content_type.find("json") != content_type.npos)) {
    const http1::RequestScan scan = worker_.scanner().Scan(request_.body);
    if (!scan.valid) return Refuse(ErrorCode::kInvalidRequest, std::string(scan.error));
    if (scan.has_model) {
      request_.model.assign(scan.model);
      request_.place = {
          .kind = ModelPlace::Kind::kJson, .offset = scan.model_offset, .bytes = scan.model_bytes};
    }
    request_.stream = scan.stream;
  }
  if (request_.model.empty() && request_.place.kind == ModelPlace::Kind::kNone &&
      !request_.endpoint.query.empty()) {
    request_.model = FindQueryParameter(request_.endpoint.query, "model");
    if (!request_.model.empty()) request_.place.kind = ModelPlace::Kind::kQuery;
  }
  if (request_.endpoint.needs_model && request_.model.empty()) {
    return Refuse(ErrorCode::kInvalidRequest, "The request does not name a model.", "model");
  }
  if (request_.model.size() > kModelBytesMax) {
    request_.model.clear();
    return Refuse(ErrorCode::kInvalidRequest, "The model's name is too long.", "model");
  }
  return Step::kContinue;
}

// ---- attempts

const snapshot::UpstreamConnection& ServerConnection::upstream_connection() const {
  return *request_.served->snapshot().connections()[*request_.connection];
}

ServerConnection::Step ServerConnection::PrepareTarget(Step previous) {
  WatchClient();
  if (client_gone_) return Step::kClose;
  const routing::PlannedTarget& target = scratch_->plan.targets()[request_.target];
  request_.connection = target.connection;
  request_.upstream_model.assign(target.model);
  request_.sent = false;
  const snapshot::UpstreamConnection& connection = upstream_connection();
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
  ++request_.attempts;
  request_.served->metrics(target.connection).attempts.Add(1);
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
  encoded_.Encode(request);
}

ServerConnection::Step ServerConnection::ReadAnswerHead() {
  for (;;) {
    if (client_gone_) return Step::kClose;
    if (collecting_) return CollectRefusal();
    const std::string_view input = upstream_->input();
    if (!input.empty()) {
      http1::ResponseHead& head = worker_.response_head();
      const http1::ScanResult result = http1::ScanResponseHead(input, request_.head_request, &head);
      if (result.status == http1::ScanStatus::kComplete) {
        if (head.status >= 200) return OnAnswerHead(head);
        // Interim answers end here: early hints are the provider's site's business.
        if (head.status == 101 || ++interim_answers_ > kInterimAnswersMax) {
          return FailAttempt(ErrorCode::kUpstreamInvalidResponse, {});
        }
        upstream_->Consume(head.bytes);
        continue;
      }
      if (result.status != http1::ScanStatus::kIncomplete) {
        return FailAttempt(ErrorCode::kUpstreamInvalidResponse,
                           StrCat("The provider's answer is not valid HTTP: ", result.reason, "."));
      }
      if (input.size() >= kAnswerHeadBytesMax) {
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
    upstream_->Reserve(std::max(kAnswerBytes, 2 * input.size()));
    upstream_->ArmRead();
  }
}

ServerConnection::Step ServerConnection::OnAnswerHead(const http1::ResponseHead& head) {
  const int status = head.status;
  request_.upstream_status = status;
  answer_kind_ = head.body;
  answer_left_ = head.content_length;
  answer_chunks_ = http1::ChunkTracker();
  answer_done_ = head.body == BodyKind::kNone;
  upstream_keep_alive_ = head.keep_alive;
  last_bytes_ = {'\n', '\n', '\n', '\n'};  // before the first event is between two events
  const bool credential_refused = (status == 401 || status == 403) &&
                                  upstream_connection().config.auth_mode == AuthMode::kCredential;
  // What the next target may do better; a caller's own mistake would be one there as well.
  const bool may_move_on = credential_refused || status == 408 || status == 429 || status >= 500;
  if (may_move_on && request_.target + 1 < scratch_->plan.targets().size()) {
    return FailAttempt(
        credential_refused ? ErrorCode::kUpstreamAuthFailed : ErrorCode::kUpstreamError, {});
  }
  if (!credential_refused) return Step::kRelay;
  collecting_ = true;
  collected_.clear();
  upstream_->Consume(head.bytes);
  return CollectRefusal();
}

// The provider refuses our credential: not the client's fault, so its 401 must not reach the
// client's SDK as one. Its message does.
ServerConnection::Step ServerConnection::CollectRefusal() {
  pieces_.clear();
  const bool lawful = TakeBody(upstream_->input());
  upstream_->Consume(answer_taken_);
  const bool ended = answer_done_ || !lawful || timed_out_ || upstream_->read_error() ||
                     collected_.size() >= kErrorBodyBytesMax;
  if (!ended) {
    upstream_->Reserve(kAnswerBytes);
    upstream_->ArmRead();
    if (upstream_->read_outstanding()) return Step::kReadUpstream;
  }
  collecting_ = false;
  ReleaseUpstream(answer_done_ && upstream_keep_alive_);
  const std::string said = ProviderErrorMessage(collected_, upstream_connection());
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
  if (time_left && request_.target + 1 < scratch_->plan.targets().size()) {
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

// ---- the relay

void ServerConnection::StartRelay() {
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
  first_byte_seen_ = false;
  reset_at_end_ = false;
  // From here no other target is tried: the request itself is not needed any more.
  request_.body = {};
  body_.reset();
  body_capacity_ = 0;
  worker_.GiveScratch(std::move(scratch_));
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
  upstream_->Reserve(kAnswerBytes);
  upstream_->ArmRead();
  const contract::EffectiveConnection& config = upstream_connection().config;
  if (first_byte_seen_) {
    SetDeadline(Phase::kAnswerBody, Milliseconds(config.idle_timeout));
  } else {
    SetDeadline(Phase::kFirstByte, Milliseconds(config.first_token_timeout));
  }
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
      AddPiece(piece);
      return true;
    }
    case BodyKind::kChunked:
      while (answer_taken_ < data.size()) {
        const http1::ChunkTracker::Step chunk = answer_chunks_.Next(data.substr(answer_taken_));
        if (chunk.status == http1::ChunkTracker::Status::kInvalid) {
          answer_taken_ += chunk.consumed;
          return false;
        }
        answer_taken_ += chunk.consumed;
        ObservePayload(chunk.payload);
        if (framing_ == OutFraming::kDechunked) AddPiece(chunk.payload);
        if (chunk.status == http1::ChunkTracker::Status::kDone) {
          answer_done_ = true;
          break;
        }
      }
      if (framing_ == OutFraming::kRaw) AddPiece(data.substr(0, answer_taken_));
      return true;
    case BodyKind::kUntilClose:
      answer_taken_ = data.size();
      ObservePayload(data);
      if (framing_ == OutFraming::kRechunked && !data.empty()) {
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
  if (collecting_) {
    collected_.append(payload.substr(0, kErrorBodyBytesMax - collected_.size()));
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

// ---- answers of our own

ServerConnection::Step ServerConnection::Refuse(ErrorCode code, std::string message,
                                                std::string_view param) {
  if (request_.id.empty()) {
    MakeRequestId(worker_.NextRandom(), worker_.NextRandom(), &request_.id);
  }
  request_.code = code;
  request_.total_deadline_ms = 0;  // it bounds the provider's part; telling so has its own time
  local_.status = HttpStatusOf(code);
  local_.content_type = "application/json";
  local_.extra_headers = ErrorHeaders(code);
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
  local_.extra_headers = {};
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
  record.usage = request_.usage.usage();
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
  body_.reset();
  body_capacity_ = 0;
  request_.served.reset();
  request_.total_deadline_ms = 0;
  if (last == Step::kClose || client_gone_ || client_->closed()) return false;
  if (last == Step::kRelay && !answer_done_) {
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
  client_->FinishMessage(head_bytes_);
  return true;
}

// ---- timers and the client's end

void ServerConnection::SetDeadline(Phase phase, int64_t timeout_ms) {
  phase_ = phase;
  int64_t deadline_ms = TimerWheel::NowMs() + timeout_ms;
  if (request_.total_deadline_ms != 0) {
    deadline_ms = std::min(deadline_ms, request_.total_deadline_ms);
  }
  timer_.Set(deadline_ms);
}

void ServerConnection::OnTimer() {
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
  if (client_->input().size() <= head_bytes_) client_->ArmReadNext();
}

void ServerConnection::OnUnattendedRead() {
  if (!client_->read_error()) return;  // the next request, early
  client_gone_ = true;
  connect_control_.Cancel();
  if (upstream_ != nullptr) upstream_->Close();
}

}  // namespace lmgate::gateway
