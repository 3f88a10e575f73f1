#include "controlplane/storage/change_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/controlplane/storage/test_resources.h"

namespace lmgate::storage {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;
using ::testing::Not;

// A state and its index that changes are made to as the store does, without a database.
class ChangeSetTest : public ::testing::Test {
 protected:
  ChangeSetTest() {
    EXPECT_THAT(Make({Create(contract::MakeResource(TestGroup("free")))}), IsOk());
  }

  static v1::ResourceChange Create(const v1::Resource& resource) {
    return contract::MakeChange(nullptr, &resource);
  }
  v1::ResourceChange Overwrite(const v1::Resource& resource) { return Put(state_, resource); }
  v1::ResourceChange Remove(v1::ResourceKind kind, const std::string& name) {
    return contract::MakeChange(state_.Find(kind, name).get(), nullptr);
  }

  absl::Status Make(std::vector<v1::ResourceChange> changes) {
    auto delta = MakeDelta(state_, std::move(changes));
    if (!delta.ok()) return delta.status();
    if (absl::Status status = CheckDelta(*delta, index_); !status.ok()) return status;
    for (const auto& change : delta->changes()) {
      if (auto old = state_.Find(change.kind(), change.name())) index_.Remove(old);
    }
    if (absl::Status status = state_.Apply(*delta); !status.ok()) return status;
    for (const auto& change : delta->changes()) {
      if (auto fresh = state_.Find(change.kind(), change.name())) index_.Add(fresh);
    }
    return absl::OkStatus();
  }

  contract::SnapshotState state_{"lineage", std::string(32, 'p')};
  ResourceIndex index_;
};

TEST_F(ChangeSetTest, ChangedResourceGetsTheNewRevisionAndItsHash) {
  ASSERT_THAT(Make({Create(contract::MakeResource(TestGroup("pro")))}), IsOk());

  const auto group = state_.Find(v1::RESOURCE_KIND_GROUP, "pro");
  ASSERT_NE(group, nullptr);
  EXPECT_EQ(state_.revision(), 2u);
  EXPECT_EQ(group->group().revision(), 2u);
  EXPECT_EQ(group->hash(), contract::HashResource(*group));
  EXPECT_EQ(state_.Find(v1::RESOURCE_KIND_GROUP, "free")->group().revision(), 1u);
}

TEST_F(ChangeSetTest, ChangeOfNothingIsLeftOut) {
  const auto delta = MakeDelta(state_, {Overwrite(contract::MakeResource(TestGroup("free")))});

  ASSERT_THAT(delta, IsOk());
  EXPECT_EQ(delta->changes_size(), 0);
}

TEST_F(ChangeSetTest, CreatingWhatIsThereIsAlreadyExists) {
  EXPECT_THAT(Make({Create(contract::MakeResource(TestGroup("free")))}),
              StatusIs(absl::StatusCode::kAlreadyExists, "group \"free\" exists already"));
}

TEST_F(ChangeSetTest, ChangeOfAnotherStateIsAborted) {
  const v1::ResourceChange stale = Remove(v1::RESOURCE_KIND_GROUP, "free");
  v1::Group changed = TestGroup("free");
  changed.add_models("gpt-*");
  ASSERT_THAT(Make({Overwrite(contract::MakeResource(changed))}), IsOk());

  EXPECT_THAT(Make({stale}), StatusIs(absl::StatusCode::kAborted, HasSubstr("free")));
}

TEST_F(ChangeSetTest, OneResourceTwiceIsRefused) {
  const v1::Resource group = contract::MakeResource(TestGroup("pro"));

  EXPECT_THAT(Make({Create(group), Create(group)}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("twice")));
}

TEST_F(ChangeSetTest, GroupWithKeysCannotGo) {
  ASSERT_THAT(Make({Create(contract::MakeResource(TestKey("1", "ci", "free", "d1")))}), IsOk());

  EXPECT_THAT(Make({Remove(v1::RESOURCE_KIND_GROUP, "free")}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("1 key")));

  ASSERT_THAT(Make({Remove(v1::RESOURCE_KIND_KEY, "100000000000")}), IsOk());
  EXPECT_THAT(Make({Remove(v1::RESOURCE_KIND_GROUP, "free")}), IsOk());
}

TEST_F(ChangeSetTest, KeyOfAMissingGroupIsRefused) {
  EXPECT_THAT(Make({Create(contract::MakeResource(TestKey("1", "ci", "fre", "d1")))}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("fre")));
}

TEST_F(ChangeSetTest, KeyMayComeWithItsGroup) {
  EXPECT_THAT(Make({Create(contract::MakeResource(TestKey("1", "ci", "pro", "d1"))),
                    Create(contract::MakeResource(TestGroup("pro")))}),
              IsOk());
}

TEST_F(ChangeSetTest, NamesAndIdsOfKeysAreUniqueTogether) {
  ASSERT_THAT(Make({Create(contract::MakeResource(TestKey("1", "ci", "free", "d1")))}), IsOk());

  EXPECT_THAT(Make({Create(contract::MakeResource(TestKey("2", "ci", "free", "d2")))}),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("\"ci\"")));
  EXPECT_THAT(Make({Create(contract::MakeResource(TestKey("2", "100000000000", "free", "d2")))}),
              StatusIs(absl::StatusCode::kAlreadyExists, _));
  EXPECT_THAT(Make({Create(contract::MakeResource(TestKey("2", "same", "free", "d2"))),
                    Create(contract::MakeResource(TestKey("3", "same", "free", "d3")))}),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("\"same\"")));
}

