#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "dataplane/dialect/bedrock_converse.h"
#include "dataplane/dialect/json.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::ReasoningRequest;
using chat::Role;
using chat::ToolChoice;
using lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr std::string_view kModel = "amazon.nova-pro-v1:0";

absl::StatusOr<ChatRequest> DecodeBody(std::string_view body) {
  return BedrockConverse().DecodeRequest({.body = body, .model = kModel, .stream = true});
}

// One question and these members.
absl::StatusOr<ChatRequest> DecodeWith(std::string_view members) {
  return DecodeBody(
      StrCat(R"({"messages":[{"role":"user","content":[{"text":"hi"}]}],)", members, "}"));
}

ChatRequest Decode(std::string_view members) {
  const auto request = DecodeWith(members);
  EXPECT_TRUE(request.ok()) << request.status();
  return request.ok() ? *request : ChatRequest();
}

UpstreamBody Encode(const ChatRequest& request, std::string_view model = kModel) {
  const auto upstream = BedrockConverse().EncodeRequest(request, {.model = std::string(model)});
  EXPECT_TRUE(upstream.ok()) << upstream.status();
  return upstream.ok() ? *upstream : UpstreamBody();
}

TEST(BedrockConverseRequest, TheModelAndTheStreamComeFromThePath) {
  const ChatRequest request = Decode(R"("system":[])");

  EXPECT_EQ(request.model, kModel);
  EXPECT_TRUE(request.stream);
  ASSERT_EQ(request.turns.size(), 1U);
  EXPECT_EQ(request.turns[0].parts[0].text, "hi");
  EXPECT_THAT(request.own_fields, IsEmpty());
}

TEST(BedrockConverseRequest, RolesAreUserAndAssistant) {
  const auto request = DecodeBody(R"({"messages":[{"role":"user","content":[{"text":"a"}]},)"
                                  R"({"role":"assistant","content":[{"text":"b"}]}]})");

  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->turns[1].role, Role::kAssistant);
}

TEST(BedrockConverseRequest, SystemMessagesAreSystemTextAtTheirPlace) {
  const auto request = DecodeBody(R"({"messages":[{"role":"system","content":[{"text":"first"}]},)"
                                  R"({"role":"user","content":[{"text":"a"}]},)"
                                  R"({"role":"system","content":[{"text":"late"}]}]})");

  ASSERT_TRUE(request.ok()) << request.status();
  ASSERT_EQ(request->system.size(), 1u);
  EXPECT_EQ(request->system[0].text, "first");
  ASSERT_EQ(request->turns.size(), 2u);
  EXPECT_EQ(request->turns[1].role, Role::kSystem);
  EXPECT_THAT(DecodeBody(R"({"messages":[{"role":"user","content":[{"text":"a"}]},)"
                         R"({"role":"system","content":[{"toolUse":{"toolUseId":"t","name":"f",)"
                         R"("input":{}}}]}]})"),
              StatusIs(kInvalid, HasSubstr("messages[1].content")));
}

TEST(BedrockConverseRequest, LimitsAreReadWithZeroKept) {
  const ChatRequest request = Decode(
      R"("inferenceConfig":{"maxTokens":10,"temperature":0,"topP":0.5,"stopSequences":["a"]},)"
      R"("additionalModelRequestFields":{"top_k":0})");

  EXPECT_EQ(request.max_tokens, 10);
  EXPECT_EQ(request.temperature, 0.0);
  EXPECT_EQ(request.top_p, 0.5);
  EXPECT_EQ(request.top_k, 0);
  EXPECT_THAT(request.stop, ElementsAre("a"));
}

TEST(BedrockConverseRequest, NullIsAbsent) {
  const ChatRequest request =
      Decode(R"("inferenceConfig":{"maxTokens":null},"toolConfig":null,"guardrailConfig":null)");

  EXPECT_FALSE(request.max_tokens.has_value());
  EXPECT_THAT(request.own_fields, IsEmpty());
}

TEST(BedrockConverseRequest, ToolsAndTheirChoiceAreRead) {
  const ChatRequest request =
      Decode(R"("toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"d",)"
             R"("inputSchema":{"json":{"type":"object"}}}},{"cachePoint":{"type":"default"}}],)"
             R"("toolChoice":{"tool":{"name":"f"}}})");

  ASSERT_EQ(request.tools.size(), 1U);
  EXPECT_EQ(request.tools[0].name, "f");
  EXPECT_EQ(request.tools[0].description, "d");
  EXPECT_EQ(request.tools[0].parameters, R"({"type":"object"})");
  EXPECT_TRUE(request.tools[0].cache);
  EXPECT_EQ(request.tool_choice.mode, ToolChoice::Mode::kOne);
  EXPECT_THAT(request.tool_choice.names, ElementsAre("f"));
  EXPECT_EQ(Decode(R"("toolConfig":{"toolChoice":{"any":{}}})").tool_choice.mode,
            ToolChoice::Mode::kAny);
  EXPECT_EQ(Decode(R"("toolConfig":{"toolChoice":{"auto":{}}})").tool_choice.mode,
            ToolChoice::Mode::kAuto);
}

