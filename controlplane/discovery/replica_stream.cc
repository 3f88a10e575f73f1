#include "controlplane/discovery/replica_stream.h"

#include <algorithm>
#include <utility>

#include "common/base/logging.h"
#include "common/base/strings.h"

namespace lmgate::discovery {
namespace {

constexpr size_t kReplicaIdBytesMax = 128;
constexpr size_t kHelloTextBytesMax = 256;

// These go to people's terminals and logs.
bool IsPrintable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

grpc::Status Malformed(const std::string& message) {
  return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, message);
}

}  // namespace

ReplicaStream::ReplicaStream(SnapshotStreamService& service, grpc::CallbackServerContext& context,
                             uint64_t number)
    : service_(service),
      context_(context),
      number_(number),
      begun_nanos_(service.clock_.SteadyNanos()) {}

void ReplicaStream::Begin() { StartRead(&request_); }

void ReplicaStream::Pump() {
  const int64_t now = service_.clock_.SteadyNanos();
  const int64_t patience = absl::ToInt64Nanoseconds(service_.options_.hello_timeout);
  {
    const MutexLock lock(&mutex_);
    if (ended_) {
      if (now - ended_nanos_ >= patience) context_.TryCancel();
      return;
    }
    PumpLocked();
    if (greeted_ || now - begun_nanos_ < patience) return;
  }
  End(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "no hello"));
}

void ReplicaStream::End(const grpc::Status& status) {
  const MutexLock lock(&mutex_);
  if (ended_) return;
  ended_ = true;
  ended_nanos_ = service_.clock_.SteadyNanos();
  full_.reset();
  // Goes out behind the message under way, if there is one. If the replica does not read it, Pump
  // loses patience.
  Finish(status);
}

void ReplicaStream::Cut(const grpc::Status& status) {
  End(status);
  const MutexLock lock(&mutex_);
  if (writing_) context_.TryCancel();
}

void ReplicaStream::OnReadDone(bool ok) {
  if (!ok) return End(grpc::Status::OK);
  grpc::Status status;
  switch (request_.message_case()) {
    case v1::SubscribeRequest::kHello:
      status = Greet(request_.hello());
      break;
    case v1::SubscribeRequest::kAck:
      status = HandleAck(request_.ack());
      break;
    case v1::SubscribeRequest::kNack:
      status = HandleNack(request_.nack());
      break;
    case v1::SubscribeRequest::kState:
      if (replica_id_.empty()) status = Malformed("the first message must be a hello");
      service_.registry_.SetState(number_, replica_id_, request_.state());
      break;
    case v1::SubscribeRequest::MESSAGE_NOT_SET:
      status = Malformed("empty message");
      break;
  }
  if (!status.ok()) return End(status);
  Pump();
  StartRead(&request_);
}

void ReplicaStream::OnWriteDone(bool ok) {
  const MutexLock lock(&mutex_);
  writing_ = false;
  // Not ok: the stream is broken, and OnReadDone or OnCancel ends it.
  if (ok) PumpLocked();
}

void ReplicaStream::OnCancel() {
  End(grpc::Status(grpc::StatusCode::CANCELLED, "the replica went away"));
}

void ReplicaStream::OnDone() {
  service_.Remove(this, replica_id_);
  delete this;
}

grpc::Status ReplicaStream::Greet(const v1::Hello& hello) {
  if (!replica_id_.empty()) return Malformed("a second hello");
  if (hello.replica_id().empty() || hello.replica_id().size() > kReplicaIdBytesMax ||
      !IsPrintable(hello.replica_id())) {
    return Malformed(StrCat("replica_id must be 1 to ", kReplicaIdBytesMax,
                            " printable characters without white space"));
  }
  for (const std::string* text : {&hello.version(), &hello.listen_address()}) {
    if (text->size() > kHelloTextBytesMax || !IsPrintable(*text)) {
      return Malformed("version or listen_address is not printable or too long");
    }
  }
  replica_id_ = hello.replica_id();

  const Position claimed{.revision = hello.revision(), .hash = hello.hash()};
  // A revision that the cache has forgotten may still be ours; one that we have not reached is not.
  const bool ours = hello.lineage() == service_.cache_.lineage() &&
                    claimed.revision <= service_.cache_.current().revision;
  const bool known = ours && service_.cache_.DeltaSince(claimed.revision, claimed.hash).has_value();
  service_.registry_.Connect(
      number_, hello, known ? ReplicaRegistry::Base::kOurs : ReplicaRegistry::Base::kForeign);
  service_.Introduce(this, replica_id_);
  const MutexLock lock(&mutex_);
  if (known) serves_ = claimed;
  greeted_ = true;
  return grpc::Status::OK;
}

