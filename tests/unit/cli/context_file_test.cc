#include "cli/context_file.h"

#include <sys/stat.h>

#include "tests/unit/cli/lmctl_fixture.h"

namespace lmgate::cli {
namespace {

using ::testing::HasSubstr;

class ContextTest : public LmctlTest {};

TEST_F(ContextTest, FirstContextIsUsedAndTheFileIsPrivate) {
  EXPECT_EQ(
      Run({"context", "add", "prod", "--server", "a:1", "--token-file", "/t", "--ca", "/c"}).code,
      0);
  EXPECT_EQ(Run({"context", "add", "test", "--server", "b:2"}).code, 0);

  EXPECT_EQ(Run({"context", "list"}).out,
            "NAME  CURRENT  SERVER  TOKEN FILE  CA\n"
            "prod  *        a:1     /t          /c\n"
            "test  -        b:2     -           -\n");
  struct stat file = {};
  ASSERT_EQ(stat((folder + "/config/lmctl/config.yaml").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  ASSERT_EQ(stat((folder + "/config/lmctl").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0700u);
}

TEST_F(ContextTest, UseShowAndRemove) {
  Run({"context", "add", "prod", "--server", "a:1"});
  Run({"context", "add", "test", "--server", "b:2"});

  EXPECT_EQ(Run({"context", "use", "test"}).code, 0);
  EXPECT_EQ(Run({"context", "show", "-o", "json"}).out,
            "{\n \"name\": \"test\",\n \"current\": true,\n \"server\": \"b:2\",\n"
            " \"token_file\": \"\",\n \"ca\": \"\",\n \"client_cert\": \"\",\n \"client_key\": "
            "\"\"\n}\n");
  EXPECT_EQ(Run({"context", "remove", "test"}).code, 0);
  EXPECT_EQ(Run({"context", "list", "-q"}).out, "prod\n");
  EXPECT_EQ(Run({"context", "show"}).code, 1);
  const Result unknown = Run({"context", "use", "prdo"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"prod\"?"));
}

TEST_F(ContextTest, EmptyListIsAnEmptyArray) {
  EXPECT_EQ(Run({"context", "list", "-o", "json"}).out, "[]\n");
}

TEST_F(ContextTest, BadNamesAndEmptyContextsAreRefused) {
  EXPECT_EQ(Run({"context", "add", "a/b", "--server", "a:1"}).code, 1);
  EXPECT_EQ(Run({"context", "add", std::string(64, 'x'), "--server", "a:1"}).code, 0);
  EXPECT_EQ(Run({"context", "add", std::string(65, 'x'), "--server", "a:1"}).code, 1);
  EXPECT_EQ(Run({"context", "add", "a"}).code, 1);
}

TEST(ContextFile, PathFollowsXdg) {
  EXPECT_EQ(ContextFilePath("/x", "/h"), "/x/lmctl/config.yaml");
  EXPECT_EQ(ContextFilePath("relative", "/h"), "/h/.config/lmctl/config.yaml");
  EXPECT_EQ(ContextFilePath(std::nullopt, "/h"), "/h/.config/lmctl/config.yaml");
  EXPECT_EQ(ContextFilePath(std::nullopt, std::nullopt), "");
}

TEST(ContextFile, WhatIsNotUnderstoodIsNamed) {
  const std::pair<std::string, std::string> cases[] = {
      {"contexts: {a: {sever: x}}", "contexts.a.sever: unknown field"},
      {"contexts: {a: {server: [1]}}", "contexts.a.server: expected text"},
      {"contexts: {a: 1}", "contexts.a: expected fields"},
      {"contexts: {'a b': {}}", "1 to 64 letters"},
      {"other: 1", "other: unknown field"},
      {"[1]", "document: expected"},
      {"a: [", "/p: "},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(std::string(ParseContextFile(text, "/p").status().message()), HasSubstr(message));
  }
}

TEST(ContextFile, HasALimit) {
  const std::string comment = "#" + std::string(kContextFileBytesMax - 1, ' ');
  EXPECT_TRUE(ParseContextFile(comment, "/p").ok());
  EXPECT_FALSE(ParseContextFile(comment + " ", "/p").ok());
}

}  // namespace
}  // namespace lmgate::cli
