#include "dataplane/http1/client_pool.h"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <utility>

#include "common/base/strings.h"

namespace lmgate::http1 {

using tcp = asio::ip::tcp;

void ConnectControl::Cancel() {
  cancelled_ = true;
  if (stream_ != nullptr) stream_->Close();
  if (resolve_wait_ != nullptr) resolve_wait_->cancel();
}

std::string EndpointOptions::Key() const {
  return StrCat(static_cast<int>(url.scheme), "|", url.host, "|", url.port, "|", server_name, "|",
                verify ? 1 : 0, "|", ca_pem, "|", client_cert_pem, "|", client_key_pem);
}

// An idle socket: the outstanding read tells when the peer closes it or talks out of turn.
struct Endpoint::Idle {
  Idle(Endpoint* owner_endpoint, StreamPtr idle_stream)
      : owner(owner_endpoint),
        stream(std::move(idle_stream)),
        timer(owner->context_.wheel(), &Idle::Expire, this) {}

  static void Expire(void* self) {
    auto* idle = static_cast<Idle*>(self);
    auto& all = idle->owner->idle_;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [idle](const auto& entry) { return entry.get() == idle; });
    if (found != all.end()) all.erase(found);
  }

  Endpoint* owner;
  StreamPtr stream;
  TimerWheel::Entry timer;
};

// Shared with the resolver's callback, which may come after the endpoint is gone.
struct Endpoint::Resolution {
  std::vector<tcp::endpoint> addresses;
  int64_t expires_ms = 0;
  bool running = false;
  std::string error;
  std::vector<asio::steady_timer*> waiters;
};

Endpoint::Endpoint(StreamContext& context, EndpointOptions options, PoolLimits limits)
    : context_(context),
      options_(std::move(options)),
      limits_(limits),
      resolution_(std::make_shared<Resolution>()) {
  if (options_.url.scheme != contract::BaseUrl::Scheme::kHttps) return;
  tls_ = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  ErrorCode error;
  tls_->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                    asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                    asio::ssl::context::no_tlsv1_1);
  const auto fail = [this](std::string_view what) {
    if (tls_status_.ok()) tls_status_ = absl::InvalidArgumentError(StrCat(what));
  };
  if (options_.ca_pem.empty()) {
    tls_->set_default_verify_paths(error);
    if (error) fail("the system's certificate authorities cannot be loaded");
  } else {
    tls_->add_certificate_authority(asio::buffer(options_.ca_pem), error);
    if (error) fail("tls.ca is not a PEM certificate");
  }
  if (!options_.client_cert_pem.empty()) {
    tls_->use_certificate_chain(asio::buffer(options_.client_cert_pem), error);
    if (error) fail("tls.client_cert is not a PEM certificate");
    tls_->use_private_key(asio::buffer(options_.client_key_pem), asio::ssl::context::pem, error);
    if (error) fail("tls.client_key is not the PEM key of tls.client_cert");
  }
  // RFC 7301: one protocol, as a length and its name.
  static constexpr unsigned char kAlpn[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(tls_->native_handle(), kAlpn, sizeof(kAlpn) - 1);
  SSL_CTX_set_session_cache_mode(tls_->native_handle(), SSL_SESS_CACHE_CLIENT);
}

Endpoint::~Endpoint() = default;

StreamPtr Endpoint::TakeIdle() {
  while (!idle_.empty()) {
    std::unique_ptr<Idle> idle = std::move(idle_.back());
    idle_.pop_back();
    Stream& stream = *idle->stream;
    stream.SetObserver(nullptr, nullptr);
    if (!stream.read_error() && stream.input().empty() && !stream.closed()) {
      return std::move(idle->stream);
    }
  }
  return nullptr;
}

void Endpoint::PutIdle(StreamPtr stream) {
  // Bytes after the answer's end belong to no request: never reuse such a socket.
  if (stream->closed() || stream->read_error() || !stream->input().empty() ||
      idle_.size() >= limits_.idle_max) {
    return;
  }
  auto idle = std::make_unique<Idle>(this, std::move(stream));
  idle->stream->SetObserver(&Idle::Expire, idle.get());
  idle->stream->Watch();
  if (!idle->stream->read_outstanding()) return;
  idle->timer.Set(TimerWheel::NowMs() + limits_.idle_timeout_ms);
  idle_.push_back(std::move(idle));
}

void Endpoint::CloseIdle() { idle_.clear(); }

Awaitable<absl::StatusOr<StreamPtr>> Endpoint::Connect(ConnectControl* control) {
  StreamPtr stream(new Stream(Socket(context_.io()), context_));
  control->stream_ = stream.get();
  absl::Status status = co_await OpenSocket(stream.get(), control);
  if (status.ok() && tls_ != nullptr) {
    const std::string& name =
        options_.server_name.empty() ? options_.url.host : options_.server_name;
    ErrorCode error = stream->StartTls(*tls_, name, options_.verify);
    if (!error) error = co_await stream->Handshake(/*as_client=*/true);
    if (error) {
      status =
          absl::UnavailableError(StrCat("TLS with ", options_.url.host, ": ", error.message()));
    }
  }
  control->stream_ = nullptr;
  if (control->cancelled_) co_return absl::CancelledError("connect cancelled");
  if (!status.ok()) co_return status;
  co_return std::move(stream);
}

