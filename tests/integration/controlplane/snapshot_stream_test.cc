#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <random>
#include <thread>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "controlplane/discovery/replica_registry.h"
#include "controlplane/discovery/snapshot_cache.h"
#include "controlplane/discovery/snapshot_stream_service.h"
#include "controlplane/storage/store.h"
#include "tests/integration/controlplane/fake_replica.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/controlplane/storage/test_resources.h"

namespace lmgate::discovery {
namespace {

using ::lmgate::testing::FakeReplica;
using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(30);

// The control plane's half of the stream over a real server, store and socket.
class SnapshotStream : public ::testing::Test {
 protected:
  SnapshotStream() {
    auto store = storage::Store::Create(
        {.database = "sqlite:" + dir_.File("lmgate.db"), .state_dir = dir_.File("state")}, clock_);
    LMGATE_CHECK(store.ok());
    store_ = *std::move(store);
    Start({}, {});
  }
  ~SnapshotStream() override { Stop(); }

  void Start(SnapshotCache::Options cache, SnapshotStreamService::Options options) {
    options.tick = absl::Milliseconds(5);
    cache_.emplace(*store_, cache);
    registry_.emplace(clock_);
    service_.emplace(
        *cache_, *registry_, clock_,
        [](const grpc::ServerContextBase& context) {
          const auto [begin, end] = context.client_metadata().equal_range("authorization");
          if (begin != end && begin->second == "Bearer good") return absl::OkStatus();
          return absl::UnauthenticatedError("bad replica token");
        },
        options);
    store_->SetCommitListener([this](const v1::SnapshotDelta& delta, absl::Time committed) {
      service_->OnCommit(delta, committed);
    });
    pusher_ = std::thread([this] { service_->Run(); });
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&*service_);
    server_ = builder.BuildAndStart();
    channel_ = grpc::CreateChannel(StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials());
  }

  void Stop() {
    registry_->Stop();
    service_->Stop();
    pusher_.join();
    server_->Shutdown();
    server_.reset();
    store_->SetCommitListener({});
    service_.reset();
  }
  void Restart(SnapshotCache::Options cache, SnapshotStreamService::Options options) {
    Stop();
    Start(cache, options);
  }

  // Creates or changes one group; the revision.
  uint64_t WriteGroup(const std::string& name, const std::string& model = "m") {
    v1::Group group = storage::TestGroup(name);
    group.add_models(model);
    return Write({contract::MakeResource(group)});
  }
  uint64_t Write(const std::vector<v1::Resource>& resources) {
    const auto result = store_->Write(
        {.actor = "test", .operation = "test", .expected_revision = {}}, [&](const auto& current) {
          std::vector<v1::ResourceChange> changes;
          for (const v1::Resource& resource : resources) {
            changes.push_back(storage::Put(current, resource));
          }
          return absl::StatusOr<std::vector<v1::ResourceChange>>(std::move(changes));
        });
    LMGATE_CHECK(result.ok());
    return result->revision;
  }

  // More than the socket and HTTP/2's windows hold.
  void WriteTenMegabytes() {
    std::vector<v1::Resource> groups;
    for (int i = 0; i < 20; ++i) {
      v1::Group group = storage::TestGroup(StrCat("g", i));
      for (int j = 0; j < 1000; ++j) group.add_models(std::string(500, 'm'));
      groups.push_back(contract::MakeResource(group));
    }
    Write(groups);
  }

  // A replica that serves the current revision, and of which the control plane knows it.
  std::unique_ptr<FakeReplica> MakeSynced(const std::string& id) {
    auto replica = std::make_unique<FakeReplica>(channel_, id);
    replica->Connect();
    replica->SayHello();
    LMGATE_CHECK(replica->Accept(replica->Take()));
    LMGATE_CHECK(!registry_->Wait(replica->state().revision(), kPatience).timed_out());
    return replica;
  }

