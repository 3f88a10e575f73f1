#include "dataplane/dialect/reasoning_effort.h"

#include <gtest/gtest.h>

namespace lmgate::dialect {
namespace {

TEST(ReasoningEffort, EachHasItsBudget) {
  EXPECT_EQ(BudgetOfEffort("minimal"), 1024);
  EXPECT_EQ(BudgetOfEffort("low"), 2048);
  EXPECT_EQ(BudgetOfEffort("medium"), 8192);
  EXPECT_EQ(BudgetOfEffort("high"), 16384);
  EXPECT_EQ(BudgetOfEffort("xhigh"), 32768);
  EXPECT_EQ(BudgetOfEffort("max"), 32768);
  EXPECT_EQ(BudgetOfEffort("another"), 8192);
}

TEST(ReasoningEffort, ABudgetBetweenTwoIsTheNextOneBelowTheMost) {
  EXPECT_EQ(EffortOfBudget(1), "low");
  EXPECT_EQ(EffortOfBudget(2048), "low");
  EXPECT_EQ(EffortOfBudget(2049), "medium");
  EXPECT_EQ(EffortOfBudget(8192), "medium");
  EXPECT_EQ(EffortOfBudget(8193), "high");
  EXPECT_EQ(EffortOfBudget(24576), "high");
  EXPECT_EQ(EffortOfBudget(32767), "high");
  EXPECT_EQ(EffortOfBudget(32768), "xhigh");
}

}  // namespace
}  // namespace lmgate::dialect
