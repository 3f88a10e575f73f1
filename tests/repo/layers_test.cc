#include "tests/repo/layers.h"

#include "tests/support/status_matchers.h"

namespace lmgate::repo {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

constexpr std::string_view kTable =
    "# comment\n"
    "common/base:\n"
    "dataplane/auth: common/base\n"
    "dataplane: common/base dataplane/auth\n"
    "cli/**: common/base\n"
    "tests/support: *\n"
    "tests/unit/**: mirror tests/support\n";

Complaints Check(std::string path, std::string include) {
  const auto layers = ParseLayers(kTable);
  EXPECT_THAT(layers, IsOk());
  return CheckLayers(
      *layers, {{.path = std::move(path), .text = "#pragma once\n#include \"" + include + "\"\n"}});
}

TEST(Layers, AFolderMayIncludeItselfAndWhatItsRowNames) {
  EXPECT_THAT(Check("dataplane/auth/a.cc", "dataplane/auth/a.h"), IsEmpty());
  EXPECT_THAT(Check("dataplane/auth/a.cc", "common/base/a.h"), IsEmpty());
  EXPECT_THAT(Check("dataplane/main.cc", "dataplane/auth/a.h"), IsEmpty());
}

TEST(Layers, AnythingElseIsNamedWithItsLine) {
  EXPECT_THAT(
      Check("common/base/a.h", "dataplane/auth/a.h"),
      ElementsAre(HasSubstr("common/base/a.h:2: common/base may not include dataplane/auth: ")));
  EXPECT_THAT(Check("dataplane/auth/a.cc", "dataplane/app.h"),
              ElementsAre(HasSubstr("dataplane/auth may not include dataplane: ")));
}

TEST(Layers, ARowWithoutStarsIsOnlyTheFolder) {
  EXPECT_THAT(Check("dataplane/new/a.cc", "common/base/a.h"),
              ElementsAre("dataplane/new/a.cc:1: \"dataplane/new\" has no row in layers.txt"));
}

TEST(Layers, ATreeIsOneFolder) {
  EXPECT_THAT(Check("cli/commands/keys.cc", "cli/printer.h"), IsEmpty());
  EXPECT_THAT(Check("cli/commands/keys.cc", "dataplane/auth/a.h"), ElementsAre(HasSubstr("cli")));
}

TEST(Layers, AUnitTestMayIncludeWhatItsTwinMay) {
  const std::string test = "tests/unit/dataplane/auth/a_test.cc";

  EXPECT_THAT(Check(test, "dataplane/auth/a.h"), IsEmpty());
  EXPECT_THAT(Check(test, "common/base/a.h"), IsEmpty());
  EXPECT_THAT(Check(test, "tests/support/a.h"), IsEmpty());
  EXPECT_THAT(Check(test, "cli/printer.h"), ElementsAre(HasSubstr("may not include cli")));
  EXPECT_THAT(Check("tests/unit/common/base/a_test.cc", "dataplane/auth/a.h"),
              ElementsAre(HasSubstr("may not include dataplane/auth")));
}

TEST(Layers, IncludesAreWrittenFromTheRoot) {
  EXPECT_THAT(Check("cli/main.cc", "printer.h"), ElementsAre(HasSubstr("from the root")));
  EXPECT_THAT(Check("cli/main.cc", "../common/base/a.h"), ElementsAre(HasSubstr("from the root")));
}

TEST(Layers, ATableThatPointsUpOrAcrossIsRefused) {
  EXPECT_THAT(ParseLayers("a: b\nb:\n"), StatusIs(kInvalid, "a: \"b\" has no row above"));
  EXPECT_THAT(ParseLayers("a:\na:\n"), StatusIs(kInvalid, "a: has two rows"));
  EXPECT_THAT(ParseLayers("controlplane/admin:\ndataplane: controlplane/admin\n"),
              StatusIs(kInvalid, HasSubstr("the planes never include each other")));
  EXPECT_THAT(ParseLayers("dataplane/auth:\ncontrolplane: dataplane/auth\n"),
              StatusIs(kInvalid, HasSubstr("the planes never include each other")));
}

}  // namespace
}  // namespace lmgate::repo
