#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "common/base/strings.h"
#include "dataplane/chat/chat_response.h"
#include "dataplane/dialect/gemini.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::FinishReason;
using chat::PartKind;
using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

AnswerContext Context() { return {.id = "abc", .created = 7, .model = "gemini-2.5-flash"}; }

chat::ChatResponse Decode(std::string_view body) {
  const AnswerContext context = Context();
  auto answer = Gemini().DecodeResponse(body, context);
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.ok() ? *std::move(answer) : chat::ChatResponse{.choices = {{}}};
}

absl::Status Refusal(std::string_view body) {
  const AnswerContext context = Context();
  return Gemini().DecodeResponse(body, context).status();
}

std::string Encode(const chat::ChatResponse& answer) {
  const AnswerContext context = Context();
  return Gemini().EncodeResponse(answer, context);
}

chat::ChatResponse AnswerOf(chat::Part part, FinishReason finish = FinishReason::kStop) {
  chat::ChatResponse answer{.id = "r", .model = "m"};
  answer.choices.resize(1);
  answer.choices[0].parts.push_back(std::move(part));
  answer.choices[0].finish = finish;
  return answer;
}

FinishReason FinishOf(std::string_view reason, std::string_view parts) {
  return Decode(StrCat(R"({"candidates":[{"content":{"parts":[)", parts, R"(]},"finishReason":")",
                       reason, R"("}]})"))
      .choices[0]
      .finish;
}

constexpr std::string_view kCall = R"({"functionCall":{"name":"f","args":{}}})";
constexpr std::string_view kText = R"({"text":"a"})";

TEST(GeminiAnswer, ReasonsAreMapped) {
  EXPECT_EQ(FinishOf("STOP", kText), FinishReason::kStop);
  EXPECT_EQ(FinishOf("STOP", kCall), FinishReason::kToolCalls);
  EXPECT_EQ(FinishOf("MAX_TOKENS", kCall), FinishReason::kLength);
  for (const std::string_view reason : {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT",
                                        "SPII", "IMAGE_SAFETY", "LANGUAGE"}) {
    EXPECT_EQ(FinishOf(reason, kText), FinishReason::kContentFilter) << reason;
  }
}

TEST(GeminiAnswer, BrokenCallsAreNoStopAndNoCalls) {
  for (const std::string_view reason : {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL",
                                        "TOO_MANY_TOOL_CALLS", "OTHER", "NO_IMAGE"}) {
    EXPECT_EQ(FinishOf(reason, kCall), FinishReason::kContentFilter) << reason;
    EXPECT_EQ(FinishOf(reason, kText), FinishReason::kContentFilter) << reason;
  }
}

TEST(GeminiAnswer, UnknownReasonIsAStop) {
  EXPECT_EQ(FinishOf("SOMETHING_NEW", kText), FinishReason::kStop);
}

TEST(GeminiAnswer, CandidateWithoutContentIsAnEmptyChoice) {
  const auto answer = Decode(R"({"candidates":[{"finishReason":"RECITATION","index":0}]})");

  ASSERT_EQ(answer.choices.size(), 1u);
  EXPECT_TRUE(answer.choices[0].parts.empty());
  EXPECT_EQ(answer.choices[0].finish, FinishReason::kContentFilter);
}

TEST(GeminiAnswer, BlockedPromptIsAFilteredChoice) {
  const auto answer = Decode(R"({"promptFeedback":{"blockReason":"SAFETY"}})");

  ASSERT_EQ(answer.choices.size(), 1u);
  EXPECT_EQ(answer.choices[0].finish, FinishReason::kContentFilter);
}

TEST(GeminiAnswer, EmptyBlockReasonBlocksNothing) {
  EXPECT_EQ(Decode(R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}],
                       "promptFeedback":{"blockReason":""}})")
                .choices[0]
                .finish,
            FinishReason::kStop);
  EXPECT_THAT(Refusal(R"({"promptFeedback":{"blockReason":""}})"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("malformed")));
}

