#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "common/base/error_detail.h"
#include "dataplane/dialect/dialects.h"
#include "dataplane/dialect/openai_chat_wire.h"
#include "dataplane/dialect/translation.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/dataplane/dialect/openai_chat_answers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::PartKind;
using chat::Role;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;

constexpr std::string_view kHi = R"("messages":[{"role":"user","content":"hi"}])";

absl::StatusOr<ChatRequest> Decode(std::string_view body) {
  return OpenAiChat().DecodeRequest({.body = body});
}

// A request with further top-level members.
ChatRequest With(std::string_view members) {
  auto request = Decode(StrCat(R"({"model":"m",)", kHi, members.empty() ? "" : ",", members, "}"));
  EXPECT_THAT(request, IsOk()) << members;
  return request.ok() ? *std::move(request) : ChatRequest{};
}

// The field that a refusal names.
std::string WrongField(std::string_view body) {
  const auto request = Decode(body);
  EXPECT_THAT(request, StatusIs(absl::StatusCode::kInvalidArgument, ::testing::_)) << body;
  const auto hint = GetFieldHint(request.status());
  return hint.has_value() ? hint->field : "";
}
std::string WrongWith(std::string_view members) {
  return WrongField(StrCat(R"({"model":"m",)", kHi, ",", members, "}"));
}
TEST(OpenAiChatRequest, FunctionsAreTheOlderFormOfTools) {
  const auto request =
      Decode(R"({"model":"m","functions":[{"name":"f","parameters":{"type":"object"}}],)"
             R"("function_call":{"name":"f"},"messages":[{"role":"user","content":"hi"},)"
             R"({"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},)"
             R"({"role":"function","name":"f","content":"1"},)"
             R"({"role":"assistant","content":"","function_call":{"name":"f","arguments":"{}"}},)"
             R"({"role":"function","name":"f","content":"2"}]})");

  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(Turns(*request),
            "user: (text hi)\nassistant: (call call_function_1 f {})\n"
            "user: (result call_function_1 f [text 1])\n"
            "assistant: (call call_function_2 f {})\n"
            "user: (result call_function_2 f [text 2])\n");
  ASSERT_EQ(request->tools.size(), 1u);
  EXPECT_EQ(request->tool_choice.mode, chat::ToolChoice::Mode::kOne);
  EXPECT_EQ(request->parallel_tool_calls, false);
  EXPECT_TRUE(request->calls_functions);
  EXPECT_THAT(request->own_fields, IsEmpty());
}

TEST(OpenAiChatRequest, FunctionsBesideToolsAreTools) {
  const ChatRequest request = With(R"("functions":[{"name":"f"}],)"
                                   R"("tools":[{"type":"function","function":{"name":"g"}}])");

  EXPECT_EQ(request.tools.size(), 2u);
  EXPECT_FALSE(request.calls_functions);
  EXPECT_EQ(request.parallel_tool_calls, std::nullopt);
}

TEST(OpenAiChatRequest, NumbersKeepZeroAndNullIsAbsent) {
  const ChatRequest zero =
      With(R"("temperature":0,"top_p":0.0,"seed":0,"presence_penalty":0,"frequency_penalty":0,)"
           R"("parallel_tool_calls":false,"top_k":0,"n":1)");
  const ChatRequest null =
      With(R"("temperature":null,"top_p":null,"seed":null,"n":null,"stop":null,"tools":null,)"
           R"("tool_choice":null,"response_format":null,"stream":null,"stream_options":null,)"
           R"("parallel_tool_calls":null,"max_tokens":null,"logit_bias":null,"unknown":null)");

  EXPECT_EQ(zero.temperature, 0);
  EXPECT_EQ(zero.top_p, 0);
  EXPECT_EQ(zero.seed, 0);
  EXPECT_EQ(zero.presence_penalty, 0);
  EXPECT_EQ(zero.parallel_tool_calls, false);
  EXPECT_EQ(null.temperature, std::nullopt);
  EXPECT_EQ(null.parallel_tool_calls, std::nullopt);
  EXPECT_EQ(null.n, 1);
  EXPECT_THAT(null.own_fields, IsEmpty());
}

TEST(OpenAiChatRequest, TheNewerNameOfTheLimitCounts) {
  EXPECT_EQ(With(R"("max_tokens":5)").max_tokens, 5);
  EXPECT_EQ(With(R"("max_tokens":5,"max_completion_tokens":7)").max_tokens, 7);
}

TEST(OpenAiChatRequest, StopIsAStringOrAList) {
  EXPECT_THAT(With(R"("stop":"a")").stop, ElementsAre("a"));
  EXPECT_THAT(With(R"("stop":["a","b"])").stop, ElementsAre("a", "b"));
}

