#include "common/contract/field_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/contract/refusal_matcher.h"

namespace lmgate::contract {
namespace {

using ::lmgate::testing::Refuses;

TEST(FieldError, MessageNamesTheField) {
  const absl::Status status = FieldError("base_url", "is empty", "give one");

  EXPECT_EQ(status.message(), "base_url: is empty");
  EXPECT_THAT(status, Refuses("base_url", "give one"));
}

TEST(InParent, PutsThePathBeforeFieldAndMessage) {
  const absl::Status status =
      InParent("routes[\"a\"]", InParent("to[0]", FieldError("weight", "is too large", "less")));

  EXPECT_EQ(status.message(), "routes[\"a\"].to[0].weight: is too large");
  EXPECT_THAT(status, Refuses("routes[\"a\"].to[0].weight", "less"));
}

TEST(InParent, GivesAPlainErrorTheFieldOfTheParent) {
  const absl::Status status = InParent("groups[\"g\"]", absl::InvalidArgumentError("is odd"));

  EXPECT_EQ(status.message(), "groups[\"g\"]: is odd");
  EXPECT_THAT(status, Refuses("groups[\"g\"]", ""));
}

TEST(InParent, LeavesOkAlone) { EXPECT_TRUE(InParent("x", absl::OkStatus()).ok()); }

TEST(DidYouMean, IsEmptyWithoutAWord) {
  EXPECT_EQ(DidYouMean(""), "");
  EXPECT_EQ(DidYouMean("openai"), "did you mean \"openai\"?");
}

TEST(Quoted, EscapesWhatWouldLeaveTheQuotes) {
  EXPECT_EQ(Quoted("a\"b\\c\n"), "\"a\\\"b\\\\c\\n\"");
  EXPECT_EQ(Quoted("größe"), "\"größe\"");
}

TEST(Quoted, IsCutBeyond128BytesButNotInsideACharacter) {
  const std::string at_limit(128, 'a');
  const std::string beyond = std::string(127, 'a') + "éb";

  EXPECT_EQ(Quoted(at_limit), "\"" + at_limit + "\"");
  EXPECT_EQ(Quoted(beyond), "\"" + std::string(127, 'a') + "…\"");
}

}  // namespace
}  // namespace lmgate::contract
