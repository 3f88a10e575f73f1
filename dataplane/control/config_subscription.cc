#include "dataplane/control/config_subscription.h"

#include <absl/base/thread_annotations.h>
#include <absl/random/random.h>
#include <grpcpp/client_context.h>

#include <optional>
#include <thread>
#include <utility>

#include "common/base/clock.h"
#include "common/base/grpc_status.h"
#include "common/base/logging.h"
#include "common/base/mutex.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "dataplane/control/push_handler.h"
#include "lmgate/v1/snapshot.grpc.pb.h"

namespace lmgate::control {
namespace {

using Stream = grpc::ClientReaderWriter<v1::SubscribeRequest, v1::SubscribeResponse>;

v1::SubscribeRequest MakeState(const v1::ReplicaState& state) {
  v1::SubscribeRequest request;
  *request.mutable_state() = state;
  return request;
}

}  // namespace

// All of it but the metrics, so that no header needs gRPC's streams.
class ConfigSubscription::Session {
 public:
  Session(Options options, LastGoodStore& store, snapshot::SecretResolver resolver,
          std::shared_ptr<const snapshot::Snapshot> current, Publish publish,
          ConfigSubscriptionMetrics& metrics)
      : options_(std::move(options)),
        resolver_(std::move(resolver)),
        publish_(std::move(publish)),
        metrics_(metrics),
        handler_(options_, store, resolver_, std::move(current), publish_, metrics_) {}

  void Start() {
    thread_ = std::thread([this] { Run(); });
  }
  void SendDraining();
  void SendComplaints(std::vector<v1::Complaint> complaints);
  void Stop();

 private:
  struct StreamEnd {
    absl::Status status;
    ReconnectBackoff::StreamOutcome outcome;
  };

  void Run();
  StreamEnd RunStream();
  absl::Status ServeStream(Stream& stream, bool* received);
  // False = the stream is broken; its Finish knows why.
  bool Write(Stream& stream, const v1::SubscribeRequest& request);
  void Report(const absl::Status& status);
  // False when Stop came first.
  bool Wait(absl::Duration duration);

  // Constant after construction.
  const Options options_;
  const snapshot::SecretResolver resolver_;
  const Publish publish_;
  ConfigSubscriptionMetrics& metrics_;
  const SystemClock clock_;

  // Used by the thread only.
  PushHandler handler_;
  absl::BitGen random_;
  std::string last_report_;

  std::thread thread_;

  // Held while writing: gRPC allows one writer at a time. Taken before mutex_, never after.
  Mutex write_mutex_;
  Stream* stream_ ABSL_GUARDED_BY(write_mutex_) = nullptr;  // null = not begun, or ending
  v1::ReplicaState state_ ABSL_GUARDED_BY(write_mutex_);

  // Not held while writing, so that Stop can break a write that is stuck.
  Mutex mutex_;
  CondVar stop_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;  // of the running stream
};

void ConfigSubscription::Session::SendDraining() {
  MutexLock lock(&write_mutex_);
  if (state_.draining()) return;
  state_.set_draining(true);
  if (stream_ != nullptr) stream_->Write(MakeState(state_));
}

void ConfigSubscription::Session::SendComplaints(std::vector<v1::Complaint> complaints) {
  MutexLock lock(&write_mutex_);
  if (complaints.empty() && state_.complaints().empty()) return;
  state_.mutable_complaints()->Assign(std::move_iterator(complaints.begin()),
                                      std::move_iterator(complaints.end()));
  if (stream_ != nullptr) stream_->Write(MakeState(state_));
}

void ConfigSubscription::Session::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    stop_.SignalAll();
    if (context_ != nullptr) context_->TryCancel();
  }
  if (thread_.joinable()) thread_.join();
}

void ConfigSubscription::Session::Run() {
  ReconnectBackoff backoff(options_.backoff);
  while (true) {
    const StreamEnd end = RunStream();
    metrics_.connected = false;
    ++metrics_.stream_ends;
    // A stream that lasted in silence was fine: what ends it is news again.
    if (end.outcome.lived >= options_.backoff.settled) last_report_.clear();
    if (!Wait(backoff.Next(end.outcome, random_))) return;
    Report(end.status);
  }
}