TEST_F(ChangeSetTest, TwoKeysMaySwapTheirNames) {
  ASSERT_THAT(Make({Create(contract::MakeResource(TestKey("1", "a", "free", "d1"))),
                    Create(contract::MakeResource(TestKey("2", "b", "free", "d2")))}),
              IsOk());

  ASSERT_THAT(Make({Overwrite(contract::MakeResource(TestKey("1", "b", "free", "d1"))),
                    Overwrite(contract::MakeResource(TestKey("2", "a", "free", "d2")))}),
              IsOk());

  EXPECT_EQ(index_.FindKey("a")->key().id(), "200000000000");
  EXPECT_EQ(index_.FindKey("b")->key().id(), "100000000000");
}

TEST_F(ChangeSetTest, SecretOfAnotherKeyIsRefusedWithoutSayingWhose) {
  v1::Key rotated = TestKey("1", "ci", "free", "d1");
  rotated.set_previous_digest(TestKey("x", "x", "x", "d0").digest());
  rotated.mutable_previous_expires_at()->set_seconds(1'800'000'000);
  ASSERT_THAT(Make({Create(contract::MakeResource(rotated))}), IsOk());

  for (const char* digest : {"d0", "d1"}) {
    EXPECT_THAT(Make({Create(contract::MakeResource(TestKey("2", "b", "free", digest)))}),
                StatusIs(absl::StatusCode::kAlreadyExists, Not(HasSubstr("ci"))));
  }
}

TEST_F(ChangeSetTest, TwoRoutesMaySwapTheirOrder) {
  const v1::Resource connection = contract::MakeResource(TestConnection("c", "env:K"));
  ASSERT_THAT(Make({Create(connection), Create(contract::MakeResource(TestRoute("a", "c", 1))),
                    Create(contract::MakeResource(TestRoute("b", "c", 2)))}),
              IsOk());

  ASSERT_THAT(Make({Overwrite(contract::MakeResource(TestRoute("a", "c", 2))),
                    Overwrite(contract::MakeResource(TestRoute("b", "c", 1)))}),
              IsOk());

  EXPECT_EQ(index_.routes_by_order().begin()->second->route().name(), "b");
  EXPECT_EQ(index_.routes_by_order().size(), 2u);
}

TEST_F(ChangeSetTest, RoutesCannotShareAnOrder) {
  const v1::Resource connection = contract::MakeResource(TestConnection("c", "env:K"));

  EXPECT_FALSE(Make({Create(connection), Create(contract::MakeResource(TestRoute("a", "c", 1))),
                     Create(contract::MakeResource(TestRoute("b", "c", 1)))})
                   .ok());
}

TEST_F(ChangeSetTest, ConnectionThatARouteUsesCannotGo) {
  ASSERT_THAT(Make({Create(contract::MakeResource(TestConnection("c", "env:K"))),
                    Create(contract::MakeResource(TestRoute("a", "c", 1)))}),
              IsOk());

  EXPECT_THAT(Make({Remove(v1::RESOURCE_KIND_CONNECTION, "c")}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("routes[\"a\"].to[0].connection")));
}

}  // namespace
}  // namespace lmgate::storage
