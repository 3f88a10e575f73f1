#include "common/contract/model_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>

#include "tests/support/status_matchers.h"

namespace lmgate::contract {
namespace {

using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;

bool Match(std::string_view pattern, std::string_view model) {
  const auto compiled = ModelPattern::Create(pattern);
  EXPECT_TRUE(compiled.ok()) << pattern << ": " << compiled.status();
  return compiled.ok() && compiled->Matches(model);
}

TEST(ModelPattern, MatchesAsPythonsFnmatch) {
  std::ifstream golden("tests/golden/model_pattern/fnmatch.tsv");
  std::string line;
  int cases = 0;
  while (std::getline(golden, line)) {
    if (line.starts_with("#")) continue;
    const size_t first = line.find('\t');
    const size_t second = line.find('\t', first + 1);
    ASSERT_NE(second, std::string::npos) << line;
    const std::string pattern = line.substr(0, first);
    const std::string model = line.substr(first + 1, second - first - 1);

    EXPECT_EQ(Match(pattern, model), line.substr(second + 1) == "1") << line;
    ++cases;
  }
  EXPECT_GT(cases, 400);
}

TEST(ModelPattern, StarAndQuestionMarkTakeLineFeedsSlashesAndDots) {
  EXPECT_TRUE(Match("a*z", "a\n/.z"));
  EXPECT_TRUE(Match("a?z", "a\nz"));
  EXPECT_TRUE(Match("a[!b]z", "a\nz"));
}

TEST(ModelPattern, ACharacterIsACodePoint) {
  EXPECT_TRUE(Match("?", "é"));
  EXPECT_TRUE(Match("?", "😀"));
  EXPECT_FALSE(Match("??", "😀"));
  EXPECT_TRUE(Match("[а-я]*", "модель"));
  EXPECT_FALSE(Match("[а-я]", "z"));
}

TEST(ModelPattern, AByteThatIsNotUtf8IsACharacterOfItsOwn) {
  EXPECT_TRUE(Match("?", "\xff"));
  EXPECT_TRUE(Match("??", "\xc3("));               // a lead byte without its continuation
  EXPECT_TRUE(Match("???", "\xe2\x82("));          // cut short
  EXPECT_TRUE(Match("??", "\xc0\x80"));            // overlong
  EXPECT_TRUE(Match("???", "\xed\xa0\x80"));       // a surrogate
  EXPECT_TRUE(Match("????", "\xf4\x90\x80\x80"));  // beyond U+10FFFF
  EXPECT_FALSE(Match("[ÿ]", "\xff"));              // not the code point of the same number
  EXPECT_TRUE(Match("a\xff*", "a\xff!"));
}

TEST(ModelPattern, KnowsExactOnes) {
  for (const char* exact : {"gpt-4o", "models/a.b", "[a", "a]", "a!b"}) {
    const auto pattern = ModelPattern::Create(exact);
    ASSERT_TRUE(pattern.ok());
    EXPECT_TRUE(pattern->is_exact()) << exact;
    EXPECT_FALSE(pattern->is_any()) << exact;
    EXPECT_TRUE(pattern->Matches(exact)) << exact;
    EXPECT_FALSE(pattern->Matches(std::string(exact) + "x")) << exact;
  }
  for (const char* other : {"gpt-*", "[a]", "a?", "*", "re:a"}) {
    EXPECT_FALSE(ModelPattern::Create(other)->is_exact()) << other;
  }
}

TEST(ModelPattern, KnowsStarsAlone) {
  EXPECT_TRUE(ModelPattern::Create("*")->is_any());
  EXPECT_TRUE(ModelPattern::Create("***")->is_any());
  EXPECT_TRUE(Match("*", ""));
  EXPECT_FALSE(ModelPattern::Create("*?")->is_any());
  EXPECT_FALSE(Match("*?", ""));
}

TEST(ModelPattern, RegexMustMatchTheWholeModel) {
  EXPECT_TRUE(Match("re:dev-[0-9]+", "dev-42"));
  EXPECT_FALSE(Match("re:dev-[0-9]+", "my-dev-42"));
  EXPECT_FALSE(Match("re:dev-[0-9]+", "dev-42x"));
  EXPECT_FALSE(Match("re:a|b", "ab"));
  EXPECT_TRUE(Match("re:(?i)GPT.*", "gpt-4"));
  EXPECT_TRUE(Match("re:^a$", "a"));
}

TEST(ModelPattern, BadRegexSaysWhatIsWrong) {
  EXPECT_THAT(ModelPattern::Create("re:a(b"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("missing )")));
  EXPECT_THAT(ModelPattern::Create("re:"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no regular expression")));
  // RE2 has no look-around and no back-references: that is what makes it linear.
  EXPECT_THAT(ModelPattern::Create("re:(?=a)b"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("(?=")));
}

TEST(ModelPattern, RegexThatNeedsTooMuchMemoryIsRefused) {
  EXPECT_THAT(ModelPattern::Create("re:((a{100}){100}){100}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("re:")));
  EXPECT_THAT(ModelPattern::Create("re:((\\pL{30}){10}){3}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("too large")));
}

TEST(ModelPattern, IsFrom1To512Bytes) {
  EXPECT_TRUE(ModelPattern::Create(std::string(512, 'a')).ok());
  EXPECT_THAT(ModelPattern::Create(std::string(513, 'a')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("512")));
  EXPECT_THAT(ModelPattern::Create(""),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("empty")));
}

// With backtracking over all stars this would take longer than the universe has.
TEST(ModelPattern, ManyStarsDoNotExplode) {
  std::string pattern;
  for (int i = 0; i < 250; ++i) pattern += "a*";
  pattern += "b";

  EXPECT_FALSE(Match(pattern, std::string(100'000, 'a')));
  EXPECT_TRUE(Match(pattern, std::string(100'000, 'a') + "b"));
}

TEST(ModelPattern, CopyOutlivesTheOriginal) {
  ModelPattern copy = *ModelPattern::Create("x");
  {
    const ModelPattern original = *ModelPattern::Create("gpt-[0-9]*");
    copy = original;
  }
  EXPECT_TRUE(copy.Matches("gpt-4"));
  EXPECT_EQ(copy.text(), "gpt-[0-9]*");
}

}  // namespace
}  // namespace lmgate::contract