TEST(GeminiAnswer, WhatIsNoAnswerIsUnavailable) {
  for (const std::string_view body : {"", "<html>", "[]", "{}", "{\"candidates\":[]}", "7"}) {
    EXPECT_THAT(Refusal(body), StatusIs(absl::StatusCode::kUnavailable, ::testing::_)) << body;
  }
  EXPECT_THAT(Refusal(R"([{"error":{"code":500,"message":"broke","status":"INTERNAL"}}])"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("broke")));
}

TEST(GeminiAnswer, TotalsContainThoughtsAndToolPrompts) {
  const auto usage = Decode(R"({"candidates":[{"content":{"parts":[]},"finishReason":"STOP"}],
    "usageMetadata":{"promptTokenCount":10,"toolUsePromptTokenCount":2,"cachedContentTokenCount":4,
    "candidatesTokenCount":5,"thoughtsTokenCount":3,"totalTokenCount":20}})")
                         .usage;

  EXPECT_TRUE(usage.known);
  EXPECT_EQ(usage.prompt_tokens, 12);
  EXPECT_EQ(usage.cached_tokens, 4);
  EXPECT_EQ(usage.completion_tokens, 8);
  EXPECT_EQ(usage.reasoning_tokens, 3);
  EXPECT_EQ(usage.total_tokens, 20);
}

TEST(GeminiAnswer, ThoughtsAreReasoningNotText) {
  const auto answer = Decode(R"({"candidates":[{"content":{"parts":[
    {"text":"hm","thought":true},{"text":"yes"}]},"finishReason":"STOP"}]})");

  ASSERT_EQ(answer.choices[0].parts.size(), 2u);
  EXPECT_EQ(answer.choices[0].parts[0].kind, PartKind::kReasoning);
  EXPECT_EQ(answer.choices[0].parts[1].text, "yes");
}

TEST(GeminiAnswer, CallsOfOneFunctionDiffer) {
  const auto answer = Decode(R"({"candidates":[{"content":{"parts":[
    {"functionCall":{"name":"f","args":{"a":1}}},{"functionCall":{"name":"f"}},
    {"functionCall":{"id":"x","name":"f"}},{"functionCall":{"id":"x","name":"f"}}
    ]},"finishReason":"STOP"}]})");

  const auto& parts = answer.choices[0].parts;
  ASSERT_EQ(parts.size(), 4u);
  EXPECT_EQ(parts[0].id, "call_abc0");
  EXPECT_EQ(parts[0].arguments, R"({"a":1})");
  EXPECT_EQ(parts[1].id, "call_abc1");
  EXPECT_EQ(parts[1].arguments, "{}");
  EXPECT_EQ(parts[2].id, "x");
  EXPECT_EQ(parts[3].id, "call_abc2");
}

TEST(GeminiAnswer, SearchedSourcesAreCitations) {
  const auto answer = Decode(R"({"candidates":[{"content":{"parts":[{"text":"Zürich is big"}]},
    "finishReason":"STOP","groundingMetadata":{
    "groundingChunks":[{"web":{"uri":"https://a.example","title":"A"}}],
    "groundingSupports":[{"segment":{"startIndex":0,"endIndex":7,"text":"Zürich"},
    "groundingChunkIndices":[0,9]}]}}]})");

  const auto& citations = answer.choices[0].parts[0].citations;
  ASSERT_EQ(citations.size(), 1u);
  EXPECT_EQ(citations[0].url, "https://a.example");
  EXPECT_EQ(citations[0].title, "A");
  EXPECT_EQ(citations[0].start, 0);
  EXPECT_EQ(citations[0].end, 6);
}

TEST(GeminiAnswer, EncodesTheEnvelope) {
  const std::string body = Encode(AnswerOf(chat::TextPart("hi")));

  EXPECT_EQ(body, R"({"candidates":[{"content":{"parts":[{"text":"hi"}],"role":"model"},)"
                  R"("finishReason":"STOP","index":0}],"modelVersion":"m","responseId":"r"})");
}

