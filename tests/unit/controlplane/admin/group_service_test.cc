#include "controlplane/admin/group_service.h"

#include "tests/unit/controlplane/admin/admin_fixture.h"

namespace lmgate::admin {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Stub = v1::GroupService::Stub;

class GroupServiceTest : public AdminFixture {
 protected:
  GroupServiceTest() { AddBasics(); }

  absl::StatusOr<v1::GroupReply> Create(const std::string& text) {
    return Call(&Stub::CreateGroup, Text<v1::CreateGroupRequest>("group { " + text + " }"));
  }
};

TEST_F(GroupServiceTest, CanBeMadeSeenChangedAndRemoved) {
  ASSERT_THAT(Create("name: 'free' connections: 'openai'"), IsOk());

  const auto updated = Call(&Stub::UpdateGroup,
                            Text<v1::UpdateGroupRequest>("group { name: 'free' models: 'gpt-*' } "
                                                         "update_mask { paths: 'models' }"));
  ASSERT_THAT(updated, IsOk());
  EXPECT_THAT(updated->group().models(), ElementsAre("gpt-*"));
  EXPECT_THAT(updated->group().connections(), ElementsAre("openai"));
  const auto got = Call(&Stub::GetGroup, Text<v1::GetRequest>("name: 'free'"));
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->revision(), updated->revision());
  EXPECT_EQ(Call(&Stub::ListGroups, v1::ListRequest())->groups_size(), 2);

  EXPECT_THAT(Call(&Stub::DeleteGroup, Text<v1::DeleteRequest>("name: 'free'")), IsOk());
  EXPECT_EQ(Call(&Stub::GetGroup, Text<v1::GetRequest>("name: 'free'")).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(GroupServiceTest, UnknownConnectionIsRefused) {
  EXPECT_THAT(
      Create("name: 'free' connections: 'opanai'"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("groups[\"free\"].connections[0]")));
}

TEST_F(GroupServiceTest, OneWithKeysCannotBeDeleted) {
  ASSERT_THAT(Call(&v1::KeyService::Stub::CreateKey,
                   Text<v1::CreateKeyRequest>("key { name: 'ci' group: 'default' }")),
              IsOk());

  EXPECT_THAT(Call(&Stub::DeleteGroup, Text<v1::DeleteRequest>("name: 'default'")),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("1 key")));
}

TEST_F(GroupServiceTest, GrantingNothingIsAWarning) {
  const auto created = Create("name: 'empty'");

  ASSERT_THAT(created, IsOk());
  EXPECT_THAT(created->warnings(), Contains(HasSubstr("\"empty\"")));
}

}  // namespace
}  // namespace lmgate::admin
