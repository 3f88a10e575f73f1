#include "cli/completer.h"

#include "tests/unit/cli/lmctl_fixture.h"

namespace lmgate::cli {
namespace {

using ::testing::HasSubstr;

class CompleterTest : public LmctlTest {
 protected:
  std::string Complete(std::vector<std::string> words) {
    words.insert(words.begin(), {"__complete", "--"});
    const Result result = Run(words);
    EXPECT_EQ(result.code, 0);
    EXPECT_EQ(result.err, "");
    return result.out;
  }
};

TEST_F(CompleterTest, CommandsAndVerbs) {
  EXPECT_EQ(Complete({"ro"}), "routes\nrollback\n");
  EXPECT_EQ(Complete({"route", "t"}), "test\n");
  EXPECT_EQ(Complete({"help", "hi"}), "history\n");
}

TEST_F(CompleterTest, FlagsOfTheCommandAndGlobalOnes) {
  EXPECT_EQ(Complete({"keys", "add", "ci", "--g"}), "--group\n");
  EXPECT_EQ(Complete({"keys", "add", "--no-w"}), "--no-wait\n");
}

TEST_F(CompleterTest, ClosedVocabularies) {
  EXPECT_EQ(Complete({"routes", "add", "--strategy", "w"}), "weighted\n");
  EXPECT_EQ(Complete({"-o", "y"}), "yaml\n");
  EXPECT_EQ(Complete({"completion", ""}), "bash\nzsh\nfish\n");
}

TEST_F(CompleterTest, NamesComeFromTheServer) {
  server.Reply("KeyService/ListKeys",
               Proto<v1::ListKeysReply>(R"(keys { name: "ci" } keys { name: "dev" })"));
  server.Reply("RouteService/ListRoutes",
               Proto<v1::ListRoutesReply>(R"(routes { name: "gpt-*" })"));

  EXPECT_EQ(Complete({"keys", "block", ""}), "ci\ndev\n");
  EXPECT_EQ(Complete({"keys", "block", "ci", "d"}), "dev\n");
  EXPECT_EQ(Complete({"routes", "add", "--before", ""}), "gpt-*\n");
  EXPECT_EQ(Complete({"keys", "show", "ci", ""}), "");
}

TEST_F(CompleterTest, NamesComeFromTheServerThatTheLineNames) {
  ScriptedServer other;
  other.Reply("KeyService/ListKeys", Proto<v1::ListKeysReply>(R"(keys { name: "there" })"));

  EXPECT_EQ(Complete({"--server", other.address(), "keys", "show", ""}), "there\n");
}

TEST_F(CompleterTest, SilentWhenTheServerIsDownOrThereIsNoToken) {
  server.Stop();
  EXPECT_EQ(Complete({"keys", "show", ""}), "");
  environment.erase("LMCTL_TOKEN");
  EXPECT_EQ(Complete({"keys", "show", ""}), "");
}

TEST_F(CompleterTest, ContextsComeFromTheFile) {
  Run({"context", "add", "prod", "--server", "127.0.0.1:1"});

  EXPECT_EQ(Complete({"context", "use", ""}), "prod\n");
}

TEST_F(CompleterTest, EachShellHasAScript) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    EXPECT_THAT(Run({"completion", shell}).out, HasSubstr("lmctl __complete -- "));
  }
  EXPECT_EQ(Run({"completion", "tcsh"}).code, 1);
}

}  // namespace
}  // namespace lmgate::cli
