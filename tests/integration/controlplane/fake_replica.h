#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <optional>
#include <string>

#include "common/contract/snapshot_state.h"
#include "lmgate/v1/snapshot.grpc.pb.h"

namespace lmgate::testing {

// A data plane's side of the snapshot stream, driven step by step by a test: it takes a push when
// told to, and answers when told to. Its calls end after five minutes at the latest. Not
// thread-safe.
class FakeReplica {
 public:
  FakeReplica(std::shared_ptr<grpc::Channel> channel, std::string id);
  // Ends the stream.
  ~FakeReplica();

  // Opens a stream; says nothing yet.
  void Connect(const std::string& token = "good");
  // Hello with what this replica serves.
  void SayHello();
  void Send(const v1::SubscribeRequest& request);

  // One push as it came: a delta, or all chunks of a full snapshot put together.
  struct Push {
    std::string nonce;
    std::optional<v1::SnapshotDelta> delta;
    std::optional<v1::Snapshot> full;
    int chunks = 0;

    uint64_t revision() const { return delta ? delta->to_revision() : full->revision(); }
    uint64_t hash() const { return delta ? delta->to_hash() : full->hash(); }
  };
  // The next message; nullopt = the stream has ended.
  std::optional<v1::SubscribeResponse> ReadMessage();
  // The next push, to its last chunk; aborts the test when the stream ends instead.
  Push Take();

  // Folds the push into the state and acks it. False = it does not fit.
  bool Accept(const Push& push);
  void Refuse(const Push& push, bool need_full_snapshot);
  void SayDraining();
  // Takes and accepts pushes until it serves this revision.
  void CatchUp(uint64_t revision);

  // Ends the stream from this side; what the server ended it with.
  grpc::Status Disconnect();
  // Reads until the server ends the stream; its status.
  grpc::Status AwaitEnd();

  contract::SnapshotState& state() { return state_; }
  int pushes() const { return pushes_; }

 private:
  std::unique_ptr<v1::SnapshotService::Stub> stub_;
  const std::string id_;
  contract::SnapshotState state_;
  int pushes_ = 0;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::SubscribeRequest, v1::SubscribeResponse>> stream_;
};

}  // namespace lmgate::testing
