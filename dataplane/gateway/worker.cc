#include "dataplane/gateway/worker.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "dataplane/gateway/error_response.h"
#include "dataplane/gateway/http2_connection.h"
#include "dataplane/gateway/server_connection.h"

namespace lmgate::gateway {
namespace {

namespace asio = boost::asio;

// Descriptors ran out, or the like: accepting anew at once would spin.
constexpr int64_t kAcceptRetryMs = 100;
constexpr int kListenBacklog = 4096;

}  // namespace

Worker::Worker(WorkerShared& shared, AccessLogRing* access_log, uint64_t random_seed)
    : shared_(shared),
      access_log_(access_log),
      // Only this thread runs the sockets; other threads post. UNSAFE_IO drops the locks of the
      // reactor, not those of the scheduler.
      io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      work_(asio::make_work_guard(io_)),
      wheel_(io_),
      streams_(io_, wheel_),
      pool_(streams_, shared.limits.upstream_pool),
      acceptor_(io_),
      accept_retry_(
          wheel_, [](void* self) { static_cast<Worker*>(self)->Accept(); }, this),
      unrouted_metrics_(metrics_.ForConnection("")),
      random_state_(random_seed) {}

Worker::~Worker() = default;

absl::Status Worker::Listen(const tcp::endpoint& address) {
  boost::system::error_code error;
  const auto fail = [&] {
    return absl::UnavailableError(
        StrCat(address.address().to_string(), ":", address.port(), ": ", error.message()));
  };
  acceptor_.open(address.protocol(), error);
  if (error) return fail();
  const int on = 1;
  acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) {
    return absl::InternalError("SO_REUSEPORT is not available");
  }
  acceptor_.bind(address, error);
  if (error) return fail();
  acceptor_.listen(kListenBacklog, error);
  if (error) return fail();
  return absl::OkStatus();
}

uint16_t Worker::port() const { return acceptor_.local_endpoint().port(); }

void Worker::Run() {
  Accept();
  io_.run();
}

void Worker::Install(std::shared_ptr<const snapshot::Snapshot> snapshot,
                     std::function<void()> done) {
  asio::post(io_, [this, snapshot = std::move(snapshot), done = std::move(done)] {
    served_ = new ServedSnapshot(snapshot, pool_, metrics_, shared_.credentials, served_.get());
    pool_.Prune();
    done();
  });
}

void Worker::Drain() {
  asio::post(io_, [this] {
    draining_ = true;
    CloseListener();
    for (ServerConnection* connection : connections_) connection->OnDrain();
    for (Http2Connection* connection : http2_connections_) connection->OnDrain();
  });
}

void Worker::Stop() {
  asio::post(io_, [this] {
    draining_ = stopping_ = true;
    CloseListener();
    for (ServerConnection* connection : connections_) connection->Abort();
    for (Http2Connection* connection : http2_connections_) connection->Abort();
    pool_.CloseIdle();
    wheel_.Stop();
    work_.reset();
  });
}

void Worker::CloseListener() {
  if (!acceptor_.is_open()) return;
  // Clients that the kernel has already accepted would be reset by the close: take them first.
  boost::system::error_code error;
  acceptor_.non_blocking(true, error);
  while (!error) {
    http1::Socket socket(io_);
    acceptor_.accept(socket, error);
    if (!error) OnAccept(std::move(socket));
  }
  accept_retry_.Clear();
  acceptor_.close(error);
}

void Worker::Accept() {
  if (!acceptor_.is_open()) return;
  auto socket = std::make_shared<http1::Socket>(io_);
  acceptor_.async_accept(*socket, [this, socket](const boost::system::error_code& error) {
    if (error == asio::error::operation_aborted) return;
    if (error) {
      LogWarn(StrCat("accept: ", error.message()));
      accept_retry_.Set(http1::TimerWheel::NowMs() + kAcceptRetryMs);
      return;
    }
    OnAccept(std::move(*socket));
    Accept();
  });
}

