#include "common/options/env_file.h"

#include "common/base/strings.h"
#include "tests/support/status_matchers.h"

namespace lmgate::options {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::IsOkAndHolds;
using ::lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

using Variables = std::map<std::string, std::string>;

absl::StatusOr<Variables> Parse(std::string_view text, const Variables& environment = {}) {
  return ParseEnvFile(text, [&](std::string_view name) -> std::optional<std::string> {
    const auto found = environment.find(std::string(name));
    if (found == environment.end()) return std::nullopt;
    return found->second;
  });
}

// The value of `A` in a file that sets nothing else.
std::string ValueOf(std::string_view assignment) {
  const absl::StatusOr<Variables> variables = Parse(assignment);
  EXPECT_THAT(variables, IsOkAndHolds(ElementsAre(Pair("A", ::testing::_)))) << assignment;
  return variables.ok() && variables->contains("A") ? variables->at("A") : "";
}

TEST(EnvFile, ReadsAssignmentsBetweenCommentsAndEmptyLines) {
  EXPECT_THAT(Parse("# head\n\nA=1\n  # indented\n\tB = two words \nexport C=3\n"),
              IsOkAndHolds(ElementsAre(Pair("A", "1"), Pair("B", "two words"), Pair("C", "3"))));
}

TEST(EnvFile, AnEmptyTextSetsNothing) {
  EXPECT_THAT(Parse(""), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(Parse(" \n\t\n#"), IsOkAndHolds(IsEmpty()));
}

TEST(EnvFile, TheThreeKindsOfLineEndAreAlike) {
  EXPECT_THAT(Parse("A=1\rB=2\r\nC=3\n"),
              IsOkAndHolds(ElementsAre(Pair("A", "1"), Pair("B", "2"), Pair("C", "3"))));
}

TEST(EnvFile, ABareKeySetsNothing) {
  EXPECT_THAT(Parse("A\nexport B\nC=\n"), IsOkAndHolds(ElementsAre(Pair("C", ""))));
}

TEST(EnvFile, TheLastDuplicateWins) { EXPECT_EQ(ValueOf("A=1\nA=2\n"), "2"); }

TEST(EnvFile, ExportIsAlsoAName) {
  EXPECT_THAT(Parse("export=1\nexported=2"),
              IsOkAndHolds(ElementsAre(Pair("export", "1"), Pair("exported", "2"))));
}

TEST(EnvFile, ASingleQuotedKeyMayHaveBlanks) {
  EXPECT_THAT(Parse("'my key'=1"), IsOkAndHolds(ElementsAre(Pair("my key", "1"))));
}

TEST(EnvFile, AHashCommentsOnlyAfterABlank) {
  EXPECT_EQ(ValueOf("A=sk#1 # the key"), "sk#1");
  EXPECT_EQ(ValueOf("A=#1"), "#1");
  EXPECT_EQ(ValueOf("A= #1"), "#1");
  EXPECT_EQ(ValueOf("A='x # y' # z"), "x # y");
}

TEST(EnvFile, UnquotedValuesKeepBackslashesAndQuotesInside) {
  EXPECT_EQ(ValueOf(R"(A=a\nb"c"'d')"), R"(a\nb"c"'d')");
}

TEST(EnvFile, DoubleQuotesKnowEscapes) {
  EXPECT_EQ(ValueOf(R"(A="a\n\t\\\"\'\r\x")"), "a\n\t\\\"'\r\\x");
}

TEST(EnvFile, AnEscapedBackslashDoesNotKeepAQuoteOpen) {
  EXPECT_THAT(Parse("A=\"x\\\\\"\nB=\"y\""),
              IsOkAndHolds(ElementsAre(Pair("A", "x\\"), Pair("B", "y"))));
}

TEST(EnvFile, SingleQuotesAreRaw) {
  EXPECT_EQ(ValueOf(R"(A='a\n"${HOME}"\'\\')"), R"(a\n"${HOME}"'\)");
}

TEST(EnvFile, QuotedValuesMayHaveSeveralLines) {
  EXPECT_THAT(Parse("A=\"one\ntwo\"\nB='three\r\nfour'"),
              IsOkAndHolds(ElementsAre(Pair("A", "one\ntwo"), Pair("B", "three\r\nfour"))));
}

TEST(EnvFile, VariablesComeFromTheEnvironmentThenFromTheLinesAbove) {
  EXPECT_THAT(Parse("A=file\nB=file\nC=${A}-${B}-${D}\nD=below", {{"A", "real"}}),
              IsOkAndHolds(ElementsAre(Pair("A", "file"), Pair("B", "file"),
                                       Pair("C", "real-file-"), Pair("D", "below"))));
}

TEST(EnvFile, ADefaultServesOnlyAVariableThatIsNowhere) {
  EXPECT_THAT(
      Parse("A=${X:-1}\nB=\"${E:-2}\"\nC=${A:-3}\nD=${X:-}", {{"E", ""}}),
      IsOkAndHolds(ElementsAre(Pair("A", "1"), Pair("B", ""), Pair("C", "1"), Pair("D", ""))));
}

TEST(EnvFile, WhatIsNoVariableStaysAsItIs) {
  EXPECT_EQ(ValueOf("A=$B ${ ${C:x} $"), "$B ${ ${C:x} $");
}

TEST(EnvFile, AValueIsExpandedOnlyOnce) {
  EXPECT_THAT(Parse("A=${X}", {{"X", "${Y}"}, {"Y", "deep"}}),
              IsOkAndHolds(ElementsAre(Pair("A", "${Y}"))));
}

TEST(EnvFile, ErrorsNameTheLineAndNotTheText) {
  const struct {
    std::string_view text;
    std::string_view message;
  } cases[] = {
      {"A=1\n=s3cret\n", "line 2: a name is missing"},
      {"A=1\r\n\r\nB='s3cret\n", "line 3: a quote is not closed"},
      {"A=\"s3cret", "line 1: a quote is not closed"},
      {"A=\"s3cret\\\"", "line 1: a quote is not closed"},
      {"\n\nA='x' s3cret\n", "line 3: something follows the value"},
      {"A B=s3cret", "line 1: something follows the value"},
      {"''=s3cret", "line 1: a name is missing"},
      {"'A=s3cret'=1", "line 1: a name has an equals sign"},
      {"'A=s3cret", "line 1: a quote is not closed"},
  };
  for (const auto& [text, message] : cases) {
    const absl::StatusOr<Variables> variables = Parse(text);
    EXPECT_THAT(variables, StatusIs(absl::StatusCode::kInvalidArgument, std::string(message)))
        << text;
    EXPECT_THAT(variables, StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("s3cret"))));
  }
}

TEST(EnvFile, ANulByteIsRefused) {
  EXPECT_THAT(Parse(std::string_view("A=1\0", 4)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("NUL")));
}

TEST(EnvFile, AFileMayHaveOneMebibyteAndNoByteMore) {
  std::string text = "A=1\n#";
  text.resize(1024 * 1024, 'x');

  EXPECT_THAT(Parse(text), IsOk());
  EXPECT_THAT(Parse(text + "x"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1 MiB")));
}

TEST(EnvFile, ExpansionMayReachOneMebibyteAndNoByteMore) {
  const std::string half(512 * 1024, 'x');

  EXPECT_THAT(Parse("A=${H}${H}", {{"H", half}}), IsOk());
  EXPECT_THAT(Parse("A=${H}${H}\nB=1", {{"H", half}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 2: the values")));
}

TEST(EnvFile, DoublingVariablesEndInAnError) {
  std::string text = "A0=xxxxxxxx\n";
  for (int i = 1; i < 64; ++i) StrAppend(&text, "A", i, "=${A", i - 1, "}${A", i - 1, "}\n");

  EXPECT_THAT(Parse(text), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1 MiB")));
}

}  // namespace
}  // namespace lmgate::options
