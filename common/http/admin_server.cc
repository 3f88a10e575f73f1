#include "common/http/admin_server.h"

#include <absl/strings/ascii.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

using RequestParser = beast::http::request_parser<beast::http::empty_body>;
using Response = beast::http::response<beast::http::string_body>;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

constexpr uint32_t kHeadBytesMax = 16 * 1024;
// What a client that was refused may still send before its connection is closed: closing with
// unread bytes would reset the connection, and the client would not see why.
constexpr size_t kDiscardBytesMax = 256 * 1024;
constexpr auto kDiscardTimeout = std::chrono::seconds(1);
// Until the next accept when there are no descriptors left.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

std::string AddressText(const AdminServer::Options& options) {
  const bool is_ipv6 = options.host.find(':') != std::string::npos;
  return is_ipv6 ? StrCat("[", options.host, "]:", options.port)
                 : StrCat(options.host, ":", options.port);
}

// `127.0.0.1:8001: address already in use`
absl::Status CannotListen(const AdminServer::Options& options, const error_code& error) {
  std::string reason = error.message();
  if (!reason.empty()) reason[0] = absl::ascii_tolower(static_cast<unsigned char>(reason[0]));
  return absl::UnavailableError(StrCat(AddressText(options), ": ", reason));
}

// An address as it is; of a name the first IPv4 address, since that is what people try first.
tcp::endpoint Resolve(asio::io_context& context, const AdminServer::Options& options,
                      error_code& error) {
  // RFC 6761, 6.3: always loopback. A bare root without /etc/hosts cannot look it up.
  const std::string host = options.host == "localhost" ? "127.0.0.1" : options.host;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (!error) return tcp::endpoint(address, options.port);
  tcp::resolver resolver(context);
  const auto found =
      resolver.resolve(options.host, std::to_string(options.port), tcp::resolver::passive, error);
  if (error) return tcp::endpoint();
  for (const auto& entry : found) {
    if (entry.endpoint().address().is_v4()) return entry.endpoint();
  }
  return found.begin()->endpoint();
}

Response MakeRefusal(beast::http::status status, std::string_view body) {
  Response response(status, 11);
  response.set(beast::http::field::content_type, "text/plain; charset=utf-8");
  response.body() = StrCat(body, "\n");
  response.keep_alive(false);
  response.prepare_payload();
  return response;
}

Response MakeTooLarge() {
  return MakeRefusal(beast::http::status::request_header_fields_too_large,
                     StrCat("the head is larger than ", kHeadBytesMax, " bytes"));
}

// The answer to what was not even a head; nullopt when the client went away or was too slow.
std::optional<Response> MakeRefusalFor(const error_code& error) {
  if (error == beast::http::error::header_limit || error == beast::http::error::buffer_overflow) {
    return MakeTooLarge();
  }
  const error_code sample = beast::http::error::bad_method;
  const bool is_clients_fault = error.category() == sample.category() &&
                                error != beast::http::error::end_of_stream &&
                                error != beast::http::error::partial_message;
  if (!is_clients_fault) return std::nullopt;
  return MakeRefusal(beast::http::status::bad_request, "this is not HTTP/1.1");
}

Response MakeAnswer(const RequestParser& parser, size_t head_bytes,
                    const AdminServer::Handler& handler) {
  // Beast's own limit does not count the request line.
  if (head_bytes > kHeadBytesMax) return MakeTooLarge();
  if (!parser.is_done()) {
    return MakeRefusal(beast::http::status::payload_too_large, "no body is allowed here");
  }
  const auto& request = parser.get();
  const bool is_head = request.method() == beast::http::verb::head;
  if (!is_head && request.method() != beast::http::verb::get) {
    Response response = MakeRefusal(beast::http::status::method_not_allowed, "only GET and HEAD");
    response.set(beast::http::field::allow, "GET, HEAD");
    response.keep_alive(request.keep_alive());
    return response;
  }

  AdminRequest admin_request{.method = std::string(request.method_string()),
                             .target = std::string(request.target()),
                             .path = std::string(request.target())};
  admin_request.path.resize(std::min(admin_request.path.find('?'), admin_request.path.size()));
  AdminResponse answer = handler(admin_request);
  LMGATE_CHECK(answer.status >= 200 && answer.status <= 599);

  Response response(beast::http::int_to_status(static_cast<unsigned>(answer.status)), 11);
  response.set(beast::http::field::content_type, answer.content_type);
  response.set(beast::http::field::cache_control, "no-store");
  response.content_length(answer.body.size());
  response.keep_alive(request.keep_alive());
  if (!is_head) response.body() = std::move(answer.body);
  return response;
}

