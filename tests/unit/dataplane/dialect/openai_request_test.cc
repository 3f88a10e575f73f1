#include "dataplane/dialect/openai_request.h"

#include <gtest/gtest.h>

namespace lmgate::dialect {
namespace {

using Mode = chat::ReasoningRequest::Mode;

TEST(OpenAiEffort, IsTheClientsWordOrThatOfItsBudget) {
  EXPECT_EQ(OpenAiEffort({}, "gpt-5.1"), "");
  EXPECT_EQ(OpenAiEffort({.mode = Mode::kEffort, .effort = "xhigh"}, "gpt-5.2"), "xhigh");
  EXPECT_EQ(OpenAiEffort({.mode = Mode::kAdaptive, .effort = "high"}, "gpt-5.2"), "high");
  EXPECT_EQ(OpenAiEffort({.mode = Mode::kAdaptive}, "gpt-5.2"), "");
  EXPECT_EQ(OpenAiEffort({.mode = Mode::kBudget, .budget_tokens = 8192}, "m"), "medium");
  EXPECT_EQ(OpenAiEffort({.mode = Mode::kBudget, .budget_tokens = 31999}, "m"), "high");
  EXPECT_EQ(OpenAiEffort({.mode = Mode::kBudget, .budget_tokens = 0}, "m"), "none");
}

TEST(OpenAiEffort, NoneIsTheLeastThatTheModelKnows) {
  const auto off = [](std::string_view model) {
    EXPECT_EQ(OpenAiEffort({.mode = Mode::kEffort, .effort = "none"}, model),
              OpenAiEffort({.mode = Mode::kOff}, model));
    return OpenAiEffort({.mode = Mode::kOff}, model);
  };

  EXPECT_EQ(off("gpt-5.1"), "none");
  EXPECT_EQ(off("gpt-5-mini"), "minimal");
  EXPECT_EQ(off("openai/gpt-5"), "minimal");
  EXPECT_EQ(off("gpt-4o"), "");
  EXPECT_EQ(off("o3"), "");
  EXPECT_EQ(off("qwen3"), "none");
}

TEST(OpenAiEndUser, ThatIsLongIsNamedByItsHash) {
  EXPECT_EQ(OpenAiEndUser(std::string(64, 'u')), std::string(64, 'u'));
  const std::string hashed = OpenAiEndUser(std::string(65, 'u'));
  EXPECT_TRUE(hashed.starts_with("user_"));
  EXPECT_LE(hashed.size(), 64u);
}

}  // namespace
}  // namespace lmgate::dialect
