#include "dataplane/dialect/claude_model.h"

#include <gtest/gtest.h>

namespace lmgate::dialect {
namespace {

using Thinking = ClaudeModel::Thinking;

TEST(ClaudeModel, BeforeThreeSevenDoesNotThink) {
  EXPECT_EQ(ClaudeModelOf("claude-3-5-haiku-20241022").thinking, Thinking::kNone);
  EXPECT_EQ(ClaudeModelOf("claude-3-opus-20240229").thinking, Thinking::kNone);
  EXPECT_EQ(ClaudeModelOf("claude-2.1").thinking, Thinking::kNone);
}

TEST(ClaudeModel, HasALimitOfItsAnswers) {
  EXPECT_EQ(ClaudeModelOf("claude-2.1").output_tokens_max, 4096);
  EXPECT_EQ(ClaudeModelOf("claude-3-haiku-20240307").output_tokens_max, 4096);
  EXPECT_EQ(ClaudeModelOf("anthropic.claude-3-opus-20240229-v1:0").output_tokens_max, 4096);
  EXPECT_EQ(ClaudeModelOf("claude-3-5-haiku-20241022").output_tokens_max, 8192);
  EXPECT_EQ(ClaudeModelOf("claude-opus-4-1").output_tokens_max, 32000);
  EXPECT_EQ(ClaudeModelOf("claude-sonnet-4-5").output_tokens_max, 64000);
}

TEST(ClaudeModel, FromThreeSevenToFourFiveTakesABudget) {
  for (const char* const name :
       {"claude-3-7-sonnet-20250219", "claude-sonnet-4-20250514", "claude-opus-4-1-20250805",
        "claude-sonnet-4-5", "claude-haiku-4-5@20251001",
        "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"}) {
    EXPECT_EQ(ClaudeModelOf(name).thinking, Thinking::kBudget) << name;
  }
}

TEST(ClaudeModel, FromFourSixOnIsAdaptive) {
  for (const char* const name : {"claude-opus-4-6", "anthropic/claude-sonnet-4.6",
                                 "global.anthropic.claude-opus-4-7-v1", "claude-sonnet-5"}) {
    EXPECT_EQ(ClaudeModelOf(name).thinking, Thinking::kAdaptive) << name;
  }
  EXPECT_FALSE(ClaudeModelOf("claude-opus-4-6").takes_xhigh);
  EXPECT_TRUE(ClaudeModelOf("claude-opus-4-7").takes_xhigh);
}

TEST(ClaudeModel, TheNewestAlwaysThink) {
  EXPECT_TRUE(ClaudeModelOf("claude-opus-5").thinks_by_default);
  EXPECT_FALSE(ClaudeModelOf("claude-opus-5").always_thinks);
  EXPECT_TRUE(ClaudeModelOf("claude-opus-5-5").always_thinks);
  EXPECT_TRUE(ClaudeModelOf("claude-fable-5").always_thinks);
}

TEST(ClaudeModel, SchemasOfAnswersCameWithFourFive) {
  for (const char* const name :
       {"claude-sonnet-4-5", "claude-haiku-4-5@20251001", "claude-opus-4-1-20250805",
        "claude-opus-4-6", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-latest"}) {
    EXPECT_TRUE(ClaudeModelOf(name).takes_schema) << name;
  }
  for (const char* const name : {"claude-3-7-sonnet-20250219", "claude-sonnet-4-20250514",
                                 "claude-opus-4-20250514", "glm-4.6"}) {
    EXPECT_FALSE(ClaudeModelOf(name).takes_schema) << name;
  }
}

TEST(ClaudeModel, SchemasOfAnswersCameToBedrockWithFourFive) {
  EXPECT_FALSE(ClaudeModelOf("anthropic.claude-opus-4-1-20250805-v1:0").takes_bedrock_schema);
  EXPECT_TRUE(ClaudeModelOf("anthropic.claude-opus-4-5-20251101-v1:0").takes_bedrock_schema);
  EXPECT_FALSE(ClaudeModelOf("anthropic.claude-3-haiku-20240307-v1:0").takes_bedrock_schema);
}

TEST(ClaudeModel, OfAnotherNameTakesABudgetWithoutLimit) {
  const ClaudeModel model = ClaudeModelOf("glm-4.6");

  EXPECT_EQ(model.thinking, Thinking::kBudget);
  EXPECT_EQ(model.output_tokens_max, 0);
}

}  // namespace
}  // namespace lmgate::dialect
