#include "dataplane/dialect/openai_request.h"

#include <gtest/gtest.h>

namespace lmgate::dialect {
namespace {

using Mode = chat::ReasoningRequest::Mode;

std::string Effort(const chat::ReasoningRequest& reasoning, std::string_view model) {
  return OpenAiEffort(reasoning, OpenAiModelOf(model));
}

TEST(OpenAiEffort, IsTheClientsWordOrThatOfItsBudget) {
  EXPECT_EQ(Effort({}, "gpt-5.1"), "");
  EXPECT_EQ(Effort({.mode = Mode::kEffort, .effort = "xhigh"}, "gpt-5.2"), "xhigh");
  EXPECT_EQ(Effort({.mode = Mode::kAdaptive, .effort = "high"}, "gpt-5.2"), "high");
  EXPECT_EQ(Effort({.mode = Mode::kAdaptive}, "gpt-5.2"), "");
  EXPECT_EQ(Effort({.mode = Mode::kBudget, .budget_tokens = 8192}, "m"), "medium");
  EXPECT_EQ(Effort({.mode = Mode::kBudget, .budget_tokens = 31999}, "m"), "high");
  EXPECT_EQ(Effort({.mode = Mode::kBudget, .budget_tokens = 0}, "m"), "none");
}

TEST(OpenAiEffort, OffIsNone) {
  for (const char* const model : {"gpt-5.1", "gpt-5", "gpt-4o", "o3", "qwen3"}) {
    EXPECT_EQ(Effort({.mode = Mode::kOff}, model), EffortFor(OpenAiModelOf(model), "none"));
    EXPECT_EQ(Effort({.mode = Mode::kEffort, .effort = "none"}, model),
              EffortFor(OpenAiModelOf(model), "none"));
  }
}

TEST(OpenAiEndUser, ThatIsLongIsNamedByItsHash) {
  EXPECT_EQ(OpenAiEndUser(std::string(64, 'u')), std::string(64, 'u'));
  const std::string hashed = OpenAiEndUser(std::string(65, 'u'));
  EXPECT_TRUE(hashed.starts_with("user_"));
  EXPECT_LE(hashed.size(), 64u);
}

}  // namespace
}  // namespace lmgate::dialect
