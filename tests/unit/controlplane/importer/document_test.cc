#include "controlplane/importer/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/strings.h"
#include "tests/support/status_matchers.h"

namespace lmgate::importer {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr Document::Limits kLimits{.bytes_max = 1 << 20, .depth_max = 8, .nodes_max = 100};

absl::StatusOr<Document> Parse(std::string_view text) {
  return Document::Parse(text, "f.yaml", kLimits);
}

auto Refused(std::string_view message) {
  return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(message)));
}

// The text of the only value of a mapping.
std::string OnlyText(std::string_view text) {
  const auto document = Parse(text);
  EXPECT_THAT(document, IsOk());
  return document.ok() ? (*document)[document->root().items.at(0)].text : "";
}

TEST(Document, ReadsMapsListsAndScalarsWithTheirLines) {
  const auto document = Parse("a: 1\nb:\n  - x\n  - 'y'\nc: ~\n");

  ASSERT_THAT(document, IsOk());
  const Document::Node& root = document->root();
  EXPECT_THAT(root.keys, ElementsAre("a", "b", "c"));
  EXPECT_THAT(root.key_lines, ElementsAre(1, 2, 5));
  const Document::Node& list = (*document)[root.items[1]];
  EXPECT_EQ(list.kind, Document::Kind::kList);
  EXPECT_EQ((*document)[list.items[1]].line, 4);
  EXPECT_TRUE((*document)[list.items[1]].quoted);
  EXPECT_FALSE((*document)[list.items[0]].quoted);
  EXPECT_EQ((*document)[root.items[2]].kind, Document::Kind::kNull);
}

TEST(Document, KeepsTheSourceTextOfScalars) {
  EXPECT_EQ(OnlyText("a: 4.10"), "4.10");
  EXPECT_EQ(OnlyText("a: env:OPENAI_API_KEY"), "env:OPENAI_API_KEY");
  EXPECT_EQ(OnlyText("{a: file:/run/secrets/x}"), "file:/run/secrets/x");
}

TEST(Document, ReadsJsonWithEscapesThatYamlLacks) {
  EXPECT_EQ(OnlyText(R"({"a":"\ud83d\ude00 \u00e9 \/"})"), "😀 é /");
  EXPECT_EQ(OnlyText(R"({"a":"\\ud83d\\ude00"})"), R"(\ud83d\ude00)");
  EXPECT_EQ(OnlyText("{\n\t\"a\":\t1\n}"), "1");
}

TEST(Document, ReadsAnEmptyFileAsNull) {
  const auto document = Parse("# nothing\n");

  ASSERT_THAT(document, IsOk());
  EXPECT_EQ(document->root().kind, Document::Kind::kNull);
}

TEST(Document, ResolvesAliases) {
  EXPECT_EQ(OnlyText("a: &x 5\nb: *x\n"), "5");
  const auto document = Parse("a: &x {k: v}\nb: *x\n");
  ASSERT_THAT(document, IsOk());
  EXPECT_EQ(document->root().items[0], document->root().items[1]);
}

TEST(Document, RefusesAnAliasWithinWhatItStandsFor) {
  EXPECT_THAT(Parse("a: &x [1, *x]"), Refused("f.yaml:1: an alias within what it stands for"));
}

TEST(Document, CountsAliasesAsWhatTheyStandFor) {
  std::string bomb = "a0: &a0 [x, x, x, x]\n";
  for (int i = 1; i < 5; ++i)
    StrAppend(&bomb, "a", i, ": &a", i, " [*a", i - 1, ", *a", i - 1, "]\n");

  EXPECT_THAT(Parse(bomb), Refused("more than 100 keys and values"));
}

TEST(Document, TakesAsManyNodesAsTheLimitAndNotOneMore) {
  std::string list = "[";
  for (int i = 0; i < 98; ++i) list += "x,";

  EXPECT_THAT(Parse(list + "x]"), IsOk());  // the list and 99 entries
  EXPECT_THAT(Parse(list + "x,x]"), Refused("more than 100"));
}

