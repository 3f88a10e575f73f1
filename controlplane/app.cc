#include "controlplane/app.h"

#include <grpc/impl/codegen/grpc_types.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>

#include "common/base/grpc_log.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "controlplane/importer/config_file.h"
#include "controlplane/server_credentials.h"

namespace lmgate::controlplane {
namespace {

// A configuration file and what stands around it in an ApplyRequest.
constexpr int kRequestBytesMax = static_cast<int>(importer::kFileBytesMax) + (64 << 10);
// Each admin call in progress takes one thread of gRPC's; a wait for the replicas takes its time.
constexpr int kThreadsMax = 256;
constexpr std::chrono::seconds kStopGrace{1};

// Why the address cannot be bound, as gRPC does not tell; "" = it can.
std::string WhyNotBound(const options::HostPort& address) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) return gai_strerror(error);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int file = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (file < 0) continue;
    const int on = 1;
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    const int bound = bind(file, at->ai_addr, at->ai_addrlen);
    const int bind_error = errno;
    close(file);
    if (bound == 0) continue;
    return bind_error == EADDRINUSE ? "address already in use" : strerror(bind_error);
  }
  return "";
}

void TuneServer(grpc::ServerBuilder* builder) {
  // A second control plane must be refused the port, not share it.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // A replica whose machine is gone closes nothing: it is asked every 5 s and gone after 3 more.
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 5000);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 3000);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Replicas ask us in the same way and must not be sent away for it.
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  builder->SetMaxReceiveMessageSize(kRequestBytesMax);
  builder->SetMaxSendMessageSize(-1);
  grpc::ResourceQuota quota("lmgate");
  quota.SetMaxThreads(kThreadsMax);
  builder->SetResourceQuota(quota);
}

}  // namespace

absl::StatusOr<std::unique_ptr<App>> App::Create(const Options& options) {
  static std::once_flag grpc_prepared;
  std::call_once(grpc_prepared, [] {
    TakeGrpcLog();
    // Before the first builder: both are plug-ins of every later server.
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
  LMGATE_RETURN_IF_ERROR(CheckOptions(options));
  LMGATE_ASSIGN_OR_RETURN(admin::AdminAuth auth, admin::AdminAuth::Create(options.state_dir));
  auto clock = std::make_unique<const SystemClock>();
  LMGATE_ASSIGN_OR_RETURN(
      auto store,
      storage::Store::Create({.database = options.Database(),
                              .state_dir = options.state_dir,
                              .changes_max = static_cast<uint64_t>(options.history_changes)},
                             *clock));
  std::unique_ptr<App> app(new App(std::move(clock), std::move(auth), std::move(store)));
  LMGATE_RETURN_IF_ERROR(app->StartGrpc(options));
  LMGATE_RETURN_IF_ERROR(app->StartHttp(options));
  app->ready_ = true;
  return app;
}

App::App(std::unique_ptr<const Clock> clock, admin::AdminAuth auth,
         std::unique_ptr<storage::Store> store)
    : clock_(std::move(clock)),
      auth_(std::move(auth)),
      calls_(auth_, metrics_),
      store_(std::move(store)),
      cache_(*store_),
      replicas_(*clock_),
      stream_service_(
          cache_, replicas_, *clock_,
          [this](const grpc::ServerContextBase& context) { return auth_.CheckReplica(context); }),
      connection_service_(calls_, *store_),
      route_service_(calls_, *store_, *clock_),
      group_service_(calls_, *store_),
      key_service_(calls_, *store_, *clock_),
      config_service_(calls_, *store_),
      status_service_(calls_, *store_, replicas_, *clock_) {
  store_->SetCommitListener([this](const v1::SnapshotDelta& delta, absl::Time committed) {
    metrics_.CountChange();
    stream_service_.OnCommit(delta, committed);
  });
  pusher_ = std::thread([this] { stream_service_.Run(); });
}

App::~App() { Stop(); }

absl::Status App::StartGrpc(const Options& options) {
  LMGATE_ASSIGN_OR_RETURN(auto credentials, CreateServerCredentials(options));
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(options.grpc_listen.Text(), std::move(credentials), &port);
  TuneServer(&builder);
  builder.RegisterService(&stream_service_);
  builder.RegisterService(&connection_service_);
  builder.RegisterService(&route_service_);
  builder.RegisterService(&group_service_);
  builder.RegisterService(&key_service_);
  builder.RegisterService(&config_service_);
  builder.RegisterService(&status_service_);
  grpc_ = builder.BuildAndStart();
  if (grpc_ == nullptr || port == 0) {
    grpc_.reset();
    const std::string reason = WhyNotBound(options.grpc_listen);
    if (!reason.empty()) {
      return absl::UnavailableError(StrCat(options.grpc_listen.Text(), ": ", reason));
    }
    return absl::InvalidArgumentError(
        StrCat(options.grpc_listen.Text(), ": cannot serve gRPC",
               options.tls_cert.empty() ? "" : ": look at the TLS certificate and its key"));
  }
  grpc_port_ = static_cast<uint16_t>(port);
  return absl::OkStatus();
}

absl::Status App::StartHttp(const Options& options) {
  LMGATE_ASSIGN_OR_RETURN(
      http_, http::AdminServer::Create(
                 {.host = options.http_listen.host, .port = options.http_listen.port},
                 [this](const http::AdminRequest& request) { return Answer(request); }));
  return absl::OkStatus();
}

http::AdminResponse App::Answer(const http::AdminRequest& request) {
  http::AdminResponse response;
  if (request.path == "/healthz") {
    response.body = "ok\n";
  } else if (request.path == "/readyz") {
    response.status = ready_ ? 200 : 503;
    response.body = ready_ ? "ready\n" : "stopping\n";
  } else if (request.path == "/metrics") {
    uint64_t revision = 0;
    store_->Read([&](const contract::SnapshotState& state) { revision = state.revision(); });
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics_.Page(revision, replicas_.List());
  } else {
    response.status = 404;
    response.body = "not found: /healthz, /readyz and /metrics are here\n";
  }
  return response;
}

void App::Stop() {
  ready_ = false;
  replicas_.Stop();
  stream_service_.Stop();
  if (pusher_.joinable()) pusher_.join();
  if (grpc_ != nullptr) {
    grpc_->Shutdown(std::chrono::system_clock::now() + kStopGrace);
    grpc_->Wait();
    grpc_.reset();
  }
  if (http_ != nullptr) http_->Stop();
}

}  // namespace lmgate::controlplane
