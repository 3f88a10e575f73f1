#include "dataplane/dialect/bedrock_converse_words.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lmgate::dialect {
namespace {

using chat::FinishReason;

TEST(BedrockConverseWords, EachFinishHasAReasonThatSaysIt) {
  for (const FinishReason finish :
       {FinishReason::kStop, FinishReason::kStopSequence, FinishReason::kLength,
        FinishReason::kToolCalls, FinishReason::kContentFilter}) {
    EXPECT_EQ(FinishOfStopReason(StopReasonOf(finish)), finish);
  }
  EXPECT_EQ(StopReasonOf(FinishReason::kRefusal), "content_filtered");
}

TEST(BedrockConverseWords, AbsurdCountsDoNotOverflow) {
  const Json usage = Json::parse(
      R"({"inputTokens":9223372036854775807,"cacheReadInputTokens":9223372036854775807,)"
      R"("cacheWriteInputTokens":9223372036854775807,"outputTokens":-5})");

  const chat::TokenUsage read = ReadConverseUsage(usage);

  EXPECT_GT(read.total_tokens, 0);
  EXPECT_EQ(read.completion_tokens, 0);
}

TEST(BedrockConverseWords, UsageThatIsNoneIsNotKnown) {
  EXPECT_FALSE(ReadConverseUsage(Json("x")).known);
}

TEST(BedrockConverseWords, ItsOwnRedactedContentStaysAsItIs) {
  const chat::Signature own = {.origin = "anthropic", .model = "m", .data = "EmwKAhgB"};

  EXPECT_EQ(WriteRedactedContent(own), "EmwKAhgB");
  EXPECT_EQ(ReadRedactedContent("EmwKAhgB").data, "EmwKAhgB");
  EXPECT_EQ(ReadRedactedContent("EmwKAhgB").origin, "anthropic");
}

TEST(BedrockConverseWords, ForeignRedactedContentIsBase64AndComesBack) {
  const chat::Signature foreign = {.origin = "openai", .model = "gpt-5", .data = "gAAA-_="};

  const chat::Signature read = ReadRedactedContent(WriteRedactedContent(foreign));

  EXPECT_EQ(read.origin, "openai");
  EXPECT_EQ(read.model, "gpt-5");
  EXPECT_EQ(read.data, "gAAA-_=");
}

}  // namespace
}  // namespace lmgate::dialect
