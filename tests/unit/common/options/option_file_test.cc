#include "common/options/option_file.h"

#include "common/base/strings.h"
#include "tests/support/status_matchers.h"

namespace lmgate::options {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;

// Entries as "key=value", "key!" without a plain value; or the error.
std::string Read(std::string_view text) {
  const auto entries = ParseOptionFile(text);
  if (!entries.ok()) return std::string(entries.status().message());
  std::string result;
  for (const OptionFileEntry& entry : *entries) {
    StrAppend(&result, entry.key, entry.value ? "=" : "!", entry.value.value_or(""), " ");
  }
  return result;
}

TEST(OptionFile, PlainValuesKeepTheirText) {
  EXPECT_EQ(Read("listen: 127.0.0.1:8000\nworkers: 08 # comment\non: yes\nempty: ''\n"),
            "listen=127.0.0.1:8000 workers=08 on=yes empty= ");
}

TEST(OptionFile, AnEmptyFileHasNoEntries) {
  EXPECT_EQ(Read(""), "");
  EXPECT_EQ(Read("# nothing\n"), "");
  EXPECT_EQ(Read("---\n"), "");
}

TEST(OptionFile, ListsMapsAndNothingAreNoPlainValues) {
  EXPECT_EQ(Read("a: [1]\nb: {c: 1}\nd:\ne: ~\n"), "a! b! d! e! ");
}

TEST(OptionFile, AnAliasIsItsValue) { EXPECT_EQ(Read("a: &x 1\nb: *x\n"), "a=1 b=1 "); }

TEST(OptionFile, ErrorsNameTheLine) {
  EXPECT_EQ(Read("a: 1\nb: 2\na: 3\n"), "line 3: \"a\" is there twice");
  EXPECT_EQ(Read("- a\n"), "line 1: is not a map of options");
  EXPECT_EQ(Read("just text"), "line 1: is not a map of options");
  EXPECT_EQ(Read("a: 1\n[b]: 2\n"), "line 2: a key is not plain text");
  EXPECT_THAT(Read("a: 1\n---\nb: 2\n"), HasSubstr("a second document"));
  EXPECT_THAT(Read("a: 1\nb: [2\n"), HasSubstr("line 3: "));
  EXPECT_THAT(Read("a: *nowhere\n"), HasSubstr("line 1: "));
}

TEST(OptionFile, DeepNestingIsAnErrorAndNoCrash) {
  EXPECT_THAT(ParseOptionFile("a: " + std::string(100'000, '[')),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::_));
}

TEST(OptionFile, AFileMayHaveOneMebibyteAndNoByteMore) {
  std::string text = "a: 1\n#";
  text.resize(1024 * 1024, 'x');

  EXPECT_THAT(ParseOptionFile(text), IsOk());
  EXPECT_THAT(ParseOptionFile(text + "x"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1 MiB")));
}

TEST(OptionFile, AFileMayHaveAThousandKeysAndNoMore) {
  std::string text;
  for (int i = 0; i < 1000; ++i) StrAppend(&text, "k", i, ": 1\n");

  EXPECT_THAT(ParseOptionFile(text), IsOk());
  EXPECT_THAT(ParseOptionFile(text + "last: 1\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 1001: more than 1000")));
}

}  // namespace
}  // namespace lmgate::options
