#include "dataplane/chat/object_end.h"

#include <gtest/gtest.h>

#include <string_view>

namespace lmgate::chat {
namespace {

TEST(ObjectEnd, IsWholeAtTheBraceThatClosesTheFirst) {
  constexpr std::string_view kText = R"({"a":[{"b":1},{}]})";
  ObjectEnd end;

  for (const char c : kText) {
    EXPECT_FALSE(end.whole());
    end.Feed({&c, 1});
  }

  EXPECT_TRUE(end.whole());
}

TEST(ObjectEnd, DoesNotCountWhatStandsInStrings) {
  ObjectEnd end;

  end.Feed(R"({"a":"}\"}\\)");
  EXPECT_FALSE(end.whole());
  end.Feed(R"("})");

  EXPECT_TRUE(end.whole());
}

TEST(ObjectEnd, HasNotBegunBeforeABrace) {
  ObjectEnd end;

  end.Feed(" \n");

  EXPECT_FALSE(end.begun());
  EXPECT_FALSE(end.whole());
}

TEST(ObjectEnd, BeginsAgainWithAnotherObject) {
  ObjectEnd end;

  end.Feed("{}{");

  EXPECT_FALSE(end.whole());
}

TEST(ObjectEnd, StopsAtTheEndWhereAsked) {
  ObjectEnd end;

  EXPECT_EQ(end.FeedToEnd(R"({"a":)"), 5u);
  EXPECT_EQ(end.FeedToEnd("[]},{}"), 3u);
  EXPECT_EQ(end.FeedToEnd(",{}"), 0u);

  EXPECT_TRUE(end.whole());
}

}  // namespace
}  // namespace lmgate::chat