TEST(BedrockConverseRequest, ThinkingIsRead) {
  const ChatRequest budget = Decode(
      R"("additionalModelRequestFields":{"thinking":{"type":"enabled","budget_tokens":2000}})");
  EXPECT_EQ(budget.reasoning.mode, ReasoningRequest::Mode::kBudget);
  EXPECT_EQ(budget.reasoning.budget_tokens, 2000);
  EXPECT_TRUE(budget.reasoning.want_text);

  const ChatRequest old =
      Decode(R"("additionalModelRequestFields":{"reasoning_config":{"type":"disabled"}})");
  EXPECT_EQ(old.reasoning.mode, ReasoningRequest::Mode::kOff);

  const ChatRequest adaptive =
      Decode(R"("additionalModelRequestFields":{"output_config":{"effort":"low"},)"
             R"("thinking":{"type":"adaptive"},"anthropic_beta":["x"]})");
  EXPECT_EQ(adaptive.reasoning.mode, ReasoningRequest::Mode::kAdaptive);
  EXPECT_EQ(adaptive.reasoning.effort, "low");
  EXPECT_THAT(adaptive.own_fields, IsEmpty());

  const ChatRequest effort =
      Decode(R"("additionalModelRequestFields":{"reasoning_effort":"high"})");
  EXPECT_EQ(effort.reasoning.mode, ReasoningRequest::Mode::kEffort);
  EXPECT_EQ(effort.reasoning.effort, "high");

  const ChatRequest of_output = Decode(R"("outputConfig":{"effort":"max"})");
  EXPECT_EQ(of_output.reasoning.mode, ReasoningRequest::Mode::kEffort);
  EXPECT_EQ(of_output.reasoning.effort, "max");
}

TEST(BedrockConverseRequest, BetasAreRead) {
  const ChatRequest request =
      Decode(R"("additionalModelRequestFields":{"anthropic_beta":["context-1m-2025-08-07"]})");

  EXPECT_THAT(request.betas, ::testing::ElementsAre("context-1m-2025-08-07"));
}

TEST(BedrockConverseRequest, ASchemaOfTheAnswerIsRead) {
  const ChatRequest request =
      Decode(R"("outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":)"
             R"({"name":"n","schema":"{\"type\":\"object\"}"}}}})");

  EXPECT_EQ(request.response_format.kind, chat::ResponseFormat::Kind::kJsonSchema);
  EXPECT_EQ(request.response_format.name, "n");
  EXPECT_EQ(request.response_format.schema, R"({"type":"object"})");
}

TEST(BedrockConverseRequest, HintsAreIgnored) {
  EXPECT_THAT(Decode(R"("requestMetadata":{"a":"b"},"performanceConfig":{"latency":"optimized"},)"
                     R"("serviceTier":{"type":"flex"},)"
                     R"("additionalModelResponseFieldPaths":["/stop_sequence"])")
                  .own_fields,
              IsEmpty());
}

TEST(BedrockConverseRequest, TheStopSequenceIsAskedFor) {
  EXPECT_TRUE(
      Decode(R"("additionalModelResponseFieldPaths":["/stop_sequence"])").names_stop_sequence);
  EXPECT_FALSE(Decode(R"("additionalModelResponseFieldPaths":[])").names_stop_sequence);
}

TEST(BedrockConverseRequest, WhatOnlyConverseKnowsIsNamed) {
  const ChatRequest request = Decode(
      R"("guardrailConfig":{},"promptVariables":{},"inferenceConfig":{"x":1},)"
      R"("additionalModelRequestFields":{"seed":1},"additionalModelResponseFieldPaths":["/x"],)"
      R"("toolConfig":{"tools":[{"systemTool":{"name":"nova_grounding"}}]},"somethingNew":1)");

  EXPECT_THAT(request.own_fields,
              ElementsAre("guardrailConfig", "promptVariables", "inferenceConfig.x",
                          "additionalModelRequestFields.seed", "additionalModelResponseFieldPaths",
                          "toolConfig.tools[0]", "somethingNew"));
}

