// The laws of house.md 2.2 and 2.10 and of style.md, held against the sources as they are. What
// each check finds is tested on literal text by its own twin.

#include <absl/strings/str_join.h>
#include <gtest/gtest.h>

#include <iostream>

#include "tests/repo/allowances.h"
#include "tests/repo/awaits.h"
#include "tests/repo/banned.h"
#include "tests/repo/layers.h"
#include "tests/repo/layout.h"
#include "tests/repo/migration_numbers.h"
#include "tests/repo/source_tree.h"
#include "tests/repo/twins.h"

namespace lmgate::repo {
namespace {

class TreeTest : public ::testing::Test {
 protected:
  // Read once for all tests; ctest runs this in the root of the sources.
  static void SetUpTestSuite() {
    auto tree = ReadSourceTree(".");
    if (!tree.ok()) {
      std::cerr << tree.status().message() << "\n";
      return;
    }
    tree_ = new SourceTree(*std::move(tree));
  }
  static void TearDownTestSuite() { delete tree_; }

  void SetUp() override { ASSERT_NE(tree_, nullptr) << "the sources cannot be read"; }

  static std::string_view TextOf(std::string_view path) {
    const SourceFile* const file = FindFile(*tree_, path);
    return file == nullptr ? std::string_view() : file->text;
  }

  static void ExpectNone(const Complaints& complaints) {
    EXPECT_TRUE(complaints.empty()) << absl::StrJoin(complaints, "\n");
  }

  static const SourceTree* tree_;
};
const SourceTree* TreeTest::tree_ = nullptr;

TEST_F(TreeTest, FoldersIncludeOnlyWhatIsBelowThem) {
  const auto layers = ParseLayers(TextOf("tests/repo/layers.txt"));

  ASSERT_TRUE(layers.ok()) << layers.status();
  ASSERT_FALSE(layers->empty());
  ExpectNone(CheckLayers(*layers, *tree_));
}

TEST_F(TreeTest, CallsAreInTheirPlacesAndPureFilesHaveTests) {
  auto allowances = Allowances::Parse(TextOf("tests/repo/allowances.txt"));

  ASSERT_TRUE(allowances.ok()) << allowances.status();
  ExpectNone(CheckBannedCode(*tree_, *allowances));
  ExpectNone(CheckTwins(*tree_, *allowances));
  ExpectNone(allowances->Unneeded());
}

TEST_F(TreeTest, NothingIsBuiltBesideCoAwait) { ExpectNone(CheckAwaits(*tree_)); }

TEST_F(TreeTest, NoNotesMachinePathsOrRegistries) { ExpectNone(CheckBannedText(*tree_)); }

TEST_F(TreeTest, LinesAreLaidOut) { ExpectNone(CheckLayout(*tree_)); }

TEST_F(TreeTest, MigrationsAreNumberedWithoutGaps) { ExpectNone(CheckMigrations(*tree_)); }

TEST_F(TreeTest, TheLongestFilesAreOnlyPrinted) {
  std::cout << "The longest files; a long one is a question, not a fault:\n"
            << LongestFiles(*tree_, 10);
}

}  // namespace
}  // namespace lmgate::repo
