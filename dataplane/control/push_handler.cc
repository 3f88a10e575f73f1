#include "dataplane/control/push_handler.h"

#include <utility>

#include "common/base/clock.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::control {
namespace {

v1::Complaint MakeComplaint(std::string message) {
  v1::Complaint complaint;
  complaint.set_message(std::move(message));
  return complaint;
}

}  // namespace

PushHandler::PushHandler(const ConfigSubscription::Options& options, LastGoodStore& store,
                         const snapshot::SecretResolver& resolver,
                         std::shared_ptr<const snapshot::Snapshot> current,
                         const ConfigSubscription::Publish& publish,
                         ConfigSubscriptionMetrics& metrics)
    : options_(options),
      store_(store),
      resolver_(resolver),
      publish_(publish),
      metrics_(metrics),
      current_(std::move(current)) {
  if (current_ == nullptr) return;
  metrics_.revision = current_->revision();
  metrics_.complaints = current_->complaints().size();
}

v1::SubscribeRequest PushHandler::MakeHello() {
  assembly_.reset();
  v1::SubscribeRequest request;
  v1::Hello& hello = *request.mutable_hello();
  hello.set_replica_id(options_.replica_id);
  hello.set_version(std::string(Version()));
  hello.set_listen_address(options_.listen_address);
  if (current_ == nullptr) return request;
  hello.set_lineage(current_->lineage());
  hello.set_revision(current_->revision());
  hello.set_hash(current_->hash());
  return request;
}

absl::StatusOr<std::optional<v1::SubscribeRequest>> PushHandler::Handle(
    v1::SubscribeResponse push) {
  switch (push.push_case()) {
    case v1::SubscribeResponse::kDelta:
      if (assembly_.has_value()) {
        return absl::InvalidArgumentError("a delta between the chunks of a snapshot");
      }
      return HandleDelta(push.nonce(), push.delta());
    case v1::SubscribeResponse::kChunk:
      return HandleChunk(push.nonce(), std::move(*push.mutable_chunk()));
    case v1::SubscribeResponse::PUSH_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("a push of a kind that this version does not know");
}

v1::SubscribeRequest PushHandler::HandleDelta(const std::string& nonce,
                                              const v1::SnapshotDelta& delta) {
  const int64_t retry_nanos = absl::ToInt64Nanoseconds(options_.store_retry);
  if (store_.is_behind() && (!full_snapshot_at_.has_value() ||
                             SystemClock().SteadyNanos() - *full_snapshot_at_ >= retry_nanos)) {
    return MakeNack(nonce, absl::FailedPreconditionError("the last good snapshot is behind"), true);
  }
  if (current_ == nullptr) {
    return MakeNack(nonce, absl::FailedPreconditionError("there is no snapshot yet"), true);
  }
  auto compiled = current_->Apply(delta, resolver_);
  if (!compiled.ok()) {
    return MakeNack(nonce, compiled.status(), absl::IsFailedPrecondition(compiled.status()));
  }
  const absl::Status stored = store_.AppendDelta(delta);
  ++metrics_.deltas_applied;
  return Serve(nonce, *std::move(compiled), stored);
}

absl::StatusOr<std::optional<v1::SubscribeRequest>> PushHandler::HandleChunk(
    const std::string& nonce, v1::SnapshotChunk chunk) {
  if (!assembly_.has_value()) assembly_.emplace().nonce = nonce;
  Assembly& assembly = *assembly_;
  if (chunk.index() != assembly.next_index++ || nonce != assembly.nonce) {
    return absl::InvalidArgumentError("chunks of a snapshot out of order");
  }
  assembly.bytes += chunk.part().ByteSizeLong();
  assembly.is_too_large |= assembly.bytes > options_.snapshot_bytes_max;
  if (assembly.is_too_large) {
    assembly.parts.clear();
  } else {
    assembly.parts.push_back(std::move(*chunk.mutable_part()));
  }
  if (!chunk.last()) return std::nullopt;

  Assembly whole = std::move(assembly);
  assembly_.reset();
  if (whole.is_too_large) {
    return MakeNack(
        whole.nonce,
        absl::ResourceExhaustedError(StrCat("a snapshot of ", whole.bytes, " bytes, more than ",
                                            options_.snapshot_bytes_max)),
        false);
  }
  return HandleSnapshot(whole.nonce, std::move(whole.parts));
}

v1::SubscribeRequest PushHandler::HandleSnapshot(const std::string& nonce,
                                                 std::vector<v1::Snapshot> parts) {
  full_snapshot_at_ = SystemClock().SteadyNanos();
  absl::Status stored = store_.StageBase(parts);
  auto compiled = snapshot::Snapshot::Compile(std::move(parts), resolver_);
  if (!compiled.ok()) {
    store_.DropStagedBase();
    return MakeNack(nonce, compiled.status(), false);
  }
  if (stored.ok()) {
    stored = store_.CommitBase();
  } else {
    store_.MarkBehind();
  }
  ++metrics_.snapshots_applied;
  return Serve(nonce, *std::move(compiled), stored);
}

v1::SubscribeRequest PushHandler::Serve(const std::string& nonce,
                                        snapshot::Snapshot::Compiled compiled,
                                        const absl::Status& stored) {
  current_ = std::move(compiled.snapshot);
  publish_(current_);
  metrics_.revision = current_->revision();
  metrics_.complaints = compiled.complaints.size();

  v1::SubscribeRequest request;
  v1::Ack& ack = *request.mutable_ack();
  ack.set_nonce(nonce);
  ack.set_revision(current_->revision());
  ack.set_hash(current_->hash());
  for (v1::Complaint& complaint : compiled.complaints) {
    *ack.add_complaints() = std::move(complaint);
  }
  if (!stored.ok()) {
    ++metrics_.store_errors;
    std::string message =
        StrCat("served, but not on disk for the next start: ", ToStd(stored.message()));
    LogError(StrCat("revision ", current_->revision(), ": ", message));
    *ack.add_complaints() = MakeComplaint(std::move(message));
  }
  return request;
}

v1::SubscribeRequest PushHandler::MakeNack(const std::string& nonce, const absl::Status& reason,
                                           bool need_full_snapshot) {
  ++metrics_.nacks;
  LogWarn(StrCat("configuration refused: ", ToStd(reason.message())));
  v1::SubscribeRequest request;
  v1::Nack& nack = *request.mutable_nack();
  nack.set_nonce(nonce);
  nack.set_need_full_snapshot(need_full_snapshot);
  *nack.add_complaints() = MakeComplaint(std::string(reason.message()));
  if (current_ == nullptr) return request;
  nack.set_revision(current_->revision());
  nack.set_hash(current_->hash());
  return request;
}

}  // namespace lmgate::control
