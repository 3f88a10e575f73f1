#include "controlplane/discovery/replica_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "common/base/strings.h"
#include "tests/support/fake_clock.h"

namespace lmgate::discovery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::ReplicaState Draining() {
  v1::ReplicaState state;
  state.set_draining(true);
  return state;
}

class ReplicaRegistryTest : public ::testing::Test {
 protected:
  ReplicaRegistryTest() { Commit(1); }

  void Commit(uint64_t revision) {
    registry_.SetCurrent({.revision = revision, .hash = revision * 10}, clock_.Now());
  }
  // A new stream of a replica that serves this revision of ours.
  uint64_t Connect(const std::string& id, uint64_t revision) {
    v1::Hello hello;
    hello.set_replica_id(id);
    hello.set_version("1.2.3");
    hello.set_listen_address("127.0.0.1:8000");
    hello.set_revision(revision);
    hello.set_hash(revision * 10);
    registry_.Connect(++stream_, hello, ReplicaRegistry::Base::kOurs);
    return stream_;
  }
  void Ack(uint64_t stream, const std::string& id, uint64_t revision) {
    v1::Ack ack;
    ack.set_revision(revision);
    ack.set_hash(revision * 10);
    registry_.Ack(stream, id, ack);
  }
  void Nack(uint64_t stream, const std::string& id, uint64_t serves, uint64_t refused) {
    v1::Nack nack;
    nack.set_revision(serves);
    nack.set_hash(serves * 10);
    nack.add_complaints()->set_message("no");
    registry_.Nack(stream, id, nack, refused);
  }
  v1::Replica Only() {
    const auto replicas = registry_.List();
    EXPECT_EQ(replicas.size(), 1u);
    return replicas.empty() ? v1::Replica() : replicas[0];
  }
  std::vector<std::string> Ids() {
    std::vector<std::string> ids;
    for (const v1::Replica& replica : registry_.List()) ids.push_back(replica.id());
    return ids;
  }

  lmgate::testing::FakeClock clock_;
  ReplicaRegistry registry_{clock_, {.disconnected_max = 2, .complaints_max = 2}};
  uint64_t stream_ = 0;
};

