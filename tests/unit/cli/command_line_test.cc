#include "cli/command_line.h"

#include "tests/unit/cli/lmctl_fixture.h"

namespace lmgate::cli {
namespace {

using ::testing::ElementsAre;

// A small tree: `tool [--flag F] do NAME... [--list L] [-s]`.
struct Tool {
  Tool() {
    root.Text("-f,--flag", {"F"}, &flag, "");
    Command& command = root.Add("do", "");
    command.Alias("perform")
        .Arguments({"NAME"}, &names)
        .List("--list", {"L"}, &list, "")
        .Switch("-s,--switch", &on, "")
        .Run([](Session&) { return ExitCode::kOk; });
  }
  ParseOutcome Parse(const std::vector<std::string>& words) {
    return ParseCommandLine(root, words);
  }

  std::optional<std::string> flag;
  std::vector<std::string> names;
  std::vector<std::string> list;
  bool on = false;
  Command root{"tool", "", nullptr};
};

TEST(CommandLine, GlobalFlagsStandAnywhere) {
  Tool before;
  Tool after;

  EXPECT_TRUE(before.Parse({"--flag", "x", "do", "a"}).status.ok());
  EXPECT_TRUE(after.Parse({"do", "a", "--flag=x"}).status.ok());

  EXPECT_EQ(before.flag, "x");
  EXPECT_EQ(after.flag, "x");
}

TEST(CommandLine, EachFlagTakesOneValueSoThatArgumentsMayFollow) {
  Tool tool;

  EXPECT_TRUE(tool.Parse({"do", "--list", "l", "a", "--list", "m", "b", "-s"}).status.ok());

  EXPECT_THAT(tool.names, ElementsAre("a", "b"));
  EXPECT_THAT(tool.list, ElementsAre("l", "m"));
  EXPECT_TRUE(tool.on);
}

TEST(CommandLine, BracketsAndCommasStayAsTheyAre) {
  Tool tool;

  EXPECT_TRUE(tool.Parse({"do", "[a,b]", "--list", "[c]", "--list", "d,e"}).status.ok());

  EXPECT_THAT(tool.names, ElementsAre("[a,b]"));
  EXPECT_THAT(tool.list, ElementsAre("[c]", "d,e"));
}

TEST(CommandLine, EmptyValuesAreValues) {
  Tool tool;

  EXPECT_TRUE(tool.Parse({"do", "a", "--flag=", "--list", ""}).status.ok());

  EXPECT_EQ(tool.flag, "");
  EXPECT_THAT(tool.list, ElementsAre(""));
}

TEST(CommandLine, AFlagIsNoValueOfAFlag) {
  Tool tool;

  const ParseOutcome outcome = tool.Parse({"do", "a", "--flag", "--list", "x"});

  EXPECT_EQ(ExitCodeOf(outcome.status), ExitCode::kUsage);
  EXPECT_EQ(ErrorText(outcome.status, false),
            "error: `tool do`: --flag needs a value\nhint: `tool do --help` explains it\n");
}

TEST(CommandLine, TheLastOfTwoValuesWins) {
  Tool tool;

  EXPECT_TRUE(tool.Parse({"--flag", "x", "do", "a", "--flag", "y"}).status.ok());

  EXPECT_EQ(tool.flag, "y");
}

TEST(CommandLine, ArgumentsMayLookLikeCommandsAndFlags) {
  Tool tool;

  EXPECT_TRUE(tool.Parse({"perform", "--", "do", "--list", "-"}).status.ok());

  EXPECT_THAT(tool.names, ElementsAre("do", "--list", "-"));
}

class DidYouMeanTest : public LmctlTest {
 protected:
  std::string ErrorOf(const std::vector<std::string>& words) {
    const Result result = Run(words);
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.out, "");
    return result.err;
  }
};

TEST_F(DidYouMeanTest, UnknownCommand) {
  EXPECT_EQ(ErrorOf({"kyes", "list"}),
            "error: unknown command \"kyes\" after `lmctl`\nhint: did you mean \"keys\"?\n");
  EXPECT_EQ(ErrorOf({"keys", "lst"}),
            "error: unknown command \"lst\" after `lmctl keys`\nhint: did you mean \"list\"?\n");
  EXPECT_EQ(
      ErrorOf({"groups", "delete", "g"}),
      "error: unknown command \"delete\" after `lmctl groups`\nhint: did you mean \"remove\"?\n");
  EXPECT_EQ(
      ErrorOf({"groups"}),
      "error: `lmctl groups` needs a command\nhint: commands: add, list, show, update, remove\n");
}

TEST_F(DidYouMeanTest, UnknownFlag) {
  EXPECT_EQ(
      ErrorOf({"keys", "add", "--grop", "team-a"}),
      "error: unknown flag \"--grop\" for `lmctl keys add`\nhint: did you mean \"--group\"?\n");
  EXPECT_EQ(
      ErrorOf({"status", "--sever=x"}),
      "error: unknown flag \"--sever\" for `lmctl status`\nhint: did you mean \"--server\"?\n");
}

TEST_F(DidYouMeanTest, TooManyArguments) {
  EXPECT_EQ(ErrorOf({"keys", "show", "a", "b"}),
            "error: `lmctl keys show` takes fewer arguments\n"
            "hint: a flag takes one value; give it again for more: --model A --model B\n");
}

TEST_F(DidYouMeanTest, MissingArgument) {
  EXPECT_EQ(
      ErrorOf({"keys", "show"}),
      "error: `lmctl keys show`: NAME is required\nhint: `lmctl keys show --help` explains it\n");
}

TEST_F(DidYouMeanTest, AsJson) {
  EXPECT_EQ(ErrorOf({"kyes", "-o", "json"}),
            "{\"error\":{\"code\":\"INVALID_ARGUMENT\",\"message\":\"unknown command \\\"kyes\\\" "
            "after `lmctl`\",\"field\":\"\",\"hint\":\"did you mean \\\"keys\\\"?\"}}\n");
}

}  // namespace
}  // namespace lmgate::cli
