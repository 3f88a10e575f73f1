#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/base/strings.h"
#include "dataplane/dialect/anthropic.h"
#include "dataplane/dialect/seal.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatResponse;
using chat::FinishReason;
using chat::Part;
using chat::PartKind;
using lmgate::testing::IsOk;
using lmgate::testing::StatusIs;
using ::testing::HasSubstr;

AnswerContext Context() {
  AnswerContext context;
  context.id = "abc";
  context.created = 17;
  context.model = "claude-sonnet-4-5";
  return context;
}

ChatResponse Decode(std::string_view content, std::string_view members = "") {
  const auto response = Anthropic().DecodeResponse(
      StrCat(R"({"id":"msg_1","type":"message","role":"assistant","model":"m","content":)", content,
             members, "}"),
      Context());
  EXPECT_THAT(response, IsOk());
  return response.value_or(ChatResponse{.choices = {{}}});
}

FinishReason FinishOf(std::string_view reason, std::string_view content = "[]") {
  return Decode(content, StrCat(R"(,"stop_reason":")", reason, R"(")")).choices[0].finish;
}

TEST(AnthropicAnswer, ReadsTextCallsAndThinking) {
  const ChatResponse response = Decode(
      R"([{"type":"thinking","thinking":"t","signature":"s"},
          {"type":"redacted_thinking","data":"d"},{"type":"text","text":"x"},
          {"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}},
          {"type":"tool_use","id":"toolu_2","name":"g","input":{}}])",
      R"(,"stop_reason":"tool_use")");

  EXPECT_EQ(response.id, "msg_1");
  EXPECT_EQ(response.model, "m");
  EXPECT_EQ(response.created, 17);
  const std::vector<Part>& parts = response.choices[0].parts;
  ASSERT_EQ(parts.size(), 5u);
  EXPECT_EQ(parts[0].signature.data, "s");
  EXPECT_EQ(parts[0].signature.model, "claude-sonnet-4-5");
  EXPECT_TRUE(parts[1].signature.redacted);
  EXPECT_EQ(parts[2].text, "x");
  EXPECT_EQ(parts[3].arguments, R"({"a":1})");
  EXPECT_EQ(parts[4].arguments, "");
  EXPECT_EQ(response.choices[0].finish, FinishReason::kToolCalls);
}

TEST(AnthropicAnswer, ReadsStopReasons) {
  EXPECT_EQ(FinishOf("end_turn"), FinishReason::kStop);
  EXPECT_EQ(FinishOf("pause_turn"), FinishReason::kStop);
  EXPECT_EQ(FinishOf("something_new"), FinishReason::kStop);
  EXPECT_EQ(FinishOf("max_tokens"), FinishReason::kLength);
  EXPECT_EQ(FinishOf("model_context_window_exceeded"), FinishReason::kLength);
  EXPECT_EQ(FinishOf("refusal"), FinishReason::kRefusal);
  EXPECT_EQ(FinishOf("stop_sequence"), FinishReason::kStopSequence);
}

TEST(AnthropicAnswer, CallsWinOverAnOrdinaryEnd) {
  constexpr std::string_view kCall = R"([{"type":"tool_use","id":"i","name":"f","input":{}}])";

  EXPECT_EQ(FinishOf("end_turn", kCall), FinishReason::kToolCalls);
  EXPECT_EQ(FinishOf("max_tokens", kCall), FinishReason::kLength);
}

TEST(AnthropicAnswer, AddsCachedTokensToThePrompt) {
  const ChatResponse response =
      Decode("[]", R"(,"usage":{"input_tokens":10,"cache_read_input_tokens":20,
                "cache_creation_input_tokens":5,"output_tokens":7,
                "output_tokens_details":{"thinking_tokens":3}})");

  EXPECT_TRUE(response.usage.known);
  EXPECT_EQ(response.usage.prompt_tokens, 35);
  EXPECT_EQ(response.usage.cached_tokens, 20);
  EXPECT_EQ(response.usage.cache_write_tokens, 5);
  EXPECT_EQ(response.usage.completion_tokens, 7);
  EXPECT_EQ(response.usage.total_tokens, 42);
  EXPECT_EQ(response.usage.reasoning_tokens, 3);
}

TEST(AnthropicAnswer, IsNotKnownToCountWithoutUsage) { EXPECT_FALSE(Decode("[]").usage.known); }

TEST(AnthropicAnswer, SkipsBlocksOfTheProvidersTools) {
  const ChatResponse response = Decode(
      R"([{"type":"server_tool_use","id":"s","name":"web_search","input":{}},7,
          {"type":"web_search_tool_result","tool_use_id":"s","content":[]},
          {"type":"text","text":"x"}])");

  ASSERT_EQ(response.choices[0].parts.size(), 1u);
  EXPECT_EQ(response.choices[0].parts[0].text, "x");
}

TEST(AnthropicAnswer, MakesIdsForCallsWithoutOne) {
  const ChatResponse response = Decode(
      R"([{"type":"tool_use","name":"f","input":{}},{"type":"tool_use","name":"f","input":{}}])");

  EXPECT_EQ(response.choices[0].parts[0].id, "call_abc0");
  EXPECT_EQ(response.choices[0].parts[1].id, "call_abc1");
}

TEST(AnthropicAnswer, OfAnotherKindIsUnavailable) {
  for (const std::string_view body :
       {"", "<html>", "[]", "{}", R"({"content":"x"})", R"({"type":"message","content":null})"}) {
    EXPECT_THAT(Anthropic().DecodeResponse(body, Context()),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("answer")))
        << body;
  }
  EXPECT_THAT(Anthropic().DecodeResponse(
                  R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})",
                  Context()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("Overloaded")));
}

