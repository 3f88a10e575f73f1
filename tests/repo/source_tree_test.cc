#include "tests/repo/source_tree.h"

#include <gmock/gmock.h>

namespace lmgate::repo {
namespace {

TEST(SourceTree, PatternsMatchAFileAFolderOrATree) {
  EXPECT_TRUE(MatchesPath("a/b.cc", "a/b.cc"));
  EXPECT_FALSE(MatchesPath("a/b.cc", "a/b.cc.in"));
  EXPECT_TRUE(MatchesPath("a/", "a/b.cc"));
  EXPECT_FALSE(MatchesPath("a/", "a/c/b.cc"));
  EXPECT_TRUE(MatchesPath("a/**", "a/c/b.cc"));
  EXPECT_FALSE(MatchesPath("a/**", "ab/c.cc"));
  EXPECT_TRUE(MatchesPath("**", "ab/c.cc"));
}

TEST(SourceTree, AComplaintNamesTheLine) {
  const SourceFile file{.path = "a/b.cc", .text = "one\ntwo\nthree"};

  EXPECT_EQ(At(file, 0, "x"), "a/b.cc:1: x");
  EXPECT_EQ(At(file, 4, "x"), "a/b.cc:2: x");
  EXPECT_EQ(At(file, file.text.size(), "x"), "a/b.cc:3: x");
}

TEST(SourceTree, AForeignFolderIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(ReadSourceTree("/").status()));
}

}  // namespace
}  // namespace lmgate::repo