TEST(Document, TakesAsDeepAsTheLimitAndNotOneDeeper) {
  EXPECT_THAT(Parse("[[[[[[[[x]]]]]]]]"), IsOk());
  EXPECT_THAT(Parse("[[[[[[[[[x]]]]]]]]]"), Refused("f.yaml:1: nested deeper than 8 levels"));
  EXPECT_THAT(Parse("a: &x [[[[x]]]]\nb: [[[*x]]]\n"), IsOk());
  EXPECT_THAT(Parse("a: &x [[[[x]]]]\nb: [[[[*x]]]]\n"), Refused("nested deeper"));
}

TEST(Document, SurvivesNestingFarBeyondTheLimit) {
  EXPECT_FALSE(Parse(std::string(100000, '[')).ok());
  EXPECT_FALSE(Parse(std::string(100000, '{')).ok());
}

TEST(Document, TakesAsManyBytesAsTheLimitAndNotOneMore) {
  const std::string text = StrCat("a: ", std::string(kLimits.bytes_max - 3, 'x'));

  EXPECT_THAT(Parse(text), IsOk());
  EXPECT_THAT(Parse(text + "x"), Refused("f.yaml: larger than 1048576 bytes"));
}

TEST(Document, RefusesAKeyTwiceAndNamesTheLine) {
  EXPECT_THAT(Parse("a: 1\nb: 2\na: 3\n"), Refused("f.yaml:3: key \"a\" stands twice"));
  EXPECT_THAT(Parse(R"({"a": 1, "a": 2})"), Refused("key \"a\" stands twice"));
}

TEST(Document, RefusesASecondDocument) {
  EXPECT_THAT(Parse("a: 1\n---\nb: 2\n"), Refused("a second document"));
}

TEST(Document, RefusesWhatIsNotText) {
  EXPECT_THAT(Parse(std::string_view("a: x\nb: \0", 9)), Refused("f.yaml:2: a control character"));
  EXPECT_THAT(Parse("a: \x04\nb: 1"), Refused("control character"));
  EXPECT_THAT(Parse("a: \xff\xfe"), Refused("f.yaml:1: not UTF-8"));
  EXPECT_THAT(Parse("a: \xc0\xaf"), Refused("not UTF-8"));
  EXPECT_THAT(Parse("a: \xed\xa0\x80"), Refused("not UTF-8"));
  EXPECT_THAT(Parse("a: \xf4\x90\x80\x80"), Refused("not UTF-8"));
  EXPECT_THAT(Parse("a: \xe2\x82"), Refused("not UTF-8"));
  EXPECT_EQ(OnlyText("a: \xf0\x9f\x98\x80"), "😀");
}

TEST(Document, RefusesEscapesThatDoNotGiveUtf8) {
  EXPECT_THAT(Parse("a: \"x\\Ny\""), Refused("f.yaml:1: an escape that is not supported"));
  EXPECT_THAT(Parse("a: {\"\\_\": 1}"), Refused("an escape that is not supported"));
  EXPECT_EQ(OnlyText("a: \"\\xe9\\u00e9\""), "éé");
}

TEST(Document, RefusesTagsAndMergeKeys) {
  EXPECT_THAT(Parse("a: !env X"), Refused("tags are not supported"));
  EXPECT_THAT(Parse("a: !!python/object {}"), Refused("tags are not supported"));
  EXPECT_THAT(Parse("a: &x {k: v}\nb:\n  <<: *x\n"), Refused("merge keys"));
  EXPECT_THAT(Parse("a: !!str 5"), IsOk());
}

TEST(Document, RefusesKeysThatAreNoText) {
  EXPECT_THAT(Parse("? [a]\n: b\n"), Refused("a key must be a text"));
  EXPECT_THAT(Parse("~: b\n"), Refused("a key must be a text"));
}

TEST(Document, SaysThatAStarNeedsQuotes) {
  EXPECT_THAT(Parse("a: *"), Refused("needs quotes"));
  EXPECT_THAT(Parse("b: 1\na: *foo"), Refused("f.yaml:2: "));
}

TEST(Document, NamesTheLineOfASyntaxError) {
  EXPECT_THAT(Parse("a: 1\nb: [1, 2\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, StartsWith("f.yaml:")));
}

}  // namespace
}  // namespace lmgate::importer
