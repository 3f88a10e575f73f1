#include "tests/repo/allowances.h"

#include "tests/support/status_matchers.h"

namespace lmgate::repo {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Allowances, AnEntryAllowsItsCheckAtItsPath) {
  auto allowances = Allowances::Parse("# comment\n\nthread a/**  # because\n");

  ASSERT_THAT(allowances, IsOk());
  EXPECT_TRUE(allowances->IsAllowed("thread", "a/b.cc"));
  EXPECT_FALSE(allowances->IsAllowed("thread", "b/a.cc"));
  EXPECT_FALSE(allowances->IsAllowed("twin", "a/b.cc"));
  EXPECT_THAT(allowances->Unneeded(), IsEmpty());
}

TEST(Allowances, AnEntryThatAllowedNothingIsNamed) {
  auto allowances = Allowances::Parse("thread a/b.cc  # because\n");

  ASSERT_THAT(allowances, IsOk());
  EXPECT_THAT(allowances->Unneeded(), ElementsAre(HasSubstr("\"thread a/b.cc\" is no longer")));
}

TEST(Allowances, AnEntryNeedsAReason) {
  for (const std::string_view text : {"thread a/b.cc\n", "thread a/b.cc  #  \n", "thread  # x\n"}) {
    EXPECT_THAT(Allowances::Parse(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("check path")))
        << text;
  }
}

}  // namespace
}  // namespace lmgate::repo
