#include "controlplane/admin/key_service.h"

#include <google/protobuf/util/time_util.h>

#include "common/base/error_detail.h"
#include "common/contract/key_token.h"
#include "controlplane/admin/key_secret.h"
#include "tests/unit/controlplane/admin/admin_fixture.h"

namespace lmgate::admin {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Stub = v1::KeyService::Stub;

class KeyServiceTest : public AdminFixture {
 protected:
  KeyServiceTest() { AddBasics(); }

  absl::StatusOr<v1::KeyReply> Create(const std::string& text, const std::string& secret = "") {
    auto request = Text<v1::CreateKeyRequest>("key { " + text + " }");
    if (request.key().group().empty()) request.mutable_key()->set_group("default");
    request.set_secret(secret);
    return Call(&Stub::CreateKey, request);
  }
  absl::StatusOr<v1::KeyReply> Block(const std::string& name) {
    return Call(&Stub::BlockKey, State(name));
  }
  absl::StatusOr<v1::KeyReply> Unblock(const std::string& name) {
    return Call(&Stub::UnblockKey, State(name));
  }
  absl::StatusOr<v1::KeyReply> Revoke(const std::string& name) {
    return Call(&Stub::RevokeKey, State(name));
  }
  absl::StatusOr<v1::KeyReply> Rotate(const std::string& name, int64_t grace_seconds) {
    v1::RotateKeyRequest request;
    request.set_name(name);
    if (grace_seconds != 0) request.mutable_grace()->set_seconds(grace_seconds);
    return Call(&Stub::RotateKey, request);
  }
  absl::StatusOr<v1::KeyReply> Update(const std::string& text) {
    return Call(&Stub::UpdateKey, Text<v1::UpdateKeyRequest>(text));
  }
  std::vector<std::string> List(const std::string& text) {
    const auto list = Call(&Stub::ListKeys, Text<v1::ListKeysRequest>(text));
    EXPECT_THAT(list, IsOk());
    std::vector<std::string> names;
    for (const v1::Key& key : list->keys()) names.push_back(key.name());
    return names;
  }
  static v1::KeyStateRequest State(const std::string& name) {
    v1::KeyStateRequest request;
    request.set_name(name);
    return request;
  }
  // As the data planes get it.
  v1::Key Stored(const std::string& name) {
    return (*FindResource(*store_, v1::RESOURCE_KIND_KEY, name))->key();
  }
  std::string Digest(const std::string& secret) {
    const auto digest = contract::KeyHasher(KeyPepper(*store_)).Digest(secret);
    return std::string(digest.begin(), digest.end());
  }
};

TEST_F(KeyServiceTest, SecretIsShownOnceAndStoredAsItsDigest) {
  const auto created = Create("name: 'ci'");

  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(contract::ClassifyKeyToken(created->secret()), contract::KeyTokenShape::kValid);
  EXPECT_EQ(contract::KeyTokenPublicId(created->secret()), created->key().id());
  EXPECT_EQ(created->key().digest(), "");
  EXPECT_EQ(created->key().state(), "active");
  EXPECT_EQ(created->key().created_at().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_EQ(Stored("ci").digest(), Digest(created->secret()));
  const auto got = Call(&Stub::GetKey, Text<v1::GetRequest>("name: 'ci'"));
  EXPECT_THAT(got->DebugString(),
              AllOf(Not(HasSubstr("digest")), Not(HasSubstr(created->secret()))));
  const auto list = Call(&Stub::ListKeys, v1::ListKeysRequest());
  EXPECT_THAT(list->DebugString(), Not(HasSubstr("digest")));
}

TEST_F(KeyServiceTest, NamelessOneIsCalledByItsId) {
  const auto created = Create("");

  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->key().name(), created->key().id());
}

TEST_F(KeyServiceTest, MissingGroupIsAnsweredWithTheGroupsThereAre) {
  const auto add = [&](const std::string& group) {
    return Call(&Stub::CreateKey, Text<v1::CreateKeyRequest>("key { name: 'ci' " + group + " }"))
        .status();
  };
  const absl::Status alone = add("");
  ASSERT_THAT(Call(&v1::GroupService::Stub::CreateGroup,
                   Text<v1::CreateGroupRequest>("group { name: 'free' }")),
              IsOk());
  const absl::Status none = add("");
  const absl::Status misspelt = add("group: 'fre'");

  EXPECT_THAT(none, StatusIs(absl::StatusCode::kInvalidArgument, "key.group: a group is required"));
  EXPECT_EQ(GetFieldHint(none)->field, "key.group");
  EXPECT_EQ(GetFieldHint(none)->hint, "one of default, free");
  EXPECT_EQ(GetFieldHint(alone)->hint, "there is default");
  EXPECT_THAT(misspelt, StatusIs(absl::StatusCode::kInvalidArgument,
                                 "key.group: group \"fre\" does not exist"));
  EXPECT_EQ(GetFieldHint(misspelt)->hint, "did you mean \"free\"?");
}

TEST_F(KeyServiceTest, MoreThanTenGroupsAreCutShort) {
  const auto hint = [&] {
    return GetFieldHint(
               Call(&Stub::CreateKey, Text<v1::CreateKeyRequest>("key { name: 'ci' }")).status())
        ->hint;
  };
  for (int i = 1; i <= 9; ++i) {
    ASSERT_THAT(Call(&v1::GroupService::Stub::CreateGroup,
                     Text<v1::CreateGroupRequest>("group { name: 'g" + std::to_string(i) + "' }")),
                IsOk());
  }
  EXPECT_EQ(hint(), "one of default, g1, g2, g3, g4, g5, g6, g7, g8, g9");
  ASSERT_THAT(Call(&v1::GroupService::Stub::CreateGroup,
                   Text<v1::CreateGroupRequest>("group { name: 'h' }")),
              IsOk());
  EXPECT_EQ(hint(), "one of default, g1, g2, g3, g4, g5, g6, g7, g8, g9, …");
}

TEST_F(KeyServiceTest, IsFoundByNameAndById) {
  const auto created = Create("name: 'ci'");
  ASSERT_THAT(created, IsOk());
  v1::GetRequest request;
  request.set_name(created->key().id());

  EXPECT_EQ(Call(&Stub::GetKey, request)->name(), "ci");
  const auto missing = Call(&Stub::GetKey, Text<v1::GetRequest>("name: 'cj'"));
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
}

TEST_F(KeyServiceTest, NameIsUnique) {
  ASSERT_THAT(Create("name: 'ci'"), IsOk());

  EXPECT_THAT(Create("name: 'ci'"),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("\"ci\"")));
}

