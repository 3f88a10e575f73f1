#include "tests/integration/controlplane/fake_replica.h"

#include <chrono>
#include <utility>

#include "common/base/logging.h"

namespace lmgate::testing {

FakeReplica::FakeReplica(std::shared_ptr<grpc::Channel> channel, std::string id)
    : stub_(v1::SnapshotService::NewStub(std::move(channel))), id_(std::move(id)) {}

FakeReplica::~FakeReplica() {
  if (stream_ == nullptr) return;
  context_->TryCancel();
  AwaitEnd();
}

void FakeReplica::Connect(const std::string& token) {
  if (stream_ != nullptr) Disconnect();
  context_ = std::make_unique<grpc::ClientContext>();
  context_->set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(5));
  context_->AddMetadata("authorization", "Bearer " + token);
  stream_ = stub_->Subscribe(context_.get());
}

void FakeReplica::SayHello() {
  v1::SubscribeRequest request;
  v1::Hello& hello = *request.mutable_hello();
  hello.set_replica_id(id_);
  hello.set_version("0.0.1");
  hello.set_lineage(state_.lineage());
  hello.set_revision(state_.revision());
  hello.set_hash(state_.hash());
  hello.set_listen_address("127.0.0.1:8000");
  Send(request);
}

// A stream that the server has ended takes no more; the test sees it by the next read.
void FakeReplica::Send(const v1::SubscribeRequest& request) { stream_->Write(request); }

std::optional<v1::SubscribeResponse> FakeReplica::ReadMessage() {
  v1::SubscribeResponse message;
  if (!stream_->Read(&message)) return std::nullopt;
  return message;
}

FakeReplica::Push FakeReplica::Take() {
  Push push;
  while (true) {
    std::optional<v1::SubscribeResponse> message = ReadMessage();
    LMGATE_CHECK(message.has_value());
    push.nonce = message->nonce();
    if (message->has_delta()) {
      LMGATE_CHECK(push.chunks == 0);
      push.delta = std::move(*message->mutable_delta());
      break;
    }
    LMGATE_CHECK(static_cast<int>(message->chunk().index()) == push.chunks);
    ++push.chunks;
    v1::Snapshot& part = *message->mutable_chunk()->mutable_part();
    if (!push.full) {
      push.full = std::move(part);
    } else {
      for (v1::Resource& resource : *part.mutable_resources()) {
        *push.full->add_resources() = std::move(resource);
      }
    }
    if (message->chunk().last()) break;
  }
  ++pushes_;
  return push;
}

bool FakeReplica::Accept(const Push& push) {
  if (push.delta) {
    if (!state_.Apply(*push.delta).ok()) return false;
  } else {
    auto state = contract::SnapshotState::FromSnapshot(*push.full);
    if (!state.ok()) return false;
    state_ = *std::move(state);
  }
  v1::SubscribeRequest request;
  v1::Ack& ack = *request.mutable_ack();
  ack.set_nonce(push.nonce);
  ack.set_revision(state_.revision());
  ack.set_hash(state_.hash());
  Send(request);
  return true;
}

void FakeReplica::Refuse(const Push& push, bool need_full_snapshot) {
  v1::SubscribeRequest request;
  v1::Nack& nack = *request.mutable_nack();
  nack.set_nonce(push.nonce);
  nack.set_revision(state_.revision());
  nack.set_hash(state_.hash());
  nack.set_need_full_snapshot(need_full_snapshot);
  nack.add_complaints()->set_message("refused by the test");
  Send(request);
}

void FakeReplica::SayDraining() {
  v1::SubscribeRequest request;
  request.mutable_state()->set_draining(true);
  Send(request);
}

void FakeReplica::CatchUp(uint64_t revision) {
  while (state_.revision() < revision) LMGATE_CHECK(Accept(Take()));
}

grpc::Status FakeReplica::Disconnect() {
  stream_->WritesDone();
  return AwaitEnd();
}

grpc::Status FakeReplica::AwaitEnd() {
  while (ReadMessage().has_value()) {
  }
  const grpc::Status status = stream_->Finish();
  stream_.reset();
  return status;
}

}  // namespace lmgate::testing
