#include "controlplane/discovery/delta_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "common/base/logging.h"
#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "common/contract/snapshot_state.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/controlplane/storage/test_resources.h"

namespace lmgate::discovery {
namespace {

using ::lmgate::testing::IsOk;
using ::testing::IsEmpty;

// A configuration that remembers the deltas that made it.
class History {
 public:
  void Set(const v1::Resource& after) {
    const auto before = state_.Find(contract::KindOf(after), contract::NameOf(after));
    Commit(contract::MakeChange(before.get(), &after));
  }
  void Remove(v1::ResourceKind kind, const std::string& name) {
    const auto before = state_.Find(kind, name);
    if (before != nullptr) Commit(contract::MakeChange(before.get(), nullptr));
  }

  std::vector<const v1::SnapshotDelta*> deltas() const {
    std::vector<const v1::SnapshotDelta*> out;
    for (const auto& delta : deltas_) out.push_back(delta.get());
    return out;
  }
  const contract::SnapshotState& state() const { return state_; }

 private:
  void Commit(const v1::ResourceChange& change) {
    auto delta = std::make_unique<v1::SnapshotDelta>();
    delta->set_from_revision(state_.revision());
    delta->set_from_hash(state_.hash());
    delta->set_to_revision(state_.revision() + 1);
    delta->set_to_hash(state_.hash() - change.old_hash() + change.resource().hash());
    *delta->add_changes() = change;
    LMGATE_CHECK(state_.Apply(*delta).ok());
    deltas_.push_back(std::move(delta));
  }

  contract::SnapshotState state_;
  std::vector<std::unique_ptr<v1::SnapshotDelta>> deltas_;
};

v1::Resource Group(const std::string& name, const std::string& model) {
  v1::Group group = storage::TestGroup(name);
  group.add_models(model);
  return contract::MakeResource(group);
}

v1::Resource Key(const std::string& id, const std::string& digest) {
  return contract::MakeResource(storage::TestKey(id, id, "g", digest));
}

TEST(DeltaMerge, OfOneIsThatOne) {
  History history;
  history.Set(Group("a", "m"));

  EXPECT_EQ(MergeDeltas(history.deltas()).SerializeAsString(),
            history.deltas()[0]->SerializeAsString());
}

TEST(DeltaMerge, KeepsTheLastOfEachResource) {
  History history;
  history.Set(Group("a", "m1"));
  history.Set(Group("b", "m"));
  history.Set(Group("a", "m2"));

  const v1::SnapshotDelta merged = MergeDeltas(history.deltas());

  EXPECT_EQ(merged.from_revision(), 0u);
  EXPECT_EQ(merged.to_revision(), 3u);
  ASSERT_EQ(merged.changes_size(), 2);
  EXPECT_EQ(merged.changes(0).name(), "a");
  EXPECT_EQ(merged.changes(0).old_hash(), 0u);
  EXPECT_EQ(merged.changes(0).resource().group().models(0), "m2");
}

TEST(DeltaMerge, LeavesOutWhatCameAndWent) {
  History history;
  history.Set(Group("a", "m"));
  history.Remove(v1::RESOURCE_KIND_GROUP, "a");

  const v1::SnapshotDelta merged = MergeDeltas(history.deltas());

  EXPECT_THAT(merged.changes(), IsEmpty());
  EXPECT_EQ(merged.to_revision(), 2u);
}

TEST(DeltaMerge, KeepsTheDigestsThatTheBaseFoundAKeyUnder) {
  History history;
  history.Set(Key("k", "first"));
  history.Set(Key("k", "second"));
  history.Set(Key("k", "third"));
  std::vector<const v1::SnapshotDelta*> later = history.deltas();
  later.erase(later.begin());

  const v1::SnapshotDelta merged = MergeDeltas(later);

  ASSERT_EQ(merged.changes_size(), 1);
  ASSERT_EQ(merged.changes(0).old_digests_size(), 1);
  EXPECT_EQ(merged.changes(0).old_digests(0).substr(0, 5), "first");
  EXPECT_EQ(merged.changes(0).resource().key().digest().substr(0, 5), "third");
}

TEST(DeltaMerge, DoesWhatTheDeltasDoOneAfterTheOther) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    History history;
    contract::SnapshotState base;
    const size_t skipped = random() % 10;
    for (size_t i = 0; i < 30; ++i) {
      if (i == skipped) base = history.state();
      const std::string name = StrCat("n", random() % 4);
      switch (random() % 4) {
        case 0:
          history.Set(Group(name, StrCat("m", random() % 3)));
          break;
        case 1:
          history.Set(Key(name, StrCat("d", random() % 3, name)));
          break;
        case 2:
          history.Remove(v1::RESOURCE_KIND_GROUP, name);
          break;
        default:
          history.Remove(v1::RESOURCE_KIND_KEY, storage::TestKey(name, "", "", "").id());
      }
    }
    std::vector<const v1::SnapshotDelta*> deltas = history.deltas();
    deltas.erase(deltas.begin(), deltas.begin() + static_cast<ptrdiff_t>(base.revision()));
    if (deltas.empty()) continue;

    ASSERT_THAT(base.Apply(MergeDeltas(deltas)), IsOk());

    EXPECT_EQ(base.revision(), history.state().revision());
    EXPECT_EQ(base.hash(), history.state().hash());
    EXPECT_THAT(contract::Diff(base, history.state()).changes(), IsEmpty());
  }
}

}  // namespace
}  // namespace lmgate::discovery
