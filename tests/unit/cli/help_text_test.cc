#include "cli/help_text.h"

#include "tests/support/golden.h"
#include "tests/unit/cli/lmctl_fixture.h"

namespace lmgate::cli {
namespace {

TEST(HelpText, PagesAreAsReviewed) {
  EXPECT_EQ(AllHelpPages(), testing::Golden("cli/help.txt", AllHelpPages()))
      << "LMGATE_UPDATE_GOLDEN=1 updates it";
}

class HelpTest : public LmctlTest {};

TEST_F(HelpTest, HelpIsTheSameByFlagAndByCommand) {
  const Result by_flag = Run({"keys", "add", "--help"});
  const Result by_command = Run({"help", "key", "add"});

  EXPECT_EQ(by_flag.code, 0);
  EXPECT_EQ(by_flag.err, "");
  EXPECT_EQ(by_flag.out, by_command.out);
  EXPECT_EQ(Run({}).out, Run({"help"}).out);
  EXPECT_EQ(Run({"help", "kyes"}).code, 1);
}

TEST_F(HelpTest, ExitCodesHaveAPage) {
  EXPECT_EQ(Run({"help", "exit-codes"}).out, ExitCodesHelp());
}

}  // namespace
}  // namespace lmgate::cli