  void AwaitState(const std::string& id, const std::string& state) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
      for (const v1::Replica& replica : registry_->List()) {
        if (replica.id() == id && replica.state() == state) return;
      }
      std::this_thread::yield();
    }
    ADD_FAILURE() << id << " never was " << state;
  }

  void ExpectServesTheStore(FakeReplica& replica) {
    store_->Read([&](const contract::SnapshotState& state) {
      EXPECT_EQ(replica.state().revision(), state.revision());
      EXPECT_EQ(replica.state().hash(), state.hash());
      EXPECT_EQ(replica.state().size(), state.size());
    });
  }

  lmgate::testing::TempDir dir_;
  lmgate::testing::FakeClock clock_;
  std::unique_ptr<storage::Store> store_;
  std::optional<SnapshotCache> cache_;
  std::optional<ReplicaRegistry> registry_;
  std::optional<SnapshotStreamService> service_;
  std::thread pusher_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(SnapshotStream, GivesANewReplicaAFullSnapshot) {
  WriteGroup("a");
  FakeReplica replica(channel_, "r");
  replica.Connect();
  replica.SayHello();

  const FakeReplica::Push push = replica.Take();

  ASSERT_TRUE(push.full.has_value());
  EXPECT_EQ(push.full->key_pepper().size(), 32u);
  EXPECT_TRUE(replica.Accept(push));
  ExpectServesTheStore(replica);
  EXPECT_EQ(registry_->Wait(1, kPatience).active(), 1u);
  EXPECT_EQ(registry_->List()[0].state(), "SYNCED");
}

TEST_F(SnapshotStream, PushesEachChangeAsADelta) {
  const auto replica = MakeSynced("r");

  for (const char* name : {"a", "b", "a"}) {
    WriteGroup(name, StrCat("m", replica->pushes()));
    const FakeReplica::Push push = replica->Take();
    ASSERT_TRUE(push.delta.has_value());
    EXPECT_EQ(push.delta->changes_size(), 1);
    EXPECT_TRUE(replica->Accept(push));
  }

  ExpectServesTheStore(*replica);
}

TEST_F(SnapshotStream, SaysNothingToACurrentReplica) {
  WriteGroup("a");
  const auto replica = MakeSynced("r");
  replica->Connect();
  replica->SayHello();
  replica->SayDraining();
  AwaitState("r", "DRAINING");

  WriteGroup("b");

  // The first that it hears is the change after its Hello.
  const FakeReplica::Push push = replica->Take();
  ASSERT_TRUE(push.delta.has_value());
  EXPECT_EQ(push.delta->from_revision(), 1u);
}

TEST_F(SnapshotStream, CatchesUpByOneDeltaAfterAReconnect) {
  WriteGroup("a");
  const auto replica = MakeSynced("r");
  replica->Disconnect();
  for (int i = 0; i < 10; ++i) WriteGroup("a", StrCat("m", i));

  replica->Connect();
  replica->SayHello();
  const FakeReplica::Push push = replica->Take();

  ASSERT_TRUE(push.delta.has_value());
  EXPECT_EQ(push.delta->changes_size(), 1);
  EXPECT_TRUE(replica->Accept(push));
  ExpectServesTheStore(*replica);
}

TEST_F(SnapshotStream, CatchesUpByDeltaAfterTheControlPlaneRestarted) {
  WriteGroup("a");
  FakeReplica replica(channel_, "r");
  {
    const auto synced = MakeSynced("r");
    replica.state() = synced->state();
  }
  Restart({}, {});
  WriteGroup("b");

  FakeReplica again(channel_, "r");
  again.state() = replica.state();
  again.Connect();
  again.SayHello();
  const FakeReplica::Push push = again.Take();

  EXPECT_TRUE(push.delta.has_value());
  EXPECT_TRUE(again.Accept(push));
}

TEST_F(SnapshotStream, GivesAFullSnapshotForAnUnknownBase) {
  WriteGroup("a");
  WriteGroup("b");
  const auto synced = MakeSynced("r");
  struct Case {
    const char* what;
    uint64_t revision;
    uint64_t hash_off;
    const char* lineage;
  };
  for (const Case& unknown :
       {Case{"another lineage", 2, 0, "elsewhere"}, Case{"another hash", 2, 1, nullptr},
        Case{"a revision from the future", 3, 0, nullptr}}) {
    SCOPED_TRACE(unknown.what);
    FakeReplica replica(channel_, "r");
    replica.Connect();
    v1::SubscribeRequest request;
    v1::Hello& hello = *request.mutable_hello();
    hello.set_replica_id("r");
    hello.set_lineage(unknown.lineage == nullptr ? synced->state().lineage() : unknown.lineage);
    hello.set_revision(unknown.revision);
    hello.set_hash(synced->state().hash() + unknown.hash_off);
    replica.Send(request);

    const FakeReplica::Push push = replica.Take();

    EXPECT_TRUE(push.full.has_value());
    EXPECT_TRUE(replica.Accept(push));
    ExpectServesTheStore(replica);
  }
}

