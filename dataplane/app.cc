#include "dataplane/app.h"

#include <absl/time/clock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>

#include "common/base/grpc_log.h"
#include "common/base/logging.h"
#include "common/base/mutex.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/http1/server_tls.h"

namespace lmgate::dataplane {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

constexpr absl::Duration kDrainPoll = absl::Milliseconds(10);
// A new configuration waits so long for the first credentials of its connections, so that they do
// not begin with refusals; not for longer, since it may also block a key.
constexpr absl::Duration kFirstCredentialWait = absl::Seconds(1);

// Each stream takes two descriptors; the usual soft limit of 1024 is for interactive shells.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

absl::StatusOr<tcp::endpoint> ResolveListener(const options::HostPort& address) {
  asio::io_context io;
  tcp::resolver resolver(io);
  boost::system::error_code error;
  const auto results =
      resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
  if (error || results.empty()) {
    return absl::InvalidArgumentError(StrCat(address.Text(), ": ", error.message()));
  }
  return results.begin()->endpoint();
}

// The workers share the port by SO_REUSEPORT, which would let a second replica share it as well,
// unnoticed: a socket without the option sees whether somebody has it.
absl::Status CheckPortFree(const tcp::endpoint& endpoint) {
  asio::io_context io;
  tcp::acceptor probe(io);
  boost::system::error_code error;
  probe.open(endpoint.protocol(), error);
  if (!error) probe.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) probe.bind(endpoint, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(StrCat(
      options::HostPort{.host = endpoint.address().to_string(), .port = endpoint.port()}.Text(),
      ": ", error == asio::error::address_in_use ? "address already in use" : error.message()));
}

std::string DefaultReplicaId(uint16_t port) {
  char host[256] = {};
  if (::gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0') std::strcpy(host, "dataplane");
  return StrCat(host, "-", port);
}

}  // namespace

absl::StatusOr<std::unique_ptr<App>> App::Create(Options options) {
  std::unique_ptr<App> app(new App(std::move(options)));
  LMGATE_RETURN_IF_ERROR(app->Start());
  return app;
}

App::App(Options options) : options_(std::move(options)) {}

App::~App() { Shutdown(absl::ZeroDuration()); }

absl::Status App::Start() {
  RaiseDescriptorLimit();
  TakeGrpcLog();
  shared_.limits = options_.Limits();
  if (!options_.tls_cert.empty()) {
    const auto protocols = shared_.limits.http2_streams_max > 0
                               ? http1::ServerProtocols::kHttp2AndHttp1
                               : http1::ServerProtocols::kHttp1;
    LMGATE_ASSIGN_OR_RETURN(tls_,
                            http1::CreateServerTls(options_.tls_cert, options_.tls_key, protocols));
    shared_.tls = tls_.get();
  }
  std::error_code error;
  const std::filesystem::path state_dir(options_.state_dir);
  std::filesystem::create_directories(state_dir.parent_path(), error);
  LMGATE_ASSIGN_OR_RETURN(store_, control::LastGoodStore::Open({.directory = options_.state_dir}));
  token_source_ = std::make_unique<credential::TokenSource>(
      credential::TokenSource::Options(), ResolveSecret, clock_, random_,
      [this](const auto& problems) { ReportCredentials(problems); });
  shared_.credentials = token_source_.get();
  if (options_.response_store_bytes > 0) {
    responses_ = std::make_unique<dialect::ResponseStore>(options_.ResponseStore());
    shared_.responses = responses_.get();
  }
  LMGATE_RETURN_IF_ERROR(MakeWorkers());
  LMGATE_ASSIGN_OR_RETURN(
      admin_server_,
      http::AdminServer::Create(
          {.host = options_.admin_listen.host, .port = options_.admin_listen.port},
          [this](const http::AdminRequest& request) { return HandleAdmin(request); }));

  LMGATE_ASSIGN_OR_RETURN(snapshot::Snapshot::Compiled last_good, store_->Load(ResolveSecret));
  if (options_.control_plane != "none") {
    control::ConfigSubscription::Options subscription;
    subscription.address.target = options_.control_plane;
    subscription.replica_id =
        options_.replica_id.empty() ? DefaultReplicaId(port_) : options_.replica_id;
    subscription.listen_address =
        options::HostPort{.host = options_.listen.host, .port = port_}.Text();
    subscription.address.token_file = options_.token_file;
    subscription.address.tls = options_.control_plane_tls;
    subscription.address.tls_ca_file = options_.control_plane_ca;
    subscription.address.tls_client_cert_file = options_.control_plane_cert;
    subscription.address.tls_client_key_file = options_.control_plane_key;
    subscription_ = std::make_unique<control::ConfigSubscription>(
        std::move(subscription), *store_, ResolveSecret, last_good.snapshot,
        [this](std::shared_ptr<const snapshot::Snapshot> snapshot) {
          Publish(std::move(snapshot));
        });
  }
  // From here on it may tell the subscription of what it cannot fetch.
  credential_thread_ = std::thread([this] { token_source_->Run(); });
  if (last_good.snapshot != nullptr) {
    Publish(last_good.snapshot);
    LogInfo(StrCat("serving the last good configuration, revision ", last_good.snapshot->revision(),
                   " with ", last_good.snapshot->key_count(), " keys"));
  } else {
    RunWorkers();
  }
  if (subscription_ != nullptr) subscription_->Start();
  LogInfo(StrCat("listening on ",
                 options::HostPort{.host = options_.listen.host, .port = port_}.Text(),
                 tls_ == nullptr ? "" : " (TLS)", ", admin on ",
                 options::HostPort{.host = options_.admin_listen.host, .port = admin_port()}.Text(),
                 ", ", workers_.size(), " workers"));
  return absl::OkStatus();
}

// They listen from here on; clients that come wait in the kernel until RunWorkers.
absl::Status App::MakeWorkers() {
  const size_t count = options_.workers > 0
                           ? static_cast<size_t>(options_.workers)
                           : std::max<size_t>(1, std::thread::hardware_concurrency());
  LMGATE_ASSIGN_OR_RETURN(access_log_, gateway::AccessLog::Create(options_.access_log, count));
  LMGATE_ASSIGN_OR_RETURN(tcp::endpoint endpoint, ResolveListener(options_.listen));
  if (endpoint.port() != 0) LMGATE_RETURN_IF_ERROR(CheckPortFree(endpoint));
  std::random_device random;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t seed = (uint64_t{random()} << 32) | random();
    workers_.push_back(std::make_unique<gateway::Worker>(shared_, access_log_->ring(i), seed));
    LMGATE_RETURN_IF_ERROR(workers_.back()->Listen(endpoint));
    endpoint.port(workers_.back()->port());
  }
  port_ = endpoint.port();
  return absl::OkStatus();
}

