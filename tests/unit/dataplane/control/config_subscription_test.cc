#include "dataplane/control/config_subscription.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "common/base/mutex.h"
#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "tests/support/fake_control_plane.h"
#include "tests/support/snapshot_source.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace lmgate::control {
namespace {

using ::lmgate::testing::FakeControlPlane;
using ::lmgate::testing::IsOk;
using ::lmgate::testing::SnapshotSource;
using ::lmgate::testing::TempDir;
using ::lmgate::testing::TestConnection;
using ::lmgate::testing::TestDigest;
using ::lmgate::testing::TestGroup;
using ::lmgate::testing::TestKey;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

absl::StatusOr<std::string> NoSecrets(std::string_view reference) {
  return absl::NotFoundError(StrCat("environment variable ", reference.substr(4), " is not set"));
}

v1::Resource R(auto message) { return contract::MakeResource(std::move(message)); }

class ConfigSubscriptionTest : public ::testing::Test {
 protected:
  TempDir parent_;
  FakeControlPlane peer_{"replica-secret"};
  SnapshotSource source_;
  ConfigSubscription::Options options_;
  std::unique_ptr<LastGoodStore> store_;
  std::unique_ptr<ConfigSubscription> subscription_;

  Mutex mutex_;
  std::vector<std::shared_ptr<const snapshot::Snapshot>> published_;

  ConfigSubscriptionTest() {
    options_.address.target = peer_.address();
    options_.address.token_file = parent_.File("replica.token");
    options_.replica_id = "replica-1";
    options_.listen_address = "127.0.0.1:8000";
    options_.backoff = {
        .min = absl::Milliseconds(1), .max = absl::Milliseconds(10), .settled = absl::Seconds(1)};
    WriteToken("replica-secret\n");
    source_.Change({R(TestGroup("default"))});
  }
  ~ConfigSubscriptionTest() override { subscription_.reset(); }

