#include "dataplane/snapshot/snapshot.h"

#include <absl/random/random.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "tests/support/snapshot_source.h"
#include "tests/support/status_matchers.h"

namespace lmgate::snapshot {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::SnapshotSource;
using ::lmgate::testing::StatusIs;
using ::lmgate::testing::TestConnection;
using ::lmgate::testing::TestDigest;
using ::lmgate::testing::TestDigestBytes;
using ::lmgate::testing::TestGroup;
using ::lmgate::testing::TestKey;
using ::lmgate::testing::TestKeyId;
using ::lmgate::testing::TestRoute;
using ::testing::_;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;

absl::StatusOr<std::string> NoSecrets(std::string_view) { return absl::NotFoundError("not set"); }

v1::Resource R(auto message) { return contract::MakeResource(std::move(message)); }

class SnapshotTest : public ::testing::Test {
 protected:
  SnapshotSource source_;

  SnapshotTest() {
    source_.Change({R(TestConnection("a")), R(TestGroup("default")), R(TestGroup("free")),
                    R(TestRoute("*", 1, {"a"}))});
  }

  std::shared_ptr<const Snapshot> Compile() {
    auto compiled = Snapshot::Compile(source_.Parts(3), NoSecrets);
    EXPECT_THAT(compiled, IsOk());
    return std::move(compiled->snapshot);
  }
  static std::shared_ptr<const Snapshot> Apply(const Snapshot& from,
                                               const v1::SnapshotDelta& delta) {
    auto compiled = from.Apply(delta, NoSecrets);
    EXPECT_THAT(compiled, IsOk());
    return std::move(compiled->snapshot);
  }
  static std::string GroupOf(const Snapshot& snapshot, std::string_view secret) {
    const KeyRecord* const key = snapshot.FindKey(TestDigest(secret));
    return key == nullptr ? "no such key" : snapshot.group(*key).name;
  }
};

TEST_F(SnapshotTest, FindsKeysByTheirDigest) {
  v1::Key key = TestKey("k1", "secret-1", "free");
  key.mutable_expires_at()->set_seconds(1000);
  key.mutable_expires_at()->set_nanos(5'000'000);
  key.add_models("gpt-*");
  source_.Change({R(key), R(TestKey("k2", "secret-2", "default"))});

  const auto snapshot = Compile();

  const KeyRecord* const found = snapshot->FindKey(TestDigest("secret-1"));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->id(), TestKeyId("k1"));
  EXPECT_EQ(found->state, KeyState::kActive);
  EXPECT_EQ(found->expires_ms, 1'000'005);
  ASSERT_THAT(found->models(), SizeIs(1));
  EXPECT_EQ(found->models()[0].text(), "gpt-*");
  EXPECT_EQ(snapshot->group(*found).name, "free");
  EXPECT_EQ(snapshot->FindKey(TestDigest("secret-2"))->expires_ms, KeyRecord::kNever);
  EXPECT_EQ(snapshot->FindKey(TestDigest("secret-3")), nullptr);
  EXPECT_EQ(snapshot->key_count(), 2u);
}