// Counts a connection for as long as it is served.
class ConnectionSlot {
 public:
  explicit ConnectionSlot(size_t& count) : count_(count) { ++count_; }
  ~ConnectionSlot() { --count_; }
  ConnectionSlot(const ConnectionSlot&) = delete;
  ConnectionSlot& operator=(const ConnectionSlot&) = delete;

 private:
  size_t& count_;
};

// Tells the client that nothing more comes, and waits a little for it to close.
asio::awaitable<void> CloseGently(beast::tcp_stream& stream) {
  error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream.expires_after(kDiscardTimeout);
  std::array<char, 4096> block;
  size_t discarded_bytes = 0;
  while (discarded_bytes < kDiscardBytesMax) {
    const auto [error, bytes] = co_await stream.async_read_some(asio::buffer(block), kAsTuple);
    if (error) break;
    discarded_bytes += bytes;
  }
  stream.close();
}

}  // namespace

class AdminServer::Impl {
 public:
  Impl(Options options, Handler handler)
      : options_(std::move(options)), handler_(std::move(handler)) {}

  absl::Status Listen() {
    LMGATE_CHECK(!options_.host.empty());  // would mean all addresses
    error_code error;
    const tcp::endpoint endpoint = Resolve(*context_, options_, error);
    if (error) return CannotListen(options_, error);
    tcp::acceptor acceptor(*context_);
    acceptor.open(endpoint.protocol(), error);
    // So that a restart need not wait for the old connections' TIME_WAIT.
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
    if (!error) port_ = acceptor.local_endpoint(error).port();
    if (error) return CannotListen(options_, error);
    asio::co_spawn(*context_, Accept(std::move(acceptor)), asio::detached);
    thread_ = std::thread([this] { context_->run(); });
    return absl::OkStatus();
  }

  void Stop() {
    if (context_ == nullptr) return;
    context_->stop();
    if (thread_.joinable()) thread_.join();
    // Destroys the coroutines, and with them all sockets.
    context_.reset();
  }

  uint16_t port() const { return port_; }

 private:
  asio::awaitable<void> Accept(tcp::acceptor acceptor) {
    asio::steady_timer pause(*context_);
    for (;;) {
      auto [error, socket] = co_await acceptor.async_accept(kAsTuple);
      if (error) {
        LogWarn(StrCat("admin port ", port_, ": accept: ", error.message()));
        pause.expires_after(kAcceptPause);
        co_await pause.async_wait(kAsTuple);
        continue;
      }
      if (connections_ >= options_.connections_max) continue;  // the socket closes here
      asio::co_spawn(*context_, Serve(std::move(socket)), asio::detached);
    }
  }

  asio::awaitable<void> Serve(tcp::socket socket) {
    const ConnectionSlot slot(connections_);
    beast::tcp_stream stream(std::move(socket));
    // Room for one head and the beginning of a pipelined one.
    beast::flat_buffer buffer(2 * kHeadBytesMax);
    for (;;) {
      RequestParser parser;
      parser.header_limit(kHeadBytesMax);
      stream.expires_after(absl::ToChronoNanoseconds(options_.request_timeout));
      const auto [read_error, read_bytes] =
          co_await beast::http::async_read_header(stream, buffer, parser, kAsTuple);
      std::optional<Response> response =
          read_error ? MakeRefusalFor(read_error) : MakeAnswer(parser, read_bytes, handler_);
      if (!response) co_return;
      const auto [write_error, written_bytes] =
          co_await beast::http::async_write(stream, *response, kAsTuple);
      if (write_error) co_return;
      if (!response->keep_alive()) break;
    }
    co_await CloseGently(stream);
  }

  // Constant after Listen.
  const Options options_;
  const Handler handler_;
  uint16_t port_ = 0;
  std::thread thread_;

  // Only the server's thread.
  size_t connections_ = 0;

  // Last, so that its coroutines go first. Null after Stop.
  std::unique_ptr<asio::io_context> context_ = std::make_unique<asio::io_context>(1);
};

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Create(Options options, Handler handler) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler));
  LMGATE_RETURN_IF_ERROR(impl->Listen());
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
}

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() { Stop(); }

uint16_t AdminServer::port() const { return impl_->port(); }
void AdminServer::Stop() { impl_->Stop(); }

}  // namespace lmgate::http