TEST_F(KeyServiceTest, GroupMustExist) {
  EXPECT_THAT(Call(&Stub::CreateKey, Text<v1::CreateKeyRequest>("key { group: 'defualt' }")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("defualt")));
}

TEST_F(KeyServiceTest, ExpiryInThePastIsRefused) {
  EXPECT_THAT(Create("expires_at { seconds: 1700000000 }"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("past")));
  EXPECT_THAT(Create("expires_at { seconds: 1700000001 }"), IsOk());
}

TEST_F(KeyServiceTest, ExistingSecretIsImportedAndNotShownAgain) {
  const auto imported = Create("name: 'old'", "legacy-secret");

  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->secret(), "");
  EXPECT_TRUE(imported->key().imported());
  EXPECT_EQ(Stored("old").digest(), Digest("legacy-secret"));
}

TEST_F(KeyServiceTest, SecretInUseIsRefusedWithoutSayingWhose) {
  ASSERT_THAT(Create("name: 'old'", "legacy-secret"), IsOk());

  const auto again = Create("name: 'new'", "legacy-secret");

  EXPECT_THAT(again, StatusIs(absl::StatusCode::kAlreadyExists,
                              AllOf(Not(HasSubstr("old")), Not(HasSubstr("legacy")))));
}

TEST_F(KeyServiceTest, ImportedSecretOfOurFormKeepsItsId) {
  const std::string secret = NewKeySecret("abcdefABCDEF");

  const auto imported = Create("name: 'moved'", secret);

  ASSERT_THAT(imported, IsOk());
  EXPECT_EQ(imported->key().id(), "abcdefABCDEF");
  const auto other = Create("name: 'other'", NewKeySecret("abcdefABCDEF"));
  ASSERT_THAT(other, IsOk());
  EXPECT_NE(other->key().id(), "abcdefABCDEF");
}

