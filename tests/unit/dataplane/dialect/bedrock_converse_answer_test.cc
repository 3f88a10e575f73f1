#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/base/strings.h"
#include "dataplane/dialect/bedrock_converse.h"
#include "dataplane/dialect/json.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatResponse;
using chat::FinishReason;
using chat::Part;
using chat::PartKind;
using lmgate::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kUnavailable = absl::StatusCode::kUnavailable;

AnswerContext Context() {
  AnswerContext context;
  context.id = "abc";
  context.model = "anthropic.claude-sonnet-4-5-20250929-v1:0";
  return context;
}

absl::StatusOr<ChatResponse> Decode(std::string_view body) {
  return BedrockConverse().DecodeResponse(body, Context());
}

// An answer with this content and stopReason.
std::string Answer(std::string_view content, std::string_view reason) {
  return StrCat(R"({"output":{"message":{"role":"assistant","content":)", content,
                R"(}},"stopReason":")", reason,
                R"(","usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3},)",
                R"("metrics":{"latencyMs":4}})");
}

FinishReason FinishOf(std::string_view content, std::string_view reason) {
  const auto response = Decode(Answer(content, reason));
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? response->choices[0].finish : FinishReason::kRefusal;
}

Json Encode(const ChatResponse& response, const AnswerContext& context = Context()) {
  return Json::parse(BedrockConverse().EncodeResponse(response, context));
}

ChatResponse ResponseOf(std::vector<Part> parts, FinishReason finish = FinishReason::kStop) {
  ChatResponse response;
  chat::Choice& choice = response.choices.emplace_back();
  choice.parts = std::move(parts);
  choice.finish = finish;
  return response;
}

TEST(BedrockConverseAnswer, StopReasonsAreUnderstood) {
  EXPECT_EQ(FinishOf("[]", "end_turn"), FinishReason::kStop);
  EXPECT_EQ(FinishOf("[]", "tool_use"), FinishReason::kToolCalls);
  EXPECT_EQ(FinishOf("[]", "max_tokens"), FinishReason::kLength);
  EXPECT_EQ(FinishOf("[]", "model_context_window_exceeded"), FinishReason::kLength);
  EXPECT_EQ(FinishOf("[]", "stop_sequence"), FinishReason::kStopSequence);
  EXPECT_EQ(FinishOf("[]", "guardrail_intervened"), FinishReason::kContentFilter);
  EXPECT_EQ(FinishOf("[]", "content_filtered"), FinishReason::kContentFilter);
  EXPECT_EQ(FinishOf("[]", "something_new"), FinishReason::kStop);
}

TEST(BedrockConverseAnswer, ToolCallsWinOverAStopAndNotOverTheLimit) {
  constexpr std::string_view kCall = R"([{"toolUse":{"toolUseId":"t","name":"f","input":{}}}])";

  EXPECT_EQ(FinishOf(kCall, "end_turn"), FinishReason::kToolCalls);
  EXPECT_EQ(FinishOf(kCall, "max_tokens"), FinishReason::kLength);
  EXPECT_EQ(FinishOf(kCall, "content_filtered"), FinishReason::kContentFilter);
}

TEST(BedrockConverseAnswer, MalformedOutputIsAnError) {
  for (const char* const reason : {"malformed_model_output", "malformed_tool_use"}) {
    EXPECT_THAT(Decode(Answer("[]", reason)), StatusIs(kUnavailable, HasSubstr(reason)));
  }
}

TEST(BedrockConverseAnswer, WhatIsNoAnswerIsAnError) {
  EXPECT_THAT(Decode("<html>"), StatusIs(kUnavailable, HasSubstr("no JSON")));
  EXPECT_THAT(Decode("{}"), StatusIs(kUnavailable, HasSubstr("no output")));
  EXPECT_THAT(Decode(R"({"output":{"message":{"content":"x"}}})"),
              StatusIs(kUnavailable, HasSubstr("no output")));
  EXPECT_THAT(Decode(R"({"message":"the model is gone"})"),
              StatusIs(kUnavailable, HasSubstr("the model is gone")));
  // AWS's answer to a path that it does not know, with a 200.
  EXPECT_THAT(
      Decode(R"({"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"}})"),
      StatusIs(kUnavailable, HasSubstr("no output")));
}

