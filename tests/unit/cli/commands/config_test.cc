#include "tests/unit/cli/lmctl_fixture.h"

namespace lmgate::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kPlan[] = R"(
    revision: 43
    plan { kind: RESOURCE_KIND_CONNECTION name: "openai" action: "create" }
    plan { kind: RESOURCE_KIND_ROUTE name: "gpt-*" action: "update"
           details: "strategy: first -> fallback" }
    plan { kind: RESOURCE_KIND_GROUP name: "old" action: "delete" }
    warnings: "route \"x\" can never match")";

class ConfigTest : public LmctlTest {};

TEST_F(ConfigTest, ApplySendsTheFileAndPrintsThePlan) {
  server.Reply("ConfigService/Apply", Proto<v1::ApplyReply>(kPlan));
  AllReplicasFollow();
  const std::string path = WriteFile("a.yaml", "groups: {}\n");

  const Result result = Run({"apply", "-f", path, "--if-revision", "42"});

  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out,
            "+ create connection openai\n"
            "~ update route gpt-*\n"
            "    strategy: first -> fallback\n"
            "- delete group old\n");
  EXPECT_EQ(result.err,
            "warning: route \"x\" can never match\n"
            "3 changes: 1 created, 1 updated, 1 deleted\n"
            "revision 43 active on 2/2 replicas in 8 ms\n");
  const auto requests = server.Requests<v1::ApplyRequest>("ConfigService/Apply");
  ASSERT_EQ(requests.size(), 1);
  EXPECT_EQ(requests[0].content(), "groups: {}\n");
  EXPECT_EQ(requests[0].file_name(), path);
  EXPECT_EQ(requests[0].expected_revision(), 42);
}

TEST_F(ConfigTest, ApplyOfNoChangeDoesNotWait) {
  server.Reply("ConfigService/Apply", Proto<v1::ApplyReply>("revision: 42"));
  input = "{}";

  const Result result = Run({"apply", "-f", "-"});

  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "no changes; revision 42\n");
  EXPECT_THAT(server.Calls(), ElementsAre("ConfigService/Apply"));
}

TEST_F(ConfigTest, DryRunOnlyAsks) {
  server.Reply("ConfigService/Diff", Proto<v1::ApplyReply>(kPlan));

  const Result result = Run({"apply", "-f", WriteFile("a.yaml", ""), "--dry-run"});

  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, HasSubstr("dry run, nothing was changed"));
  EXPECT_THAT(server.Calls(), ElementsAre("ConfigService/Diff"));
}

TEST_F(ConfigTest, DiffExitsWithZeroOneAndMore) {
  const std::string path = WriteFile("a.yaml", "");
  server.Reply("ConfigService/Diff", v1::ApplyReply());
  server.Reply("ConfigService/Diff", Proto<v1::ApplyReply>(kPlan));
  server.Fail("ConfigService/Diff", grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "line 1"));

  EXPECT_EQ(Run({"diff", "-f", path}).code, 0);
  EXPECT_EQ(Run({"diff", "-f", path}).code, 1);
  EXPECT_EQ(Run({"diff", "-f", path}).code, 2);
  EXPECT_EQ(Run({"diff", "-f", folder + "/missing"}).code, 2);
  EXPECT_EQ(Run({"diff", "--no-such-flag"}).code, 2);
  EXPECT_EQ(Run({"diff"}).code, 2);
}

TEST_F(ConfigTest, FilesHaveALimit) {
  server.Reply("ConfigService/Diff", v1::ApplyReply());
  const std::string at_limit = WriteFile("a", std::string(16 << 20, '#'));
  const std::string past_limit = WriteFile("b", std::string((16 << 20) + 1, '#'));

  EXPECT_EQ(Run({"apply", "--dry-run", "-f", past_limit}).code, 1);
  EXPECT_THAT(server.Calls(), IsEmpty());
  // This server takes 4 MiB; that it was called is what counts.
  EXPECT_NE(Run({"apply", "--dry-run", "-f", at_limit}).code, 1);
}

TEST_F(ConfigTest, ExportPrintsTheBytesOfTheServer) {
  server.Reply("ConfigService/Export", Proto<v1::ExportReply>(R"(content: "groups: {}\n")"));

  EXPECT_EQ(Run({"export"}).out, "groups: {}\n");
  EXPECT_EQ(Run({"export", "-o", "json"}).code, 0);
  EXPECT_EQ(Run({"export", "-o", "table"}).code, 1);

  EXPECT_THAT(
      server.Requests<v1::ExportRequest>("ConfigService/Export"),
      ElementsAre(EqualsProto(R"pb(format: "yaml")pb"), EqualsProto(R"pb(format: "json")pb")));
}

TEST_F(ConfigTest, HistoryStopsAtItsLimit) {
  server.Reply("ConfigService/ListChanges", Proto<v1::ListChangesReply>(R"(
      changes { revision: 3 time { seconds: 1795262300 } actor: "a@b" operation: "keys block"
                items { kind: RESOURCE_KIND_KEY name: "ci" action: "update" } }
      changes { revision: 2 } next_page_token: "t")"));

  const Result result = Run({"history", "--limit", "2"});

  EXPECT_THAT(result.out,
              HasSubstr("3         2026-11-21T11:58:20Z  a@b    keys block  update key ci\n"));
  EXPECT_THAT(server.Requests<v1::ListChangesRequest>("ConfigService/ListChanges"),
              ElementsAre(EqualsProto("page_size: 2")));
  EXPECT_EQ(Run({"history", "--limit", "0"}).code, 1);
  EXPECT_EQ(Run({"history", "--limit", "10001"}).code, 1);
}

TEST_F(ConfigTest, RollbackSendsTheRevision) {
  server.Reply("ConfigService/Rollback", Proto<v1::ApplyReply>(kPlan));
  AllReplicasFollow();

  EXPECT_EQ(Run({"rollback", "17"}).code, 0);
  EXPECT_EQ(Run({"rollback", "-1"}).code, 1);
  EXPECT_EQ(Run({"rollback", "x"}).code, 1);

  EXPECT_THAT(server.Requests<v1::RollbackRequest>("ConfigService/Rollback"),
              ElementsAre(EqualsProto("revision: 17")));
}

}  // namespace
}  // namespace lmgate::cli