TEST_F(KeyServiceTest, MistypedSecretOfOurFormIsRefused) {
  std::string secret = NewKeySecret("abcdefABCDEF");
  secret.back() = secret.back() == 'a' ? 'b' : 'a';

  EXPECT_THAT(Create("", secret),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("checksum")));
}

TEST_F(KeyServiceTest, BlockingTwiceMakesOneRevision) {
  ASSERT_THAT(Create("name: 'ci'"), IsOk());

  const auto first = Block("ci");
  const auto second = Block("ci");

  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->key().state(), "blocked");
  EXPECT_EQ(second->key().state(), "blocked");
  EXPECT_EQ(first->revision(), second->revision());
  EXPECT_EQ(first->revision(), Revision());
  EXPECT_EQ(Unblock("ci")->key().state(), "active");
}

TEST_F(KeyServiceTest, RevokedOneForgetsItsDigestsForGood) {
  ASSERT_THAT(Create("name: 'ci'"), IsOk());
  ASSERT_THAT(Rotate("ci", 60), IsOk());

  ASSERT_THAT(Revoke("ci"), IsOk());

  EXPECT_EQ(Stored("ci").digest(), "");
  EXPECT_EQ(Stored("ci").previous_digest(), "");
  EXPECT_THAT(Revoke("ci"), IsOk());
  for (const auto& refused : {Block("ci"), Unblock("ci"), Rotate("ci", 0)}) {
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("revoked")));
  }
}

TEST_F(KeyServiceTest, RotatedOneKeepsItsIdAndForAWhileItsOldSecret) {
  const auto created = Create("name: 'ci'");
  ASSERT_THAT(created, IsOk());

  const auto rotated = Rotate("ci", 60);

  ASSERT_THAT(rotated, IsOk());
  EXPECT_NE(rotated->secret(), created->secret());
  EXPECT_EQ(contract::KeyTokenPublicId(rotated->secret()), created->key().id());
  EXPECT_EQ(Stored("ci").digest(), Digest(rotated->secret()));
  EXPECT_EQ(Stored("ci").previous_digest(), Digest(created->secret()));
  EXPECT_EQ(rotated->key().previous_expires_at().seconds(), 1'700'000'060);
  EXPECT_EQ(rotated->key().previous_digest(), "");
}

TEST_F(KeyServiceTest, RotationWithoutGraceEndsTheOldSecretAtOnce) {
  ASSERT_THAT(Create("name: 'ci'"), IsOk());
  ASSERT_THAT(Rotate("ci", 60), IsOk());

  ASSERT_THAT(Rotate("ci", 0), IsOk());

  EXPECT_EQ(Stored("ci").previous_digest(), "");
  EXPECT_FALSE(Stored("ci").has_previous_expires_at());
}

TEST_F(KeyServiceTest, GraceIsAtMostNinetyDays) {
  ASSERT_THAT(Create("name: 'ci'"), IsOk());
  constexpr int64_t kNinetyDays = 90 * 24 * 3600;

  EXPECT_THAT(Rotate("ci", kNinetyDays), IsOk());
  EXPECT_THAT(Rotate("ci", kNinetyDays + 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("90 days")));
  EXPECT_THAT(Rotate("ci", -1), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("grace")));
}

TEST_F(KeyServiceTest, RotatedBlockedOneStaysBlocked) {
  ASSERT_THAT(Create("name: 'ci'"), IsOk());
  ASSERT_THAT(Block("ci"), IsOk());

  ASSERT_THAT(Rotate("ci", 0), IsOk());

  EXPECT_EQ(Stored("ci").state(), "blocked");
}

