#include "controlplane/admin/admin_call.h"

#include <sys/stat.h>

#include "tests/unit/controlplane/admin/admin_fixture.h"

namespace lmgate::admin {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class AdminCallTest : public AdminFixture {
 protected:
  absl::Status CallWith(const std::string& authorization) {
    grpc::ClientContext context;
    if (!authorization.empty()) context.AddMetadata("authorization", authorization);
    v1::GetStatusReply reply;
    return FromGrpcStatus(
        v1::StatusService::NewStub(channel_)->GetStatus(&context, v1::GetStatusRequest(), &reply));
  }
  std::string FileText(const std::string& name) {
    std::string text;
    std::getline(std::ifstream(dir_.File(name)), text);
    return text;
  }
};

TEST_F(AdminCallTest, RightTokenIsLetIn) {
  EXPECT_THAT(CallWith("Bearer " + token_), IsOk());
  EXPECT_THAT(CallWith("bearer " + token_), IsOk());
}

TEST_F(AdminCallTest, NoTokenIsToldWhereTheFileIs) {
  EXPECT_THAT(CallWith(""),
              StatusIs(absl::StatusCode::kUnauthenticated,
                       AllOf(HasSubstr("admin token"), HasSubstr(dir_.File("admin.token")))));
}

TEST_F(AdminCallTest, AnyOtherTokenIsRefusedWithoutShowingTheRightOne) {
  const std::string replica = FileText("replica.token");
  ASSERT_EQ(replica.size(), 64u);
  for (const std::string& wrong :
       {std::string("Bearer"), std::string("Bearer "), "Bearer " + replica, "Basic " + token_,
        token_, "Bearer " + token_ + "0", "Bearer " + token_.substr(1)}) {
    EXPECT_THAT(CallWith(wrong),
                StatusIs(absl::StatusCode::kUnauthenticated,
                         AllOf(HasSubstr("not the admin token"), Not(HasSubstr(token_)))))
        << wrong;
  }
}

TEST_F(AdminCallTest, TokenFilesAreForTheirOwnerAndKept) {
  struct stat found {};
  for (const char* name : {"admin.token", "replica.token"}) {
    ASSERT_EQ(stat(dir_.File(name).c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, mode_t{0600});
  }
  EXPECT_NE(FileText("admin.token"), FileText("replica.token"));

  ASSERT_THAT(AdminAuth::Create(dir_.path()), IsOk());

  EXPECT_EQ(FileText("admin.token"), token_);
}

TEST_F(AdminCallTest, ShortTokenIsRefusedAtTheStart) {
  std::ofstream(dir_.File("admin.token")) << std::string(15, 'x');
  EXPECT_THAT(AdminAuth::Create(dir_.path()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("at least 16")));

  std::ofstream(dir_.File("admin.token")) << std::string(16, 'x') << "\n";
  EXPECT_THAT(AdminAuth::Create(dir_.path()), IsOk());
}

TEST_F(AdminCallTest, CallsAreCountedByMethodAndCode) {
  EXPECT_THAT(CallWith("Bearer " + token_), IsOk());
  EXPECT_FALSE(CallWith("").ok());

  const std::string page = metrics_.Page(7, {Text<v1::Replica>("id: 'a' state: 'SYNCED'")});

  EXPECT_THAT(page, HasSubstr("admin_calls_total{code=\"OK\",method=\"status\"} 1"));
  EXPECT_THAT(page, HasSubstr("admin_calls_total{code=\"UNAUTHENTICATED\",method=\"status\"} 1"));
  EXPECT_THAT(page, HasSubstr("lmgate_controlplane_revision 7"));
  EXPECT_THAT(page, HasSubstr("lmgate_controlplane_replicas{state=\"synced\"} 1"));
  EXPECT_THAT(page, HasSubstr("lmgate_controlplane_replicas{state=\"stale\"} 0"));
}

TEST_F(AdminCallTest, ActorIsKeptPrintableAndShort) {
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer " + token_);
  context.AddMetadata("x-lmgate-actor", std::string(129, 'a'));
  v1::GroupReply reply;
  ASSERT_TRUE(
      v1::GroupService::NewStub(channel_)
          ->CreateGroup(&context, Text<v1::CreateGroupRequest>("group { name: 'g' }"), &reply)
          .ok());

  EXPECT_EQ(store_->ListChanges(0, 1)->at(0).actor, std::string(128, 'a'));
}

}  // namespace
}  // namespace lmgate::admin
