#include "dataplane/usage/usage_object.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "common/base/strings.h"

namespace lmgate::usage {
namespace {

TEST(UsageObject, ReadsEachNameToItsCount) {
  const std::string text =
      R"({"prompt_tokens":1,"input_tokens":2,"completion_tokens":3,"output_tokens":4,)"
      R"("total_tokens":5,"cache_read_input_tokens":6,"prompt_tokens_details":{"cached_tokens":7},)"
      R"("input_tokens_details":{"x":[{"cached_tokens":99}],"cached_tokens":8},)"
      R"("completion_tokens_details":{"reasoning_tokens":9},)"
      R"("output_tokens_details":{"reasoning_tokens":10,"cached_tokens":99}})";
  UsageCounts counts;

  ASSERT_EQ(ReadUsageObject(text + ",\"rest\"", &counts), text.size());

  EXPECT_EQ(counts.prompt_tokens, 1);
  EXPECT_EQ(counts.input_tokens, 2);
  EXPECT_EQ(counts.completion_tokens, 3);
  EXPECT_EQ(counts.output_tokens, 4);
  EXPECT_EQ(counts.total_tokens, 5);
  EXPECT_EQ(counts.cache_read_input_tokens, 6);
  EXPECT_EQ(counts.prompt_cached_tokens, 7);
  EXPECT_EQ(counts.input_cached_tokens, 8);
  EXPECT_EQ(counts.completion_reasoning_tokens, 9);
  EXPECT_EQ(counts.output_reasoning_tokens, 10);
}

UsageCounts::Count PromptTokens(std::string_view value) {
  UsageCounts counts;
  const std::string text = StrCat("{\"prompt_tokens\":", value, "}");
  EXPECT_EQ(ReadUsageObject(text, &counts), text.size()) << text;
  return counts.prompt_tokens;
}

TEST(UsageObject, CountsAreIntegersThatFit) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max() / 4;

  EXPECT_EQ(PromptTokens("0"), 0);
  EXPECT_EQ(PromptTokens(" 12 "), 12);
  EXPECT_EQ(PromptTokens("-3"), 0);
  EXPECT_EQ(PromptTokens("999999999999999999"), 999999999999999999);
  EXPECT_EQ(PromptTokens(StrCat(kMax)), kMax);
  EXPECT_EQ(PromptTokens(StrCat(kMax + 1)), kMax);
  EXPECT_EQ(PromptTokens("99999999999999999999999"), kMax);
  for (const char* other : {"1.0", "1e3", "1E-3", "-1.5e+3", "null", "true", "false", "\"1\"", "[]",
                            "{}", "[1,[2],{\"a\":3}]", R"("\"\\\u0041")"}) {
    EXPECT_EQ(PromptTokens(other), std::nullopt) << other;
  }
}

TEST(UsageObject, EveryBeginningOfAnObjectIsIncomplete) {
  const std::string text =
      R"({"a" : [1, -2.5e1, "x\"", {}, true, null], "prompt_tokens" : 7 , "b":{"c":{}}})";
  UsageCounts counts;
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(ReadUsageObject(text.substr(0, size), &counts), std::nullopt) << size;
  }
  EXPECT_EQ(ReadUsageObject(text, &counts), text.size());
}

TEST(UsageObject, MalformedOnesAreRefused) {
  UsageCounts counts;
  for (const char* text : {"[]", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":01}",
                           "{\"a\":+1}", "{\"a\":-}", "{\"a\":1.}", "{\"a\":1e}", "{\"a\":tru}",
                           "{\"a\":[1,]}", "{\"a\" 1}", "{\"a\":\"\n\"}", "{\"a\":1]"}) {
    EXPECT_EQ(ReadUsageObject(text, &counts), std::nullopt) << text;
  }
}

TEST(UsageObject, NestsSixteenDeepAndNoDeeper) {
  const auto nested = [](size_t depth) {
    std::string text = "{\"a\":";
    text += std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
    return text;
  };
  UsageCounts counts;

  EXPECT_EQ(ReadUsageObject(nested(16), &counts), nested(16).size());
  EXPECT_EQ(ReadUsageObject(nested(17), &counts), std::nullopt);
}

}  // namespace
}  // namespace lmgate::usage