TEST(BedrockConverseAnswer, UsageIncludesTheCache) {
  const auto response = Decode(
      R"({"output":{"message":{"content":[]}},"stopReason":"end_turn","usage":{"inputTokens":10,)"
      R"("cacheReadInputTokens":100,"cacheWriteInputTokens":1000,"outputTokens":5}})");

  ASSERT_TRUE(response.ok());
  EXPECT_TRUE(response->usage.known);
  EXPECT_EQ(response->usage.prompt_tokens, 1110);
  EXPECT_EQ(response->usage.cached_tokens, 100);
  EXPECT_EQ(response->usage.cache_write_tokens, 1000);
  EXPECT_EQ(response->usage.completion_tokens, 5);
  EXPECT_EQ(response->usage.total_tokens, 1115);
}

TEST(BedrockConverseAnswer, UsageIsWrittenWithoutTheCache) {
  ChatResponse response = ResponseOf({});
  response.usage = {.known = true,
                    .prompt_tokens = 1110,
                    .completion_tokens = 5,
                    .total_tokens = 1115,
                    .cached_tokens = 100,
                    .cache_write_tokens = 1000};

  EXPECT_EQ(Encode(response)["usage"],
            Json::parse(R"({"inputTokens":10,"outputTokens":5,"totalTokens":1115,)"
                        R"("cacheReadInputTokens":100,"cacheWriteInputTokens":1000})"));
}

TEST(BedrockConverseAnswer, InputTokensAreNeverNegative) {
  ChatResponse response = ResponseOf({});
  response.usage = {.known = true, .prompt_tokens = 5, .cached_tokens = 9};

  EXPECT_EQ(Encode(response)["usage"]["inputTokens"], 0);
}

TEST(BedrockConverseAnswer, WritesAWholeAnswer) {
  Part reasoning{.kind = PartKind::kReasoning, .text = "hm"};
  reasoning.signature = {.origin = "anthropic", .model = "m", .data = "c2ln"};
  Part call{.kind = PartKind::kToolCall};
  call.id = "toolu_1";
  call.name = "f";
  call.arguments = R"({"a":1})";

  const Json answer = Encode(ResponseOf({reasoning, chat::TextPart("hi"), chat::TextPart(""), call},
                                        FinishReason::kToolCalls));

  EXPECT_EQ(answer["output"], Json::parse(R"({"message":{"role":"assistant","content":[
      {"reasoningContent":{"reasoningText":{"text":"hm","signature":"c2ln"}}},
      {"text":"hi"},
      {"toolUse":{"toolUseId":"toolu_1","name":"f","input":{"a":1}}}]}})"));
  EXPECT_EQ(answer["stopReason"], "tool_use");
  EXPECT_TRUE(answer["metrics"]["latencyMs"].is_number());
}