  void WriteToken(const std::string& text) const {
    // Renamed into place: the subscription may be reading.
    std::ofstream(parent_.File("token.new")) << text;
    std::filesystem::rename(parent_.File("token.new"), options_.address.token_file);
  }
  // As a start of the program.
  void Start() {
    subscription_.reset();
    store_.reset();
    store_ = LastGoodStore::Open({.directory = parent_.File("state")}).value();
    auto loaded = store_->Load(NoSecrets).value();
    subscription_ = std::make_unique<ConfigSubscription>(
        options_, *store_, NoSecrets, loaded.snapshot,
        [this](std::shared_ptr<const snapshot::Snapshot> next) {
          MutexLock lock(&mutex_);
          published_.push_back(std::move(next));
        });
    subscription_->Start();
  }
  // Up to the first snapshot acknowledged.
  void StartAndServe() {
    Start();
    peer_.NextHello();
    ASSERT_TRUE(peer_.PushSnapshot("full", source_.Full()));
    ASSERT_EQ(peer_.NextAck().nonce(), "full");
  }
  std::vector<uint64_t> PublishedRevisions() {
    MutexLock lock(&mutex_);
    std::vector<uint64_t> revisions;
    for (const auto& one : published_) revisions.push_back(one->revision());
    return revisions;
  }
  bool ServesKey(std::string_view secret) {
    MutexLock lock(&mutex_);
    return published_.back()->FindKey(TestDigest(secret)) != nullptr;
  }
  v1::SnapshotDelta AddKey(std::string_view name) {
    return source_.Change({R(TestKey(name, name, "default"))});
  }
};

TEST_F(ConfigSubscriptionTest, SaysWhoItIsAndThatItHasNothing) {
  Start();

  const v1::Hello hello = peer_.NextHello();
  EXPECT_EQ(hello.replica_id(), "replica-1");
  EXPECT_EQ(hello.listen_address(), "127.0.0.1:8000");
  EXPECT_EQ(hello.version(), "0.1.0");
  EXPECT_EQ(hello.lineage(), "");
}

TEST_F(ConfigSubscriptionTest, ServesAFullSnapshotInChunksAndAcksOnce) {
  for (int i = 0; i < 25; ++i) AddKey(StrCat("k", i));
  Start();
  peer_.NextHello();

  ASSERT_TRUE(peer_.PushSnapshot("n1", source_.Full(), 4));

  const v1::Ack ack = peer_.NextAck();
  EXPECT_EQ(ack.nonce(), "n1");
  EXPECT_EQ(ack.revision(), 26u);
  EXPECT_EQ(ack.hash(), source_.state().hash());
  EXPECT_THAT(PublishedRevisions(), ElementsAre(26u));
  EXPECT_TRUE(ServesKey("k24"));
}

TEST_F(ConfigSubscriptionTest, AppliesDeltasAndAcksEach) {
  StartAndServe();

  ASSERT_TRUE(peer_.PushDelta("n1", AddKey("one")));
  EXPECT_EQ(peer_.NextAck().revision(), 2u);
  ASSERT_TRUE(peer_.PushDelta("n2", AddKey("two")));
  EXPECT_EQ(peer_.NextAck().nonce(), "n2");

  EXPECT_THAT(PublishedRevisions(), ElementsAre(1u, 2u, 3u));
  EXPECT_EQ(subscription_->metrics().deltas_applied, 2u);
  EXPECT_EQ(subscription_->metrics().revision, 3u);
  EXPECT_TRUE(subscription_->metrics().connected);
}

TEST_F(ConfigSubscriptionTest, WhatIsAckedSurvivesARestart) {
  StartAndServe();
  peer_.PushDelta("n1", AddKey("one"));
  peer_.NextAck();

  Start();

  const v1::Hello hello = peer_.NextHello();
  EXPECT_EQ(hello.lineage(), SnapshotSource::kLineage);
  EXPECT_EQ(hello.revision(), 2u);
  EXPECT_EQ(hello.hash(), source_.state().hash());
  peer_.PushDelta("n2", AddKey("two"));
  EXPECT_EQ(peer_.NextAck().revision(), 3u);
}

TEST_F(ConfigSubscriptionTest, AsksForAFullSnapshotWhenTheBaseIsAnother) {
  StartAndServe();
  AddKey("missed");

  peer_.PushDelta("n1", AddKey("one"));

  const v1::Nack nack = peer_.NextNack();
  EXPECT_EQ(nack.nonce(), "n1");
  EXPECT_TRUE(nack.need_full_snapshot());
  EXPECT_EQ(nack.revision(), 1u);
  EXPECT_THAT(PublishedRevisions(), ElementsAre(1u));
  peer_.PushSnapshot("n2", source_.Full());
  EXPECT_EQ(peer_.NextAck().revision(), 3u);
  EXPECT_TRUE(ServesKey("missed"));
}

TEST_F(ConfigSubscriptionTest, RefusesWhatTheCheckRefusesAndSaysWhy) {
  StartAndServe();
  const v1::SnapshotDelta bad = source_.Change({R(TestKey("k1", "one", "nobody"))});

  peer_.PushDelta("n1", bad);
  const v1::Nack delta_nack = peer_.NextNack();
  peer_.PushSnapshot("n2", source_.Full());
  const v1::Nack full_nack = peer_.NextNack();

  for (const v1::Nack& nack : {delta_nack, full_nack}) {
    EXPECT_FALSE(nack.need_full_snapshot());
    ASSERT_THAT(nack.complaints(), SizeIs(1));
    EXPECT_THAT(nack.complaints(0).message(), HasSubstr("nobody"));
  }
  EXPECT_THAT(PublishedRevisions(), ElementsAre(1u));
  EXPECT_EQ(subscription_->metrics().nacks, 2u);
  // A refused snapshot does not reach the next start.
  Start();
  EXPECT_EQ(peer_.NextHello().revision(), 1u);
}

TEST_F(ConfigSubscriptionTest, AcksWithAllComplaintsEachTime) {
  StartAndServe();

  peer_.PushDelta("n1", source_.Change({R(TestConnection("a", "env:A_KEY"))}));
  const v1::Ack first = peer_.NextAck();
  peer_.PushDelta("n2", AddKey("one"));
  const v1::Ack second = peer_.NextAck();

  for (const v1::Ack& ack : {first, second}) {
    ASSERT_THAT(ack.complaints(), SizeIs(1));
    EXPECT_EQ(ack.complaints(0).kind(), v1::RESOURCE_KIND_CONNECTION);
    EXPECT_EQ(ack.complaints(0).name(), "a");
    EXPECT_EQ(ack.complaints(0).message(), "environment variable A_KEY is not set");
  }
}

TEST_F(ConfigSubscriptionTest, ComesBackWithWhatItHasAfterEveryBreak) {
  StartAndServe();

  peer_.EndStream();
  EXPECT_EQ(peer_.NextHello().revision(), 1u);
  peer_.BreakStream();
  EXPECT_EQ(peer_.NextHello().revision(), 1u);
  peer_.Stop();
  peer_.Restart();
  EXPECT_EQ(peer_.NextHello().revision(), 1u);

  peer_.PushDelta("n1", AddKey("one"));
  EXPECT_EQ(peer_.NextAck().revision(), 2u);
  EXPECT_THAT(PublishedRevisions(), ElementsAre(1u, 2u));
}

TEST_F(ConfigSubscriptionTest, ForgetsTheChunksOfABrokenStream) {
  for (int i = 0; i < 5; ++i) AddKey(StrCat("k", i));
  Start();
  peer_.NextHello();
  v1::SubscribeResponse first;
  first.set_nonce("n1");
  *first.mutable_chunk()->mutable_part() = source_.Parts(2)[0];
  peer_.Push(first);

  peer_.BreakStream();
  peer_.NextHello();
  peer_.PushSnapshot("n2", source_.Full(), 2);

  EXPECT_EQ(peer_.NextAck().nonce(), "n2");
}

TEST_F(ConfigSubscriptionTest, EndsAStreamThatBreaksTheProtocol) {
  StartAndServe();
  v1::SubscribeResponse out_of_order;
  out_of_order.set_nonce("n1");
  out_of_order.mutable_chunk()->set_index(1);
  out_of_order.mutable_chunk()->set_last(true);
  *out_of_order.mutable_chunk()->mutable_part() = source_.Full();

  peer_.Push(out_of_order);

  EXPECT_EQ(peer_.NextHello().revision(), 1u);
  peer_.Push(v1::SubscribeResponse());
  EXPECT_EQ(peer_.NextHello().revision(), 1u);
}

TEST_F(ConfigSubscriptionTest, RefusesASnapshotBeyondTheLimitAndGoesOn) {
  uint64_t bytes = 0;
  for (int i = 0; i < 5; ++i) AddKey(StrCat("k", i));
  for (const v1::Snapshot& part : source_.Parts(2)) bytes += part.ByteSizeLong();
  options_.snapshot_bytes_max = bytes - 1;
  Start();
  peer_.NextHello();
  peer_.PushSnapshot("n1", source_.Full(), 2);
  EXPECT_EQ(peer_.NextNack().nonce(), "n1");

  options_.snapshot_bytes_max = bytes;
  Start();
  peer_.NextHello();
  peer_.PushSnapshot("n2", source_.Full(), 2);
  EXPECT_EQ(peer_.NextAck().nonce(), "n2");
}

TEST_F(ConfigSubscriptionTest, ReadsTheTokenAnewForEachStream) {
  WriteToken("wrong");
  Start();
  while (peer_.refusals() == 0) std::this_thread::yield();
  EXPECT_FALSE(peer_.NextMessage(absl::ZeroDuration()).has_value());

  WriteToken("replica-secret");

  peer_.NextHello();
}

TEST_F(ConfigSubscriptionTest, WaitsForATokenFileThatIsNotThereYet) {
  std::filesystem::remove(options_.address.token_file);
  Start();
  while (subscription_->metrics().stream_ends == 0) std::this_thread::yield();

  WriteToken("replica-secret");

  peer_.NextHello();
}

TEST_F(ConfigSubscriptionTest, SaysThatItDrainsOnThisStreamAndOnLaterOnes) {
  StartAndServe();

  subscription_->SendDraining();
  EXPECT_TRUE(peer_.NextMessage()->state().draining());
  peer_.BreakStream();
  peer_.NextHello();

  EXPECT_TRUE(peer_.NextMessage()->state().draining());
}

TEST_F(ConfigSubscriptionTest, TellsComplaintsOnThisStreamAndOnLaterOnes) {
  StartAndServe();
  v1::Complaint complaint;
  complaint.set_name("azure");

  subscription_->SendComplaints({complaint});
  EXPECT_EQ(peer_.NextMessage()->state().complaints(0).name(), "azure");
  peer_.BreakStream();
  peer_.NextHello();
  EXPECT_EQ(peer_.NextMessage()->state().complaints_size(), 1);

  subscription_->SendComplaints({});
  EXPECT_EQ(peer_.NextMessage()->state().complaints_size(), 0);
}

TEST_F(ConfigSubscriptionTest, AStoreThatCannotBeWrittenHoldsNothingBack) {
  options_.store_retry = absl::ZeroDuration();
  Start();
  peer_.NextHello();
  std::filesystem::create_directory(parent_.File("state") + "/base.new");  // nothing can be staged

  peer_.PushSnapshot("n1", source_.Full());

  const v1::Ack ack = peer_.NextAck();
  ASSERT_THAT(ack.complaints(), SizeIs(1));
  EXPECT_THAT(ack.complaints(0).message(), HasSubstr("not on disk"));
  EXPECT_THAT(PublishedRevisions(), ElementsAre(1u));
  EXPECT_EQ(subscription_->metrics().store_errors, 1u);

  // Healed: the next delta makes it ask for a full snapshot, which is stored.
  std::filesystem::remove(parent_.File("state") + "/base.new");
  peer_.PushDelta("n2", AddKey("one"));
  EXPECT_TRUE(peer_.NextNack().need_full_snapshot());
  peer_.PushSnapshot("n3", source_.Full());
  EXPECT_THAT(peer_.NextAck().complaints(), SizeIs(0));
  Start();
  EXPECT_EQ(peer_.NextHello().revision(), 2u);
}

TEST_F(ConfigSubscriptionTest, ServesADeltaThatItCannotStoreYetWithinTheRetryTime) {
  Start();
  peer_.NextHello();
  std::filesystem::create_directory(parent_.File("state") + "/base.new");
  peer_.PushSnapshot("n1", source_.Full());
  peer_.NextAck();

  peer_.PushDelta("n2", AddKey("one"));

  const v1::Ack ack = peer_.NextAck();
  EXPECT_EQ(ack.nonce(), "n2");
  EXPECT_THAT(ack.complaints(), SizeIs(1));
  EXPECT_TRUE(ServesKey("one"));
}

TEST_F(ConfigSubscriptionTest, StopsAtOnceWhateverItDoes) {
  const auto stop_takes = [this] {
    const auto begin = std::chrono::steady_clock::now();
    subscription_->Stop();
    return std::chrono::steady_clock::now() - begin;
  };

  StartAndServe();  // reading
  EXPECT_LT(stop_takes(), std::chrono::seconds(5));
  peer_.Stop();
  options_.backoff.min = options_.backoff.max = absl::Hours(1);
  Start();  // waiting for the next attempt
  while (subscription_->metrics().stream_ends == 0) std::this_thread::yield();
  EXPECT_LT(stop_takes(), std::chrono::seconds(5));
}

TEST_F(ConfigSubscriptionTest, MayBeDestroyedWithoutAStart) {
  store_ = LastGoodStore::Open({.directory = parent_.File("state")}).value();
  ConfigSubscription(options_, *store_, NoSecrets, nullptr, nullptr).Stop();
}

}  // namespace
}  // namespace lmgate::control
