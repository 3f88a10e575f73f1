#include "common/contract/snapshot_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/contract/resource.h"
#include "tests/support/status_matchers.h"

namespace lmgate::contract {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kRefused = absl::StatusCode::kFailedPrecondition;

v1::Resource Group(const std::string& name, const std::string& connection = "*") {
  v1::Group group;
  group.set_name(name);
  group.add_connections(connection);
  return MakeResource(group);
}

v1::Resource Key(const std::string& id, const std::string& digest,
                 const std::string& previous = "") {
  v1::Key key;
  key.set_id(id);
  key.set_digest(digest);
  key.set_previous_digest(previous);
  return MakeResource(key);
}

v1::Snapshot SnapshotOf(uint64_t revision, const std::vector<v1::Resource>& resources) {
  v1::Snapshot snapshot;
  snapshot.set_revision(revision);
  snapshot.set_lineage("lineage");
  snapshot.set_key_pepper("pepper");
  uint64_t hash = 0;
  for (const v1::Resource& resource : resources) {
    *snapshot.add_resources() = resource;
    hash += resource.hash();
  }
  snapshot.set_hash(hash);
  return snapshot;
}

SnapshotState StateOf(uint64_t revision, const std::vector<v1::Resource>& resources) {
  return SnapshotState::FromSnapshot(SnapshotOf(revision, resources)).value();
}

// All that can be seen of a state.
using Content = std::map<std::pair<int, std::string>, std::string>;
Content ContentOf(const SnapshotState& state) {
  Content content;
  state.ForEach([&content](const SnapshotState::ResourcePtr& resource) {
    // Text: the bytes of a message with a map are not always in one order.
    content[{KindOf(*resource), NameOf(*resource)}] = resource->ShortDebugString();
  });
  return content;
}

void ExpectEqual(const SnapshotState& a, const SnapshotState& b) {
  EXPECT_EQ(a.revision(), b.revision());
  EXPECT_EQ(a.hash(), b.hash());
  EXPECT_EQ(a.lineage(), b.lineage());
  EXPECT_EQ(a.key_pepper(), b.key_pepper());
  EXPECT_EQ(ContentOf(a), ContentOf(b));
}

uint64_t SumOfHashes(const SnapshotState& state) {
  uint64_t sum = 0;
  state.ForEach([&sum](const SnapshotState::ResourcePtr& resource) { sum += resource->hash(); });
  return sum;
}

// Few names, so that two random states share some.
class RandomStates {
 public:
  explicit RandomStates(unsigned seed) : random_(seed) {}

  SnapshotState State() {
    std::map<std::pair<int, std::string>, v1::Resource> resources;
    for (size_t left = random_() % 30; left > 0; --left) {
      v1::Resource resource = Resource();
      const std::pair<int, std::string> id(KindOf(resource), NameOf(resource));
      resources.insert_or_assign(id, std::move(resource));
    }
    std::vector<v1::Resource> list;
    for (auto& [id, resource] : resources) list.push_back(std::move(resource));
    return StateOf(random_() % 1000, list);
  }

  size_t Below(size_t limit) { return random_() % limit; }

 private:
  v1::Resource Resource() {
    const std::string name(1, static_cast<char>('a' + random_() % 6));
    const std::string content = std::to_string(random_() % 3);
    switch (random_() % 5) {
      case 0: {
        v1::Connection connection;
        connection.set_name(name);
        (*connection.mutable_headers())["x-a"] = content;
        (*connection.mutable_headers())["x-b"] = content;
        return MakeResource(connection);
      }
      case 1: {
        v1::Route route;
        route.set_name(name);
        route.add_model(content);
        return MakeResource(route);
      }
      case 2:
        return Group(name, content);
      case 3:
        return Key(name, "digest" + content, content == "0" ? "" : "previous" + content);
      default: {
        v1::Settings settings;
        settings.set_revision(random_() % 3);
        return MakeResource(settings);
      }
    }
  }