TEST_F(ReplicaRegistryTest, SaysWhatEachReplicaSaidOfItself) {
  Connect("b", 1);
  Connect("a", 1);

  EXPECT_THAT(Ids(), ElementsAre("a", "b"));
  const v1::Replica replica = registry_.List()[0];
  EXPECT_EQ(replica.version(), "1.2.3");
  EXPECT_EQ(replica.listen_address(), "127.0.0.1:8000");
  EXPECT_EQ(replica.revision(), 1u);
  EXPECT_EQ(replica.hash(), 10u);
  EXPECT_EQ(replica.connected_at().seconds(), 1'700'000'000);
  EXPECT_FALSE(replica.has_disconnected_at());
  EXPECT_FALSE(replica.has_ack_latency());
}

TEST_F(ReplicaRegistryTest, FollowsAReplicaThroughItsStates) {
  const uint64_t stream = Connect("a", 1);
  EXPECT_EQ(Only().state(), "SYNCED");

  Commit(2);
  Commit(3);
  EXPECT_EQ(Only().state(), "STALE");
  EXPECT_EQ(Only().lag(), 2u);

  Nack(stream, "a", 1, 3);
  EXPECT_EQ(Only().state(), "NACKED");
  EXPECT_EQ(Only().complaints(0).message(), "no");

  Commit(4);
  EXPECT_EQ(Only().state(), "STALE");

  Ack(stream, "a", 4);
  EXPECT_EQ(Only().state(), "SYNCED");
  EXPECT_EQ(Only().lag(), 0u);
  EXPECT_THAT(Only().complaints(), IsEmpty());

  registry_.SetState(stream, "a", Draining());
  EXPECT_EQ(Only().state(), "DRAINING");

  registry_.Disconnect(stream, "a");
  EXPECT_EQ(Only().state(), "DISCONNECTED");
  EXPECT_TRUE(Only().has_disconnected_at());
}

TEST_F(ReplicaRegistryTest, ComplaintsOfAStateStandBesideThoseOfTheAck) {
  const uint64_t stream = Connect("a", 1);
  v1::Ack ack;
  ack.add_complaints()->set_message("of the ack");
  registry_.Ack(stream, "a", ack);
  v1::ReplicaState state;
  state.add_complaints()->set_message("of the state");

  registry_.SetState(stream, "a", state);
  ASSERT_EQ(Only().complaints_size(), 2);
  EXPECT_EQ(Only().complaints(1).message(), "of the state");

  registry_.SetState(stream, "a", v1::ReplicaState());
  ASSERT_EQ(Only().complaints_size(), 1);
  EXPECT_EQ(Only().complaints(0).message(), "of the ack");
}

TEST_F(ReplicaRegistryTest, TakesAForeignRevisionForNoneOfOurs) {
  v1::Hello hello;
  hello.set_replica_id("a");
  hello.set_revision(1);
  hello.set_hash(10);
  registry_.Connect(1, hello, ReplicaRegistry::Base::kForeign);

  EXPECT_EQ(Only().state(), "STALE");
  EXPECT_EQ(Only().lag(), 1u);
  EXPECT_EQ(registry_.Wait(1, absl::ZeroDuration()).active(), 0u);
}

TEST_F(ReplicaRegistryTest, MeasuresTheAckFromTheCommit) {
  const uint64_t stream = Connect("a", 1);
  clock_.Advance(absl::Seconds(5));
  Commit(2);
  clock_.Advance(absl::Milliseconds(7));
  Ack(stream, "a", 2);

  EXPECT_EQ(Only().ack_latency().seconds(), 0);
  EXPECT_EQ(Only().ack_latency().nanos(), 7'000'000);
  const v1::WaitForRevisionReply reply = registry_.Wait(2, absl::ZeroDuration());
  EXPECT_EQ(reply.elapsed().nanos(), 7'000'000);
}

TEST_F(ReplicaRegistryTest, DoesNotHoldAgainstAReplicaWhatWasBeforeIt) {
  clock_.Advance(absl::Hours(1));
  const uint64_t stream = Connect("a", 0);
  clock_.Advance(absl::Milliseconds(3));
  Ack(stream, "a", 1);

  EXPECT_EQ(Only().ack_latency().nanos(), 3'000'000);
}

TEST_F(ReplicaRegistryTest, IgnoresAnOlderStreamOfTheSameReplica) {
  const uint64_t older = Connect("a", 1);
  const uint64_t newer = Connect("a", 1);
  Commit(2);
  Ack(newer, "a", 2);

  Nack(older, "a", 1, 2);
  registry_.Disconnect(older, "a");

  EXPECT_EQ(Only().state(), "SYNCED");
}

TEST_F(ReplicaRegistryTest, ForgetsTheDisconnectedAfterAWhile) {
  registry_.Disconnect(Connect("a", 1), "a");
  clock_.Advance(absl::Hours(1) - absl::Seconds(1));
  EXPECT_THAT(Ids(), ElementsAre("a"));

  clock_.Advance(absl::Seconds(1));

  EXPECT_THAT(Ids(), IsEmpty());
}

TEST_F(ReplicaRegistryTest, ForgetsTheLongestDisconnectedBeyondTheLimit) {
  for (const char* id : {"c", "b", "a"}) {
    registry_.Disconnect(Connect(id, 1), id);
    clock_.Advance(absl::Seconds(1));
  }

  EXPECT_THAT(Ids(), ElementsAre("a", "b"));
}

TEST_F(ReplicaRegistryTest, LimitsComplaints) {
  const uint64_t stream = Connect("a", 1);
  v1::Ack ack;
  ack.set_revision(1);
  for (int i = 0; i < 3; ++i) ack.add_complaints()->set_message(std::string(513, 'x'));

  registry_.Ack(stream, "a", ack);

  ASSERT_EQ(Only().complaints_size(), 2);
  EXPECT_EQ(Only().complaints(0).message().size(), 512u);
}

TEST_F(ReplicaRegistryTest, WaitsForNobodyWithoutReplicas) {
  registry_.Disconnect(Connect("gone", 0), "gone");

  const v1::WaitForRevisionReply reply = registry_.Wait(1, absl::Hours(1));

  EXPECT_EQ(reply.replicas(), 0u);
  EXPECT_EQ(reply.active(), 0u);
  EXPECT_FALSE(reply.timed_out());
}

TEST_F(ReplicaRegistryTest, WaitEndsWhenEachHasAnswered) {
  const uint64_t a = Connect("a", 1);
  const uint64_t b = Connect("b", 1);
  const uint64_t draining = Connect("c", 1);
  registry_.SetState(draining, "c", Draining());
  Commit(2);
  v1::WaitForRevisionReply reply;

  std::thread waiter([&] { reply = registry_.Wait(2, absl::Hours(1)); });
  Ack(a, "a", 2);
  Nack(b, "b", 1, 2);
  waiter.join();

  EXPECT_EQ(reply.replicas(), 2u);
  EXPECT_EQ(reply.active(), 1u);
  EXPECT_FALSE(reply.timed_out());
  ASSERT_EQ(reply.missing_size(), 1);
  EXPECT_EQ(reply.missing(0).id(), "b");
  EXPECT_EQ(reply.missing(0).complaints(0).message(), "no");
}

TEST_F(ReplicaRegistryTest, WaitEndsWhenTheLastSilentReplicaLeaves) {
  const uint64_t a = Connect("a", 1);
  Commit(2);
  v1::WaitForRevisionReply reply;

  std::thread waiter([&] { reply = registry_.Wait(2, absl::Hours(1)); });
  registry_.Disconnect(a, "a");
  waiter.join();

  EXPECT_EQ(reply.replicas(), 0u);
}

TEST_F(ReplicaRegistryTest, AskingForAFullSnapshotIsNoAnswer) {
  const uint64_t a = Connect("a", 1);
  Commit(2);
  v1::Nack nack;
  nack.set_revision(1);
  nack.set_need_full_snapshot(true);

  registry_.Nack(a, "a", nack, 2);

  EXPECT_TRUE(registry_.Wait(2, absl::ZeroDuration()).timed_out());
}

TEST_F(ReplicaRegistryTest, WaitTimesOut) {
  Connect("a", 1);
  Commit(2);

  const v1::WaitForRevisionReply reply = registry_.Wait(2, absl::Milliseconds(1));

  EXPECT_TRUE(reply.timed_out());
  EXPECT_EQ(reply.replicas(), 1u);
  EXPECT_EQ(reply.active(), 0u);
}

TEST_F(ReplicaRegistryTest, StopEndsEveryWait) {
  Connect("a", 1);
  v1::WaitForRevisionReply reply;

  std::thread waiter([&] { reply = registry_.Wait(99, absl::Hours(1)); });
  registry_.Stop();
  waiter.join();

  EXPECT_TRUE(reply.timed_out());
}

}  // namespace
}  // namespace lmgate::discovery
