#include "tests/unit/cli/lmctl_fixture.h"

namespace lmgate::cli {
namespace {

using ::testing::HasSubstr;

constexpr char kStatus[] = R"(
    version: "0.1.0" revision: 42 started_at { seconds: 1795255200 }
    replicas { id: "dp-1" version: "0.1.0" state: "SYNCED" revision: 42
               listen_address: "127.0.0.1:8000" }
    replicas { id: "dp-2" version: "0.1.0" state: "NACKED" revision: 41 lag: 1
               complaints { kind: RESOURCE_KIND_CONNECTION name: "openai"
                            message: "environment variable OPENAI_API_KEY is not set" } })";

class StatusTest : public LmctlTest {};

TEST_F(StatusTest, ShowsReplicasAndTheirComplaints) {
  server.Reply("StatusService/GetStatus", Proto<v1::GetStatusReply>(kStatus));

  const Result result = Run({"status"});

  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out,
            "control plane 0.1.0, revision 42, up 2h\n"
            "\n"
            "REPLICA  STATE   REVISION  LAG  VERSION  ADDRESS         COMPLAINTS\n"
            "dp-1     SYNCED  42        0    0.1.0    127.0.0.1:8000  -\n"
            "dp-2     NACKED  41        1    0.1.0    -               1\n"
            "\n"
            "dp-2: connection openai: environment variable OPENAI_API_KEY is not set\n");
}

TEST_F(StatusTest, JsonHasEveryPlainField) {
  server.Reply("StatusService/GetStatus", Proto<v1::GetStatusReply>(kStatus));

  const Result result = Run({"status", "-o", "json"});

  EXPECT_THAT(result.out, HasSubstr("\"lag\": \"0\""));
  EXPECT_THAT(result.out, HasSubstr("\"revision\": \"42\""));
}

TEST_F(StatusTest, WatchEndsCleanlyOnCtrlC) {
  server.Reply("StatusService/GetStatus", Proto<v1::GetStatusReply>("version: \"1\" revision: 1"));
  server.Reply("StatusService/GetStatus", Proto<v1::GetStatusReply>("version: \"1\" revision: 2"));
  pauses = 1;

  const Result result = Run({"status", "--watch", "--interval", "100ms"});

  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("revision 1"));
  EXPECT_THAT(result.out, HasSubstr("revision 2"));
}

TEST_F(StatusTest, WatchOutlivesTheControlPlaneAndSaysSoOnce) {
  server.Reply("StatusService/GetStatus", Proto<v1::GetStatusReply>("version: \"1\" revision: 1"));
  server.Fail("StatusService/GetStatus", grpc::Status(grpc::StatusCode::UNAVAILABLE, "going away"));
  server.Fail("StatusService/GetStatus", grpc::Status(grpc::StatusCode::UNAVAILABLE, "going away"));
  server.Reply("StatusService/GetStatus", Proto<v1::GetStatusReply>("version: \"1\" revision: 2"));
  pauses = 3;

  const Result result = Run({"status", "--watch"});

  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("revision 2"));
  EXPECT_EQ(result.err, "error: going away\n");
}

TEST_F(StatusTest, IntervalHasAMinimum) {
  EXPECT_EQ(Run({"status", "--watch", "--interval", "99ms"}).code, 1);
}

}  // namespace
}  // namespace lmgate::cli
