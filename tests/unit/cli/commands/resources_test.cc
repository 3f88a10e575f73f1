// connections, routes and groups: what their flags become.
#include "tests/unit/cli/lmctl_fixture.h"

namespace lmgate::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ResourcesTest : public LmctlTest {
 protected:
  ResourcesTest() {
    AllReplicasFollow();
    for (const char* verb : {"CreateConnection", "UpdateConnection"}) {
      server.Reply(std::string("ConnectionService/") + verb,
                   Proto<v1::ConnectionReply>(R"(connection { name: "c" } revision: 5)"));
    }
    for (const char* verb : {"CreateRoute", "UpdateRoute"}) {
      server.Reply(std::string("RouteService/") + verb,
                   Proto<v1::RouteReply>(R"(route { name: "r" } revision: 5)"));
    }
    for (const char* verb : {"CreateGroup", "UpdateGroup"}) {
      server.Reply(std::string("GroupService/") + verb,
                   Proto<v1::GroupReply>(R"(group { name: "g" } revision: 5)"));
    }
  }
};

TEST_F(ResourcesTest, ConnectionAddSendsAllFlags) {
  const Result result = Run({"connections",
                             "add",
                             "c",
                             "--provider",
                             "openai",
                             "--dialect",
                             "openai-chat",
                             "--base-url",
                             "https://api.example.com/v1",
                             "--api-key-from",
                             "env:KEY",
                             "--auth",
                             "credential",
                             "--auth-header",
                             "x-api-key",
                             "--auth-scheme",
                             "",
                             "--header",
                             "x-team=search",
                             "--header",
                             "authorization=env:A",
                             "--timeout",
                             "connect=2s",
                             "--timeout",
                             "first-token=1m",
                             "--tls-ca",
                             "/etc/ca.pem",
                             "--tls-client-cert",
                             "/c.pem",
                             "--tls-client-key",
                             "/k.pem",
                             "--tls-server-name",
                             "llm.example.com",
                             "--tls-insecure-skip-verify"});

  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("connection \"c\" added\n"));
  EXPECT_EQ(result.out, "");
  const auto requests =
      server.Requests<v1::CreateConnectionRequest>("ConnectionService/CreateConnection");
  ASSERT_EQ(requests.size(), 1);
  EXPECT_THAT(requests[0],
              EqualsProto(R"pb(connection {
                                 name: "c"
                                 provider: "openai"
                                 dialect: "openai-chat"
                                 base_url: "https://api.example.com/v1"
                                 api_key: "env:KEY"
                                 auth { mode: "credential" header: "x-api-key" scheme: "" }
                                 headers { key: "authorization" value: "env:A" }
                                 headers { key: "x-team" value: "search" }
                                 timeouts {
                                   connect { seconds: 2 }
                                   first_token { seconds: 60 }
                                 }
                                 tls {
                                   ca: "/etc/ca.pem"
                                   client_cert: "/c.pem"
                                   client_key: "/k.pem"
                                   server_name: "llm.example.com"
                                   insecure_skip_verify: true
                                 }
                               })pb"));
}

