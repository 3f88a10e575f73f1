#include "dataplane/dialect/openai_model.h"

#include <gtest/gtest.h>

#include <string>

namespace lmgate::dialect {
namespace {

std::string Effort(std::string_view model, std::string_view effort) {
  return EffortFor(OpenAiModelOf(model), effort);
}

bool Samples(std::string_view name, std::string_view effort = "") {
  const OpenAiModel model = OpenAiModelOf(name);
  return TakesSampling(model, EffortFor(model, effort));
}

TEST(OpenAiModelOf, ModelsFromBeforeReasoningTakeNoWordOfIt) {
  for (const char* const name :
       {"gpt-4o", "gpt-4.1-mini", "gpt-4", "gpt-3.5-turbo", "gpt-35-turbo", "chatgpt-4o-latest",
        "openai/gpt-4o", "ft:gpt-4o-mini-2024-07-18:org::id", "GPT-4o", "gpt-5-chat-latest"}) {
    const OpenAiModel model = OpenAiModelOf(name);
    EXPECT_TRUE(model.is_openai) << name;
    EXPECT_FALSE(model.reasons) << name;
    EXPECT_EQ(EffortFor(model, "high"), "") << name;
    EXPECT_EQ(EffortFor(model, "none"), "") << name;
    EXPECT_TRUE(TakesSampling(model, "")) << name;
    EXPECT_TRUE(model.takes_stop) << name;
    EXPECT_FALSE(model.takes_verbosity) << name;
  }
}

TEST(OpenAiModelOf, OtherNamesAreServersThatAreToldAll) {
  for (const char* const name : {"qwen3", "gpt-oss-120b", "o1x", "o5", "o10-mini", "gpt-50", "",
                                 "o", "gpt-", "mistral/o3x", "deepseek-r1"}) {
    const OpenAiModel model = OpenAiModelOf(name);
    EXPECT_FALSE(model.is_openai) << name;
    EXPECT_TRUE(model.reasons && model.takes_stop && model.takes_penalties) << name;
    EXPECT_TRUE(TakesSampling(model, "high")) << name;
    EXPECT_EQ(EffortFor(model, "none"), "none") << name;
    EXPECT_EQ(EffortFor(model, "max"), "max") << name;
  }
}

TEST(EffortFor, NoneIsTheLeastThatTheModelKnows) {
  EXPECT_EQ(Effort("gpt-5.1", "none"), "none");
  EXPECT_EQ(Effort("gpt-5.2-2025-12-11", "none"), "none");
  EXPECT_EQ(Effort("gpt-5-mini", "none"), "minimal");
  EXPECT_EQ(Effort("openai/gpt-5", "none"), "minimal");
  EXPECT_EQ(Effort("gpt-5-codex", "none"), "");
  EXPECT_EQ(Effort("gpt-5-pro", "none"), "");
  EXPECT_EQ(Effort("o3", "none"), "");
  EXPECT_EQ(Effort("o1-mini", "none"), "");
}

TEST(EffortFor, IsTheNearestThatTheModelKnows) {
  EXPECT_EQ(Effort("gpt-5", "xhigh"), "high");
  EXPECT_EQ(Effort("gpt-5.1", "max"), "high");
  EXPECT_EQ(Effort("gpt-5.2", "max"), "xhigh");
  EXPECT_EQ(Effort("gpt-5.1", "minimal"), "none");
  EXPECT_EQ(Effort("o4-mini", "minimal"), "low");
  EXPECT_EQ(Effort("o3-pro", "xhigh"), "high");
  EXPECT_EQ(Effort("gpt-5.1-codex", "xhigh"), "high");
  EXPECT_EQ(Effort("gpt-5.1-codex-max", "xhigh"), "xhigh");
  EXPECT_EQ(Effort("gpt-5-pro", "low"), "high");
  EXPECT_EQ(Effort("gpt-5.2-pro", "low"), "medium");
  EXPECT_EQ(Effort("o1-mini", "high"), "");
  EXPECT_EQ(Effort("gpt-5", ""), "");
}

TEST(TakesSampling, NotWhileItThinks) {
  EXPECT_FALSE(Samples("gpt-5"));
  EXPECT_FALSE(Samples("gpt-5", "none"));
  EXPECT_FALSE(Samples("o3"));
  EXPECT_TRUE(Samples("gpt-5.1"));
  EXPECT_TRUE(Samples("gpt-5.2", "none"));
  EXPECT_FALSE(Samples("gpt-5.2", "low"));
  EXPECT_FALSE(Samples("gpt-5.2-pro"));
  EXPECT_FALSE(Samples("gpt-6"));
  EXPECT_TRUE(Samples("gpt-6", "none"));
}

TEST(OpenAiModelOf, ReasoningModelsTakeNoStop) {
  EXPECT_TRUE(OpenAiModelOf("o1").takes_stop);
  EXPECT_FALSE(OpenAiModelOf("o3-mini").takes_stop);
  EXPECT_FALSE(OpenAiModelOf("o4-mini").takes_stop);
  EXPECT_FALSE(OpenAiModelOf("gpt-5").takes_stop);
  EXPECT_FALSE(OpenAiModelOf("gpt-5.2").takes_stop);
  EXPECT_FALSE(OpenAiModelOf("gpt-5").takes_max_tokens);
  EXPECT_TRUE(OpenAiModelOf("gpt-4o").takes_max_tokens);
}

}  // namespace
}  // namespace lmgate::dialect
