#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/golden.h"
#include "tests/support/openai_chat_grammar.h"
#include "tests/unit/dataplane/dialect/openai_chat_answers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::PartKind;
using Kind = ChatEvent::Kind;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kGoldens[] = {
    "text",       "tools",         "text_then_tool", "reasoning",   "refusal",
    "citations",  "choices",       "azure",          "whole_calls", "interleaved_calls",
    "signatures", "function_call", "content_list",
};

std::string Stream(const char* name) {
  return testing::Golden(StrCat("dialect/openai-chat/", name, ".sse"), "");
}
std::string Plain(const char* name) {
  return testing::Golden(StrCat("dialect/openai-chat/", name, ".json"), "");
}

std::string Encode(const std::vector<ChatEvent>& events, const AnswerContext& context) {
  const auto encoder = OpenAiChat().NewEventEncoder(context);
  std::string out;
  for (const ChatEvent& event : events) encoder->Encode(event, &out);
  return out;
}

TEST(OpenAiChatStream, SaysTheSameAsThePlainAnswer) {
  for (const char* name : kGoldens) {
    const auto plain = OpenAiChat().DecodeResponse(Plain(name), TestContext());

    ASSERT_TRUE(plain.ok()) << name << plain.status();
    EXPECT_EQ(Outcome(DecodeStream(Stream(name))), Describe(*plain)) << name;
  }
}

TEST(OpenAiChatStream, CutAtEveryByteItSaysTheSame) {
  for (const char* name : kGoldens) {
    const std::string bytes = Stream(name);

    EXPECT_EQ(Outcome(DecodeStream(bytes, TestContext(), 0, 1)), Outcome(DecodeStream(bytes)))
        << name;
  }
}

TEST(OpenAiChatStream, CutOnceAnywhereItSaysTheSame) {
  for (const char* name : {"text", "reasoning", "interleaved_calls"}) {
    const std::string bytes = Stream(name);
    const std::string whole = Outcome(DecodeStream(bytes));
    const AnswerContext context = TestContext();
    for (size_t cut = 1; cut < bytes.size(); ++cut) {
      ASSERT_EQ(Outcome(DecodeStream(bytes, context, cut, bytes.size())), whole) << name << cut;
    }
  }
}

TEST(OpenAiChatStream, WrittenAgainItIsLawfulAndSaysTheSame) {
  for (const char* name : kGoldens) {
    AnswerContext context = TestContext();
    context.include_usage = true;
    const std::vector<ChatEvent> events = DecodeStream(Stream(name));
    const std::string again = Encode(events, context);

    EXPECT_EQ(testing::CheckOpenAiChatStream(again), "") << name;
    std::string expected = Outcome(events);
    if (expected.find("id chatcmpl-") == std::string::npos) {
      expected.replace(0, expected.find('\n'), "id chatcmpl-r1");
    }
    EXPECT_EQ(Outcome(DecodeStream(again)), expected) << name;
  }
}

TEST(OpenAiChatStream, EndsWithoutDoneWhenEveryChoiceHasItsReason) {
  const std::string stream = Chunks({R"([{"index":0,"delta":{"content":"a"}}])",
                                     R"([{"index":0,"delta":{},"finish_reason":"stop"}])"});

  EXPECT_THAT(Outcome(DecodeStream(stream)), HasSubstr("text a\n  finish stop"));
}

TEST(OpenAiChatStream, DoneWithoutAReasonInfersIt) {
  const std::string text = Chunks({R"([{"delta":{"content":"a"}}])"});
  const std::string call =
      Chunks({R"([{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f",)"
              R"("arguments":"{}"}}]}}])"});

  EXPECT_THAT(Outcome(DecodeStream(text + "data: [DONE]\n\n")), HasSubstr("finish stop"));
  EXPECT_THAT(Outcome(DecodeStream(call + "data:[DONE]")), HasSubstr("finish tool_calls"));
}

