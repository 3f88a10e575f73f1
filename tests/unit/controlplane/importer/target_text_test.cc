#include "controlplane/importer/target_text.h"

#include <gtest/gtest.h>

namespace lmgate::importer {
namespace {

v1::Target MakeTarget(const std::string& connection, const std::string& model) {
  v1::Target target;
  target.set_connection(connection);
  target.set_model(model);
  return target;
}

TEST(TargetText, SplitsAtTheFirstDot) {
  const auto target = ParseTargetText("openai.gpt-4.1");

  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->connection(), "openai");
  EXPECT_EQ(target->model(), "gpt-4.1");
}

TEST(TargetText, NeedsBothSides) {
  EXPECT_FALSE(ParseTargetText("openai").has_value());
  EXPECT_FALSE(ParseTargetText("openai.").has_value());
  EXPECT_FALSE(ParseTargetText(".gpt-5").has_value());
  EXPECT_FALSE(ParseTargetText("").has_value());
}

TEST(TargetText, WritesWhatItReads) {
  EXPECT_EQ(FormatTargetText(MakeTarget("openai", "gpt-4.1")), "openai.gpt-4.1");
  EXPECT_EQ(FormatTargetText(MakeTarget("openai", "*")), "openai.*");
}

TEST(TargetText, HasNoShortFormForAWeightOrAnEmptySide) {
  v1::Target weighted = MakeTarget("openai", "gpt-5");
  weighted.set_weight(1);

  EXPECT_EQ(FormatTargetText(weighted), std::nullopt);
  EXPECT_EQ(FormatTargetText(MakeTarget("openai", "")), std::nullopt);
  EXPECT_EQ(FormatTargetText(MakeTarget("a.b", "c")), std::nullopt);
}

}  // namespace
}  // namespace lmgate::importer
