// Connecting, waiting, and how errors reach the person.
#include "cli/session.h"

#include <filesystem>

#include "common/base/error_detail.h"
#include "common/base/grpc_status.h"
#include "tests/unit/cli/lmctl_fixture.h"

namespace lmgate::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

class SessionTest : public LmctlTest {
 protected:
  void Stores() {
    server.Reply("GroupService/CreateGroup",
                 Proto<v1::GroupReply>(R"(group { name: "g" } revision: 42)"));
  }
  // Exit code of a command whose call fails so.
  int CodeOf(grpc::StatusCode code) {
    ScriptedServer failing;
    failing.Fail("GroupService/GetGroup", grpc::Status(code, "no"));
    return Run({"groups", "show", "g", "--server", failing.address()}).code;
  }
};

TEST_F(SessionTest, CallsCarryTokenAndActor) {
  Stores();
  Run({"groups", "add", "g", "--no-wait"});

  EXPECT_THAT(server.Metadata(), Contains(Pair("authorization", "Bearer the-admin-token")));
  EXPECT_THAT(server.Metadata(), Contains(Pair("x-lmgate-actor", "tester@here")));
}

TEST_F(SessionTest, TokenFileBeatsTheVariable) {
  Stores();
  Run({"groups", "add", "g", "--no-wait", "--token-file", WriteFile("t", "other\n")});

  EXPECT_THAT(server.Metadata(), Contains(Pair("authorization", "Bearer other")));
}

TEST_F(SessionTest, ContextGivesServerAndTokenUnlessAFlagDoes) {
  Stores();
  environment.erase("LMCTL_TOKEN");
  environment.erase("LMCTL_SERVER");
  const std::string token = WriteFile("t", "from-context\n");
  ASSERT_EQ(
      Run({"context", "add", "here", "--server", server.address(), "--token-file", token}).code, 0);

  EXPECT_EQ(Run({"groups", "add", "g", "--no-wait"}).code, 0);
  EXPECT_THAT(server.Metadata(), Contains(Pair("authorization", "Bearer from-context")));
  EXPECT_EQ(Run({"groups", "add", "g", "--context", "hree"}).code, 1);
  EXPECT_EQ(Run({"groups", "list", "--server", "127.0.0.1:1"}).code, 2);
}

TEST_F(SessionTest, MissingTokenSaysWhereItLooked) {
  environment.erase("LMCTL_TOKEN");
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder);

  const Result none = Run({"groups", "list"});
  const Result unreadable = Run({"groups", "list", "--token-file", "nowhere"});
  std::filesystem::create_directories(".lmgate/controlplane");
  WriteFile(".lmgate/controlplane/admin.token", "found\n");
  server.Reply("GroupService/ListGroups", v1::ListGroupsReply());
  const Result found = Run({"groups", "list"});
  std::filesystem::current_path(before);

  EXPECT_EQ(none.code, 4);
  EXPECT_THAT(none.err, HasSubstr("./.lmgate/controlplane/admin.token does not exist"));
  EXPECT_EQ(unreadable.code, 4);
  EXPECT_THAT(unreadable.err,
              HasSubstr("cannot read nowhere: No such file or directory (--token-file)"));
  EXPECT_EQ(found.code, 0) << found.err;
}

TEST_F(SessionTest, TokenThatNoHeaderCanCarryIsRefusedAndNotShown) {
  environment["LMCTL_TOKEN"] = "two words";

  const Result result = Run({"groups", "list"});

  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(result.err, Not(HasSubstr("two words")));
}

TEST_F(SessionTest, RefusedTokenSaysWhereItCameFrom) {
  server.Fail("GroupService/ListGroups",
              grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "unknown token"));

  const Result result = Run({"groups", "list"});

  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(result.err, HasSubstr("refused the admin token: unknown token"));
  EXPECT_THAT(result.err, HasSubstr("the token came from LMCTL_TOKEN"));
  EXPECT_THAT(result.err, Not(HasSubstr("the-admin-token")));
}

TEST_F(SessionTest, UnreachableServerSaysAddressAndWhatToDo) {
  environment["LMCTL_SERVER"] = "127.0.0.1:1";

  const Result result = Run({"groups", "list"});

  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(
      result.err,
      "error: cannot reach the control plane at 127.0.0.1:1 (LMCTL_SERVER): connection refused\n"
      "hint: start it with `lmgate-controlplane`, or point to it with --server HOST:PORT, "
      "LMCTL_SERVER or `lmctl context`\n");
}

TEST_F(SessionTest, ServerMustBeHostAndPort) {
  for (const std::string address :
       {"localhost", "localhost:", ":8400", "localhost:0", "localhost:65536"}) {
    EXPECT_EQ(Run({"groups", "list", "--server", address}).code, 1) << address;
  }
}

TEST_F(SessionTest, ErrorsMapToExitCodes) {
  using grpc::StatusCode;

  EXPECT_EQ(CodeOf(StatusCode::NOT_FOUND), 3);
  EXPECT_EQ(CodeOf(StatusCode::UNAUTHENTICATED), 4);
  EXPECT_EQ(CodeOf(StatusCode::PERMISSION_DENIED), 4);
  EXPECT_EQ(CodeOf(StatusCode::ABORTED), 5);
  EXPECT_EQ(CodeOf(StatusCode::ALREADY_EXISTS), 5);
  for (const StatusCode code :
       {StatusCode::INVALID_ARGUMENT, StatusCode::FAILED_PRECONDITION, StatusCode::INTERNAL,
        StatusCode::UNAVAILABLE, StatusCode::RESOURCE_EXHAUSTED, StatusCode::UNIMPLEMENTED}) {
    EXPECT_EQ(CodeOf(code), 2) << code;
  }
}