ConfigSubscription::Session::StreamEnd ConfigSubscription::Session::RunStream() {
  StreamEnd end;
  const int64_t begin_nanos = clock_.SteadyNanos();
  auto channel = CreateControlChannel(options_.address);
  if (!channel.ok()) {
    end.status = channel.status();
    return end;
  }
  const auto stub = v1::SnapshotService::NewStub(channel->channel);
  grpc::ClientContext context;
  context.AddMetadata("authorization", StrCat("Bearer ", channel->token));
  {
    MutexLock lock(&mutex_);
    if (stopping_) return end;
    context_ = &context;
  }
  const auto stream = stub->Subscribe(&context);
  end.status = ServeStream(*stream, &end.outcome.received);
  {
    MutexLock lock(&write_mutex_);
    stream_ = nullptr;
  }
  if (!end.status.ok()) context.TryCancel();
  const absl::Status finished = FromGrpcStatus(stream->Finish());
  {
    MutexLock lock(&mutex_);
    context_ = nullptr;
  }
  // When we broke the stream, our reason counts and not the cancellation.
  if (end.status.ok()) end.status = finished;
  if (metrics_.connected) end.outcome.lived = absl::Nanoseconds(clock_.SteadyNanos() - begin_nanos);
  return end;
}

// Until the stream ends (OK: Finish knows why) or the peer breaks the protocol.
absl::Status ConfigSubscription::Session::ServeStream(Stream& stream, bool* received) {
  if (!Write(stream, handler_.MakeHello())) return absl::OkStatus();
  // The message went out on a connection: that is as much as a control plane that has nothing to
  // say lets us know.
  metrics_.connected = true;
  {
    MutexLock lock(&write_mutex_);
    stream_ = &stream;
    if (state_.ByteSizeLong() > 0) stream.Write(MakeState(state_));
  }
  v1::SubscribeResponse push;
  while (stream.Read(&push)) {
    if (!std::exchange(*received, true)) Report(absl::OkStatus());
    LMGATE_ASSIGN_OR_RETURN(const auto answer, handler_.Handle(std::move(push)));
    if (answer.has_value() && !Write(stream, *answer)) break;
    push.Clear();
  }
  return absl::OkStatus();
}

bool ConfigSubscription::Session::Write(Stream& stream, const v1::SubscribeRequest& request) {
  MutexLock lock(&write_mutex_);
  return stream.Write(request);
}

// One line when the state changes, not one an attempt.
void ConfigSubscription::Session::Report(const absl::Status& status) {
  std::string report =
      status.ok() ? "connected" : StrCat("no configuration stream: ", ToStd(status.message()));
  if (report == last_report_) return;
  const std::string line = StrCat("control plane ", options_.address.target, ": ", report);
  status.ok() ? LogInfo(line) : LogWarn(line);
  last_report_ = std::move(report);
}

bool ConfigSubscription::Session::Wait(absl::Duration duration) {
  const int64_t deadline = clock_.SteadyNanos() + absl::ToInt64Nanoseconds(duration);
  MutexLock lock(&mutex_);
  while (!stopping_) {
    const int64_t left = deadline - clock_.SteadyNanos();
    if (left <= 0) return true;
    stop_.WaitWithTimeout(&mutex_, absl::Nanoseconds(left));
  }
  return false;
}

ConfigSubscription::ConfigSubscription(Options options, LastGoodStore& store,
                                       snapshot::SecretResolver resolver,
                                       std::shared_ptr<const snapshot::Snapshot> current,
                                       Publish publish)
    : session_(std::make_unique<Session>(std::move(options), store, std::move(resolver),
                                         std::move(current), std::move(publish), metrics_)) {}

ConfigSubscription::~ConfigSubscription() { Stop(); }

void ConfigSubscription::Start() { session_->Start(); }
void ConfigSubscription::SendDraining() { session_->SendDraining(); }
void ConfigSubscription::SendComplaints(std::vector<v1::Complaint> complaints) {
  session_->SendComplaints(std::move(complaints));
}
void ConfigSubscription::Stop() { session_->Stop(); }

}  // namespace lmgate::control
