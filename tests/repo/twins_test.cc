#include "tests/repo/twins.h"

#include <gmock/gmock.h>

namespace lmgate::repo {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Complaints Check(const std::vector<std::string>& paths, std::string_view allowed = "") {
  SourceTree tree;
  for (const std::string& path : paths) tree.push_back({.path = path, .text = ""});
  auto allowances = Allowances::Parse(allowed);
  EXPECT_TRUE(allowances.ok());
  return CheckTwins(tree, *allowances);
}

TEST(Twins, AMissingTestIsNamed) {
  EXPECT_THAT(Check({"dataplane/auth/a.cc"}),
              ElementsAre("dataplane/auth/a.cc: its test tests/unit/dataplane/auth/a_test.cc is "
                          "missing"));
  EXPECT_THAT(Check({"dataplane/auth/a.cc", "tests/unit/dataplane/auth/a_test.cc"}), IsEmpty());
}

TEST(Twins, HeadersAndShellFoldersNeedNone) {
  EXPECT_THAT(Check({"dataplane/auth/a.h", "dataplane/gateway/a.cc", "dataplane/main.cc"}),
              IsEmpty());
}

TEST(Twins, AnAllowanceIsFollowed) {
  EXPECT_THAT(Check({"common/base/clock.cc"}, "twin common/base/clock.cc  # why"), IsEmpty());
}

}  // namespace
}  // namespace lmgate::repo
