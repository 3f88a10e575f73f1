#include "tests/repo/source_text.h"

#include <gmock/gmock.h>

namespace lmgate::repo {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SourceText, CommentsAndLiteralsBecomeBlanks) {
  EXPECT_EQ(CodeOnly("a(); // b\nc /* d\n */ e"), "a();     \nc     \n    e");
  EXPECT_EQ(CodeOnly(R"(f("a\"b", 'c', '\'', u))"), R"(f("    ", ' ', '  ', u))");
  EXPECT_EQ(CodeOnly("R\"x(a\"b)x\" c"), "R\"       \" c");
  EXPECT_EQ(CodeOnly("\"// no comment\" a"), "\"             \" a");
}

TEST(SourceText, DigitSeparatorsBeginNoLiteral) {
  EXPECT_EQ(CodeOnly("1'000 + sleep(1)"), "1'000 + sleep(1)");
}

TEST(SourceText, UnclosedTextsEndAtTheEnd) {
  for (const char* text : {"\"", "'", "/*", "//", "R\"", "R\"x(", "\"\\", "#include"}) {
    EXPECT_EQ(CodeOnly(text).size(), std::string_view(text).size()) << text;
  }
}

TEST(SourceText, IncludesAreFoundWithTheirKind) {
  const auto includes = FindIncludes("#pragma once\n#include <a/b.h>\n#include \"c/d.h\"\n");

  ASSERT_EQ(includes.size(), 2u);
  EXPECT_EQ(includes[0].path, "a/b.h");
  EXPECT_FALSE(includes[0].is_quoted);
  EXPECT_EQ(includes[1].path, "c/d.h");
  EXPECT_TRUE(includes[1].is_quoted);
  EXPECT_EQ(includes[1].position, 30u);
}

TEST(SourceText, AWordIsNoPartOfAnother) {
  EXPECT_THAT(FindWord("getenv secure_getenv getenvs (getenv)", "getenv"), ElementsAre(0, 30));
  EXPECT_THAT(FindWord("", "getenv"), IsEmpty());
}

}  // namespace
}  // namespace lmgate::repo