void Worker::OnAccept(http1::Socket socket) {
  boost::system::error_code ignored;
  socket.native_non_blocking(true, ignored);
  const int on = 1;
  ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  metrics_.client_connections_total.Add(1);
  if (shared_.connections.fetch_add(1) >= shared_.limits.connections_max) {
    shared_.connections.fetch_sub(1);
    // One short write into an empty socket buffer; under TLS there is nobody to tell it to.
    if (shared_.tls == nullptr) {
      const std::string answer = OverloadedAnswer();
      [[maybe_unused]] const ssize_t sent =
          ::send(socket.native_handle(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    unrouted_metrics_->requests[static_cast<size_t>(contract::ErrorCode::kOverloaded)].Add(1);
    return;
  }
  metrics_.client_connections.Add(1);
  auto* connection =
      new ServerConnection(*this, std::move(socket), ServerConnection::Client::kNetwork);
  connections_.insert(connection);
  connection->Start();
}

void Worker::Remove(ServerConnection* connection) {
  connections_.erase(connection);
  if (connection->client() == ServerConnection::Client::kNetwork) {
    metrics_.client_connections.Subtract(1);
  }
  shared_.connections.fetch_sub(1);
}

void Worker::HandOver(ServerConnection* connection, http1::StreamPtr client) {
  connections_.erase(connection);
  auto* http2 = new Http2Connection(*this, std::move(client));
  http2_connections_.insert(http2);
  http2->Start();
}

std::optional<http1::Socket> Worker::ServeInProcess() {
  int ends[2] = {-1, -1};
  const bool has_room = shared_.connections.fetch_add(1) < shared_.limits.connections_max;
  if (!has_room ||
      ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    if (has_room) LogWarn(StrCat("socketpair: ", std::strerror(errno)));
    shared_.connections.fetch_sub(1);
    unrouted_metrics_->requests[static_cast<size_t>(contract::ErrorCode::kOverloaded)].Add(1);
    return std::nullopt;
  }
  const asio::generic::stream_protocol protocol(AF_UNIX, 0);
  http1::Socket client_end(io_, protocol, ends[0]);
  http1::Socket server_end(io_, protocol, ends[1]);
  auto* connection =
      new ServerConnection(*this, std::move(server_end), ServerConnection::Client::kHttp2Stream);
  connections_.insert(connection);
  connection->Start();
  return client_end;
}

void Worker::Remove(Http2Connection* connection) {
  http2_connections_.erase(connection);
  metrics_.client_connections.Subtract(1);
  shared_.connections.fetch_sub(1);
}

std::string OverloadedAnswer() {
  const std::string body = ErrorBody(ErrorShape::kOpenAi, contract::ErrorCode::kOverloaded,
                                     DefaultMessage(contract::ErrorCode::kOverloaded), {}, {});
  return StrCat("HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n",
                ErrorHeaders(ErrorShape::kOpenAi, contract::ErrorCode::kOverloaded),
                "connection: close\r\ncontent-length: ", body.size(), "\r\n\r\n", body);
}

uint64_t Worker::NextRandom() {
  // splitmix64 (Steele, Lea, Flood 2014): request ids and load spreading, nothing secret.
  random_state_ += 0x9e3779b97f4a7c15;
  uint64_t mixed = random_state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

std::unique_ptr<RequestScratch> Worker::TakeScratch() {
  if (spare_scratches_.empty()) return std::make_unique<RequestScratch>();
  std::unique_ptr<RequestScratch> scratch = std::move(spare_scratches_.back());
  spare_scratches_.pop_back();
  return scratch;
}

void Worker::GiveScratch(std::unique_ptr<RequestScratch> scratch) {
  if (scratch != nullptr && spare_scratches_.size() < kSpareScratchesMax) {
    spare_scratches_.push_back(std::move(scratch));
  }
}

void Worker::Log(const AccessRecord& record) {
  if (access_log_ == nullptr) return;
  access_log_->Push(access_line_.Write(record));
}

}  // namespace lmgate::gateway