TEST_F(SnapshotStream, GivesAFullSnapshotForAForgottenRevision) {
  Restart({.deltas_max = 2}, {});
  const auto replica = MakeSynced("r");
  replica->Disconnect();
  for (const char* name : {"a", "b", "c"}) WriteGroup(name);

  replica->Connect();
  replica->SayHello();

  EXPECT_TRUE(replica->Take().full.has_value());
}

TEST_F(SnapshotStream, SendsALargeSnapshotInChunksUnderOneNonce) {
  WriteGroup("g");
  std::vector<v1::Resource> keys;
  for (int i = 0; i < 10001; ++i) {
    const std::string id = StrCat("k", 100000 + i);
    keys.push_back(contract::MakeResource(storage::TestKey(id, StrCat("n", i), "g", id)));
  }
  Write(keys);
  FakeReplica replica(channel_, "r");
  replica.Connect();
  replica.SayHello();
  const std::optional<v1::SubscribeResponse> first = replica.ReadMessage();
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(first->chunk().last());
  v1::Snapshot whole = first->chunk().part();
  const uint64_t later = WriteGroup("meanwhile");

  FakeReplica::Push push{.nonce = first->nonce(), .delta = {}, .full = {}, .chunks = 1};
  for (bool last = false; !last; ++push.chunks) {
    const std::optional<v1::SubscribeResponse> next = replica.ReadMessage();
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->nonce(), first->nonce());
    EXPECT_EQ(static_cast<int>(next->chunk().index()), push.chunks);
    EXPECT_LE(next->ByteSizeLong(), 1u << 20);
    whole.mutable_resources()->MergeFrom(next->chunk().part().resources());
    last = next->chunk().last();
  }
  push.full = whole;

  EXPECT_GE(push.chunks, 2);
  EXPECT_EQ(push.revision(), 2u);
  EXPECT_TRUE(replica.Accept(push));
  replica.CatchUp(later);
  ExpectServesTheStore(replica);
}

TEST_F(SnapshotStream, ASlowReplicaHoldsBackNeitherCommitsNorOthers) {
  const auto slow = MakeSynced("slow");
  const auto quick = MakeSynced("quick");

  uint64_t revision = 0;
  for (int i = 0; i < 100; ++i) {
    revision = WriteGroup(StrCat("g", i % 10), StrCat("m", i));
    quick->CatchUp(revision);
  }
  const FakeReplica::Push first = slow->Take();
  EXPECT_TRUE(slow->Accept(first));
  slow->CatchUp(revision);

  // The full one, the first change or few, and all the others in one.
  EXPECT_EQ(slow->pushes(), 3);
  ExpectServesTheStore(*slow);
  ExpectServesTheStore(*quick);
  EXPECT_EQ(registry_->Wait(revision, kPatience).active(), 2u);
}

TEST_F(SnapshotStream, ANackedRevisionIsNotRepeatedButMergedIntoTheNext) {
  const auto replica = MakeSynced("r");
  WriteGroup("bad");
  replica->Refuse(replica->Take(), /*need_full_snapshot=*/false);
  const v1::WaitForRevisionReply reply = registry_->Wait(1, kPatience);
  EXPECT_FALSE(reply.timed_out());
  EXPECT_EQ(reply.active(), 0u);
  ASSERT_EQ(reply.missing_size(), 1);
  EXPECT_EQ(reply.missing(0).state(), "NACKED");
  EXPECT_EQ(reply.missing(0).complaints(0).message(), "refused by the test");

  WriteGroup("good");
  const FakeReplica::Push push = replica->Take();

  ASSERT_TRUE(push.delta.has_value());
  EXPECT_EQ(push.delta->from_revision(), 0u);
  EXPECT_EQ(push.delta->to_revision(), 2u);
  EXPECT_TRUE(replica->Accept(push));
  ExpectServesTheStore(*replica);
  EXPECT_EQ(registry_->Wait(2, kPatience).active(), 1u);
}

TEST_F(SnapshotStream, OffersARefusedRevisionAgainAfterAWhile) {
  const auto replica = MakeSynced("r");
  WriteGroup("a");
  replica->Refuse(replica->Take(), /*need_full_snapshot=*/false);
  registry_->Wait(1, kPatience);

  clock_.Advance(absl::Seconds(30));
  const FakeReplica::Push push = replica->Take();

  ASSERT_TRUE(push.delta.has_value());
  EXPECT_EQ(push.delta->from_revision(), 0u);
  EXPECT_EQ(push.delta->to_revision(), 1u);
  EXPECT_TRUE(replica->Accept(push));
}

