#include "controlplane/discovery/snapshot_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/controlplane/storage/test_resources.h"

namespace lmgate::discovery {
namespace {

using ::lmgate::testing::IsOk;
using ::testing::IsEmpty;

// A real store that feeds a cache.
class SnapshotCacheTest : public ::testing::Test {
 protected:
  SnapshotCacheTest() {
    auto store = storage::Store::Create(
        {.database = "sqlite:" + dir_.File("lmgate.db"), .state_dir = dir_.File("state")}, clock_);
    LMGATE_CHECK(store.ok());
    store_ = *std::move(store);
    Open({});
  }

  void Open(SnapshotCache::Options options) {
    cache_ = std::make_unique<SnapshotCache>(*store_, options);
    store_->SetCommitListener(
        [this](const v1::SnapshotDelta& delta, absl::Time) { cache_->OnCommit(delta); });
  }

  void WriteGroup(const std::string& name) {
    const auto result = store_->Write(
        {.actor = "test", .operation = "test", .expected_revision = {}}, [&](const auto& now) {
          const v1::Resource group = contract::MakeResource(storage::TestGroup(name));
          return absl::StatusOr<std::vector<v1::ResourceChange>>({storage::Put(now, group)});
        });
    ASSERT_THAT(result, IsOk());
  }

  // The delta from here; `kNone` when only a full snapshot helps.
  static constexpr int kNone = -1;
  int ChangesSince(Position base) {
    const auto delta = cache_->DeltaSince(base.revision, base.hash);
    return delta ? delta->changes_size() : kNone;
  }

  lmgate::testing::TempDir dir_;
  lmgate::testing::FakeClock clock_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<SnapshotCache> cache_;
};

TEST_F(SnapshotCacheTest, StandsWhereTheStoreStands) {
  WriteGroup("a");
  Open({});

  EXPECT_EQ(cache_->current().revision, 1u);
  store_->Read([&](const contract::SnapshotState& state) {
    EXPECT_EQ(cache_->current().hash, state.hash());
    EXPECT_EQ(cache_->lineage(), state.lineage());
  });
}

TEST_F(SnapshotCacheTest, HasNoChangeForTheCurrentRevision) {
  WriteGroup("a");

  EXPECT_EQ(ChangesSince(cache_->current()), 0);
}

TEST_F(SnapshotCacheTest, MergesTheDeltasSinceAKnownRevision) {
  const Position start = cache_->current();
  WriteGroup("a");
  const Position middle = cache_->current();
  WriteGroup("b");
  WriteGroup("c");

  EXPECT_EQ(ChangesSince(start), 3);
  EXPECT_EQ(ChangesSince(middle), 2);
  EXPECT_EQ(cache_->DeltaSince(start.revision, start.hash)->to_revision(), 3u);
}

TEST_F(SnapshotCacheTest, KnowsNoRevisionWithAnotherHash) {
  const Position start = cache_->current();
  WriteGroup("a");

  EXPECT_EQ(ChangesSince({.revision = start.revision, .hash = start.hash + 1}), kNone);
  EXPECT_EQ(ChangesSince({.revision = 1, .hash = start.hash}), kNone);
  EXPECT_EQ(ChangesSince({.revision = 99, .hash = start.hash}), kNone);
}

TEST_F(SnapshotCacheTest, KnowsNothingFromBeforeItsStart) {
  const Position start = cache_->current();
  WriteGroup("a");
  Open({});
  WriteGroup("b");

  EXPECT_EQ(ChangesSince(start), kNone);
}

TEST_F(SnapshotCacheTest, KeepsAsManyDeltasAsTheLimitAndNotOneMore) {
  Open({.deltas_max = 3});
  const Position start = cache_->current();
  for (const char* name : {"a", "b", "c"}) WriteGroup(name);
  EXPECT_EQ(ChangesSince(start), 3);

  WriteGroup("d");

  EXPECT_EQ(ChangesSince(start), kNone);
}

TEST_F(SnapshotCacheTest, KeepsAsManyBytesAsTheLimitAndNotOneMore) {
  v1::SnapshotDelta delta;
  delta.set_from_revision(1);
  delta.set_from_hash(5);
  delta.set_to_revision(2);
  delta.set_to_hash(5);
  v1::SnapshotDelta next = delta;
  next.set_from_revision(2);
  next.set_to_revision(3);
  const size_t bytes = delta.ByteSizeLong() + next.ByteSizeLong();
  const auto keeps_both = [&](size_t limit) {
    Open({.delta_bytes_max = limit});
    cache_->OnCommit(delta);
    cache_->OnCommit(next);
    return ChangesSince({.revision = 1, .hash = 5}) != kNone;
  };

  EXPECT_TRUE(keeps_both(bytes));
  EXPECT_FALSE(keeps_both(bytes - 1));
  EXPECT_EQ(ChangesSince({.revision = 2, .hash = 5}), 0);
}

TEST_F(SnapshotCacheTest, MergesUpToTheLimitOfAPush) {
  Open({.push_bytes_max = 1});
  Position at = cache_->current();
  WriteGroup("a");
  WriteGroup("b");

  const auto delta = cache_->DeltaSince(at.revision, at.hash);

  ASSERT_TRUE(delta.has_value());
  EXPECT_EQ(delta->to_revision(), 1u);
  EXPECT_EQ(ChangesSince({.revision = delta->to_revision(), .hash = delta->to_hash()}), 1);
}

TEST_F(SnapshotCacheTest, NeverPushesADeltaBeyondItsLimit) {
  const Position start = cache_->current();
  WriteGroup("a");
  const size_t bytes = cache_->DeltaSince(start.revision, start.hash)->ByteSizeLong();

  Open({.single_delta_bytes_max = bytes / 2});
  const Position base = cache_->current();
  WriteGroup("b");

  EXPECT_EQ(ChangesSince(base), kNone);
}

TEST_F(SnapshotCacheTest, SharesOneFullSnapshotBetweenThoseWhoAskAtOneRevision) {
  WriteGroup("a");

  const auto first = cache_->TakeFull();
  EXPECT_EQ(cache_->TakeFull(), first);
  WriteGroup("b");
  const auto second = cache_->TakeFull();

  EXPECT_EQ(first->revision(), 1u);
  EXPECT_EQ(second->revision(), 2u);
}

TEST_F(SnapshotCacheTest, BeginsAnewAfterAGap) {
  const Position start = cache_->current();
  WriteGroup("a");
  v1::SnapshotDelta foreign;
  foreign.set_from_revision(50);
  foreign.set_to_revision(51);

  cache_->OnCommit(foreign);

  EXPECT_EQ(ChangesSince(start), kNone);
  EXPECT_EQ(cache_->current().revision, 51u);
  EXPECT_EQ(ChangesSince({.revision = 50, .hash = 0}), 0);
}

}  // namespace
}  // namespace lmgate::discovery