Part Saying(PartKind kind, std::string text) {
  Part part;
  part.kind = kind;
  part.text = std::move(text);
  return part;
}

Json Encode(std::vector<Part> parts, FinishReason finish = FinishReason::kStop) {
  ChatResponse response;
  response.choices.push_back({.parts = std::move(parts), .finish = finish});
  return Json::parse(Anthropic().EncodeResponse(response, Context()), nullptr, false);
}

TEST(AnthropicAnswer, WritesAWholeMessage) {
  ChatResponse response;
  response.id = "chatcmpl-1";
  response.choices.push_back({.parts = {chat::TextPart("Hi")}});
  response.usage = {.known = true,
                    .prompt_tokens = 30,
                    .completion_tokens = 4,
                    .total_tokens = 34,
                    .cached_tokens = 20};

  EXPECT_EQ(Anthropic().EncodeResponse(response, Context()),
            R"({"id":"msg_abc","type":"message","role":"assistant","model":"claude-sonnet-4-5",)"
            R"("content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn",)"
            R"("stop_sequence":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":0,)"
            R"("cache_read_input_tokens":20,"output_tokens":4}})");
}

TEST(AnthropicAnswer, WritesCallsWithObjects) {
  Part call;
  call.kind = PartKind::kToolCall;
  call.id = "call_1";
  call.name = "f";
  call.arguments = " ";
  const Json message = Encode({chat::TextPart(""), call}, FinishReason::kToolCalls);

  EXPECT_EQ(message["content"].dump(),
            R"([{"type":"tool_use","id":"call_1","name":"f","input":{}}])");
  EXPECT_EQ(message["stop_reason"], "tool_use");
}

TEST(AnthropicAnswer, WritesRefusalsAsTextWithTheirReason) {
  const Json message = Encode({Saying(PartKind::kRefusal, "No.")}, FinishReason::kRefusal);

  EXPECT_EQ(message["content"][0].dump(), R"({"type":"text","text":"No."})");
  EXPECT_EQ(message["stop_reason"], "refusal");
  EXPECT_EQ(message["stop_details"].dump(),
            R"({"type":"refusal","category":null,"explanation":null})");
}

TEST(AnthropicAnswer, PlacesInDocumentsGoBothWays) {
  for (const std::string_view place :
       {R"("char_location","cited_text":"so","document_index":1,"document_title":"T",)"
        R"("start_char_index":2,"end_char_index":5})",
        R"("page_location","cited_text":"so","document_index":1,"document_title":null,)"
        R"("start_page_number":2,"end_page_number":3})",
        R"("content_block_location","cited_text":"so","document_index":0,"document_title":"T",)"
        R"("start_block_index":0,"end_block_index":1})"}) {
    const std::string content =
        StrCat(R"([{"type":"text","text":"x","citations":[{"type":)", place, "]}]");

    const ChatResponse response = Decode(content);

    EXPECT_THAT(Anthropic().EncodeResponse(response, Context()), HasSubstr(content));
  }
}

TEST(AnthropicAnswer, NamesTheStopSequence) {
  ChatResponse response;
  response.choices.push_back({.finish = FinishReason::kStopSequence, .stop_sequence = "END"});
  Json message = Json::parse(Anthropic().EncodeResponse(response, Context()));
  EXPECT_EQ(message["stop_reason"], "stop_sequence");
  EXPECT_EQ(message["stop_sequence"], "END");
  response.choices[0].stop_sequence = "";
  message = Json::parse(Anthropic().EncodeResponse(response, Context()));
  EXPECT_EQ(message["stop_reason"], "end_turn");
  EXPECT_TRUE(message["stop_sequence"].is_null());
}

TEST(AnthropicAnswer, NeverCountsLessThanNothing) {
  EXPECT_EQ(
      WriteAnthropicUsage({.known = true, .prompt_tokens = 5, .cached_tokens = 9})["input_tokens"],
      0);
}

TEST(AnthropicAnswer, SealsTheSignaturesOfOthers) {
  Part thinking = Saying(PartKind::kReasoning, "hm");
  EXPECT_EQ(Encode({thinking})["content"][0]["signature"], kSealOfNothing);
  thinking.signature = {.origin = "gemini", .model = "g", .data = "d"};
  const Json block = Encode({thinking})["content"][0];
  EXPECT_EQ(block["type"], "thinking");
  const chat::Signature back =
      UnsealSignature(block["signature"].get<std::string>(), kOriginAnthropic);
  EXPECT_EQ(back.origin, "gemini");
  EXPECT_EQ(back.data, "d");
}

TEST(AnthropicAnswer, HidesHiddenReasoning) {
  Part thinking = Saying(PartKind::kReasoning, "");
  EXPECT_EQ(Encode({thinking})["content"].size(), 0u);
  thinking.signature = {.origin = "openai", .model = "", .data = "g"};
  EXPECT_EQ(Encode({thinking})["content"][0]["type"], "redacted_thinking");
  thinking.signature = {.origin = "anthropic", .model = "", .data = "E", .redacted = true};
  EXPECT_EQ(Encode({thinking})["content"][0].dump(), R"({"type":"redacted_thinking","data":"E"})");
  thinking.signature.redacted = false;
  EXPECT_EQ(Encode({thinking})["content"][0].dump(),
            R"({"type":"thinking","thinking":"","signature":"E"})");
}

TEST(AnthropicAnswer, RemembersRedactionUnderASeal) {
  const chat::Signature hidden = {
      .origin = "anthropic", .model = "m", .data = "E", .redacted = true};

  EXPECT_TRUE(UnsealSignature(SealSignature(hidden, "openai"), "openai").redacted);
}

}  // namespace
}  // namespace lmgate::dialect
