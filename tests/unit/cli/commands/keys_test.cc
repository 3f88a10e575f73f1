#include "cli/commands/keys.h"

#include "tests/unit/cli/lmctl_fixture.h"

namespace lmgate::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kSecret[] = "lm-abcdefghijkl-0123456789abcdef0123456789abcdefCHECKS";

class KeysTest : public LmctlTest {
 protected:
  void Creates() {
    server.Reply("KeyService/CreateKey", Proto<v1::KeyReply>(R"(
        key { id: "abcdefghijkl" name: "ci" group: "team-a" state: "active" revision: 42 }
        secret: "lm-abcdefghijkl-0123456789abcdef0123456789abcdefCHECKS" revision: 42)"));
    AllReplicasFollow();
  }
};

TEST_F(KeysTest, AddSendsAllFlags) {
  Creates();

  const Result result = Run({"keys", "add", "ci", "--group", "team-a", "--expires", "30d",
                             "--model", "gpt-*", "--model", "[ab]", "--metadata", "owner=eve"});

  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(server.Requests<v1::CreateKeyRequest>("KeyService/CreateKey"),
              ElementsAre(EqualsProto(R"pb(
                key {
                  name: "ci"
                  group: "team-a"
                  expires_at { seconds: 1797854400 }
                  models: "gpt-*"
                  models: "[ab]"
                  metadata { key: "owner" value: "eve" }
                })pb")));
}

TEST_F(KeysTest, AddTakesTheNameAsAFlagAndGlobalFlagsAnywhere) {
  Creates();

  EXPECT_EQ(Run({"--no-wait", "key", "add", "-q", "--group=team-a", "--name", "ci"}).code, 0);

  EXPECT_THAT(server.Requests<v1::CreateKeyRequest>("KeyService/CreateKey"),
              ElementsAre(EqualsProto(R"pb(key { name: "ci" group: "team-a" })pb")));
}

TEST_F(KeysTest, AddShowsTheSecretOnceAndSaysSo) {
  Creates();

  const Result result = Run({"keys", "add", "ci", "--group", "team-a"});

  EXPECT_EQ(result.out,
            "KEY      lm-abcdefghijkl-0123456789abcdef0123456789abcdefCHECKS\n"
            "NAME     ci\n"
            "ID       abcdefghijkl\n"
            "GROUP    team-a\n"
            "EXPIRES  never\n");
  EXPECT_EQ(result.err,
            "key \"ci\" added\n"
            "this key is shown only now and cannot be shown again\n"
            "revision 42 active on 2/2 replicas in 8 ms\n");
}

TEST_F(KeysTest, QuietAddPrintsOnlyTheKey) {
  Creates();

  const Result result = Run({"keys", "add", "ci", "--group", "team-a", "-q"});

  EXPECT_EQ(result.out, std::string(kSecret) + "\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(KeysTest, JsonAddIsTheReply) {
  Creates();

  const Result result = Run({"keys", "add", "ci", "--group", "team-a", "-o", "json"});

  EXPECT_THAT(result.out, HasSubstr("\"secret\": \"lm-abcdefghijkl-"));
  EXPECT_THAT(result.out, HasSubstr("\"revision\": \"42\""));
}

TEST_F(KeysTest, SecretIsNotLostWhenTheWaitFails) {
  server.Reply("KeyService/CreateKey", Proto<v1::KeyReply>(R"pb(key { name: "ci" }
                                                                secret: "lm-new"
                                                                revision: 42)pb"));
  server.Fail("StatusService/WaitForRevision", grpc::Status(grpc::StatusCode::INTERNAL, "lost"));

  const Result result = Run({"keys", "add", "ci", "-q"});

  EXPECT_EQ(result.code, 6);
  EXPECT_EQ(result.out, "lm-new\n");
}

TEST_F(KeysTest, ExistingSecretComesFromAFileOrStandardInput) {
  Creates();
  const std::string path = WriteFile("secret", "sk-existing\n");
  input = "sk-other";

  EXPECT_EQ(Run({"keys", "add", "a", "--secret-file", path}).code, 0);
  EXPECT_EQ(Run({"keys", "add", "b", "--secret-file", "-"}).code, 0);

  EXPECT_THAT(server.Requests<v1::CreateKeyRequest>("KeyService/CreateKey"),
              ElementsAre(EqualsProto(R"pb(key { name: "a" }
                                           secret: "sk-existing")pb"),
                          EqualsProto(R"pb(key { name: "b" }
                                           secret: "sk-other")pb")));
}

TEST_F(KeysTest, SecretFileMustHoldOneLine) {
  const Result two_lines =
      Run({"keys", "add", "a", "--secret-file", WriteFile("two", "sk-1\nsk-2\n")});
  EXPECT_EQ(two_lines.code, 1);
  EXPECT_THAT(two_lines.err, Not(HasSubstr("sk-1")));
  EXPECT_EQ(Run({"keys", "add", "a", "--secret-file", WriteFile("none", "\n")}).code, 1);
  EXPECT_EQ(Run({"keys", "add", "a", "--secret-file", folder + "/missing"}).code, 1);
  EXPECT_THAT(server.Calls(), IsEmpty());
}

TEST_F(KeysTest, VerboseMasksSecretsBothWays) {
  Creates();

  const Result result =
      Run({"--verbose", "keys", "add", "a", "--secret-file", WriteFile("secret", "sk-existing")});

  EXPECT_THAT(result.err, HasSubstr("call: KeyService/CreateKey"));
  EXPECT_THAT(result.err, HasSubstr("\"secret\":\"***\""));
  EXPECT_THAT(result.err, Not(HasSubstr("sk-existing")));
  EXPECT_THAT(result.err, Not(HasSubstr(kSecret)));
  EXPECT_THAT(result.err, Not(HasSubstr("the-admin-token")));
}

TEST_F(KeysTest, ListFollowsPagesAndMasksKeys) {
  server.Reply("KeyService/ListKeys", Proto<v1::ListKeysReply>(R"(
      keys { id: "aaaaaaaaaaaa" name: "a" group: "g" state: "active" } next_page_token: "more")"));
  server.Reply("KeyService/ListKeys", Proto<v1::ListKeysReply>(R"(
      keys { id: "bbbbbbbbbbbb" name: "b" group: "g" state: "active"
             expires_at { seconds: 1 } })"));

  const Result result = Run({"keys", "list", "*", "--group", "g", "--state", "active"});

  EXPECT_EQ(result.out,
            "NAME  KEY                   GROUP  STATE    EXPIRES\n"
            "a     lm-aaaaaaaaaaaa-****  g      active   -\n"
            "b     lm-bbbbbbbbbbbb-****  g      expired  1970-01-01T00:00:01Z\n");
  EXPECT_THAT(
      server.Requests<v1::ListKeysRequest>("KeyService/ListKeys"),
      ElementsAre(EqualsProto(R"pb(filter: "*" page_size: 1000 group: "g" state: "active")pb"),
                  EqualsProto(R"pb(filter: "*"
                                   page_size: 1000
                                   page_token: "more"
                                   group: "g"
                                   state: "active")pb")));
}

TEST_F(KeysTest, EmptyListIsAnEmptyArrayInJson) {
  server.Reply("KeyService/ListKeys", v1::ListKeysReply());

  const Result result = Run({"keys", "list", "-o", "json"});

  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "[]\n");
}

TEST_F(KeysTest, ListPrintsNamesQuietlyAndByFormat) {
  server.Reply("KeyService/ListKeys",
               Proto<v1::ListKeysReply>(R"(keys { name: "a" } keys { name: "b" })"));

  EXPECT_EQ(Run({"keys", "list", "-q"}).out, "a\nb\n");
  EXPECT_EQ(Run({"keys", "list", "-o", "name"}).out, "a\nb\n");
}

TEST_F(KeysTest, UpdateSendsOnlyTheFieldsGiven) {
  server.Reply("KeyService/UpdateKey", Proto<v1::KeyReply>(R"(key { name: "ci" } revision: 7)"));
  AllReplicasFollow();

  const Result result = Run({"keys", "update", "ci", "--expires", "never", "--metadata", "a.b=c",
                             "--clear", "models", "--if-revision", "6"});

  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(server.Requests<v1::UpdateKeyRequest>("KeyService/UpdateKey"),
              ElementsAre(EqualsProto(
                  R"pb(key {
                         name: "ci"
                         metadata { key: "a.b" value: "c" }
                       }
                       update_mask { paths: "expires_at" paths: "metadata.a.b" paths: "models" }
                       expected_revision: 6)pb")));
}

TEST_F(KeysTest, RenameNamesTheKeyByItsId) {
  server.Reply("KeyService/GetKey", Proto<v1::Key>(R"(id: "aaaaaaaaaaaa" name: "ci")"));
  server.Reply("KeyService/UpdateKey", Proto<v1::KeyReply>(R"(key { name: "cd" } revision: 7)"));
  AllReplicasFollow();

  EXPECT_EQ(Run({"keys", "update", "ci", "--name", "cd"}).code, 0);

  EXPECT_THAT(server.Requests<v1::UpdateKeyRequest>("KeyService/UpdateKey"),
              ElementsAre(EqualsProto(R"pb(key { id: "aaaaaaaaaaaa" name: "cd" }
                                           update_mask { paths: "name" })pb")));
}

TEST_F(KeysTest, UpdateOfNothingIsAUsageError) {
  const Result result = Run({"keys", "update", "ci"});

  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("nothing to change"));
  EXPECT_THAT(server.Calls(), IsEmpty());
}

TEST_F(KeysTest, StatesChangeByNameWithTheExpectedRevision) {
  const std::pair<std::string, std::string> verbs[] = {
      {"block", "KeyService/BlockKey"},
      {"unblock", "KeyService/UnblockKey"},
      {"revoke", "KeyService/RevokeKey"},
  };
  AllReplicasFollow();
  for (const auto& [verb, rpc] : verbs) {
    server.Reply(rpc, Proto<v1::KeyReply>(R"(key { name: "ci" } revision: 9)"));

    const Result result = Run({"keys", verb, "ci", "--if-revision", "8"});

    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("revision 9 active on 2/2 replicas"));
    EXPECT_THAT(server.Requests<v1::KeyStateRequest>(rpc),
                ElementsAre(EqualsProto(R"pb(name: "ci" expected_revision: 8)pb")));
  }
}

TEST_F(KeysTest, BlockOfSeveralNeedsAYes) {
  server.Reply("KeyService/BlockKey", Proto<v1::KeyReply>(R"(key { name: "a" } revision: 9)"));
  AllReplicasFollow();

  EXPECT_EQ(Run({"keys", "block", "a", "b"}).code, 1);
  EXPECT_THAT(server.Calls(), IsEmpty());
  EXPECT_EQ(Run({"keys", "block", "a", "b", "-y"}).code, 0);
  EXPECT_THAT(server.Calls(), ElementsAre("KeyService/BlockKey", "KeyService/BlockKey",
                                          "StatusService/WaitForRevision"));
}

TEST_F(KeysTest, RotateSendsTheGraceAndPrintsTheNewKey) {
  server.Reply("KeyService/RotateKey",
               Proto<v1::KeyReply>(R"(key { name: "ci" } secret: "lm-new" revision: 9)"));
  AllReplicasFollow();

  const Result result = Run({"keys", "rotate", "ci", "--grace", "24h", "-q"});

  EXPECT_EQ(result.out, "lm-new\n");
  EXPECT_THAT(server.Requests<v1::RotateKeyRequest>("KeyService/RotateKey"),
              ElementsAre(EqualsProto(R"pb(name: "ci"
                                           grace { seconds: 86400 })pb")));
}

TEST_F(KeysTest, AWholeKeyIsNoNameAndIsNotRepeated) {
  for (const std::string verb :
       {"show", "block", "unblock", "revoke", "rotate", "remove", "update"}) {
    const Result result = Run({"keys", verb, kSecret, "-y"});

    EXPECT_EQ(result.code, 1) << verb;
    EXPECT_THAT(result.err, Not(HasSubstr("0123456789abcdef"))) << verb;
  }
  EXPECT_EQ(Run({"routes", "test", "gpt-5", "--key", kSecret}).code, 1);
  EXPECT_THAT(server.Calls(), IsEmpty());
}

TEST_F(KeysTest, BadExpiryIsAUsageErrorWithAnExample) {
  const Result result = Run({"keys", "add", "ci", "--expires", "tomorrow"});

  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err,
            "error: --expires: \"tomorrow\" is no time\n"
            "hint: as 30d, 12h, 2027-01-31T00:00:00Z, or never\n");
}

}  // namespace
}  // namespace lmgate::cli
