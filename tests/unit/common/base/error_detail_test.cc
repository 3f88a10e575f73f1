#include "common/base/error_detail.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lmgate {
namespace {

const std::vector<std::string> kStrategies = {"first", "fallback", "random", "weighted"};

TEST(FieldHint, ComesBackFromTheStatus) {
  const absl::Status status =
      WithFieldHint(absl::InvalidArgumentError("bad"), {.field = "to[0]", .hint = "fix it"});

  const auto hint = GetFieldHint(status);

  EXPECT_EQ(status.message(), "bad");
  ASSERT_TRUE(hint.has_value());
  EXPECT_EQ(hint->field, "to[0]");
  EXPECT_EQ(hint->hint, "fix it");
}

TEST(FieldHint, OfAPlainStatusIsAbsent) {
  EXPECT_FALSE(GetFieldHint(absl::InvalidArgumentError("bad")).has_value());
  EXPECT_FALSE(GetFieldHint(absl::OkStatus()).has_value());
}

TEST(EditDistance, CountsInsertedDeletedAndReplacedBytes) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("abc", "abc"), 0u);
}

TEST(EditDistance, IsFarBeyondTheLengthLimit) {
  const std::string at_limit(256, 'a');
  const std::string beyond(257, 'a');

  EXPECT_EQ(EditDistance(at_limit, at_limit), 0u);
  EXPECT_EQ(EditDistance(beyond, beyond), 257u);
}

TEST(NearestWord, FindsTheMisspeltWord) {
  EXPECT_EQ(NearestWord("falback", kStrategies), "fallback");
  EXPECT_EQ(NearestWord("wieghted", kStrategies), "weighted");
}

TEST(NearestWord, IsEmptyWhenNothingIsNear) {
  EXPECT_EQ(NearestWord("quorum", kStrategies), "");
  EXPECT_EQ(NearestWord("", kStrategies), "");
  EXPECT_EQ(NearestWord(std::string(4000, 'x'), kStrategies), "");
}

TEST(NearestWord, TakesTheFirstOfTwoAsNear) {
  EXPECT_EQ(NearestWord("openaiX", std::vector<std::string>{"openai1", "openai2"}), "openai1");
}

}  // namespace
}  // namespace lmgate