TEST(BedrockConverseRequest, WhatIsNoRequestIsRefused) {
  EXPECT_THAT(DecodeBody("["), StatusIs(kInvalid, HasSubstr("JSON")));
  EXPECT_THAT(DecodeBody("[]"), StatusIs(kInvalid, HasSubstr("object")));
  EXPECT_THAT(DecodeBody("{}"), StatusIs(kInvalid, HasSubstr("messages")));
}

TEST(BedrockConverseRequest, WrongFieldsAreNamed) {
  const std::pair<const char*, const char*> kRows[] = {
      {R"("system":7)", "system"},
      {R"("system":[{"image":{"format":"png","source":{"bytes":"aGk="}}}])", "system"},
      {R"("messages":{})", "messages"},
      {R"("messages":[{"role":"tool","content":[]}])", "messages[0].role"},
      {R"("messages":[{"role":"user"}])", "messages[0].content"},
      {R"("messages":[{"role":"user","content":[{"text":1}]}])", "messages[0].content[0].text"},
      {R"("inferenceConfig":[])", "inferenceConfig"},
      {R"("inferenceConfig":{"maxTokens":"10"})", "inferenceConfig.maxTokens"},
      {R"("inferenceConfig":{"maxTokens":1.5})", "inferenceConfig.maxTokens"},
      {R"("inferenceConfig":{"stopSequences":"x"})", "inferenceConfig.stopSequences"},
      {R"("toolConfig":{"tools":{}})", "toolConfig.tools"},
      {R"("toolConfig":{"tools":[{"toolSpec":{}}]})", "toolConfig.tools[0].toolSpec.name"},
      {R"("toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":"{}"}}}]})",
       "toolConfig.tools[0].toolSpec.inputSchema.json"},
      {R"("toolConfig":{"toolChoice":{"maybe":{}}})", "toolConfig.toolChoice"},
      {R"("toolConfig":{"toolChoice":{"tool":{}}})", "toolConfig.toolChoice.tool.name"},
      {R"("additionalModelRequestFields":{"thinking":{"type":"deep"}})",
       "additionalModelRequestFields.thinking.type"},
      {R"("additionalModelRequestFields":{"thinking":{"type":"enabled"}})",
       "additionalModelRequestFields.thinking.budget_tokens"},
      {R"("outputConfig":{"textFormat":{}})",
       "outputConfig.textFormat.structure.jsonSchema.schema"},
  };
  for (const auto& [members, field] : kRows) {
    const auto request = DecodeWith(members);
    EXPECT_THAT(request, StatusIs(kInvalid, HasSubstr(field))) << members;
    const auto hint = GetFieldHint(request.status());
    EXPECT_TRUE(hint.has_value() && hint->field == field) << members;
  }
}

TEST(BedrockConverseRequest, ThePathHasTheModelEncodedOnce) {
  ChatRequest request = Decode(R"("system":[])");
  EXPECT_EQ(Encode(request).path, "/model/amazon.nova-pro-v1%3A0/converse-stream");
  request.stream = false;

  const std::string_view arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.x";
  EXPECT_EQ(Encode(request, arn).path,
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x/converse");
}

TEST(BedrockConverseRequest, TheAnswersTypeIsAskedFor) {
  ChatRequest request = Decode(R"("system":[])");
  EXPECT_THAT(Encode(request).headers,
              ElementsAre(std::pair("accept", "application/vnd.amazon.eventstream")));
  request.stream = false;
  EXPECT_THAT(Encode(request).headers, ElementsAre(std::pair("accept", "application/json")));
}

TEST(BedrockConverseRequest, WhatIsReadIsWrittenAgain) {
  constexpr std::string_view kBody = R"({"messages":[
      {"role":"user","content":[{"text":"look"},{"image":{"format":"png",
        "source":{"bytes":"aGk="}}},{"document":{"format":"pdf","name":"report",
        "source":{"bytes":"aGk="}}},{"cachePoint":{"type":"default"}}]},
      {"role":"assistant","content":[{"toolUse":{"toolUseId":"t1","name":"f","input":{"a":1}}}]},
      {"role":"user","content":[{"toolResult":{"toolUseId":"t1","content":[{"text":"ok"}],
        "status":"error"}}]}],
    "system":[{"text":"be brief"}],
    "inferenceConfig":{"maxTokens":5000,"stopSequences":["END"]},
    "toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"d",
      "inputSchema":{"json":{"type":"object","properties":{"a":{}}}}}}]},
    "additionalModelResponseFieldPaths":["/stop_sequence"]})";
  const auto request = DecodeBody(kBody);
  ASSERT_TRUE(request.ok()) << request.status();

  // Without the order of members.
  EXPECT_EQ(nlohmann::json::parse(Encode(*request).body), nlohmann::json::parse(kBody));
}

}  // namespace
}  // namespace lmgate::dialect