TEST_F(SnapshotStream, GivesAFullSnapshotToAReplicaThatAsksForOne) {
  const auto replica = MakeSynced("r");
  WriteGroup("a");
  replica->Refuse(replica->Take(), /*need_full_snapshot=*/true);

  const FakeReplica::Push push = replica->Take();

  EXPECT_TRUE(push.full.has_value());
  EXPECT_TRUE(replica->Accept(push));
  EXPECT_EQ(registry_->Wait(1, kPatience).active(), 1u);
}

TEST_F(SnapshotStream, DoesNotRepeatARefusedFullSnapshotBeforeThereIsANewRevision) {
  FakeReplica replica(channel_, "r");
  replica.Connect();
  replica.SayHello();
  replica.Refuse(replica.Take(), /*need_full_snapshot=*/true);
  // Revision 0 counts as answered, so this does not wait for the refusal; the next push tells.
  WriteGroup("a");

  const FakeReplica::Push push = replica.Take();

  ASSERT_TRUE(push.full.has_value());
  EXPECT_EQ(push.revision(), 1u);
  EXPECT_TRUE(replica.Accept(push));
}

TEST_F(SnapshotStream, ANewStreamOfAReplicaReplacesTheOld) {
  const auto older = MakeSynced("r");
  const auto newer = MakeSynced("r");

  const grpc::Status status = older->AwaitEnd();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_THAT(status.error_message(), HasSubstr("replaced"));
  const uint64_t revision = WriteGroup("a");
  newer->CatchUp(revision);
  const v1::WaitForRevisionReply reply = registry_->Wait(revision, kPatience);
  EXPECT_EQ(reply.replicas(), 1u);
  EXPECT_EQ(reply.active(), 1u);
}

TEST_F(SnapshotStream, CutsAReplicaThatReadsNeitherItsSnapshotNorItsEnd) {
  WriteTenMegabytes();
  FakeReplica stuck(channel_, "r");
  stuck.Connect();
  stuck.SayHello();
  ASSERT_TRUE(stuck.ReadMessage().has_value());
  const auto newer = MakeSynced("r");
  ASSERT_TRUE(newer->state().revision() == 1);

  clock_.Advance(absl::Seconds(10));
  const uint64_t revision = WriteGroup("a");
  newer->CatchUp(revision);

  const grpc::StatusCode end = stuck.AwaitEnd().error_code();
  EXPECT_TRUE(end == grpc::StatusCode::CANCELLED || end == grpc::StatusCode::ABORTED) << end;
}

TEST_F(SnapshotStream, StopsAtOnceWithAReplicaThatDoesNotRead) {
  WriteTenMegabytes();
  FakeReplica stuck(channel_, "r");
  stuck.Connect();
  stuck.SayHello();
  ASSERT_TRUE(stuck.ReadMessage().has_value());

  Stop();

  EXPECT_FALSE(stuck.AwaitEnd().ok());
  Start({}, {});
}

TEST_F(SnapshotStream, ShowsADrainingReplicaAndWaitsForItNoMore) {
  const auto staying = MakeSynced("staying");
  const auto leaving = MakeSynced("leaving");
  leaving->SayDraining();
  const uint64_t revision = WriteGroup("a");
  staying->CatchUp(revision);

  const v1::WaitForRevisionReply reply = registry_->Wait(revision, kPatience);

  EXPECT_EQ(reply.replicas(), 1u);
  EXPECT_EQ(reply.active(), 1u);
  EXPECT_EQ(registry_->List()[0].state(), "DRAINING");
}

TEST_F(SnapshotStream, ShowsADisconnectedReplica) {
  const auto replica = MakeSynced("r");
  replica->Disconnect();

  // The server's last reaction comes after the client's end.
  AwaitState("r", "DISCONNECTED");
}