Awaitable<absl::Status> Endpoint::OpenSocket(Stream* stream, ConnectControl* control) {
  if (options_.url.scheme == contract::BaseUrl::Scheme::kUnix) {
    const asio::generic::stream_protocol::endpoint path(
        asio::local::stream_protocol::endpoint(options_.url.host));
    auto connect = stream->socket().async_connect(path, asio::as_tuple(kUseAwaitable));
    auto [error] = co_await std::move(connect);
    if (error) {
      co_return absl::UnavailableError(
          StrCat("connect to unix:", options_.url.host, ": ", error.message()));
    }
    co_return absl::OkStatus();
  }
  if (resolution_->expires_ms <= TimerWheel::NowMs()) {
    absl::Status resolved = co_await Resolve(control);
    if (!resolved.ok()) co_return resolved;
  }
  const std::vector<tcp::endpoint> addresses = resolution_->addresses;
  std::string reason = "no address";
  for (const tcp::endpoint& address : addresses) {
    if (control->cancelled_) break;
    ErrorCode ignored;
    if (stream->socket().is_open()) stream->socket().close(ignored);
    const asio::generic::stream_protocol::endpoint remote(address);
    auto connect = stream->socket().async_connect(remote, asio::as_tuple(kUseAwaitable));
    auto [error] = co_await std::move(connect);
    if (!error) {
      const int on = 1;
      ::setsockopt(stream->socket().native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      stream->socket().native_non_blocking(true, ignored);
      co_return absl::OkStatus();
    }
    reason = error.message();
  }
  // A name that led nowhere is asked anew next time.
  resolution_->expires_ms = 0;
  co_return absl::UnavailableError(
      StrCat("connect to ", options_.url.host, ":", options_.url.port, ": ", reason));
}

Awaitable<absl::Status> Endpoint::Resolve(ConnectControl* control) {
  const std::shared_ptr<Resolution> resolution = resolution_;
  ErrorCode error;
  const asio::ip::address literal = asio::ip::make_address(options_.url.host, error);
  if (!error) {
    resolution->addresses = {tcp::endpoint(literal, options_.url.port)};
    resolution->expires_ms = TimerWheel::NowMs() + limits_.address_ttl_ms;
    co_return absl::OkStatus();
  }
  if (!resolution->running) {
    resolution->running = true;
    resolution->error.clear();
    using Resolver = asio::ip::basic_resolver<tcp, Executor>;
    auto resolver = std::make_shared<Resolver>(context_.io());
    resolver->async_resolve(
        options_.url.host, std::to_string(options_.url.port),
        asio::ip::resolver_base::numeric_service,
        [resolver, resolution, ttl_ms = limits_.address_ttl_ms](
            const ErrorCode& resolve_error, const Resolver::results_type& results) {
          resolution->running = false;
          resolution->addresses.clear();
          for (const auto& entry : results) resolution->addresses.push_back(entry.endpoint());
          if (resolve_error) {
            resolution->error = resolve_error.message();
          } else {
            resolution->expires_ms = TimerWheel::NowMs() + ttl_ms;
          }
          for (asio::steady_timer* waiter : resolution->waiters) waiter->cancel();
          resolution->waiters.clear();
        });
  }
  asio::steady_timer wait(context_.io(), std::chrono::steady_clock::time_point::max());
  resolution->waiters.push_back(&wait);
  control->resolve_wait_ = &wait;
  // However it ends, by the answer or by Cancel, the state below says which.
  co_await wait.async_wait(asio::as_tuple(kUseAwaitable));
  control->resolve_wait_ = nullptr;
  std::erase(resolution->waiters, &wait);
  if (control->cancelled_) co_return absl::CancelledError("connect cancelled");
  if (resolution->addresses.empty()) {
    co_return absl::UnavailableError(
        StrCat("resolve ", options_.url.host, ": ",
               resolution->error.empty() ? "no address" : resolution->error));
  }
  co_return absl::OkStatus();
}

ClientPool::ClientPool(StreamContext& context, PoolLimits limits)
    : context_(context), limits_(limits) {}

std::shared_ptr<Endpoint> ClientPool::Get(const EndpointOptions& options) {
  std::shared_ptr<Endpoint>& endpoint = endpoints_[options.Key()];
  if (endpoint == nullptr) endpoint = std::make_shared<Endpoint>(context_, options, limits_);
  return endpoint;
}

void ClientPool::Prune() {
  absl::erase_if(endpoints_, [](const auto& entry) { return entry.second.use_count() == 1; });
}

void ClientPool::CloseIdle() {
  for (auto& [key, endpoint] : endpoints_) endpoint->CloseIdle();
}

size_t ClientPool::idle_count() const {
  size_t count = 0;
  for (const auto& [key, endpoint] : endpoints_) count += endpoint->idle_count();
  return count;
}

}  // namespace lmgate::http1