  std::mt19937 random_;
};

class SnapshotLaws : public ::testing::Test {
 protected:
  const unsigned seed_ = std::random_device()();
  ::testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
  RandomStates random_{seed_};
};

TEST_F(SnapshotLaws, ApplyOfDiffGivesTheOtherState) {
  for (int i = 0; i < 2000; ++i) {
    const SnapshotState a = random_.State();
    const SnapshotState b = random_.State();
    SnapshotState applied = a;

    ASSERT_THAT(applied.Apply(Diff(a, b)), IsOk());
    ExpectEqual(applied, b);
  }
}

TEST_F(SnapshotLaws, ADeltaSurvivesTheWireAndIsTheSameEachTime) {
  for (int i = 0; i < 500; ++i) {
    const SnapshotState a = random_.State();
    const SnapshotState b = random_.State();
    v1::SnapshotDelta delta;
    ASSERT_TRUE(delta.ParseFromString(Diff(a, b).SerializeAsString()));
    SnapshotState applied = a;

    ASSERT_THAT(applied.Apply(delta), IsOk());
    ExpectEqual(applied, b);
    const SnapshotState rebuilt = SnapshotState::FromSnapshot(b.ToSnapshot()).value();
    ASSERT_EQ(Diff(a, rebuilt).ShortDebugString(), delta.ShortDebugString());
  }
}

TEST_F(SnapshotLaws, DiffOfEqualStatesIsEmpty) {
  for (int i = 0; i < 200; ++i) {
    const SnapshotState a = random_.State();

    EXPECT_EQ(Diff(a, a).changes_size(), 0);
  }
}

TEST_F(SnapshotLaws, HashIsTheSumOfTheResources) {
  SnapshotState state = random_.State();
  for (int i = 0; i < 500; ++i) {
    ASSERT_THAT(state.Apply(Diff(state, random_.State())), IsOk());
    ASSERT_EQ(state.hash(), SumOfHashes(state));
  }
}

TEST_F(SnapshotLaws, ADeltaOnAnotherBaseIsRefusedAndChangesNothing) {
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    const SnapshotState a = random_.State();
    const SnapshotState b = random_.State();
    const SnapshotState other = random_.State();
    if (other.revision() == a.revision() && other.hash() == a.hash()) continue;
    SnapshotState applied = other;

    ASSERT_THAT(applied.Apply(Diff(a, b)), StatusIs(kRefused, HasSubstr("the delta is for")));
    ExpectEqual(applied, other);
    ++refused;
  }
  EXPECT_GT(refused, 1000);
}

// Whatever one number of a delta is changed to, the sum does not fit any more.
TEST_F(SnapshotLaws, ATamperedHashIsRefusedAndChangesNothing) {
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    const SnapshotState a = random_.State();
    v1::SnapshotDelta delta = Diff(a, random_.State());
    if (delta.changes().empty()) continue;
    v1::ResourceChange& change = *delta.mutable_changes(
        static_cast<int>(random_.Below(static_cast<size_t>(delta.changes_size()))));
    const uint64_t tampering = 1 + random_.Below(1'000'000);
    switch (random_.Below(4)) {
      case 0:
        delta.set_from_hash(delta.from_hash() + tampering);
        break;
      case 1:
        delta.set_to_hash(delta.to_hash() + tampering);
        break;
      case 2:
        change.set_old_hash(change.old_hash() + tampering);
        break;
      default:
        if (!change.has_resource()) continue;
        change.mutable_resource()->set_hash(change.resource().hash() + tampering);
    }
    SnapshotState applied = a;

    ASSERT_THAT(applied.Apply(delta), StatusIs(kRefused, ::testing::_));
    ExpectEqual(applied, a);
    ++refused;
  }
  EXPECT_GT(refused, 1000);
}

TEST_F(SnapshotLaws, AMissingOrDoubledChangeIsRefusedAndChangesNothing) {
  for (int i = 0; i < 1000; ++i) {
    const SnapshotState a = random_.State();
    v1::SnapshotDelta delta = Diff(a, random_.State());
    if (delta.changes().empty()) continue;
    const int at = static_cast<int>(random_.Below(static_cast<size_t>(delta.changes_size())));
    if (random_.Below(2) == 0) {
      delta.mutable_changes()->DeleteSubrange(at, 1);
    } else {
      const v1::ResourceChange again = delta.changes(at);
      *delta.add_changes() = again;
    }
    SnapshotState applied = a;

    ASSERT_THAT(applied.Apply(delta), StatusIs(kRefused, ::testing::_));
    ExpectEqual(applied, a);
  }
}

TEST(SnapshotState, IsEmptyAtFirst) {
  const SnapshotState state("lineage", "pepper");

  EXPECT_EQ(state.revision(), 0u);
  EXPECT_EQ(state.hash(), 0u);
  EXPECT_EQ(state.size(), 0u);
  EXPECT_EQ(state.lineage(), "lineage");
  EXPECT_EQ(state.Find(v1::RESOURCE_KIND_GROUP, "g"), nullptr);
}

TEST(SnapshotState, FindsByKindAndName) {
  const SnapshotState state = StateOf(1, {Group("x"), Key("x", "digest")});

  ASSERT_NE(state.Find(v1::RESOURCE_KIND_GROUP, "x"), nullptr);
  EXPECT_TRUE(state.Find(v1::RESOURCE_KIND_GROUP, "x")->has_group());
  EXPECT_TRUE(state.Find(v1::RESOURCE_KIND_KEY, "x")->has_key());
  EXPECT_EQ(state.Find(v1::RESOURCE_KIND_ROUTE, "x"), nullptr);
}

