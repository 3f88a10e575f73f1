#include "tests/repo/banned.h"

#include <gmock/gmock.h>

#include "common/base/strings.h"

namespace lmgate::repo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

Complaints CheckCode(std::string path, std::string text, std::string_view allowed = "") {
  auto allowances = Allowances::Parse(allowed);
  EXPECT_TRUE(allowances.ok());
  return CheckBannedCode({{.path = std::move(path), .text = std::move(text)}}, *allowances);
}

Complaints CheckText(std::string text) {
  return CheckBannedText({{.path = "a/b.txt", .text = std::move(text)}});
}

TEST(BannedCode, EachRuleFindsItsBreach) {
  const struct {
    std::string_view path;
    std::string_view text;
    std::string_view check;
  } cases[] = {
      {"dataplane/auth/a.cc", "\nauto x = std::getenv(\"X\");", "getenv: "},
      {"tests/unit/cli/a.cc", "\nsecure_getenv(x);", "getenv: "},
      {"dataplane/gateway/a.cc", "\n#include <boost/beast/http.hpp>", "beast: "},
      {"cli/a.cc", "\n#include <nlohmann/json.hpp>", "json-tree: "},
      {"controlplane/admin/a.cc", "\n#include <sqlite3.h>", "sqlite: "},
      {"tests/integration/a.cc", "\nstd::regex x;", "regex: "},
      {"common/base/a.h", "\n#include <regex>", "regex: "},
      {"dataplane/http1/a.cc", "\nstd::thread x;", "thread: "},
      {"controlplane/storage/a.cc", "\nstd::jthread x;", "thread: "},
      {"dataplane/app.cc", "\n#include <absl/synchronization/mutex.h>", "mutex: "},
      {"tests/unit/cli/a.cc", "\nstd::this_thread::sleep_for(1s);", "sleep: "},
      {"tests/fakeprovider/a.cc", "\nusleep(1);", "sleep: "},
  };
  for (const auto& [path, text, check] : cases) {
    EXPECT_THAT(CheckCode(std::string(path), std::string(text)),
                ElementsAre(StartsWith(std::string(path) + ":2: " + std::string(check))));
  }
}

TEST(BannedCode, TheRightPlacesAreNotBlamed) {
  EXPECT_THAT(CheckCode("common/options/surroundings.cc", "std::getenv(x);"), IsEmpty());
  EXPECT_THAT(CheckCode("dataplane/http1/a.cc", "#include <boost/beast.hpp>"), IsEmpty());
  EXPECT_THAT(CheckCode("controlplane/importer/a.cc", "#include <nlohmann/json.hpp>"), IsEmpty());
  EXPECT_THAT(CheckCode("controlplane/storage/a.cc", "#include <sqlite3.h>"), IsEmpty());
  EXPECT_THAT(CheckCode("dataplane/app.cc", "std::thread x;"), IsEmpty());
  EXPECT_THAT(CheckCode("dataplane/options.cc", "std::thread::hardware_concurrency();"), IsEmpty());
  EXPECT_THAT(CheckCode("dataplane/control/a.cc", "absl::SleepFor(x);"), IsEmpty());
  EXPECT_THAT(CheckCode("tests/tsan/a.cc", "#include <absl/synchronization/mutex.h>"), IsEmpty());
}

TEST(BannedCode, CommentsLiteralsAndOtherWordsAreNotMeant) {
  EXPECT_THAT(CheckCode("cli/a.cc", "// std::thread\nx = \"std::regex\"; my_getenv();"), IsEmpty());
  EXPECT_THAT(CheckCode("cli/a.txt", "std::thread"), IsEmpty());
}

TEST(BannedCode, AnAllowanceIsFollowed) {
  EXPECT_THAT(CheckCode("cli/a.cc", "std::thread x;", "thread cli/a.cc  # why"), IsEmpty());
  EXPECT_THAT(CheckCode("cli/a.cc", "std::thread x;", "sleep cli/a.cc  # why"),
              ElementsAre(StartsWith("cli/a.cc:1: thread: ")));
}

// Joined here, so that this file does not have what is looked for.
TEST(BannedText, NotesMachinesAndRegistriesAreFound) {
  EXPECT_THAT(CheckText(StrCat("\n// FIX", "ME: later")), ElementsAre(StartsWith("a/b.txt:2: ")));
  EXPECT_THAT(CheckText(StrCat("\n// TO", "DO: later")),
              ElementsAre(StartsWith("a/b.txt:2: do it")));
  EXPECT_THAT(CheckText(StrCat("\ncd /", "work/main")),
              ElementsAre(StartsWith("a/b.txt:2: a path of one machine")));
  EXPECT_THAT(CheckText(StrCat("https://registry.", "npmjs.org/x")),
              ElementsAre(HasSubstr("packages come from")));
  EXPECT_THAT(CheckText(StrCat("deb http://deb.", "debian.org/debian")),
              ElementsAre(HasSubstr("packages come from")));
  EXPECT_THAT(CheckText(StrCat("  \"resolved", "\": \"http://host/x.tgz\"")),
              ElementsAre(HasSubstr("lock file")));
}

TEST(BannedText, AsioIsDefinedInOnePlace) {
  EXPECT_THAT(CheckText("target_compile_definitions(x PUBLIC BOOST_ASIO_NO_DEPRECATED)"),
              ElementsAre(HasSubstr("lmgate_asio")));
  EXPECT_THAT(CheckText("\n#define BOOST_ASIO_NO_DEPRECATED"),
              ElementsAre(StartsWith("a/b.txt:2: one definition")));
}

TEST(BannedText, LookAlikesAreNot) {
  EXPECT_THAT(CheckText(StrCat("TO", "DO(issue-12): later")), IsEmpty());
  EXPECT_THAT(CheckText("framework/x, tests/work/x, ../work/x, /workshop"), IsEmpty());
}

}  // namespace
}  // namespace lmgate::repo