TEST(BedrockConverseAnswer, ArgumentsThatAreNoObjectAreWrapped) {
  Part call{.kind = PartKind::kToolCall};
  call.id = "t";
  call.name = "f";
  const auto input_of = [&call](std::string arguments) {
    call.arguments = std::move(arguments);
    return Encode(ResponseOf({call}))["output"]["message"]["content"][0]["toolUse"]["input"];
  };

  EXPECT_EQ(input_of(""), Json::object());
  EXPECT_EQ(input_of("{\"a\":"), Json::parse(R"({"_raw":"{\"a\":"})"));
}

TEST(BedrockConverseAnswer, RefusalsAreTextAndFiltered) {
  Part refusal{.kind = PartKind::kRefusal, .text = "I can't."};

  const Json answer = Encode(ResponseOf({refusal}, FinishReason::kRefusal));

  EXPECT_EQ(answer["output"]["message"]["content"][0]["text"], "I can't.");
  EXPECT_EQ(answer["stopReason"], "content_filtered");
}

TEST(BedrockConverseAnswer, TheStopSequenceThatWasMetIsNamed) {
  ChatResponse response = ResponseOf({}, FinishReason::kStopSequence);
  response.choices[0].stop_sequence = "END";
  AnswerContext context = Context();
  context.request.names_stop_sequence = true;

  const Json answer = Encode(response, context);

  EXPECT_EQ(answer["stopReason"], "stop_sequence");
  EXPECT_EQ(answer["additionalModelResponseFields"]["stop_sequence"], "END");
  EXPECT_FALSE(Encode(response).contains("additionalModelResponseFields"));
}

TEST(BedrockConverseAnswer, AForeignSignatureComesBackFromTheClient) {
  Part hidden{.kind = PartKind::kReasoning};
  hidden.signature = {.origin = "openai", .model = "gpt-5", .data = "gAAAAA-_x"};
  const Json answer = Encode(ResponseOf({hidden}));
  Json request = Json::object();
  request["messages"] = Json::array();
  request["messages"].push_back(answer["output"]["message"]);

  const std::string body = DumpJson(request);
  const auto decoded = BedrockConverse().DecodeRequest({.body = body, .model = "m"});

  ASSERT_TRUE(decoded.ok()) << decoded.status();
  const chat::Signature& signature = decoded->turns[0].parts[0].signature;
  EXPECT_EQ(signature.origin, "openai");
  EXPECT_EQ(signature.model, "gpt-5");
  EXPECT_EQ(signature.data, "gAAAAA-_x");
}

TEST(BedrockConverseAnswer, CitationsGoBothWays) {
  constexpr std::string_view kBlock =
      R"([{"citationsContent":{"content":[{"text":"It is so."}],"citations":[{"title":"T",)"
      R"("sourceContent":[{"text":"so"}],"location":{"web":{"url":"https://example.com"}}}]}}])";
  const auto response = Decode(Answer(kBlock, "end_turn"));

  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->choices[0].parts[0].citations[0].url, "https://example.com");
  EXPECT_EQ(Encode(*response)["output"]["message"]["content"], Json::parse(kBlock));
}

TEST(BedrockConverseAnswer, PlacesInDocumentsGoBothWays) {
  for (const std::string_view place : {"documentChar", "documentPage", "documentChunk"}) {
    const std::string block =
        StrCat(R"([{"citationsContent":{"content":[{"text":"It is so."}],"citations":[{"title":)",
               R"("T","location":{")", place, R"(":{"documentIndex":1,"start":2,"end":5}}}]}}])");
    const auto response = Decode(Answer(block, "end_turn"));

    ASSERT_TRUE(response.ok());
    EXPECT_EQ(Encode(*response)["output"]["message"]["content"], Json::parse(block));
  }
}

TEST(BedrockConverseAnswer, AnImageIsNotLostInSilence) {
  const auto response = Decode(
      Answer(R"([{"text":"x"},{"image":{"format":"png","source":{"bytes":"aGk="}}}])", "end_turn"));

  EXPECT_EQ(response.status().code(), kUnavailable);
  EXPECT_THAT(std::string(response.status().message()), HasSubstr("image"));
}

TEST(BedrockConverseAnswer, UnknownBlocksAreSkipped) {
  const auto response = Decode(Answer(R"([{"hologram":{}},7,{"text":"x"}])", "end_turn"));

  ASSERT_TRUE(response.ok());
  ASSERT_EQ(response->choices[0].parts.size(), 1U);
  EXPECT_EQ(response->choices[0].parts[0].text, "x");
}

}  // namespace
}  // namespace lmgate::dialect