TEST_F(ResourcesTest, ConnectionUpdateSendsOnlyTheFieldsGiven) {
  EXPECT_EQ(Run({"connection", "update", "c", "--timeout", "idle=90s", "--auth-scheme=", "--clear",
                 "tls.ca", "--if-revision", "4"})
                .code,
            0);

  EXPECT_THAT(server.Requests<v1::UpdateConnectionRequest>("ConnectionService/UpdateConnection"),
              ElementsAre(EqualsProto(R"pb(
                connection {
                  name: "c"
                  auth { scheme: "" }
                  timeouts { idle { seconds: 90 } }
                }
                update_mask { paths: "auth.scheme" paths: "timeouts.idle" paths: "tls.ca" }
                expected_revision: 4)pb")));
}

TEST_F(ResourcesTest, ALiteralSecretOnTheCommandLineIsRefusedAndNotRepeated) {
  const std::vector<std::vector<std::string>> lines = {
      {"connections", "add", "c", "--api-key", "sk-literal"},
      {"connections", "add", "c", "--api-key-from", "sk-literal"},
      {"connections", "update", "c", "--api-key=sk-literal"},
      {"connections", "add", "c", "--header", "X-Api-Key=sk-literal"},
      {"connections", "add", "c", "--aws-secret-access-key", "sk-literal"},
      {"connections", "add", "c", "--aws-session-token", "sk-literal"},
      {"connections", "add", "c", "--google-service-account", "{sk-literal}"},
      {"connections", "update", "c", "--azure-client-secret", "sk-literal"},
      {"connections", "add", "c", "--apikey", "sk-literal"},
      {"connections", "add", "c", "--apikey=sk-literal"},
  };
  for (const auto& line : lines) {
    const Result result = Run(line);

    EXPECT_EQ(result.code, 1) << line.back();
    EXPECT_THAT(result.err, Not(HasSubstr("sk-literal")));
  }
  EXPECT_THAT(server.Calls(), IsEmpty());
}

TEST_F(ResourcesTest, TheCloudsOfAConnectionHaveFlags) {
  EXPECT_EQ(Run({"connections", "add", "c", "--provider", "aws-bedrock", "--aws-region",
                 "us-east-1", "--aws-access-key-id", "AKI", "--aws-secret-access-key", "env:S",
                 "--aws-session-token", "file:/t"})
                .code,
            0);
  EXPECT_EQ(Run({"connections", "add", "c", "--google-service-account", "file:/sa.json",
                 "--google-project", "p", "--google-location", "global"})
                .code,
            0);
  EXPECT_EQ(
      Run({"connections", "add", "c", "--azure-api-version", "2024-10-21", "--azure-deployments",
           "--azure-tenant-id", "t", "--azure-client-id", "env:C", "--azure-client-secret", "env:S",
           "--azure-authority", "https://a", "--azure-scope", "s"})
          .code,
      0);

  EXPECT_THAT(
      server.Requests<v1::CreateConnectionRequest>("ConnectionService/CreateConnection"),
      ElementsAre(
          EqualsProto(R"pb(connection {
                             name: "c"
                             provider: "aws-bedrock"
                             aws {
                               region: "us-east-1"
                               access_key_id: "AKI"
                               secret_access_key: "env:S"
                               session_token: "file:/t"
                             }
                           })pb"),
          EqualsProto(
              R"pb(connection {
                     name: "c"
                     google { service_account: "file:/sa.json" project: "p" location: "global" }
                   })pb"),
          EqualsProto(R"pb(connection {
                             name: "c"
                             azure {
                               api_version: "2024-10-21"
                               deployments: true
                               tenant_id: "t"
                               client_id: "env:C"
                               client_secret: "env:S"
                               authority: "https://a"
                               scope: "s"
                             }
                           })pb")));
}

TEST_F(ResourcesTest, AnUpdateOfACloudSendsOnlyWhatIsGiven) {
  EXPECT_EQ(
      Run({"connections", "update", "c", "--aws-profile", "llm", "--clear", "aws.access_key_id"})
          .code,
      0);

  EXPECT_THAT(server.Requests<v1::UpdateConnectionRequest>("ConnectionService/UpdateConnection"),
              ElementsAre(EqualsProto(
                  R"pb(connection {
                         name: "c"
                         aws { profile: "llm" }
                       }
                       update_mask { paths: "aws.profile" paths: "aws.access_key_id" })pb")));
}

TEST_F(ResourcesTest, ALiteralSecretComesFromAFile) {
  EXPECT_EQ(Run({"connections", "add", "c", "--api-key-file", WriteFile("k", "sk-literal\n")}).code,
            0);

  EXPECT_THAT(server.Requests<v1::CreateConnectionRequest>("ConnectionService/CreateConnection"),
              ElementsAre(EqualsProto(R"pb(connection { name: "c" api_key: "sk-literal" })pb")));
}

TEST_F(ResourcesTest, TimeoutWithoutATimerIsTheDeadlineOfLmctl) {
  EXPECT_EQ(Run({"connections", "update", "c", "--dialect", "anthropic", "--timeout", "30s"}).code,
            0);
  EXPECT_EQ(Run({"connections", "update", "c", "--timeout", "conect=3s"}).code, 1);

  EXPECT_THAT(server.Requests<v1::UpdateConnectionRequest>("ConnectionService/UpdateConnection"),
              ElementsAre(EqualsProto(R"pb(connection { name: "c" dialect: "anthropic" }
                                           update_mask { paths: "dialect" })pb")));
}

TEST_F(ResourcesTest, RouteAddSendsAllFlags) {
  EXPECT_EQ(Run({"routes",
                 "add",
                 "r",
                 "--model",
                 "gpt-*",
                 "--model",
                 "[ab]*",
                 "--to",
                 "openai.gpt-4.1=3",
                 "--to",
                 "local.*",
                 "--strategy",
                 "weighted",
                 "--path-prefix",
                 "/team",
                 "--group",
                 "g",
                 "--dialect",
                 "openai-chat",
                 "--header",
                 "x-tier=gold",
                 "--strip-prefix",
                 "code-",
                 "--forward-header",
                 "x-trace-id",
                 "--system-replace",
                 "Claude=our=assistant",
                 "--system-append",
                 "Be brief.",
                 "--inject-progress",
                 "--before",
                 "other"})
                .code,
            0);

  EXPECT_THAT(server.Requests<v1::CreateRouteRequest>("RouteService/CreateRoute"),
              ElementsAre(EqualsProto(R"pb(route {
                                             name: "r"
                                             model: "gpt-*"
                                             model: "[ab]*"
                                             path_prefix: "/team"
                                             dialect: "openai-chat"
                                             group: "g"
                                             headers { key: "x-tier" value: "gold" }
                                             to { connection: "openai" model: "gpt-4.1" weight: 3 }
                                             to { connection: "local" model: "*" }
                                             strategy: "weighted"
                                             forward_headers: "x-trace-id"
                                             strip_prefix: "code-"
                                             system {
                                               replace { from: "Claude" to: "our=assistant" }
                                               append: "Be brief."
                                               inject_progress: true
                                             }
                                           }
                                           placement { before: "other" })pb")));
}

TEST_F(ResourcesTest, RouteUpdateNamesTheEditsGiven) {
  EXPECT_EQ(
      Run({"routes", "update", "r", "--system-append", "x", "--clear", "system.replace"}).code, 0);

  EXPECT_THAT(server.Requests<v1::UpdateRouteRequest>("RouteService/UpdateRoute"),
              ElementsAre(EqualsProto(
                  R"pb(route {
                         name: "r"
                         system { append: "x" }
                       }
                       update_mask { paths: "system.append" paths: "system.replace" })pb")));
}

TEST_F(ResourcesTest, SystemReplacementsHaveTwoSides) {
  for (const std::string text : {"Claude", "=x", ""}) {
    EXPECT_EQ(Run({"routes", "add", "--model", "m", "--to", "a.b", "--system-replace", text}).code,
              1)
        << text;
  }
}

TEST_F(ResourcesTest, RoutePlacesExcludeEachOther) {
  EXPECT_EQ(Run({"routes", "add", "--model", "m", "--to", "a.b", "--first", "--last"}).code, 1);
  EXPECT_EQ(Run({"routes", "update", "r", "--before", "a", "--after", "b"}).code, 1);
}

TEST_F(ResourcesTest, RouteMoveNeedsNoField) {
  const Result result = Run({"routes", "update", "r", "--first"});

  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("route \"r\" moved"));
  EXPECT_THAT(server.Requests<v1::UpdateRouteRequest>("RouteService/UpdateRoute"),
              ElementsAre(EqualsProto(R"pb(route { name: "r" }
                                           update_mask {}
                                           placement { first: true })pb")));
}

TEST_F(ResourcesTest, TargetsMustNameConnectionAndModel) {
  for (const std::string target : {"openai", ".gpt", "openai.", ""}) {
    EXPECT_EQ(Run({"routes", "add", "--model", "m", "--to", target}).code, 1) << target;
  }
  EXPECT_EQ(Run({"routes", "add", "--model", "m", "--to", "a.b=99999999999"}).code, 1);
}

TEST_F(ResourcesTest, GroupAddAndUpdate) {
  EXPECT_EQ(Run({"groups", "add", "g", "--connection", "*", "--model", "gpt-*",
                 "--default-connection", "local"})
                .code,
            0);
  EXPECT_EQ(Run({"group", "update", "g", "--connection", "a", "--connection", "b"}).code, 0);

  EXPECT_THAT(server.Requests<v1::CreateGroupRequest>("GroupService/CreateGroup"),
              ElementsAre(EqualsProto(R"pb(group {
                                             name: "g"
                                             connections: "*"
                                             models: "gpt-*"
                                             default_connection: "local"
                                           })pb")));
  EXPECT_THAT(server.Requests<v1::UpdateGroupRequest>("GroupService/UpdateGroup"),
              ElementsAre(EqualsProto(R"pb(group { name: "g" connections: "a" connections: "b" }
                                           update_mask { paths: "connections" })pb")));
}

TEST_F(ResourcesTest, WarningsAreShownEvenQuietly) {
  server.Reply("GroupService/CreateGroup",
               Proto<v1::GroupReply>(R"(group { name: "g" } revision: 5 warnings: "w")"));
  Run({"groups", "add", "g"});

  const Result result = Run({"groups", "add", "g", "-q"});

  EXPECT_EQ(result.out, "g\n");
  EXPECT_EQ(result.err, "warning: w\n");
}

TEST_F(ResourcesTest, RemoveWithoutATerminalNeedsYes) {
  server.Reply("GroupService/DeleteGroup", Proto<v1::DeleteReply>("revision: 6"));

  const Result refused = Run({"groups", "remove", "g"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.err,
            "error: no terminal to ask: remove group \"g\"?\n"
            "hint: --yes answers it\n");
  EXPECT_THAT(server.Calls(), IsEmpty());

  EXPECT_EQ(Run({"groups", "remove", "g", "--yes"}).code, 0);
  EXPECT_THAT(server.Requests<v1::DeleteRequest>("GroupService/DeleteGroup"),
              ElementsAre(EqualsProto(R"pb(name: "g")pb")));
}

TEST_F(ResourcesTest, RemoveOnATerminalAsks) {
  server.Reply("RouteService/DeleteRoute", Proto<v1::DeleteReply>("revision: 6"));
  in_is_terminal = true;

  input = "n\n";
  EXPECT_EQ(Run({"routes", "remove", "[a]", "b"}).code, 1);
  input = "";
  EXPECT_EQ(Run({"routes", "remove", "[a]", "b"}).code, 1);
  EXPECT_THAT(server.Calls(), IsEmpty());
  input = "y\n";
  const Result result = Run({"routes", "remove", "[a]", "b"});

  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, HasSubstr("remove routes \"[a]\", \"b\"? [y/N] "));
  EXPECT_THAT(server.Requests<v1::DeleteRequest>("RouteService/DeleteRoute"),
              ElementsAre(EqualsProto(R"pb(name: "[a]")pb"), EqualsProto(R"pb(name: "b")pb")));
}

TEST_F(ResourcesTest, RemoveOfSeveralGoesOnAfterAnError) {
  server.Fail("GroupService/DeleteGroup",
              grpc::Status(grpc::StatusCode::NOT_FOUND, "no group \"a\""));
  server.Reply("GroupService/DeleteGroup", Proto<v1::DeleteReply>("revision: 6"));

  const Result result = Run({"groups", "remove", "a", "b", "-y"});

  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.err,
            "error: no group \"a\"\n"
            "group \"b\" removed\n"
            "revision 6 active on 2/2 replicas in 8 ms\n");
}

TEST_F(ResourcesTest, ShowIsALineAField) {
  server.Reply("ConnectionService/GetConnection", Proto<v1::Connection>(R"(
      name: "c" provider: "openai" api_key: "env:KEY" timeouts { idle { seconds: 90 } }
      revision: 3)"));

  EXPECT_EQ(Run({"connections", "show", "c"}).out,
            "NAME         c\n"
            "PROVIDER     openai\n"
            "DIALECT      -\n"
            "BASE URL     -\n"
            "CREDENTIAL   env:KEY\n"
            "AUTH HEADER  -\n"
            "AUTH SCHEME  -\n"
            "HEADERS      -\n"
            "TIMEOUTS     idle=90s\n"
            "TLS          -\n"
            "CLOUD        -\n"
            "REVISION     3\n");
  EXPECT_EQ(Run({"connections", "show", "c", "-o", "yaml"}).out,
            "name: c\n"
            "revision: \"3\"\n"
            "provider: openai\n"
            "api_key: env:KEY\n"
            "timeouts:\n"
            "  idle: \"90s\"\n");
}

TEST_F(ResourcesTest, RouteTestExplainsAndItsExitCodeIsTheDecision) {
  server.Reply("RouteService/TestRoute", Proto<v1::TestRouteReply>(R"(
      code: "ok" route: "smart" strategy: "fallback" dialect: "openai-chat"
      targets { connection: "a" model: "m" allowed: true
                dialect: "openai-chat" handling: "passed" }
      targets { connection: "b" model: "m" allowed: true
                dialect: "gemini" handling: "translated" }
      targets { connection: "c" model: "m" allowed: true handling: "counted" }
      targets { connection: "d" model: "m" reason: "the group lacks it" dialect: "gemini" }
      skipped { route: "gpt-*" reason: "its model patterns do not match" })"));
  server.Reply("RouteService/TestRoute",
               Proto<v1::TestRouteReply>(R"(code: "model_not_found" message: "no route")"));
  server.Reply("RouteService/TestRoute", Proto<v1::TestRouteReply>(R"(code: "model_not_allowed")"));
  server.Reply("RouteService/TestRoute",
               Proto<v1::TestRouteReply>(R"(code: "dialect_unsupported")"));

  const Result result =
      Run({"routes", "test", "smart", "--key", "ci", "--path", "/x/v1/y", "--header", "a=b"});

  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out,
            "CODE      ok\n"
            "ROUTE     smart\n"
            "STRATEGY  fallback\n"
            "DIALECT   openai-chat\n"
            "MESSAGE   -\n"
            "\n"
            "TARGET  CONNECTION  MODEL  DIALECT                     ALLOWED  WHY NOT\n"
            "1       a           m      openai-chat                 yes      -\n"
            "2       b           m      gemini (translated)         yes      -\n"
            "3       c           m      (tokens counted by lmgate)  yes      -\n"
            "4       d           m      gemini                      no       the group lacks it\n"
            "\n"
            "PASSED OVER  BECAUSE\n"
            "gpt-*        its model patterns do not match\n");
  EXPECT_THAT(server.Requests<v1::TestRouteRequest>("RouteService/TestRoute"),
              ElementsAre(EqualsProto(R"pb(model: "smart"
                                           key: "ci"
                                           path: "/x/v1/y"
                                           headers { key: "a" value: "b" })pb")));
  EXPECT_EQ(Run({"routes", "test", "m"}).code, 3);
  EXPECT_EQ(Run({"routes", "test", "m", "-o", "json"}).code, 4);
  EXPECT_EQ(Run({"routes", "test", "m"}).code, 2);
}

}  // namespace
}  // namespace lmgate::cli