TEST(GeminiAnswer, FillsInWhatTheProviderDidNotName) {
  chat::ChatResponse answer = AnswerOf(chat::TextPart("hi"));
  answer.id.clear();
  answer.model.clear();

  EXPECT_THAT(Encode(answer), HasSubstr(R"("modelVersion":"gemini-2.5-flash","responseId":"abc")"));
}

TEST(GeminiAnswer, EmptyChoiceHasAPartNonetheless) {
  chat::ChatResponse answer{.choices = {{}}};

  EXPECT_THAT(Encode(answer), HasSubstr(R"("parts":[{"text":""}])"));
}

TEST(GeminiAnswer, CallsAreObjectsAndStop) {
  chat::Part call{.kind = PartKind::kToolCall};
  call.id = "toolu_1";
  call.name = "f";
  call.arguments = R"({"a":[1,2]})";

  const std::string body = Encode(AnswerOf(call, FinishReason::kToolCalls));

  EXPECT_THAT(body,
              HasSubstr(R"({"functionCall":{"id":"toolu_1","name":"f","args":{"a":[1,2]}},)"));
  EXPECT_THAT(body, HasSubstr(R"("finishReason":"STOP")"));
}

TEST(GeminiAnswer, OnlyTheFirstCallNeedsASignature) {
  chat::Part call{.kind = PartKind::kToolCall};
  call.name = "f";
  chat::ChatResponse answer = AnswerOf(call, FinishReason::kToolCalls);
  call.name = "g";
  answer.choices[0].parts.push_back(call);

  EXPECT_THAT(Encode(answer), HasSubstr(R"("name":"f","args":{}},"thoughtSignature":"bG1nMS5l)"
                                        R"(MzA="},{"functionCall":{"name":"g","args":{}}}])"));
}

TEST(GeminiAnswer, ArgumentsThatAreNoObjectAreKept) {
  chat::Part call{.kind = PartKind::kToolCall};
  call.id = "1";
  call.name = "f";
  call.arguments = "{\"a\":";

  EXPECT_THAT(Encode(AnswerOf(call)), HasSubstr(R"("args":{"_raw":"{\"a\":"})"));
}

TEST(GeminiAnswer, RefusalIsTextAndSafety) {
  chat::Part refusal{.kind = PartKind::kRefusal, .text = "no"};

  const std::string body = Encode(AnswerOf(refusal, FinishReason::kRefusal));

  EXPECT_THAT(body, HasSubstr(R"({"text":"no"})"));
  EXPECT_THAT(body, HasSubstr(R"("finishReason":"SAFETY")"));
}

TEST(GeminiAnswer, CitationsAreCountedInBytes) {
  chat::Part text = chat::TextPart("Zürich is big");
  text.citations.push_back({.url = "https://a.example", .title = "A", .start = 0, .end = 6});

  EXPECT_THAT(Encode(AnswerOf(text)),
              HasSubstr(R"("citationMetadata":{"citationSources":[{"startIndex":0,"endIndex":7,)"
                        R"("uri":"https://a.example","title":"A"}]})"));
}

TEST(GeminiAnswer, ReasoningOfOthersIsAThoughtWithASealedSignature) {
  chat::Part thought{.kind = PartKind::kReasoning, .text = "hm"};
  thought.signature = {.origin = "anthropic", .model = "claude", .data = "c2ln"};

  const std::string body = Encode(AnswerOf(thought));

  EXPECT_THAT(body, HasSubstr(R"({"text":"hm","thought":true,"thoughtSignature":"bG1nMS5)"));
}

TEST(GeminiAnswer, ReasoningThatSaysNothingIsLeftOut) {
  EXPECT_THAT(Encode(AnswerOf(chat::Part{.kind = PartKind::kReasoning})),
              Not(HasSubstr("thought")));
}

}  // namespace
}  // namespace lmgate::dialect
