#include "dataplane/dialect/gemini_model.h"

#include <gtest/gtest.h>

#include <string_view>

namespace lmgate::dialect {
namespace {

TEST(GeminiModel, TellsTheVersionFromTheName) {
  const auto version = [](std::string_view name) {
    const GeminiModel model = GeminiModelOf(name);
    return model.major * 10 + model.minor;
  };

  EXPECT_EQ(version("gemini-1.5-flash-002"), 15);
  EXPECT_EQ(version("gemini-2.0-flash"), 20);
  EXPECT_EQ(version("models/gemini-2.5-pro"), 25);
  EXPECT_EQ(version("publishers/google/models/gemini-3.1-pro-preview"), 31);
  EXPECT_EQ(version("Gemini-3-Flash"), 30);
  EXPECT_EQ(version("gemini-pro"), 10);
  EXPECT_EQ(version("gemini-flash-latest"), 30);
  EXPECT_EQ(version("my-tuned-model"), 25);
  EXPECT_EQ(version(""), 25);
}

TEST(GeminiModel, KnowsWhatAVersionTakes) {
  EXPECT_FALSE(GeminiModelOf("gemini-2.0-flash").takes_json_schema());
  EXPECT_TRUE(GeminiModelOf("gemini-2.5-flash").takes_json_schema());
  EXPECT_FALSE(GeminiModelOf("gemini-2.5-flash").is_third());
  EXPECT_TRUE(GeminiModelOf("gemini-3-pro-preview").is_third());
  EXPECT_TRUE(GeminiModelOf("gemini-3-pro-preview").pro);
  EXPECT_TRUE(GeminiModelOf("gemini-2.5-flash-lite").lite);
}

}  // namespace
}  // namespace lmgate::dialect