TEST(OpenAiChatStream, BrokenOffIsAnError) {
  constexpr const char* kIncomplete = "error: the provider's answer ended before it was complete";
  const std::string one = Chunks({R"([{"delta":{"content":"a"}}])"});
  const std::string two = one + Chunks({R"([{"index":1,"delta":{},"finish_reason":"stop"}])"});

  EXPECT_EQ(Outcome(DecodeStream("")), kIncomplete);
  EXPECT_EQ(Outcome(DecodeStream(one)), kIncomplete);
  EXPECT_EQ(Outcome(DecodeStream(two)), kIncomplete);
  EXPECT_EQ(Outcome(DecodeStream(one + "data: {\"id\":\"c1\",\"choi")), kIncomplete);
}

TEST(OpenAiChatStream, ErrorsInsideAreErrors) {
  const std::string one = Chunks({R"([{"delta":{"content":"a"}}])"});
  const auto last = [&](std::string_view data) {
    return DecodeStream(StrCat(one, "data: ", data, "\n\ndata: [DONE]\n\n")).back();
  };

  EXPECT_EQ(last(R"({"error":{"message":"slow down","type":"rate_limit_exceeded"}})").error.kind,
            chat::ErrorKind::kRateLimit);
  EXPECT_EQ(last(R"({"error":"boom"})").error.message, "boom");
  EXPECT_EQ(last(R"({"object":"error","message":"bad","code":400})").error.message, "bad");
  EXPECT_EQ(last(R"({"choices":[{"index":0,"delta":{},"finish_reason":"error"}]})").kind,
            Kind::kError);
  EXPECT_EQ(last("nonsense").kind, Kind::kError);
  EXPECT_EQ(last("[]").kind, Kind::kError);
  EXPECT_EQ(last(R"({"error":null,"choices":[]})").kind, Kind::kEnd);
  EXPECT_EQ(Outcome(DecodeStream("data: [DONE]\n\n")),
            "error: the provider's answer has no choices");
}

TEST(OpenAiChatStream, NothingComesAfterTheEnd) {
  const auto decoder = OpenAiChat().NewEventDecoder(TestContext());
  std::vector<ChatEvent> events;
  decoder->Feed(Chunks({R"([{"delta":{"content":"a"}}])"}) + "data: [DONE]\n\n", &events);
  const size_t count = events.size();

  decoder->Feed(Chunks({R"([{"delta":{"content":"b"}}])"}), &events);
  decoder->Finish(&events);

  EXPECT_EQ(events.size(), count);
}

TEST(OpenAiChatStream, TextGoesOutAtOnce) {
  const auto decoder = OpenAiChat().NewEventDecoder(TestContext());
  std::vector<ChatEvent> events;

  decoder->Feed(Chunks({R"([{"delta":{"content":"a"}}])"}), &events);

  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events.back().text, "a");
}

TEST(OpenAiChatStream, UsageIsWrittenOnlyWhenItWasAskedFor) {
  AnswerContext context = TestContext();
  const std::vector<ChatEvent> events = DecodeStream(Stream("text"));
  const std::string without = Encode(events, context);
  context.include_usage = true;
  const std::string with = Encode(events, context);

  EXPECT_THAT(without, Not(HasSubstr("usage")));
  EXPECT_THAT(with, HasSubstr(R"("choices":[],"usage":{"prompt_tokens":19,)"));
  EXPECT_EQ(testing::CheckOpenAiChatStream(without), "");
}

TEST(OpenAiChatStream, FirstChunkIsSentWithTheStart) {
  ChatEvent start;
  start.kind = Kind::kStart;

  const std::string first = Encode({start}, TestContext());

  EXPECT_THAT(first, StartsWith(R"(data: {"id":"chatcmpl-r1","object":"chat.completion.chunk",)"
                                R"("created":1700000000,"model":"gpt-test","choices":[{"index":0,)"
                                R"("delta":{"role":"assistant","content":"")"));
}

