#include "dataplane/dialect/dialects.h"

#include <gtest/gtest.h>

#include "common/contract/dialect_feature.h"

namespace lmgate::dialect {
namespace {

TEST(Dialects, EveryDialectOfAConnectionIsFoundByItsName) {
  for (const std::string_view name : contract::kDialectNames) {
    const Dialect* const dialect = FindDialect(name);
    ASSERT_NE(dialect, nullptr) << name;
    EXPECT_EQ(dialect->name(), name);
  }
}

TEST(Dialects, NoOtherNameIsOne) {
  EXPECT_EQ(FindDialect(""), nullptr);
  EXPECT_EQ(FindDialect("openai"), nullptr);
}

TEST(Dialects, InvokeModelIsBedrocksAndNotConverse) {
  EXPECT_EQ(BedrockInvokeDialect().name(), "bedrock");
  EXPECT_NE(&BedrockInvokeDialect(), FindDialect("bedrock"));
}

TEST(Dialects, BedrocksClaudeIsInvokedAndOthersConverse) {
  const Dialect& bedrock = *FindDialect("bedrock");
  for (const char* const claude :
       {"eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-6-v1"}) {
    EXPECT_EQ(&CoderFor(bedrock, claude), &BedrockInvokeDialect()) << claude;
  }
  for (const char* const other : {"amazon.nova-pro-v1:0", "us.deepseek.r1-v1:0",
                                  "arn:aws:bedrock:eu-west-1:1:application-inference-profile/x"}) {
    EXPECT_EQ(&CoderFor(bedrock, other), &bedrock) << other;
  }
  const Dialect& anthropic = *FindDialect("anthropic");
  EXPECT_EQ(&CoderFor(anthropic, "claude-opus-4-6"), &anthropic);
}

}  // namespace
}  // namespace lmgate::dialect
