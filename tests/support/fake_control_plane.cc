#include "tests/support/fake_control_plane.h"

#include <absl/time/clock.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <deque>
#include <utility>

#include "common/base/logging.h"
#include "common/base/mutex.h"
#include "common/base/strings.h"
#include "lmgate/v1/snapshot.grpc.pb.h"

namespace lmgate::testing {

class FakeControlPlane::Service final : public v1::SnapshotService::CallbackService {
 public:
  explicit Service(std::string token) : token_(std::move(token)) {}

  grpc::ServerBidiReactor<v1::SubscribeRequest, v1::SubscribeResponse>* Subscribe(
      grpc::CallbackServerContext* context) override {
    return new Reactor(*this, *context);
  }

  std::optional<v1::SubscribeRequest> NextMessage(absl::Duration patience) {
    const absl::Time deadline = absl::Now() + patience;
    MutexLock lock(&mutex_);
    while (messages_.empty()) {
      const absl::Duration left = deadline - absl::Now();
      if (left <= absl::ZeroDuration()) return std::nullopt;
      received_.WaitWithTimeout(&mutex_, left);
    }
    v1::SubscribeRequest message = std::move(messages_.front());
    messages_.pop_front();
    return message;
  }

  bool Push(const v1::SubscribeResponse& response) {
    MutexLock lock(&mutex_);
    if (current_ == nullptr) return false;
    current_->Queue(response);
    return true;
  }

  void EndCurrent(const grpc::Status& status) {
    MutexLock lock(&mutex_);
    if (current_ == nullptr) return;
    current_->Finish(status);
    current_ = nullptr;
  }

  int refusals() const {
    MutexLock lock(&mutex_);
    return refusals_;
  }
  void SetToken(std::string token) {
    MutexLock lock(&mutex_);
    token_ = std::move(token);
  }

  void Listen() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(StrCat("127.0.0.1:", port_), grpc::InsecureServerCredentials(),
                             &port_);
    builder.SetMaxReceiveMessageSize(-1);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    LMGATE_CHECK(server_ != nullptr);
  }
  void Shutdown() {
    if (server_ == nullptr) return;
    EndCurrent(grpc::Status(grpc::StatusCode::UNAVAILABLE, "shutting down"));
    // A deadline in the past cancels what is still open.
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    server_.reset();
  }
  int port() const { return port_; }

 private:
  // Deletes itself when the stream is over. Its members are protected by the service's mutex_.
  class Reactor final
      : public grpc::ServerBidiReactor<v1::SubscribeRequest, v1::SubscribeResponse> {
   public:
    Reactor(Service& service, const grpc::CallbackServerContext& context) : service_(service) {
      MutexLock lock(&service_.mutex_);
      const auto header = context.client_metadata().find("authorization");
      const std::string expected = StrCat("Bearer ", service_.token_);
      if (header == context.client_metadata().end() ||
          std::string_view(header->second.data(), header->second.size()) != expected) {
        ++service_.refusals_;
        Finish(grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "wrong replica token"));
        return;
      }
      if (service_.current_ != nullptr) {
        service_.current_->Finish(grpc::Status(grpc::StatusCode::ABORTED, "replaced"));
      }
      service_.current_ = this;
      StartSendInitialMetadata();
      StartRead(&message_);
    }

    void Queue(const v1::SubscribeResponse& response) {
      pushes_.push_back(response);
      if (pushes_.size() == 1) StartWrite(&pushes_.front());
    }

    void OnReadDone(bool ok) override {
      MutexLock lock(&service_.mutex_);
      const bool is_current = service_.current_ == this;
      if (ok) {
        if (is_current) service_.Receive(message_);
        StartRead(&message_);
      } else if (is_current) {
        service_.current_ = nullptr;
        Finish(grpc::Status::OK);
      }
    }
    void OnWriteDone(bool ok) override {
      MutexLock lock(&service_.mutex_);
      pushes_.pop_front();
      if (ok && !pushes_.empty() && service_.current_ == this) StartWrite(&pushes_.front());
    }
    void OnDone() override { delete this; }

   private:
    Service& service_;
    v1::SubscribeRequest message_;
    std::deque<v1::SubscribeResponse> pushes_;  // the first is being written
  };

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;

  // Needs mutex_.
  void Receive(const v1::SubscribeRequest& message) {
    messages_.push_back(message);
    received_.SignalAll();
  }

  mutable Mutex mutex_;
  CondVar received_;
  // All below protected by mutex_.
  std::string token_;
  Reactor* current_ = nullptr;
  std::deque<v1::SubscribeRequest> messages_;
  int refusals_ = 0;
};

FakeControlPlane::FakeControlPlane(std::string token)
    : service_(std::make_unique<Service>(std::move(token))) {
  service_->Listen();
}

FakeControlPlane::~FakeControlPlane() { service_->Shutdown(); }

std::string FakeControlPlane::address() const { return StrCat("127.0.0.1:", service_->port()); }
void FakeControlPlane::SetToken(std::string token) { service_->SetToken(std::move(token)); }
int FakeControlPlane::refusals() const { return service_->refusals(); }
void FakeControlPlane::Stop() { service_->Shutdown(); }
void FakeControlPlane::Restart() { service_->Listen(); }

std::optional<v1::SubscribeRequest> FakeControlPlane::NextMessage(absl::Duration patience) {
  return service_->NextMessage(patience);
}

v1::Hello FakeControlPlane::NextHello() {
  const auto message = NextMessage();
  LMGATE_CHECK(message.has_value() && message->has_hello());
  return message->hello();
}

v1::Ack FakeControlPlane::NextAck() {
  const auto message = NextMessage();
  LMGATE_CHECK(message.has_value() && message->has_ack());
  return message->ack();
}

v1::Nack FakeControlPlane::NextNack() {
  const auto message = NextMessage();
  LMGATE_CHECK(message.has_value() && message->has_nack());
  return message->nack();
}

bool FakeControlPlane::Push(const v1::SubscribeResponse& response) {
  return service_->Push(response);
}

bool FakeControlPlane::PushDelta(const std::string& nonce, const v1::SnapshotDelta& delta) {
  v1::SubscribeResponse response;
  response.set_nonce(nonce);
  *response.mutable_delta() = delta;
  return Push(response);
}

bool FakeControlPlane::PushSnapshot(const std::string& nonce, const v1::Snapshot& snapshot,
                                    int resources_max) {
  v1::Snapshot head = snapshot;
  head.clear_resources();
  int next = 0;
  uint32_t index = 0;
  do {
    v1::SubscribeResponse response;
    response.set_nonce(nonce);
    v1::SnapshotChunk& chunk = *response.mutable_chunk();
    chunk.set_index(index++);
    *chunk.mutable_part() = head;
    for (int i = 0; i < resources_max && next < snapshot.resources_size(); ++i) {
      *chunk.mutable_part()->add_resources() = snapshot.resources(next++);
    }
    chunk.set_last(next == snapshot.resources_size());
    if (!Push(response)) return false;
  } while (next < snapshot.resources_size());
  return true;
}

void FakeControlPlane::EndStream() { service_->EndCurrent(grpc::Status::OK); }
void FakeControlPlane::BreakStream() {
  service_->EndCurrent(grpc::Status(grpc::StatusCode::UNAVAILABLE, "broken by the test"));
}

}  // namespace lmgate::testing
