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

}  // namespace
}  // namespace lmgate::dialect
