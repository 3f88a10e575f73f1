#include "tests/repo/layout.h"

#include <gmock/gmock.h>

namespace lmgate::repo {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Complaints Check(std::string path, std::string text) {
  return CheckLayout({{.path = std::move(path), .text = std::move(text)}});
}

TEST(Layout, TabsAndBlanksAtLineEndsAreFound) {
  EXPECT_THAT(Check("a.md", "x\n\ty\n"), ElementsAre("a.md:2: a tab: indent with blanks"));
  EXPECT_THAT(Check("a.sh", "x \ny"), ElementsAre("a.sh:1: a blank at the end of the line"));
  EXPECT_THAT(Check("a.sql", "x\r\n"), ElementsAre("a.sql:1: a blank at the end of the line"));
  EXPECT_THAT(Check("tests/golden/a.txt", "x \n\ty\n"), IsEmpty());
  EXPECT_THAT(Check("tests/fuzz/corpus/http/a.txt", "x \n"), IsEmpty());
}

TEST(Layout, ACppLineMayHave100ColumnsAndNoMore) {
  EXPECT_THAT(Check("a.cc", std::string(100, 'x') + "\n"), IsEmpty());
  EXPECT_THAT(Check("a.cc", std::string(101, 'x') + "\n"),
              ElementsAre("a.cc:1: 101 columns, at most 100: clang-format"));
  EXPECT_THAT(Check("a.cc", std::string(99, 'x') + "\u00e4\n"), IsEmpty());
  EXPECT_THAT(Check("a.md", std::string(101, 'x') + "\n"), IsEmpty());
}

TEST(Layout, AHeaderIsIncludedOnce) {
  EXPECT_THAT(Check("a.h", "#pragma once\n"), IsEmpty());
  EXPECT_THAT(Check("a.h", "// why\n#pragma once\n"), IsEmpty());
  EXPECT_THAT(Check("a.h", "int x;\n"), ElementsAre("a.h:1: #pragma once is missing"));
}

TEST(Layout, TheLongestFilesComeFirst) {
  EXPECT_EQ(LongestFiles({{.path = "a.cc", .text = "\n"},
                          {.path = "b.cc", .text = "\n\n\n"},
                          {.path = "c.h", .text = "\n\n"},
                          {.path = "d.md", .text = "\n\n\n\n"}},
                         2),
            "3 b.cc\n2 c.h\n");
}

}  // namespace
}  // namespace lmgate::repo
