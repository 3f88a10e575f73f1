#include "controlplane/admin/status_service.h"

#include "common/base/logging.h"
#include "tests/unit/controlplane/admin/admin_fixture.h"

namespace lmgate::admin {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;
using Stub = v1::StatusService::Stub;

class StatusServiceTest : public AdminFixture {
 protected:
  absl::StatusOr<v1::WaitForRevisionReply> Wait(const std::string& text) {
    return Call(&Stub::WaitForRevision, Text<v1::WaitForRevisionRequest>(text));
  }
};

TEST_F(StatusServiceTest, SaysWhereTheConfigurationIs) {
  AddBasics();

  const auto status = Call(&Stub::GetStatus, v1::GetStatusRequest());

  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(status->version(), Version());
  EXPECT_EQ(status->revision(), 3u);
  EXPECT_NE(status->hash(), 0u);
  EXPECT_EQ(status->lineage().size(), 36u);
  EXPECT_EQ(status->started_at().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_EQ(status->replicas_size(), 0);
}

TEST_F(StatusServiceTest, WaitWithoutReplicasReturnsAtOnce) {
  const auto reply = Wait("revision: 7");

  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->replicas(), 0u);
  EXPECT_FALSE(reply->timed_out());
}

TEST_F(StatusServiceTest, WaitEndsWhenTheRegistryStops) {
  v1::Hello hello;
  hello.set_replica_id("r1");
  replicas_.SetCurrent({.revision = 1, .hash = 1}, clock_.Now());
  replicas_.Connect(1, hello, discovery::ReplicaRegistry::Base::kForeign);
  replicas_.Stop();

  const auto reply = Wait("revision: 1 timeout { seconds: 60 }");

  ASSERT_THAT(reply, IsOk());
  EXPECT_TRUE(reply->timed_out());
  EXPECT_EQ(reply->replicas(), 1u);
  EXPECT_EQ(reply->active(), 0u);
}

TEST_F(StatusServiceTest, WaitIsAtMostAMinute) {
  EXPECT_THAT(Wait("timeout { seconds: 60 }"), IsOk());
  EXPECT_THAT(Wait("timeout { seconds: 60 nanos: 1 }"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("60 s")));
  EXPECT_THAT(Wait("timeout { seconds: -1 }"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("timeout")));
}

}  // namespace
}  // namespace lmgate::admin