TEST(OpenAiChatStream, AnErrorIsSaidWithoutDone) {
  ChatEvent start;
  start.kind = Kind::kStart;
  ChatEvent error;
  error.kind = Kind::kError;
  error.error = {.kind = chat::ErrorKind::kRateLimit, .message = "slow down"};

  const std::string out = Encode({start, error}, TestContext());

  EXPECT_EQ(testing::CheckOpenAiChatStream(out), "");
  EXPECT_THAT(out,
              HasSubstr(R"(data: {"error":{"message":"slow down","type":"rate_limit_exceeded",)"
                        R"("param":null,"code":"rate_limit_exceeded"}})"));
  EXPECT_THAT(out, Not(HasSubstr("[DONE]")));
}

// The part of an Anthropic answer: its numbers are those of all parts, its arguments may be none.
TEST(OpenAiChatStream, ToolIndexesCountTheCallsAndArgumentsAreNeverEmpty) {
  chat::ChatResponse response;
  chat::Choice& choice = response.choices.emplace_back();
  choice.parts.push_back(chat::TextPart("first"));
  for (const char* id : {"toolu_1", "toolu_2"}) {
    chat::Part& call = choice.parts.emplace_back();
    call.kind = PartKind::kToolCall;
    call.id = id;
    call.name = "f";
  }
  choice.finish = chat::FinishReason::kToolCalls;

  const std::string out = Encode(chat::EventsOf(response), TestContext());

  EXPECT_EQ(testing::CheckOpenAiChatStream(out), "");
  EXPECT_THAT(out, HasSubstr(R"({"index":0,"id":"toolu_1","type":"function",)"
                             R"("function":{"name":"f","arguments":""}})"));
  EXPECT_THAT(out, HasSubstr(R"({"index":1,"id":"toolu_2")"));
  EXPECT_THAT(out, HasSubstr(R"({"index":1,"function":{"arguments":"{}"}})"));
}

TEST(OpenAiChatStream, AClientOfFunctionsIsToldOneFunctionCall) {
  AnswerContext context = TestContext();
  context.request.calls_functions = true;

  const std::string out = Encode(DecodeStream(Stream("interleaved_calls")), context);

  EXPECT_EQ(testing::CheckOpenAiChatStream(out), "");
  EXPECT_THAT(out, HasSubstr(R"("delta":{"function_call":{"name":)"));
  EXPECT_THAT(out, HasSubstr(R"("delta":{},"logprobs":null,"finish_reason":"function_call")"));
  EXPECT_THAT(out, Not(HasSubstr("tool_calls")));
  EXPECT_THAT(Outcome(DecodeStream(out)),
              HasSubstr("choice\n  call call_r10 one {\"a\":1}\n  finish tool_calls\n"));
}

TEST(OpenAiChatStream, ARefusalWithoutItsTextIsAContentFilter) {
  chat::ChatResponse response;
  chat::Choice& choice = response.choices.emplace_back();
  choice.finish = chat::FinishReason::kRefusal;
  const std::string filtered = Encode(chat::EventsOf(response), TestContext());
  choice.parts.emplace_back().kind = PartKind::kRefusal;
  choice.parts.back().text = "no";
  const std::string refused = Encode(chat::EventsOf(response), TestContext());

  EXPECT_THAT(filtered, HasSubstr(R"("finish_reason":"content_filter")"));
  EXPECT_THAT(refused, HasSubstr(R"("delta":{"refusal":"no"})"));
  EXPECT_THAT(refused, HasSubstr(R"("finish_reason":"stop")"));
}

TEST(OpenAiChatStream, OffsetsOfCitationsAreThoseOfTheWholeContent) {
  chat::ChatResponse response;
  chat::Choice& choice = response.choices.emplace_back();
  choice.parts.push_back(chat::TextPart("Grüße "));
  choice.parts.push_back(chat::TextPart("da"));
  choice.parts.back().citations.push_back({.url = "https://e.com", .start = 1, .end = 2});
  choice.parts.back().citations.push_back({.url = "https://f.com"});

  const std::string out = Encode(chat::EventsOf(response), TestContext());

  EXPECT_THAT(out, HasSubstr(R"("start_index":7,"end_index":8)"));
  EXPECT_THAT(out, HasSubstr(R"("start_index":6,"end_index":8)"));
}

}  // namespace
}  // namespace lmgate::dialect