TEST(SnapshotState, ACopyDoesNotSeeLaterChanges) {
  SnapshotState state = StateOf(1, {Group("a")});
  const SnapshotState copy = state;

  ASSERT_THAT(state.Apply(Diff(state, StateOf(2, {Group("b")}))), IsOk());

  EXPECT_NE(copy.Find(v1::RESOURCE_KIND_GROUP, "a"), nullptr);
  EXPECT_EQ(copy.Find(v1::RESOURCE_KIND_GROUP, "b"), nullptr);
  EXPECT_EQ(copy.revision(), 1u);
}

TEST(FromSnapshot, RefusesAResourceTwice) {
  EXPECT_THAT(SnapshotState::FromSnapshot(SnapshotOf(1, {Group("a"), Group("a", "b")})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("group \"a\" is in the")));
}

TEST(FromSnapshot, RefusesAResourceWithoutHashOrKind) {
  v1::Resource without_hash = Group("a");
  without_hash.set_hash(0);
  v1::Resource without_kind;
  without_kind.set_hash(7);

  EXPECT_THAT(SnapshotState::FromSnapshot(SnapshotOf(1, {without_hash})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no hash")));
  EXPECT_THAT(SnapshotState::FromSnapshot(SnapshotOf(1, {without_kind})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("kind")));
}

TEST(FromSnapshot, RefusesAWrongSum) {
  v1::Snapshot snapshot = SnapshotOf(1, {Group("a")});
  snapshot.set_hash(snapshot.hash() + 1);

  EXPECT_THAT(SnapshotState::FromSnapshot(std::move(snapshot)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("add up")));
}

TEST(FromSnapshot, TakesTheHashesAsGiven) {
  v1::Resource from_a_newer_program = Group("a");
  from_a_newer_program.set_hash(12345);

  EXPECT_THAT(SnapshotState::FromSnapshot(SnapshotOf(1, {from_a_newer_program})), IsOk());
}

// What is wrong with the change that `tamper` makes of a good one.
absl::Status ApplyTampered(void (*tamper)(v1::ResourceChange*)) {
  SnapshotState state = StateOf(1, {Key("k", "d1", "d0"), Group("g")});
  v1::SnapshotDelta delta = Diff(state, StateOf(2, {Key("k", "d2", "d1"), Group("g")}));
  tamper(delta.mutable_changes(0));
  return state.Apply(delta);
}

TEST(Apply, RefusesOtherDigestsThanTheKeyHas) {
  EXPECT_THAT(ApplyTampered([](v1::ResourceChange* change) { change->clear_old_digests(); }),
              StatusIs(kRefused, HasSubstr("other digests")));
}

TEST(Apply, RefusesAResourceOfAnotherNameOrKind) {
  EXPECT_THAT(ApplyTampered([](v1::ResourceChange* change) {
                change->mutable_resource()->mutable_key()->set_id("other");
              }),
              StatusIs(kRefused, HasSubstr("another resource")));
  EXPECT_THAT(ApplyTampered([](v1::ResourceChange* change) {
                change->mutable_resource()->mutable_group()->set_name("k");
              }),
              StatusIs(kRefused, HasSubstr("another resource")));
  EXPECT_THAT(
      ApplyTampered([](v1::ResourceChange* change) { change->mutable_resource()->clear_key(); }),
      StatusIs(kRefused, HasSubstr("another resource")));
}

TEST(Apply, RefusesANewResourceWithoutHash) {
  EXPECT_THAT(
      ApplyTampered([](v1::ResourceChange* change) { change->mutable_resource()->clear_hash(); }),
      StatusIs(kRefused, HasSubstr("without a hash")));
}

TEST(Apply, RefusesToRemoveWhatIsNotThere) {
  SnapshotState state = StateOf(1, {});
  v1::SnapshotDelta delta;
  delta.set_from_revision(1);
  delta.set_to_revision(2);
  v1::ResourceChange& change = *delta.add_changes();
  change.set_kind(v1::RESOURCE_KIND_GROUP);
  change.set_name("g");

  EXPECT_THAT(state.Apply(delta), StatusIs(kRefused, HasSubstr("not there")));
}

TEST(MakeChange, NamesTheDigestsThatTheKeyWasFoundUnder) {
  const v1::Resource before = Key("k", "d1", "d0");
  const v1::Resource after = Key("k", "d2");

  const v1::ResourceChange change = MakeChange(&before, &after);

  EXPECT_EQ(change.kind(), v1::RESOURCE_KIND_KEY);
  EXPECT_EQ(change.name(), "k");
  EXPECT_EQ(change.old_hash(), before.hash());
  EXPECT_THAT(change.old_digests(), ::testing::ElementsAre("d1", "d0"));
  EXPECT_EQ(change.resource().hash(), after.hash());
}

TEST(MakeChange, OfARemovalHasNoResource) {
  const v1::Resource before = Group("g");

  const v1::ResourceChange change = MakeChange(&before, nullptr);

  EXPECT_FALSE(change.has_resource());
  EXPECT_EQ(change.name(), "g");
}

}  // namespace
}  // namespace lmgate::contract