TEST_F(SnapshotStream, RefusesABadToken) {
  FakeReplica replica(channel_, "r");
  replica.Connect("bad");
  replica.SayHello();

  EXPECT_EQ(replica.AwaitEnd().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(registry_->List().empty());
}

TEST_F(SnapshotStream, EndsAStreamWithoutAHello) {
  FakeReplica replica(channel_, "r");
  replica.Connect();
  // Only once the server has begun the stream does the clock run; a second stream proves it.
  const auto other = MakeSynced("other");

  std::atomic<bool> ended = false;
  std::thread clock([&] {
    while (!ended) {
      clock_.Advance(absl::Seconds(1));
      std::this_thread::yield();
    }
  });
  const grpc::Status status = replica.AwaitEnd();
  ended = true;
  clock.join();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(SnapshotStream, EndsAStreamThatBreaksTheProtocol) {
  const auto ends_with = [&](const std::vector<v1::SubscribeRequest>& requests) {
    FakeReplica replica(channel_, "r");
    replica.Connect();
    for (const v1::SubscribeRequest& request : requests) replica.Send(request);
    return replica.AwaitEnd().error_code();
  };
  v1::SubscribeRequest hello;
  hello.mutable_hello()->set_replica_id("r");
  v1::SubscribeRequest nameless;
  nameless.mutable_hello();
  v1::SubscribeRequest spaced;
  spaced.mutable_hello()->set_replica_id("a b");
  v1::SubscribeRequest at_limit;
  at_limit.mutable_hello()->set_replica_id(std::string(128, 'x'));
  v1::SubscribeRequest beyond;
  beyond.mutable_hello()->set_replica_id(std::string(129, 'x'));
  v1::SubscribeRequest ack;
  ack.mutable_ack()->set_nonce("other");
  v1::SubscribeRequest nack;
  nack.mutable_nack()->set_nonce("other");
  v1::SubscribeRequest draining;
  draining.mutable_state()->set_draining(true);

  constexpr auto kRefused = grpc::StatusCode::INVALID_ARGUMENT;
  EXPECT_EQ(ends_with({ack}), kRefused);
  EXPECT_EQ(ends_with({draining}), kRefused);
  EXPECT_EQ(ends_with({v1::SubscribeRequest()}), kRefused);
  EXPECT_EQ(ends_with({nameless}), kRefused);
  EXPECT_EQ(ends_with({spaced}), kRefused);
  EXPECT_EQ(ends_with({beyond}), kRefused);
  EXPECT_EQ(ends_with({at_limit, at_limit}), kRefused);
  EXPECT_EQ(ends_with({hello, ack}), kRefused);
  EXPECT_EQ(ends_with({hello, nack}), kRefused);
  for (const v1::Replica& replica : registry_->List()) EXPECT_LE(replica.id().size(), 128u);
}

TEST_F(SnapshotStream, TakesAsManyStreamsAsTheLimitAndNotOneMore) {
  Restart({}, {.streams_max = 2});
  const auto a = MakeSynced("a");
  const auto b = MakeSynced("b");
  FakeReplica c(channel_, "c");
  c.Connect();

  EXPECT_EQ(c.AwaitEnd().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);

  a->Disconnect();
  AwaitState("a", "DISCONNECTED");
  MakeSynced("d");
}

TEST_F(SnapshotStream, EndsAllStreamsWhenItStops) {
  const auto replica = MakeSynced("r");

  service_->Stop();

  EXPECT_EQ(replica->AwaitEnd().error_code(), grpc::StatusCode::UNAVAILABLE);
  FakeReplica late(channel_, "late");
  late.Connect();
  EXPECT_EQ(late.AwaitEnd().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(SnapshotStream, BringsEveryReplicaToTheTruthWhateverTheyDo) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  constexpr uint64_t kChanges = 100;
  const auto behave = [&](unsigned number) {
    std::mt19937 random(seed + number);
    FakeReplica replica(channel_, StrCat("r", number));
    replica.Connect();
    replica.SayHello();
    while (replica.state().revision() < kChanges) {
      const FakeReplica::Push push = replica.Take();
      switch (push.revision() < kChanges ? random() % 8 : 7) {
        case 0:
          replica.Refuse(push, /*need_full_snapshot=*/true);
          break;
        case 1:
          replica.Refuse(push, /*need_full_snapshot=*/false);
          break;
        case 2:
          replica.Connect();
          replica.SayHello();
          break;
        default:
          EXPECT_TRUE(replica.Accept(push));
      }
    }
    ExpectServesTheStore(replica);
  };

  std::vector<std::thread> replicas;
  for (unsigned i = 0; i < 6; ++i) replicas.emplace_back(behave, i);
  for (uint64_t i = 0; i < kChanges; ++i) WriteGroup(StrCat("g", i % 7), StrCat("m", i));
  for (std::thread& replica : replicas) replica.join();
}

}  // namespace
}  // namespace lmgate::discovery