grpc::Status ReplicaStream::HandleAck(const v1::Ack& ack) {
  const MutexLock lock(&mutex_);
  if (!in_flight_ || in_flight_->nonce != ack.nonce() || full_ != nullptr) {
    return Malformed("an ack of nothing that was pushed");
  }
  const Push push = *std::exchange(in_flight_, std::nullopt);
  const Position serves{.revision = ack.revision(), .hash = ack.hash()};
  if (serves != push.position) return Malformed("an ack of another revision than was pushed");
  serves_ = serves;
  needs_full_ = false;
  refused_.reset();
  service_.registry_.Ack(number_, replica_id_, ack);
  return grpc::Status::OK;
}

grpc::Status ReplicaStream::HandleNack(const v1::Nack& nack) {
  const MutexLock lock(&mutex_);
  if (!in_flight_ || in_flight_->nonce != nack.nonce()) {
    return Malformed("a nack of nothing that was pushed");
  }
  const Push push = *std::exchange(in_flight_, std::nullopt);
  full_.reset();
  if (serves_) serves_ = Position{.revision = nack.revision(), .hash = nack.hash()};
  needs_full_ = nack.need_full_snapshot();
  const bool asks_instead = nack.need_full_snapshot() && !push.full;
  if (!asks_instead) {
    refused_ = Refusal{.revision = push.position.revision,
                       .retry_at_nanos = service_.clock_.SteadyNanos() +
                                         absl::ToInt64Nanoseconds(service_.options_.nack_retry)};
  }
  v1::Nack verdict = nack;
  verdict.set_need_full_snapshot(asks_instead);
  service_.registry_.Nack(number_, replica_id_, verdict, push.position.revision);
  LogWarn(StrCat("replica ", replica_id_, " refused revision ", push.position.revision,
                 asks_instead ? " and asks for a full snapshot" : ""));
  return grpc::Status::OK;
}

void ReplicaStream::PumpLocked() {
  if (!greeted_ || ended_ || writing_) return;
  if (full_ == nullptr && (in_flight_ || !StartPush())) return;
  if (full_ != nullptr) {
    response_.Clear();
    response_.set_nonce(in_flight_->nonce);
    *response_.mutable_chunk() = full_->NextChunk(&cursor_, FullSnapshot::Limits());
    if (cursor_.done) full_.reset();
  }
  writing_ = true;
  StartWrite(&response_);
}

bool ReplicaStream::StartPush() {
  const uint64_t current = service_.cache_.current().revision;
  if (refused_ && current <= refused_->revision &&
      service_.clock_.SteadyNanos() < refused_->retry_at_nanos) {
    return false;
  }
  // A full snapshot is read past the cache and can be one commit ahead of it.
  if (serves_ && !needs_full_ && serves_->revision > current) return false;
  if (serves_ && !needs_full_) {
    auto delta = service_.cache_.DeltaSince(serves_->revision, serves_->hash);
    if (delta && delta->from_revision() == delta->to_revision()) return false;
    if (delta) {
      in_flight_ = Push{.nonce = MakeNonce(),
                        .position = {.revision = delta->to_revision(), .hash = delta->to_hash()}};
      response_.Clear();
      response_.set_nonce(in_flight_->nonce);
      *response_.mutable_delta() = *std::move(delta);
      return true;
    }
  }
  full_ = service_.cache_.TakeFull();
  cursor_ = FullSnapshot::Cursor();
  in_flight_ = Push{.nonce = MakeNonce(),
                    .position = {.revision = full_->revision(), .hash = full_->hash()},
                    .full = true};
  return true;
}

std::string ReplicaStream::MakeNonce() { return StrCat(number_, "-", ++pushes_); }

}  // namespace lmgate::discovery
