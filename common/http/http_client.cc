#include "common/http/http_client.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <optional>

#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

using Request = beast::http::request<beast::http::string_body>;
using TlsStream = asio::ssl::stream<tcp::socket>;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr uint32_t kHeadBytesMax = 64 << 10;

beast::http::verb Verb(HttpCall::Method method) {
  switch (method) {
    case HttpCall::Method::kPost:
      return beast::http::verb::post;
    case HttpCall::Method::kPut:
      return beast::http::verb::put;
    case HttpCall::Method::kGet:
      break;
  }
  return beast::http::verb::get;
}

std::string HostHeader(const HttpCall& call) {
  const bool is_ipv6 = call.host.find(':') != std::string::npos;
  std::string host = is_ipv6 ? StrCat("[", call.host, "]") : call.host;
  if (call.port != (call.tls ? 443 : 80)) StrAppend(&host, ":", call.port);
  return host;
}

Request MakeRequest(const HttpCall& call) {
  Request request(Verb(call.method), call.target, 11);
  request.set(beast::http::field::host, HostHeader(call));
  request.set(beast::http::field::connection, "close");
  request.set(beast::http::field::accept, "*/*");
  for (const auto& [name, value] : call.headers) request.set(name, value);
  request.body() = call.body;
  // A PUT without a body says so; a GET says nothing.
  request.prepare_payload();
  return request;
}

absl::Status Failure(std::string_view doing, const error_code& error) {
  return absl::UnavailableError(StrCat(doing, ": ", error.message()));
}

absl::StatusOr<asio::ssl::context> MakeTlsContext(const std::string& ca_pem) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  error_code error;
  context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                          asio::ssl::context::no_tlsv1_1,
                      error);
  if (!error && ca_pem.empty()) context.set_default_verify_paths(error);
  if (!error && !ca_pem.empty()) {
    context.add_certificate_authority(asio::buffer(ca_pem), error);
  }
  if (!error) context.set_verify_mode(asio::ssl::verify_peer, error);
  if (error) return Failure("certificate authorities", error);
  return context;
}

// One call; its members outlive the coroutine, which the io_context ends.
class Exchange {
 public:
  Exchange(const HttpCall& call, const HttpClient::Options& options)
      : call_(call), options_(options), request_(MakeRequest(call)) {}

  asio::awaitable<void> Run() { result_ = co_await Fetch(); }
  // nullopt = not finished.
  std::optional<absl::StatusOr<HttpReply>>& result() { return result_; }

 private:
  asio::awaitable<absl::StatusOr<HttpReply>> Fetch() {
    const auto executor = co_await asio::this_coro::executor;
    tcp::socket socket(executor);
    const absl::Status connected = co_await Connect(socket);
    if (!connected.ok()) co_return connected;
    if (!call_.tls) co_return co_await Talk(socket);

    auto context = MakeTlsContext(options_.ca_pem);
    if (!context.ok()) co_return context.status();
    TlsStream stream(std::move(socket), *context);
    const absl::Status secured = co_await Handshake(stream);
    if (!secured.ok()) co_return secured;
    co_return co_await Talk(stream);
  }

  asio::awaitable<absl::Status> Connect(tcp::socket& socket) {
    const std::string port = std::to_string(call_.port);
    tcp::resolver resolver(socket.get_executor());
    auto resolved = co_await resolver.async_resolve(call_.host, port, kAsTuple);
    const error_code resolve_error = std::get<0>(resolved);
    if (resolve_error) co_return Failure("look-up", resolve_error);
    auto connected = co_await asio::async_connect(socket, std::get<1>(resolved), kAsTuple);
    const error_code connect_error = std::get<0>(connected);
    if (connect_error) co_return Failure("connect", connect_error);
    co_return absl::OkStatus();
  }

  asio::awaitable<absl::Status> Handshake(TlsStream& stream) {
    error_code error;
    stream.set_verify_callback(asio::ssl::host_name_verification(call_.host), error);
    // An address is no name to send: RFC 6066, 3.
    error_code no_address;
    asio::ip::make_address(call_.host, no_address);
    if (no_address) SSL_set_tlsext_host_name(stream.native_handle(), call_.host.c_str());
    auto done = co_await stream.async_handshake(asio::ssl::stream_base::client, kAsTuple);
    if (!error) error = std::get<0>(done);
    if (error) co_return Failure("TLS", error);
    co_return absl::OkStatus();
  }

  template <typename Stream>
  asio::awaitable<absl::StatusOr<HttpReply>> Talk(Stream& stream) {
    auto written = co_await beast::http::async_write(stream, request_, kAsTuple);
    const error_code write_error = std::get<0>(written);
    if (write_error) co_return Failure("send", write_error);
    beast::flat_buffer buffer;
    beast::http::response_parser<beast::http::string_body> parser;
    parser.header_limit(kHeadBytesMax);
    parser.body_limit(options_.reply_bytes_max);
    auto read = co_await beast::http::async_read(stream, buffer, parser, kAsTuple);
    const error_code read_error = std::get<0>(read);
    if (read_error) co_return Failure("answer", read_error);
    HttpReply reply;
    reply.status = static_cast<int>(parser.get().result_int());
    reply.body = std::move(parser.get().body());
    co_return reply;
  }

  const HttpCall& call_;
  const HttpClient::Options& options_;
  Request request_;
  std::optional<absl::StatusOr<HttpReply>> result_;
};

}  // namespace

absl::StatusOr<HttpReply> HttpClient::Send(const HttpCall& call) {
  Exchange exchange(call, options_);
  // After what its coroutine refers to, so that it goes first.
  asio::io_context io(1);
  {
    MutexLock lock(&mutex_);
    if (stopped_) return absl::CancelledError("stopped");
    running_ = &io;
  }
  asio::co_spawn(io, exchange.Run(), asio::detached);
  io.run_for(absl::ToChronoNanoseconds(options_.timeout));
  {
    MutexLock lock(&mutex_);
    running_ = nullptr;
    if (stopped_) return absl::CancelledError("stopped");
  }
  if (!exchange.result().has_value()) {
    return absl::DeadlineExceededError(
        StrCat("no answer within ", absl::FormatDuration(options_.timeout)));
  }
  return *std::move(exchange.result());
}

void HttpClient::Stop() {
  MutexLock lock(&mutex_);
  stopped_ = true;
  if (running_ != nullptr) running_->stop();
}

}  // namespace lmgate::http