TEST_F(KeyServiceTest, UpdateChangesLabelsAndLimits) {
  const auto created = Create("name: 'ci' metadata { key: 'team' value: 'a' }");
  ASSERT_THAT(created, IsOk());

  const auto updated = Update(
      "key { name: 'ci' models: 'gpt-*' metadata { key: 'owner' value: 'ann' } } "
      "update_mask { paths: 'models' paths: 'metadata.owner' }");

  ASSERT_THAT(updated, IsOk());
  EXPECT_THAT(updated->key().models(), ElementsAre("gpt-*"));
  EXPECT_EQ(updated->key().metadata().at("team"), "a");
  EXPECT_EQ(updated->key().metadata().at("owner"), "ann");
  EXPECT_EQ(updated->secret(), "");
}

TEST_F(KeyServiceTest, RenamingGoesById) {
  const auto created = Create("name: 'ci'");
  ASSERT_THAT(created, IsOk());

  EXPECT_THAT(Update("key { name: 'cd' } update_mask { paths: 'name' }"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("key.id")));
  EXPECT_THAT(
      Update("key { id: '" + created->key().id() + "' name: 'cd' } update_mask { paths: 'name' }"),
      IsOk());
  EXPECT_EQ(Stored("cd").id(), created->key().id());
  EXPECT_THAT(Create("name: 'ci'"), IsOk());
}

TEST_F(KeyServiceTest, UpdateCannotTouchStateOrDigests) {
  ASSERT_THAT(Create("name: 'ci'"), IsOk());

  for (const char* path : {"state", "digest", "id", "revision", "imported", "created_at"}) {
    EXPECT_THAT(Update(std::string("key { name: 'ci' } update_mask { paths: '") + path + "' }"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expires_at")))
        << path;
  }
}

TEST_F(KeyServiceTest, ListIsFilteredByStateGroupAndName) {
  ASSERT_THAT(Call(&v1::GroupService::Stub::CreateGroup,
                   Text<v1::CreateGroupRequest>("group { name: 'pro' connections: '*' }")),
              IsOk());
  ASSERT_THAT(Create("name: 'a1'"), IsOk());
  ASSERT_THAT(Create("name: 'a2' expires_at { seconds: 1700000010 }"), IsOk());
  ASSERT_THAT(Create("name: 'b1' group: 'pro'"), IsOk());
  ASSERT_THAT(Create("name: 'b2'"), IsOk());
  ASSERT_THAT(Block("b1"), IsOk());
  ASSERT_THAT(Revoke("b2"), IsOk());
  clock_.Advance(absl::Seconds(10));

  EXPECT_THAT(List(""), ElementsAre("a1", "a2", "b1", "b2"));
  EXPECT_THAT(List("state: 'active'"), ElementsAre("a1"));
  EXPECT_THAT(List("state: 'expired'"), ElementsAre("a2"));
  EXPECT_THAT(List("state: 'blocked'"), ElementsAre("b1"));
  EXPECT_THAT(List("state: 'revoked'"), ElementsAre("b2"));
  EXPECT_THAT(List("group: 'pro'"), ElementsAre("b1"));
  EXPECT_THAT(List("filter: 'a*' page_size: 1"), ElementsAre("a1"));
  EXPECT_THAT(Call(&Stub::ListKeys, Text<v1::ListKeysRequest>("state: 'acitve'")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("acitve")));
}

TEST_F(KeyServiceTest, PagesAreAtMostAThousand) {
  for (int i = 0; i < 3; ++i) ASSERT_THAT(Create(""), IsOk());

  const auto page = Call(&Stub::ListKeys, Text<v1::ListKeysRequest>("page_size: 4000000000"));

  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->keys_size(), 3);
}

TEST_F(KeyServiceTest, DeletedOneIsGone) {
  ASSERT_THAT(Create("name: 'ci'"), IsOk());

  EXPECT_THAT(Call(&Stub::DeleteKey, Text<v1::DeleteRequest>("name: 'ci'")), IsOk());

  EXPECT_EQ(Call(&Stub::GetKey, Text<v1::GetRequest>("name: 'ci'")).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(KeyServiceTest, ExpectedRevisionGuardsTheState) {
  ASSERT_THAT(Create("name: 'ci'"), IsOk());
  v1::KeyStateRequest request = State("ci");
  request.set_expected_revision(1);

  EXPECT_EQ(Call(&Stub::BlockKey, request).status().code(), absl::StatusCode::kAborted);
}

}  // namespace
}  // namespace lmgate::admin