TEST(OpenAiChatRequest, Tools) {
  const ChatRequest request = With(
      R"("tools":[{"type":"function","function":{"name":"f","description":"d",)"
      R"("parameters":{"type":"object","properties":{"z":{},"a":{}}},"strict":true}},)"
      R"({"type":"function","function":{"name":"g"}},{"type":"custom","custom":{"name":"h"}}])");

  ASSERT_EQ(request.tools.size(), 2u);
  EXPECT_EQ(request.tools[0].parameters, R"({"type":"object","properties":{"z":{},"a":{}}})");
  EXPECT_EQ(request.tools[0].strict, true);
  EXPECT_EQ(request.tools[1].parameters, "");
  EXPECT_EQ(request.tools[1].strict, std::nullopt);
  EXPECT_THAT(request.own_fields, ElementsAre("tools[2]"));
}

TEST(OpenAiChatRequest, ToolChoice) {
  using Mode = chat::ToolChoice::Mode;
  EXPECT_EQ(With("").tool_choice.mode, Mode::kDefault);
  EXPECT_EQ(With(R"("tool_choice":"auto")").tool_choice.mode, Mode::kAuto);
  EXPECT_EQ(With(R"("tool_choice":"none")").tool_choice.mode, Mode::kNone);
  EXPECT_EQ(With(R"("tool_choice":"required")").tool_choice.mode, Mode::kAny);
  const auto one = With(R"("tool_choice":{"type":"function","function":{"name":"f"}})").tool_choice;
  EXPECT_EQ(one.mode, Mode::kOne);
  EXPECT_THAT(one.names, ElementsAre("f"));
  const auto some = With(R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto",)"
                         R"("tools":[{"type":"function","function":{"name":"f"}}]}})")
                        .tool_choice;
  EXPECT_EQ(some.mode, Mode::kSubsetAuto);
  EXPECT_THAT(some.names, ElementsAre("f"));
  EXPECT_THAT(With(R"("tool_choice":{"type":"custom","custom":{"name":"f"}})").own_fields,
              ElementsAre("tool_choice"));
}

TEST(OpenAiChatRequest, ResponseFormat) {
  using Kind = chat::ResponseFormat::Kind;
  EXPECT_EQ(With(R"("response_format":{"type":"text"})").response_format.kind, Kind::kText);
  EXPECT_EQ(With(R"("response_format":{"type":"json_object"})").response_format.kind,
            Kind::kJsonObject);
  const auto format = With(R"("response_format":{"type":"json_schema","json_schema":{"name":"n",)"
                           R"("description":"d","schema":{"type":"object"},"strict":false}})")
                          .response_format;
  EXPECT_EQ(format.kind, Kind::kJsonSchema);
  EXPECT_EQ(format.name, "n");
  EXPECT_EQ(format.description, "d");
  EXPECT_EQ(format.schema, R"({"type":"object"})");
  EXPECT_EQ(format.strict, false);
}

TEST(OpenAiChatRequest, ReasoningEffort) {
  using Mode = chat::ReasoningRequest::Mode;
  EXPECT_EQ(With("").reasoning.mode, Mode::kDefault);
  EXPECT_EQ(With(R"("reasoning_effort":"none")").reasoning.mode, Mode::kOff);
  const auto high = With(R"("reasoning_effort":"high")").reasoning;
  EXPECT_EQ(high.mode, Mode::kEffort);
  EXPECT_EQ(high.effort, "high");
  EXPECT_TRUE(high.want_text);
}

TEST(OpenAiChatRequest, StreamAndItsUsage) {
  const ChatRequest request = With(R"("stream":true,"stream_options":{"include_usage":true})");

  EXPECT_TRUE(request.stream);
  EXPECT_TRUE(request.include_usage);
  EXPECT_FALSE(With(R"("stream":true)").include_usage);
}

TEST(OpenAiChatRequest, HintsAreLeftOutAndWhatHasMeaningIsNamed) {
  const ChatRequest hints =
      With(R"("metadata":{"a":"b"},"service_tier":"flex","store":true,"prompt_cache_key":"k",)"
           R"("prompt_cache_retention":"24h","prediction":{},"logprobs":false,"top_logprobs":0,)"
           R"("modalities":["text"],"user":"u","safety_identifier":"s","verbosity":"low",)"
           R"("prompt_cache_options":{"mode":"explicit"},"logit_bias":{"1":-1})");
  const ChatRequest own = With(R"("modalities":["text","audio"],"audio":{"voice":"x"},)"
                               R"("web_search_options":{},"thing":1)");

  EXPECT_THAT(hints.own_fields, IsEmpty());
  EXPECT_EQ(hints.end_user, "u");
  EXPECT_EQ(hints.verbosity, "low");
  EXPECT_EQ(hints.logit_bias, R"({"1":-1})");
  EXPECT_THAT(own.own_fields, ElementsAre("modalities", "audio", "web_search_options", "thing"));
}

TEST(OpenAiChatRequest, LogProbabilities) {
  EXPECT_FALSE(With(R"("logprobs":false,"top_logprobs":0)").top_logprobs.has_value());
  EXPECT_EQ(With(R"("logprobs":true)").top_logprobs, 0);
  EXPECT_EQ(With(R"("logprobs":true,"top_logprobs":3)").top_logprobs, 3);
}