TEST_F(SnapshotTest, ARotatedKeyIsFoundUnderBothDigestsEachWithItsExpiry) {
  v1::Key key = TestKey("k1", "new", "free");
  key.mutable_expires_at()->set_seconds(1000);
  key.set_previous_digest(TestDigestBytes("old"));
  key.mutable_previous_expires_at()->set_seconds(10);
  source_.Change({R(key)});

  const auto snapshot = Compile();

  EXPECT_EQ(snapshot->FindKey(TestDigest("new"))->expires_ms, 1'000'000);
  EXPECT_EQ(snapshot->FindKey(TestDigest("old"))->expires_ms, 10'000);
  EXPECT_TRUE(snapshot->FindKey(TestDigest("old"))->is_previous);
  EXPECT_EQ(snapshot->key_count(), 1u);
}

TEST_F(SnapshotTest, TheGraceOfAnOldSecretDoesNotOutliveTheKey) {
  v1::Key key = TestKey("k1", "new", "free");
  key.mutable_expires_at()->set_seconds(10);
  key.set_previous_digest(TestDigestBytes("old"));
  key.mutable_previous_expires_at()->set_seconds(1000);
  source_.Change({R(key)});

  EXPECT_EQ(Compile()->FindKey(TestDigest("old"))->expires_ms, 10'000);
}

TEST_F(SnapshotTest, ADeltaReplacesAKeyAndForgetsItsOldDigests) {
  v1::Key key = TestKey("k1", "one", "free");
  source_.Change({R(key)});
  const auto before = Compile();
  key.set_digest(TestDigestBytes("two"));
  key.set_previous_digest(TestDigestBytes("one"));
  key.mutable_previous_expires_at()->set_seconds(10);
  const auto rotated = Apply(*before, source_.Change({R(key)}));
  const auto replaced = Apply(*rotated, source_.Change({R(TestKey("k1", "three", "default"))}));

  EXPECT_EQ(rotated->FindKey(TestDigest("one"))->id(), TestKeyId("k1"));
  EXPECT_EQ(replaced->FindKey(TestDigest("one")), nullptr);
  EXPECT_EQ(replaced->FindKey(TestDigest("two")), nullptr);
  EXPECT_EQ(GroupOf(*replaced, "three"), "default");
  EXPECT_EQ(replaced->key_count(), 1u);
  // The versions before are as they were.
  EXPECT_EQ(before->FindKey(TestDigest("two")), nullptr);
  EXPECT_EQ(GroupOf(*before, "one"), "free");
}

TEST_F(SnapshotTest, ARevokedKeyIsNotFoundButCounted) {
  source_.Change({R(TestKey("k1", "one", "free"))});
  const auto before = Compile();
  v1::Key revoked = TestKey("k1", "one", "free");
  revoked.set_state("revoked");
  revoked.clear_digest();

  const auto after = Apply(*before, source_.Change({R(revoked)}));
  const auto removed =
      Apply(*after, source_.Change({}, {{v1::RESOURCE_KIND_KEY, TestKeyId("k1")}}));

  EXPECT_EQ(after->FindKey(TestDigest("one")), nullptr);
  EXPECT_EQ(after->key_count(), 1u);
  EXPECT_EQ(removed->key_count(), 0u);
}

TEST_F(SnapshotTest, ADigestMayMoveFromOneKeyToAnotherInOneDelta) {
  source_.Change({R(TestKey("k1", "one", "free"))});
  const auto before = Compile();

  const auto after = Apply(*before, source_.Change({R(TestKey("k2", "one", "free"))},
                                                   {{v1::RESOURCE_KIND_KEY, TestKeyId("k1")}}));

  EXPECT_EQ(after->FindKey(TestDigest("one"))->id(), TestKeyId("k2"));
}

TEST_F(SnapshotTest, RefusesTwoKeysWithOneDigest) {
  source_.Change({R(TestKey("k1", "one", "free"))});
  const auto before = Compile();
  const v1::SnapshotDelta delta = source_.Change({R(TestKey("k2", "one", "free"))});

  EXPECT_THAT(before->Apply(delta, NoSecrets), StatusIs(kInvalid, HasSubstr("has the digest of")));
  EXPECT_THAT(Snapshot::Compile(source_.Parts(), NoSecrets),
              StatusIs(kInvalid, HasSubstr("has the digest of")));
}

TEST_F(SnapshotTest, RefusesADeltaThatForgetsAnOldDigest) {
  v1::Key key = TestKey("k1", "new", "free");
  key.set_previous_digest(TestDigestBytes("old"));
  key.mutable_previous_expires_at()->set_seconds(10);
  source_.Change({R(key)});
  const auto before = Compile();
  v1::SnapshotDelta delta = source_.Change({}, {{v1::RESOURCE_KIND_KEY, TestKeyId("k1")}});
  delta.mutable_changes(0)->mutable_old_digests()->RemoveLast();

  EXPECT_THAT(before->Apply(delta, NoSecrets), StatusIs(kPrecondition, _));
}

TEST_F(SnapshotTest, RefusesADeltaThatNamesOneDigestTwice) {
  v1::Key key = TestKey("k1", "new", "free");
  key.set_previous_digest(TestDigestBytes("old"));
  key.mutable_previous_expires_at()->set_seconds(10);
  source_.Change({R(key)});
  const auto before = Compile();
  v1::SnapshotDelta delta = source_.Change({}, {{v1::RESOURCE_KIND_KEY, TestKeyId("k1")}});
  *delta.mutable_changes(0)->mutable_old_digests(1) = delta.changes(0).old_digests(0);

  EXPECT_THAT(before->Apply(delta, NoSecrets), StatusIs(kPrecondition, _));
}

TEST_F(SnapshotTest, RefusesADeltaForAnotherBase) {
  const auto before = Compile();
  const v1::SnapshotDelta good = source_.Change({R(TestKey("k1", "one", "free"))});
  v1::SnapshotDelta revision = good;
  revision.set_from_revision(77);
  v1::SnapshotDelta hash = good;
  hash.set_from_hash(77);
  v1::SnapshotDelta old_hash = good;
  old_hash.mutable_changes(0)->set_old_hash(77);
  v1::SnapshotDelta result = good;
  result.set_to_hash(77);
  v1::SnapshotDelta twice = good;
  *twice.add_changes() = good.changes(0);

  for (const v1::SnapshotDelta& bad : {revision, hash, old_hash, result, twice}) {
    EXPECT_THAT(before->Apply(bad, NoSecrets), StatusIs(kPrecondition, _));
  }
  EXPECT_THAT(before->Apply(good, NoSecrets), IsOk());
}

TEST_F(SnapshotTest, RefusesAConfigChangeWithAnotherOldHash) {
  const auto before = Compile();
  v1::SnapshotDelta delta = source_.Change({R(TestConnection("a", "other"))});
  delta.mutable_changes(0)->set_old_hash(77);

  EXPECT_THAT(before->Apply(delta, NoSecrets), StatusIs(kPrecondition, HasSubstr("\"a\"")));
}

TEST_F(SnapshotTest, RefusesAKeyOfAGroupThatIsNotThere) {
  const auto before = Compile();
  const v1::SnapshotDelta delta = source_.Change({R(TestKey("k1", "one", "nobody"))});

  EXPECT_THAT(before->Apply(delta, NoSecrets), StatusIs(kInvalid, HasSubstr("nobody")));
}

TEST_F(SnapshotTest, RefusesToLoseAGroupThatHasKeys) {
  source_.Change({R(TestKey("k1", "one", "free"))});
  const auto before = Compile();
  const v1::SnapshotDelta delta = source_.Change({}, {{v1::RESOURCE_KIND_GROUP, "free"}});

  EXPECT_THAT(before->Apply(delta, NoSecrets), StatusIs(kInvalid, HasSubstr("1 keys")));
}

TEST_F(SnapshotTest, AGroupMayGoTogetherWithItsKeys) {
  source_.Change({R(TestKey("k1", "one", "free")), R(TestKey("k2", "two", "free"))});
  const auto before = Compile();

  const auto after = Apply(*before, source_.Change({R(TestKey("k1", "one", "default"))},
                                                   {{v1::RESOURCE_KIND_GROUP, "free"},
                                                    {v1::RESOURCE_KIND_KEY, TestKeyId("k2")}}));

  EXPECT_EQ(GroupOf(*after, "one"), "default");
  EXPECT_EQ(GroupOf(*after, "two"), "no such key");
}

TEST_F(SnapshotTest, KeysKeepTheirGroupWhenGroupsChangeTheirIndex) {
  source_.Change({R(TestKey("k1", "one", "free"))});
  const auto before = Compile();

  const auto after =
      Apply(*before, source_.Change({R(TestGroup("aaa"))}, {{v1::RESOURCE_KIND_GROUP, "default"}}));

  EXPECT_EQ(GroupOf(*before, "one"), "free");
  EXPECT_EQ(GroupOf(*after, "one"), "free");
}

TEST_F(SnapshotTest, ADeltaOfKeysSharesTheCompiledConfiguration) {
  const auto before = Compile();

  const auto after = Apply(*before, source_.Change({R(TestKey("k1", "one", "free"))}));

  EXPECT_EQ(&before->routing(), &after->routing());
}

TEST_F(SnapshotTest, ComplaintsComeWithEveryVersionUntilTheyAreSettled) {
  source_.Change({R(TestConnection("b", "env:B"))});
  auto before = Snapshot::Compile(source_.Parts(), NoSecrets);
  auto after =
      before->snapshot->Apply(source_.Change({R(TestKey("k1", "one", "free"))}), NoSecrets);

  ASSERT_THAT(before->complaints, SizeIs(1));
  ASSERT_THAT(after->complaints, SizeIs(1));
  EXPECT_EQ(after->complaints[0].name(), "b");
  EXPECT_EQ(after->complaints[0].message(), "not set");
}

TEST_F(SnapshotTest, RefusesPartsThatDoNotBelongTogether) {
  source_.Change({R(TestKey("k1", "one", "free"))});
  const auto with = [this](auto change) {
    std::vector<v1::Snapshot> parts = source_.Parts(2);
    change(parts);
    return Snapshot::Compile(std::move(parts), NoSecrets).status();
  };

  EXPECT_THAT(with([](auto& parts) { parts.clear(); }), StatusIs(kInvalid, _));
  EXPECT_THAT(with([](auto& parts) { parts.pop_back(); }), StatusIs(kInvalid, _));
  EXPECT_THAT(with([](auto& parts) { parts.push_back(parts[0]); }), StatusIs(kInvalid, _));
  EXPECT_THAT(with([](auto& parts) { parts[1].set_revision(9); }), StatusIs(kInvalid, _));
  EXPECT_THAT(with([](auto& parts) { parts[1].set_lineage("x"); }), StatusIs(kInvalid, _));
  EXPECT_THAT(with([](auto& parts) { parts[1].set_key_pepper("x"); }), StatusIs(kInvalid, _));
  EXPECT_THAT(with([](auto& parts) { parts[1].set_hash(9); }), StatusIs(kInvalid, _));
  EXPECT_THAT(with([](auto& parts) { parts[0].mutable_resources(0)->set_hash(9); }),
              StatusIs(kInvalid, _));
  EXPECT_THAT(with([](auto& parts) {
                for (v1::Snapshot& part : parts) part.clear_key_pepper();
              }),
              StatusIs(kInvalid, _));
  EXPECT_THAT(with([](auto&) {}), IsOk());
}

// Any sequence of deltas gives the same look-ups as compiling the final state.
TEST_F(SnapshotTest, DeltasLeadWhereCompilingLeads) {
  const uint64_t seed = absl::Uniform<uint64_t>(absl::BitGen());
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const auto pick = [&random](int bound) { return absl::Uniform(random, 0, bound); };
  auto snapshot = Compile();
  std::map<std::string, int> secrets;  // key id -> number of its secret
  std::set<std::string> groups = {"default", "free"};
  int next_secret = 0;
  for (int step = 0; step < 400; ++step) {
    std::map<std::string, v1::Resource> put;
    std::set<std::string> gone;
    for (int i = pick(4); i >= 0; --i) {
      const std::string id = TestKeyId(StrCat("k", pick(30)));
      put.erase(id);
      gone.erase(id);
      if (pick(3) == 0) {
        if (secrets.contains(id) && source_.state().Find(v1::RESOURCE_KIND_KEY, id) != nullptr) {
          gone.insert(id);
        }
        continue;
      }
      auto group = std::next(groups.begin(), pick(static_cast<int>(groups.size())));
      const auto old = secrets.find(id);
      v1::Key key = TestKey(id, StrCat("s", ++next_secret), *group);
      if (old != secrets.end() && pick(2) == 0) {
        key.set_previous_digest(TestDigestBytes(StrCat("s", old->second)));
        key.mutable_previous_expires_at()->set_seconds(pick(1000) + 1);
      }
      secrets[id] = next_secret;
      if (pick(4) == 0) key.set_state("blocked");
      if (pick(4) == 0) key.add_models("gpt-*");
      put[id] = R(std::move(key));
    }
    if (pick(10) == 0) {
      const std::string name = StrCat("g", pick(5));
      groups.insert(name);
      put["group " + name] = R(TestGroup(name));
    }
    std::vector<v1::Resource> resources;
    for (auto& [id, resource] : put) resources.push_back(std::move(resource));
    std::vector<std::pair<v1::ResourceKind, std::string>> removed;
    for (const std::string& id : gone) {
      removed.emplace_back(v1::RESOURCE_KIND_KEY, id);
      secrets.erase(id);
    }
    snapshot = Apply(*snapshot, source_.Change(std::move(resources), std::move(removed)));
  }

  const auto compiled = Compile();
  EXPECT_EQ(snapshot->hash(), compiled->hash());
  EXPECT_EQ(snapshot->revision(), compiled->revision());
  EXPECT_EQ(snapshot->key_count(), compiled->key_count());
  int found = 0;
  for (int secret = 0; secret <= next_secret; ++secret) {
    const auto digest = TestDigest(StrCat("s", secret));
    const KeyRecord* const by_delta = snapshot->FindKey(digest);
    const KeyRecord* const by_compile = compiled->FindKey(digest);
    ASSERT_EQ(by_delta == nullptr, by_compile == nullptr) << secret;
    if (by_delta == nullptr) continue;
    ++found;
    EXPECT_EQ(by_delta->id(), by_compile->id());
    EXPECT_EQ(by_delta->resource_hash, by_compile->resource_hash);
    EXPECT_EQ(by_delta->state, by_compile->state);
    EXPECT_EQ(by_delta->expires_ms, by_compile->expires_ms);
    EXPECT_EQ(by_delta->is_previous, by_compile->is_previous);
    EXPECT_EQ(by_delta->models().size(), by_compile->models().size());
    EXPECT_EQ(snapshot->group(*by_delta).name, compiled->group(*by_compile).name);
  }
  EXPECT_GT(found, 10);
}

}  // namespace
}  // namespace lmgate::snapshot
