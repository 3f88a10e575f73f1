#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dataplane/dialect/json.h"
#include "dataplane/dialect/openai_responses.h"
#include "tests/support/golden.h"
#include "tests/support/openai_responses_grammar.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatResponse;
using chat::FinishReason;
using chat::Part;
using chat::PartKind;
using ::lmgate::testing::CheckOpenAiResponse;
using ::lmgate::testing::Golden;
using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;

AnswerContext Context() {
  AnswerContext context;
  context.id = "abc";
  context.created = 1730000000;
  context.model = "gpt-5";
  return context;
}

ChatResponse Decode(std::string_view body) {
  const AnswerContext context = Context();
  const auto response = OpenAiResponses().DecodeResponse(body, context);
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? *response : ChatResponse{.choices = {{}}};
}

ChatResponse DecodeGolden(const std::string& name) {
  return Decode(Golden("dialect/openai-responses/" + name + ".json", ""));
}

TEST(OpenAiResponsesDecodeResponse, ReadsText) {
  const ChatResponse response = DecodeGolden("text");

  EXPECT_EQ(response.id, "resp_67c9fdcecf488190");
  EXPECT_EQ(response.model, "gpt-5-2025-08-07");
  EXPECT_EQ(response.created, 1730000000);
  ASSERT_EQ(response.choices[0].parts.size(), 1U);
  EXPECT_EQ(response.choices[0].parts[0].text, "Grüße an alle 😀.");
  EXPECT_EQ(response.choices[0].finish, FinishReason::kStop);
  EXPECT_EQ(response.usage.prompt_tokens, 12);
  EXPECT_EQ(response.usage.cached_tokens, 4);
}

TEST(OpenAiResponsesDecodeResponse, ReadsReasoningAndCalls) {
  const ChatResponse response = DecodeGolden("tools");

  const std::vector<Part>& parts = response.choices[0].parts;
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(parts[0].text, "**Thinking** about it\n\nThen more");
  EXPECT_EQ(parts[0].signature.origin, "openai");
  EXPECT_EQ(parts[0].signature.model, "gpt-5");
  EXPECT_EQ(parts[0].signature.data, "gAAAA-last");
  EXPECT_EQ(parts[2].id, "call_a");
  EXPECT_EQ(parts[3].arguments, R"({"zone":"CET"})");
  EXPECT_EQ(response.choices[0].finish, FinishReason::kToolCalls);
  EXPECT_EQ(response.usage.reasoning_tokens, 32);
}

TEST(OpenAiResponsesDecodeResponse, ReadsOtherEnds) {
  EXPECT_EQ(DecodeGolden("incomplete").choices[0].finish, FinishReason::kLength);
  EXPECT_EQ(DecodeGolden("refusal").choices[0].finish, FinishReason::kRefusal);
  EXPECT_EQ(DecodeGolden("refusal").choices[0].parts[0].kind, PartKind::kRefusal);
  EXPECT_EQ(DecodeGolden("citation").choices[0].parts[0].citations[0].url,
            "https://example.com/docs");
}

TEST(OpenAiResponsesDecodeResponse, WhatIsNoAnswerIsUnavailable) {
  const AnswerContext context = Context();
  for (const std::string_view body :
       {"", "<html>", "[]", "{}", R"({"status":"completed"})", R"({"status":"queued","output":[]})",
        R"({"status":"cancelled","output":[]})"}) {
    EXPECT_THAT(OpenAiResponses().DecodeResponse(body, context),
                StatusIs(absl::StatusCode::kUnavailable, ::testing::_))
        << body;
  }
  EXPECT_THAT(
      OpenAiResponses().DecodeResponse(
          R"({"status":"failed","error":{"code":"server_error","message":"Oops"}})", context),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("Oops")));
}

TEST(OpenAiResponsesEncodeResponse, AllThatStrictClientsAskForIsThere) {
  const AnswerContext context = Context();
  for (const char* const name : {"text", "tools", "incomplete", "refusal", "citation"}) {
    const std::string body = OpenAiResponses().EncodeResponse(DecodeGolden(name), context);
    EXPECT_EQ(CheckOpenAiResponse(body), "") << body;
  }
}

TEST(OpenAiResponsesEncodeResponse, IsTheInverseOfDecode) {
  const AnswerContext context = Context();
  for (const char* const name : {"text", "tools", "incomplete", "refusal", "citation"}) {
    const std::string once = OpenAiResponses().EncodeResponse(DecodeGolden(name), context);
    EXPECT_EQ(OpenAiResponses().EncodeResponse(Decode(once), context), once);
  }
}

TEST(OpenAiResponsesEncodeResponse, LeavesOutEmptyTextsAndReasoning) {
  ChatResponse response;
  response.choices.emplace_back();
  Part reasoning;
  reasoning.kind = PartKind::kReasoning;
  response.choices[0].parts = {reasoning, chat::TextPart("")};

  const auto body = ParseJson(OpenAiResponses().EncodeResponse(response, Context()));

  EXPECT_EQ(DumpJson((*body)["output"]), "[]");
  EXPECT_EQ((*body)["status"], "completed");
}

TEST(OpenAiResponsesEncodeResponse, ARefusalIsInTheMessageOfItsText) {
  ChatResponse response;
  response.choices.emplace_back().finish = FinishReason::kRefusal;
  response.choices[0].parts = {chat::TextPart("I cannot")};

  const auto body = ParseJson(OpenAiResponses().EncodeResponse(response, Context()));

  EXPECT_EQ((*body)["output"].size(), 1U);
  EXPECT_EQ((*body)["output"][0]["content"][1]["type"], "refusal");
}

TEST(OpenAiResponsesEncodeResponse, TheLastItemOfACutAnswerIsIncomplete) {
  ChatResponse response;
  response.choices.emplace_back().finish = FinishReason::kLength;
  response.choices[0].parts = {chat::TextPart("a"), chat::TextPart("b")};

  const auto body = ParseJson(OpenAiResponses().EncodeResponse(response, Context()));

  EXPECT_EQ((*body)["output"][0]["status"], "completed");
  EXPECT_EQ((*body)["output"][1]["status"], "incomplete");
}

TEST(OpenAiResponsesEncodeResponse, ARefusalIsNeverSilent) {
  ChatResponse response;
  response.choices.emplace_back().finish = FinishReason::kRefusal;

  const auto body = ParseJson(OpenAiResponses().EncodeResponse(response, Context()));

  EXPECT_EQ((*body)["output"][0]["content"][0]["type"], "refusal");
}

TEST(OpenAiResponsesEncodeResponse, ASignedCallHasAReasoningItemBeforeIt) {
  ChatResponse response;
  Part call;
  call.kind = PartKind::kToolCall;
  call.id = "c";
  call.name = "f";
  call.signature = {.origin = "gemini", .model = "g", .data = "t"};
  response.choices.emplace_back().parts = {call};

  const std::string body = OpenAiResponses().EncodeResponse(response, Context());

  EXPECT_EQ(CheckOpenAiResponse(body), "");
  const Json output = (*ParseJson(body))["output"];
  ASSERT_EQ(output.size(), 2U);
  EXPECT_EQ(output[0]["id"], "rs_abc_0");
  EXPECT_EQ(output[1]["id"], "fc_abc_1");
}

}  // namespace
}  // namespace lmgate::dialect