TEST(OpenAiChatRequest, ThePathsModelWins) {
  const auto request = OpenAiChat().DecodeRequest(
      {.body = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})", .model = "p"});

  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->model, "p");
  EXPECT_EQ(With("").model, "m");
}

TEST(OpenAiChatRequest, WhatIsWrongIsNamed) {
  EXPECT_THAT(Decode("{"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("JSON")));
  EXPECT_EQ(WrongField(R"({"messages":[{"role":"user","content":"hi"}]})"), "model");
  EXPECT_EQ(WrongField(R"({"model":"m"})"), "messages");
  EXPECT_EQ(WrongField(R"({"model":"m","messages":[]})"), "messages");
  EXPECT_EQ(WrongField(R"({"model":"m","messages":{}})"), "messages");
  EXPECT_EQ(WrongWith(R"("temperature":"hot")"), "temperature");
  EXPECT_EQ(WrongWith(R"("max_tokens":1.5)"), "max_tokens");
  EXPECT_EQ(WrongWith(R"("max_tokens":0)"), "max_tokens");
  EXPECT_EQ(WrongWith(R"("n":0)"), "n");
  EXPECT_EQ(WrongWith(R"("n":129)"), "n");
  EXPECT_EQ(WrongWith(R"("stop":[1])"), "stop[0]");
  EXPECT_EQ(WrongWith(R"("tools":[{"function":{"name":"f"}}])"), "tools[0].type");
  EXPECT_EQ(WrongWith(R"("tools":[{"type":"function","function":{}}])"), "tools[0].function.name");
  EXPECT_EQ(WrongWith(R"("tool_choice":"maybe")"), "tool_choice");
  EXPECT_EQ(WrongWith(R"("response_format":{})"), "response_format.type");
  EXPECT_EQ(WrongWith(R"("reasoning_effort":"some")"), "reasoning_effort");
  EXPECT_EQ(WrongWith(R"("stream":1)"), "stream");
  EXPECT_EQ(WrongWith(R"("logit_bias":[])"), "logit_bias");
}

// What a provider gets of a conversation whose last call has been answered.
std::string ToolLoop(std::string_view backend, std::string_view model, std::string_view details,
                     std::string_view next = "") {
  const std::string body =
      StrCat(R"({"model":"m","reasoning_effort":"low","messages":[{"role":"user","content":"hi"},)",
             R"({"role":"assistant","reasoning_content":"hm",)", details,
             R"("tool_calls":[{"id":"toolu_1","type":"function",)",
             R"("function":{"name":"f","arguments":"{}"}}]},)",
             R"({"role":"tool","tool_call_id":"toolu_1","content":"r"})", next,
             R"(],"tools":[{"type":"function","function":{"name":"f"}}]})");
  auto translation =
      Translation::Create({.dialect = FindDialect("openai-chat"), .id = "t"}, {.body = body});
  EXPECT_THAT(translation, IsOk());
  const auto encoded = (*translation)->Encode(*FindDialect(backend), {.model = std::string(model)});
  EXPECT_THAT(encoded, IsOk());
  return encoded.ok() ? encoded->body : "";
}

// translation.md 7.3: OpenAI's SDKs send back the fields that they know, and those that a client
// copies.
TEST(OpenAiChatRequest, AToolLoopIsThoughtAboutOnlyWithItsReasoning) {
  for (const auto& [backend, model] :
       {std::pair("anthropic", "claude-sonnet-4-5"),
        std::pair("bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0")}) {
    chat::Part reasoning;
    reasoning.kind = PartKind::kReasoning;
    reasoning.text = "hm";
    reasoning.signature = {.origin = "anthropic", .model = model, .data = "c2lnbmVk"};
    const std::string details =
        StrCat(R"("reasoning_details":[)", DumpJson(ChatReasoningDetail(reasoning, 0)), "],");

    const std::string without = ToolLoop(backend, model, "");
    EXPECT_THAT(without, Not(HasSubstr("thinking"))) << backend;
    EXPECT_THAT(without, Not(HasSubstr("hm"))) << backend;
    const std::string with = ToolLoop(backend, model, details);
    EXPECT_THAT(with, HasSubstr(R"("thinking":{"type":"enabled","budget_tokens":2048})"));
    EXPECT_THAT(with, HasSubstr(R"("signature":"c2lnbmVk")"));
    // The user's next word begins anew.
    EXPECT_THAT(ToolLoop(backend, model, "",
                         R"(,{"role":"assistant","content":"a"},{"role":"user","content":"b"})"),
                HasSubstr(R"("thinking":{"type":"enabled","budget_tokens":2048})"));
  }
}

TEST(OpenAiChatRequest, ACallWithoutItsSignatureIsNotCheckedByGemini) {
  EXPECT_THAT(ToolLoop("gemini", "gemini-3-pro-preview", ""),
              HasSubstr(R"("thoughtSignature":"skip_thought_signature_validator")"));
}

}  // namespace
}  // namespace lmgate::dialect