TEST_F(SessionTest, ServerErrorsShowMessageAndHint) {
  server.Fail("RouteService/CreateRoute",
              ToGrpcStatus(WithFieldHint(
                  absl::InvalidArgumentError("to[0].connection: no \"opnai\""),
                  {.field = "to[0].connection", .hint = "did you mean \"openai\"?"})));

  const Result text = Run({"routes", "add", "--model", "m", "--to", "opnai.x"});
  const Result json = Run({"routes", "add", "--model", "m", "--to", "opnai.x", "-o", "json"});

  EXPECT_EQ(text.code, 2);
  EXPECT_EQ(text.err,
            "error: to[0].connection: no \"opnai\"\n"
            "hint: did you mean \"openai\"?\n");
  EXPECT_EQ(json.out, "");
  EXPECT_EQ(json.err,
            "{\"error\":{\"code\":\"INVALID_ARGUMENT\",\"message\":\"to[0].connection: no "
            "\\\"opnai\\\"\",\"field\":\"to[0].connection\",\"hint\":\"did you mean "
            "\\\"openai\\\"?\"}}\n");
}

TEST_F(SessionTest, ChangeIsStoredWhenNoReplicaIsThere) {
  Stores();
  server.Reply("StatusService/WaitForRevision", v1::WaitForRevisionReply());

  const Result result = Run({"groups", "add", "g"});

  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err,
            "group \"g\" added\n"
            "revision 42 stored; no replicas connected\n");
}

TEST_F(SessionTest, PartialPropagationNamesReplicasAndReasons) {
  Stores();
  server.Reply("StatusService/WaitForRevision", Proto<v1::WaitForRevisionReply>(R"(
      replicas: 2 active: 1 timed_out: true
      missing { id: "dp-2" state: "NACKED" revision: 41
                complaints { kind: RESOURCE_KIND_GROUP name: "g" message: "not known" } })"));

  const Result result = Run({"groups", "add", "g", "--wait", "3s", "-q"});

  EXPECT_EQ(result.code, 6);
  EXPECT_EQ(result.out, "g\n");
  EXPECT_EQ(result.err,
            "warning: revision 42 active on 1/2 replicas only after 3.0 s; it is stored\n"
            "warning: replica dp-2: NACKED at revision 41; group g: not known\n");
  EXPECT_THAT(server.Requests<v1::WaitForRevisionRequest>("StatusService/WaitForRevision"),
              ElementsAre(EqualsProto("revision: 42 timeout { seconds: 3 }")));
}

TEST_F(SessionTest, FailedWaitIsNoFailedChange) {
  Stores();

  const Result result = Run({"groups", "add", "g"});

  EXPECT_EQ(result.code, 6);
  EXPECT_THAT(result.err, HasSubstr("revision 42 stored, but the replicas' answers are not known"));
}

TEST_F(SessionTest, NoWaitDoesNotAsk) {
  Stores();

  const Result result = Run({"groups", "add", "g", "--no-wait"});

  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, HasSubstr("revision 42 stored\n"));
  EXPECT_THAT(server.Calls(), ElementsAre("GroupService/CreateGroup"));
}

TEST_F(SessionTest, DurationsAreChecked) {
  EXPECT_EQ(Run({"groups", "list", "--timeout", "soon"}).code, 1);
  EXPECT_EQ(Run({"groups", "list", "--wait", "61s"}).code, 1);
  EXPECT_EQ(Run({"groups", "list", "--wait", "1s", "--no-wait"}).code, 1);
  EXPECT_EQ(Run({"groups", "list", "-o", "xml"}).code, 1);
  EXPECT_THAT(server.Calls(), IsEmpty());
}

TEST_F(SessionTest, OutputFormatComesFromTheEnvironment) {
  server.Reply("GroupService/ListGroups", v1::ListGroupsReply());
  environment["LMCTL_OUTPUT"] = "json";

  EXPECT_EQ(Run({"groups", "list"}).out, "[]\n");
  EXPECT_EQ(Run({"groups", "list", "-o", "name"}).out, "");
}

TEST_F(SessionTest, ClientCertificatesNeedTheirKeyAndTls) {
  const std::string file = WriteFile("f.pem", "pem");

  EXPECT_EQ(Run({"groups", "list", "--ca", file, "--client-cert", file}).code, 1);
  EXPECT_EQ(Run({"groups", "list", "--client-cert", file, "--client-key", file}).code, 1);
  EXPECT_EQ(Run({"groups", "list", "--ca", WriteFile("empty", "")}).code, 1);
  EXPECT_THAT(server.Calls(), IsEmpty());
}

TEST_F(SessionTest, UnwritableOutputIsAnError) {
  server.Reply("GroupService/ListGroups", v1::ListGroupsReply());
  out_fails = true;

  const Result result = Run({"groups", "list"});

  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "error: standard output cannot be written\n");
}

TEST_F(SessionTest, VersionWorksWithoutAServer) {
  environment["LMCTL_SERVER"] = "127.0.0.1:1";

  const Result result = Run({"version"});

  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("client  "));
  EXPECT_THAT(result.out, HasSubstr("server  -\n"));
}

}  // namespace
}  // namespace lmgate::cli
