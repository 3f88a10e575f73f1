#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/unit/dataplane/dialect/openai_chat_answers.h"

namespace lmgate::dialect {
namespace {

using chat::PartKind;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::StatusIs;

std::string Decode(std::string_view body) {
  const auto response = OpenAiChat().DecodeResponse(body, TestContext());
  return response.ok() ? Describe(*response) : std::string(ToStd(response.status().message()));
}

std::string Encode(const chat::ChatResponse& response) {
  return OpenAiChat().EncodeResponse(response, TestContext());
}

chat::ChatResponse Say(std::vector<chat::Part> parts, chat::FinishReason finish) {
  chat::ChatResponse response;
  chat::Choice& choice = response.choices.emplace_back();
  choice.parts = std::move(parts);
  choice.finish = finish;
  return response;
}

chat::Part Call(std::string arguments) {
  chat::Part part;
  part.kind = PartKind::kToolCall;
  part.id = "toolu_1";
  part.name = "f";
  part.arguments = std::move(arguments);
  return part;
}

TEST(OpenAiChatAnswer, IsReadWhole) {
  EXPECT_EQ(Decode(R"({"id":"chatcmpl-1","object":"chat.completion","created":7,"model":"gpt-x",)"
                   R"("choices":[{"index":0,"message":{"role":"assistant","content":"Hi",)"
                   R"("refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],)"
                   R"("usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})"),
            "id chatcmpl-1\nmodel gpt-x\ncreated 7\nchoice\n  text Hi\n  finish stop\n"
            "usage 1 2 3 cached 0 written 0 reasoning 0\n");
}

TEST(OpenAiChatAnswer, CallsOfOneAnswerAreDifferentCalls) {
  EXPECT_THAT(Decode(R"({"choices":[{"message":{"content":"","tool_calls":[)"
                     R"({"id":"same","function":{"name":"f","arguments":"{}"}},)"
                     R"({"id":"same","function":{"name":"f","arguments":""}},)"
                     R"({"function":{"name":"g"}}]},"finish_reason":"stop"}]})"),
              HasSubstr("choice\n  call same f {}\n  call call_r10 f \n  call call_r11 g \n"
                        "  finish tool_calls\n"));
}

TEST(OpenAiChatAnswer, AnAnswerThatIsNoneIsUnavailable) {
  for (const char* body : {"", "null", "[]", "{}", R"({"choices":[]})", R"({"choices":{}})",
                           R"({"error":{"message":"boom"}})", "<html>"}) {
    EXPECT_THAT(OpenAiChat().DecodeResponse(body, TestContext()),
                StatusIs(absl::StatusCode::kUnavailable, ::testing::_))
        << body;
  }
  EXPECT_EQ(Decode(R"({"error":{"message":"boom"}})"), "boom");
}

TEST(OpenAiChatAnswer, AnEmptyAnswerIsOne) {
  EXPECT_THAT(Decode(R"({"choices":[{"message":null,"finish_reason":"length"}]})"),
              HasSubstr("choice\n  finish length\n"));
}

TEST(OpenAiChatAnswer, AClientOfFunctionsIsToldOneFunctionCall) {
  AnswerContext context = TestContext();
  context.request.calls_functions = true;
  chat::Part second = Call("{}");
  second.name = "g";

  const std::string answer = OpenAiChat().EncodeResponse(
      Say({Call(R"({"a":1})"), second}, chat::FinishReason::kToolCalls), context);

  EXPECT_THAT(answer, HasSubstr(R"("content":null,"refusal":null,)"
                                R"("function_call":{"name":"f","arguments":"{\"a\":1}"}},)"
                                R"("logprobs":null,"finish_reason":"function_call")"));
  EXPECT_THAT(answer, Not(HasSubstr("tool_calls")));
  EXPECT_THAT(OpenAiChat().EncodeResponse(Say({Call("")}, chat::FinishReason::kToolCalls), context),
              HasSubstr(R"("arguments":"{}")"));
}

TEST(OpenAiChatAnswer, IsWrittenWhole) {
  chat::ChatResponse response = Say({chat::TextPart("Hi"), chat::TextPart("!")}, {});
  response.usage = {.known = true, .prompt_tokens = 3, .completion_tokens = 2};

  EXPECT_EQ(Encode(response),
            R"({"id":"chatcmpl-r1","object":"chat.completion","created":1700000000,)"
            R"("model":"gpt-test","choices":[{"index":0,"message":{"role":"assistant",)"
            R"("content":"Hi!","refusal":null},"logprobs":null,"finish_reason":"stop"}],)"
            R"("usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,)"
            R"("prompt_tokens_details":{"cached_tokens":0},)"
            R"("completion_tokens_details":{"reasoning_tokens":0}}})");
}

TEST(OpenAiChatAnswer, ContentIsNullWhenThereAreOnlyCalls) {
  const std::string calls = Encode(Say({Call("")}, chat::FinishReason::kToolCalls));
  const std::string empty = Encode(Say({}, chat::FinishReason::kStop));

  EXPECT_THAT(calls, HasSubstr(R"("content":null)"));
  EXPECT_THAT(calls, HasSubstr(R"("tool_calls":[{"id":"toolu_1","type":"function",)"
                               R"("function":{"name":"f","arguments":"{}"}}])"));
  EXPECT_THAT(calls, HasSubstr(R"("finish_reason":"tool_calls")"));
  EXPECT_THAT(empty, HasSubstr(R"("content":"")"));
  EXPECT_THAT(empty, Not(HasSubstr("tool_calls")));
  EXPECT_THAT(empty, Not(HasSubstr("usage")));
}

TEST(OpenAiChatAnswer, ArgumentsAreWrittenAsTheModelWroteThem) {
  const std::string answer =
      Encode(Say({Call("{ \"x\" : 1.50 }")}, chat::FinishReason::kToolCalls));

  EXPECT_THAT(answer, HasSubstr(R"("arguments":"{ \"x\" : 1.50 }")"));
}

TEST(OpenAiChatAnswer, ReasoningIsBesideTheContent) {
  chat::Part reasoning;
  reasoning.kind = PartKind::kReasoning;
  reasoning.text = "hm";
  const std::string bare = Encode(Say({reasoning, chat::TextPart("a")}, {}));
  reasoning.signature = {.origin = "anthropic", .model = "claude", .data = "c2ln"};
  const std::string with = Encode(Say({reasoning, chat::TextPart("a")}, {}));

  EXPECT_THAT(bare, HasSubstr(R"("content":"a","refusal":null,"reasoning_content":"hm"})"));
  EXPECT_THAT(with, HasSubstr(R"("reasoning_details":[{"type":"reasoning.text","text":"hm",)"
                              R"("signature":"lmg1.)"));
  EXPECT_THAT(Decode(with), HasSubstr("  reasoning hm <anthropic/claude/c2ln>\n  text a\n"));
}

TEST(OpenAiChatAnswer, ARefusalHasItsOwnMember) {
  chat::Part refusal;
  refusal.kind = PartKind::kRefusal;
  refusal.text = "no";

  const std::string answer = Encode(Say({refusal}, chat::FinishReason::kRefusal));

  EXPECT_THAT(answer, HasSubstr(R"("content":null,"refusal":"no"})"));
  EXPECT_THAT(answer, HasSubstr(R"("finish_reason":"stop")"));
  EXPECT_THAT(Decode(answer), HasSubstr("  refusal no\n  finish refusal\n"));
}

}  // namespace
}  // namespace lmgate::dialect
