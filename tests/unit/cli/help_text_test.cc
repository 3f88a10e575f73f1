#include "cli/help_text.h"

#include <fstream>
#include <sstream>

#include "common/options/option_table.h"
#include "tests/unit/cli/lmctl_fixture.h"

namespace lmgate::cli {
namespace {

// Relative to the root of the sources, where tests run.
constexpr char kGolden[] = "tests/golden/cli/help.txt";

// LMGATE_UPDATE_GOLDEN=1 writes the file anew; the difference is to be reviewed.
TEST(HelpText, PagesAreAsReviewed) {
  const auto environment = options::ProcessSurroundings(0, nullptr).environment;
  if (environment("LMGATE_UPDATE_GOLDEN").has_value()) std::ofstream(kGolden) << AllHelpPages();
  std::ifstream file(kGolden);
  std::stringstream golden;
  golden << file.rdbuf();

  EXPECT_EQ(AllHelpPages(), golden.str()) << "LMGATE_UPDATE_GOLDEN=1 updates " << kGolden;
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