void App::RunWorkers() {
  for (const auto& worker : workers_) {
    threads_.emplace_back([raw = worker.get()] { raw->Run(); });
  }
}

void App::Publish(std::shared_ptr<const snapshot::Snapshot> snapshot) {
  // Before the workers have it: none of them asks for a credential that nobody fetches.
  token_source_->Use(snapshot->connections());
  token_source_->AwaitFirstTries(kFirstCredentialWait);
  Mutex mutex;
  CondVar installed;
  size_t missing = workers_.size();
  for (const auto& worker : workers_) {
    worker->Install(snapshot, [&] {
      const MutexLock lock(&mutex);
      if (--missing == 0) installed.SignalAll();
    });
  }
  // The first one is there before the first client is let in: none hears "not ready" at a restart.
  if (threads_.empty()) RunWorkers();
  {
    const MutexLock lock(&mutex);
    while (missing > 0) installed.Wait(&mutex);
  }
  revision_.store(snapshot->revision());
  key_count_.store(snapshot->key_count());
  has_snapshot_.store(true);
}

void App::ReportCredentials(const std::vector<credential::TokenSource::Problem>& problems) {
  if (subscription_ == nullptr) return;
  std::vector<v1::Complaint> complaints;
  for (const credential::TokenSource::Problem& problem : problems) {
    v1::Complaint& complaint = complaints.emplace_back();
    complaint.set_kind(v1::RESOURCE_KIND_CONNECTION);
    complaint.set_name(problem.connection);
    complaint.set_message(problem.message);
  }
  subscription_->SendComplaints(std::move(complaints));
}

bool App::Shutdown(absl::Duration drain_timeout) {
  if (shut_down_) return true;
  shut_down_ = true;
  // Not ready first, so that balancers look elsewhere; then the listeners; then what is under way.
  draining_.store(true);
  if (subscription_ != nullptr) subscription_->SendDraining();
  bool all_ended = true;
  if (!threads_.empty() && drain_timeout > absl::ZeroDuration()) {
    for (const auto& worker : workers_) worker->Drain();
    const absl::Time deadline = absl::Now() + drain_timeout;
    while (OpenConnections() > 0 && absl::Now() < deadline) absl::SleepFor(kDrainPoll);
    all_ended = OpenConnections() == 0;
  }
  if (token_source_ != nullptr) token_source_->Stop();
  // Nothing may be installed on a worker that has ended.
  if (subscription_ != nullptr) subscription_->Stop();
  for (const auto& worker : workers_) worker->Stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  if (credential_thread_.joinable()) credential_thread_.join();
  if (admin_server_ != nullptr) admin_server_->Stop();
  return all_ended;
}

uint64_t App::OpenConnections() const {
  uint64_t open = 0;
  for (const auto& worker : workers_) open += worker->connection_count();
  return open;
}

http::AdminResponse App::HandleAdmin(const http::AdminRequest& request) {
  if (request.path == "/healthz") return {.body = "ok\n"};
  if (request.path == "/readyz") {
    if (ready()) return {.body = "ready\n"};
    return {.status = 503, .body = draining_.load() ? "draining\n" : "no configuration yet\n"};
  }
  if (request.path == "/metrics") {
    gateway::ProcessGauges process;
    process.snapshot_revision = revision_.load();
    process.snapshot_keys = key_count_.load();
    process.draining = draining_.load();
    process.access_log_dropped_total = access_log_->dropped();
    if (subscription_ != nullptr) {
      const control::ConfigSubscriptionMetrics& metrics = subscription_->metrics();
      process.control_plane_connected = metrics.connected.load();
      process.snapshot_applies_total =
          metrics.snapshots_applied.load() + metrics.deltas_applied.load();
      process.snapshot_nacks_total = metrics.nacks.load();
      process.control_plane_stream_ends_total = metrics.stream_ends.load();
    }
    std::vector<const gateway::WorkerMetrics*> workers;
    for (const auto& worker : workers_) workers.push_back(&worker->metrics());
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = gateway::RenderMetrics(workers, process)};
  }
  return {.status = 404, .body = "not found: /healthz, /readyz and /metrics are here\n"};
}

}  // namespace lmgate::dataplane
