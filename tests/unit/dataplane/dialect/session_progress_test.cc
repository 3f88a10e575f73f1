#include "dataplane/dialect/session_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {
namespace {

using chat::Part;
using chat::PartKind;
using chat::Role;
using chat::Turn;
using ::testing::HasSubstr;
using ::testing::Not;

// Builds a session turn by turn.
class Session {
 public:
  Session& Says(std::string text) {
    turns_.push_back({.role = Role::kUser, .parts = {chat::TextPart(std::move(text))}});
    return *this;
  }
  Session& Calls(std::string id, std::string name, std::string arguments) {
    Part call{.kind = PartKind::kToolCall};
    call.id = std::move(id);
    call.name = std::move(name);
    call.arguments = std::move(arguments);
    turns_.push_back({.role = Role::kAssistant, .parts = {std::move(call)}});
    return *this;
  }
  Session& Gets(std::string id, std::string text, bool is_error = false) {
    Part result{.kind = PartKind::kToolResult};
    result.id = std::move(id);
    result.parts.push_back(chat::TextPart(std::move(text)));
    result.is_error = is_error;
    turns_.push_back({.role = Role::kUser, .parts = {std::move(result)}});
    return *this;
  }
  Session& Runs(const std::string& command, const std::string& result) {
    const std::string id = StrCat("t", ++number_);
    return Calls(id, "Bash", StrCat(R"({"command":")", command, "\"}")).Gets(id, result);
  }
  std::string Text() const { return SessionProgress(turns_); }

 private:
  std::vector<Turn> turns_;
  int number_ = 0;
};

TEST(SessionProgress, TellsDirectoryTaskAndOperations) {
  Session session;
  session.Says("Fix the build").Runs("cd /src/app && make", "2 errors");
  session.Calls("e", "Edit", R"({"file_path":"/src/app/main.c"})").Gets("e", "");
  session.Calls("g", "Glob", R"({"pattern":"**/*.h"})").Gets("g", "a.h\nb.h");
  session.Calls("x", "Grep", R"({"pattern":"x"})").Gets("x", "none", true);

  EXPECT_EQ(session.Text(),
            "---\n"
            "Session progress so far:\n"
            "Current working directory: /src/app\n"
            "Current task: Fix the build\n"
            "Already completed:\n"
            "- [Bash] cd /src/app && make → 2 errors\n"
            "- [Edit] /src/app/main.c → ok\n"
            "- [Glob] **/*.h → a.h b.h\n"
            "- [Grep] → error: none\n"
            "---");
}

TEST(SessionProgress, SaysNothingOfNothing) {
  EXPECT_EQ(Session().Text(), "");
  EXPECT_EQ(Session().Says("<system-reminder>x</system-reminder>").Text(), "");
  EXPECT_EQ(Session().Calls("t", "Grep", "{}").Text(), "");
}

TEST(SessionProgress, FollowsTheDirectory) {
  Session session;
  session.Runs("cd /a; ls | cd b || cd \\\"c d\\\"", "");
  EXPECT_THAT(session.Text(), HasSubstr("directory: /a/b/c d\n"));
  session.Runs("cd - && cd .. && cd ../x && cd . && cd ./e/ && cdx /y", "");
  EXPECT_THAT(session.Text(), HasSubstr("directory: /a/b/c d/e\n"));
  session.Runs("cd ~/z", "");
  EXPECT_THAT(session.Text(), HasSubstr("directory: ~/z\n"));
}

TEST(SessionProgress, AWrittenFileHasADirectoryToo) {
  Session session;
  session.Calls("r", "Read", R"({"file_path":"/r/a"})").Calls("w", "Write", R"({"file_path":"b"})");
  EXPECT_EQ(session.Text(), "");
  session.Calls("v", "Write", R"({"file_path":"/w/b"})");
  EXPECT_THAT(session.Text(), HasSubstr("directory: /w\n"));
  session.Calls("u", "Edit", R"({"file_path":"/b"})");
  EXPECT_THAT(session.Text(), HasSubstr("directory: /\n"));
  session.Runs("cd /c", "");
  EXPECT_THAT(session.Text(), HasSubstr("directory: /c\n"));
}

TEST(SessionProgress, TheTaskIsTheLastWordOfTheUser) {
  Session session;
  session.Says("first").Says("  " + std::string(199, 'a') + "é and on");
  session.Says("<system-reminder>later</system-reminder>").Gets("t", "x");

  EXPECT_THAT(session.Text(), HasSubstr("task: " + std::string(199, 'a') + "é…\n"));
}

TEST(SessionProgress, LinesAreCut) {
  const std::string a119(119, 'a');
  const std::string b79(79, 'b');
  EXPECT_THAT(Session().Runs(a119 + "é", b79 + "é").Text(),
              HasSubstr(StrCat("- [Bash] ", a119, "é → ", b79, "é\n")));
  EXPECT_THAT(Session().Runs(a119 + "éx", b79 + "éx").Text(),
              HasSubstr(StrCat("- [Bash] ", a119, "é… → ", b79, "é…\n")));
  EXPECT_THAT(Session().Runs("a", std::string(100000, ' ') + "b").Text(), HasSubstr("→ …\n"));
}

TEST(SessionProgress, OnlyTheLast30OperationsAreTold) {
  Session session;
  for (int i = 1; i <= 30; ++i) session.Runs(StrCat("n", i), "");
  EXPECT_THAT(session.Text(), HasSubstr("Already completed:\n- [Bash] n1 → ok\n"));

  session.Runs("n31", "");

  EXPECT_THAT(session.Text(), HasSubstr("Already completed (the last 30 of 31 operations):\n"
                                        "- [Bash] n2 → ok\n"));
  EXPECT_THAT(session.Text(), Not(HasSubstr("n1 ")));
}

TEST(SessionProgress, EachResultIsToldOfOnce) {
  Session session;
  session.Says("go").Gets("lost", "by itself").Gets("lost", "again");
  session.Calls("a", "Glob", "{}").Gets("a", "one").Gets("a", "two").Calls("b", "Glob", "{}");

  EXPECT_THAT(session.Text(), HasSubstr("Already completed:\n"
                                        "- outcome → by itself\n"
                                        "- [Glob] → one\n"
                                        "---"));
}

TEST(SessionProgress, WhatIsNoJsonIsNoArgument) {
  EXPECT_THAT(Session().Calls("a", "Bash", "cd /x").Gets("a", "y").Text(),
              HasSubstr("- [Bash] → y\n"));
}

}  // namespace
}  // namespace lmgate::dialect
