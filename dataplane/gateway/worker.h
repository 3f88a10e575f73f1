#pragma once

#include <absl/container/flat_hash_set.h>
#include <absl/status/status.h>

#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/credential/token_source.h"
#include "dataplane/dialect/response_store.h"
#include "dataplane/gateway/access_line.h"
#include "dataplane/gateway/access_log.h"
#include "dataplane/gateway/body_pool.h"
#include "dataplane/gateway/metrics.h"
#include "dataplane/gateway/served_snapshot.h"
#include "dataplane/http1/client_pool.h"
#include "dataplane/http1/head_scanner.h"
#include "dataplane/http1/request_scan.h"
#include "dataplane/http1/timer_wheel.h"
#include "dataplane/routing/plan.h"

namespace lmgate::gateway {

class Http2Connection;
class ServerConnection;

// Limits of the traffic port; each an option of the program.
struct TrafficLimits {
  size_t head_bytes_max = 32 << 10;               // a request's head
  size_t headers_max = http1::kHeaderFieldsMax;   // lines of it; no more than this
  uint64_t body_bytes_max = 64 << 20;             // a request's body
  size_t answer_head_bytes_max = 64 << 10;        // a provider's answer's head
  size_t translated_answer_bytes_max = 64 << 20;  // a provider's answer that is no stream
  int64_t idle_timeout_ms = 75'000;               // keep-alive without a request
  int64_t head_timeout_ms = 10'000;      // from a request's first byte to the end of its head
  int64_t body_timeout_ms = 120'000;     // from there to the end of its body
  int64_t keep_alive_event_ms = 10'000;  // a translated stream that is silent so long says so
  int64_t write_timeout_ms = 60'000;     // a client that takes nothing
  uint64_t connections_max = 20'000;     // open at once, all workers together
  uint32_t http2_streams_max = 128;      // of one connection; 0 = HTTP/2 is not spoken
  http1::PoolLimits upstream_pool;
};

// What all workers of the process share; outlives them.
struct WorkerShared {
  TrafficLimits limits;
  boost::asio::ssl::context* tls = nullptr;        // null = plain HTTP
  credential::TokenSource* credentials = nullptr;  // null = none are fetched
  dialect::ResponseStore* responses = nullptr;     // null = nothing is kept
  std::atomic<uint64_t> connections{0};
};

// What a request needs until its answer begins, too big to be kept by each open stream.
struct RequestScratch {
  http1::RequestHead head;
  routing::Plan plan;
};

// One thread's share of the data plane: its own io_context, listener, upstream sockets, timers,
// scanner and counters. Nothing of it is locked. All members belong to the thread that calls Run,
// except what is said to be for any thread.
class Worker {
 public:
  Worker(WorkerShared& shared, AccessLogRing* access_log, uint64_t random_seed);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // ---- before Run
  // Binds with SO_REUSEPORT. Unavailable: "127.0.0.1:8000: Address already in use".
  absl::Status Listen(const boost::asio::ip::tcp::endpoint& address);
  uint16_t port() const;

  // Serves until Stop, then until each connection has ended.
  void Run();

  // ---- any thread
  // Serves by `snapshot` from now on; requests under way keep theirs. Returns at once; `done` is
  // called on the worker's thread when it has happened.
  void Install(std::shared_ptr<const snapshot::Snapshot> snapshot, std::function<void()> done);
  // Closes the listener; idle connections end at once, others after their answer.
  void Drain();
  // Ends every connection at once and lets Run return.
  void Stop();
  // Open client connections.
  uint64_t connection_count() const { return metrics_.client_connections.value(); }
  const WorkerMetrics& metrics() const { return metrics_; }

  // ---- for ServerConnection
  WorkerShared& shared() { return shared_; }
  const TrafficLimits& limits() const { return shared_.limits; }
  boost::asio::io_context& io() { return io_; }
  http1::TimerWheel& wheel() { return wheel_; }
  http1::StreamContext& streams() { return streams_; }
  BodyPool& bodies() { return bodies_; }
  // Null = no snapshot yet.
  const ServedSnapshotRef& served() const { return served_; }
  http1::RequestScanner& scanner() { return scanner_; }
  http1::ResponseHead& response_head() { return response_head_; }
  WorkerMetrics& counters() { return metrics_; }
  ConnectionMetrics& unrouted_metrics() { return *unrouted_metrics_; }
  bool draining() const { return draining_; }
  bool stopping() const { return stopping_; }
  uint64_t NextRandom();
  uint64_t NextTurn() { return turn_++; }
  std::unique_ptr<RequestScratch> TakeScratch();
  void GiveScratch(std::unique_ptr<RequestScratch> scratch);
  void Log(const AccessRecord& record);
  void Remove(ServerConnection* connection);

  // ---- HTTP/2
  // The client of `connection` speaks it: from here on `client` is served so. The connection, which
  // has given its stream away, is forgotten.
  void HandOver(ServerConnection* connection, http1::StreamPtr client);
  // A request of an HTTP/2 stream is to be written into this socket, as HTTP/1.1, and its answer
  // comes out of it. nullopt = too many connections; OverloadedAnswer() is what to say.
  std::optional<http1::Socket> ServeInProcess();
  void Remove(Http2Connection* connection);

 private:
  using tcp = boost::asio::ip::tcp;
  using Acceptor = boost::asio::basic_socket_acceptor<tcp, http1::Executor>;
  static constexpr size_t kSpareScratchesMax = 64;

  void Accept();
  void OnAccept(http1::Socket socket);
  void CloseListener();

  WorkerShared& shared_;
  AccessLogRing* const access_log_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<http1::Executor> work_;
  http1::TimerWheel wheel_;
  http1::StreamContext streams_;
  http1::ClientPool pool_;
  Acceptor acceptor_;
  http1::TimerWheel::Entry accept_retry_;
  ServedSnapshotRef served_;
  http1::RequestScanner scanner_;
  BodyPool bodies_;
  http1::ResponseHead response_head_;
  WorkerMetrics metrics_;
  ConnectionMetrics* const unrouted_metrics_;
  absl::flat_hash_set<ServerConnection*> connections_;
  absl::flat_hash_set<Http2Connection*> http2_connections_;
  std::vector<std::unique_ptr<RequestScratch>> spare_scratches_;
  AccessLineWriter access_line_;
  uint64_t random_state_;
  uint64_t turn_ = 0;
  bool draining_ = false;
  bool stopping_ = false;
};

// The whole answer to a client for whom there is no connection left.
std::string OverloadedAnswer();

}  // namespace lmgate::gateway
