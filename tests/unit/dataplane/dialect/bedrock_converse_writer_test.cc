#include "dataplane/dialect/bedrock_converse_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using chat::Role;
using chat::ToolChoice;
using lmgate::testing::StatusIs;
using ::testing::HasSubstr;

constexpr const char* kNova = "amazon.nova-pro-v1:0";
constexpr const char* kLlama = "meta.llama3-8b";
constexpr const char* kMistral = "mistral.mistral-large-2407-v1:0";

Json Write(const ChatRequest& request, const std::string& model = kNova) {
  BackendTraits traits;
  traits.model = model;
  const auto body = WriteConverseRequest(request, traits);
  EXPECT_TRUE(body.ok()) << body.status();
  return body.ok() ? *body : Json();
}

ChatRequest Asking(std::string text = "hi") {
  ChatRequest request;
  request.turns.push_back({.role = Role::kUser, .parts = {chat::TextPart(std::move(text))}});
  return request;
}

void Say(Role role, std::vector<Part> parts, ChatRequest* request) {
  request->turns.push_back({.role = role, .parts = std::move(parts)});
}

Part Call(std::string id, std::string name) {
  Part part{.kind = PartKind::kToolCall};
  part.id = std::move(id);
  part.name = std::move(name);
  return part;
}

Part Result(std::string id, std::string name) {
  Part part{.kind = PartKind::kToolResult};
  part.id = std::move(id);
  part.name = std::move(name);
  part.parts = {chat::TextPart("ok")};
  return part;
}

chat::Tool ToolOf(std::string name, std::string parameters = {}) {
  chat::Tool tool;
  tool.name = std::move(name);
  tool.parameters = std::move(parameters);
  return tool;
}

ChatRequest WithTools() {
  ChatRequest request = Asking();
  request.tools = {ToolOf("f"), ToolOf("g")};
  return request;
}

ChatRequest WithHistory() {
  ChatRequest request = Asking();
  Say(Role::kAssistant, {Call("1", "f")}, &request);
  Say(Role::kUser, {Result("1", "f")}, &request);
  return request;
}

TEST(BedrockConverseWriter, APlainQuestionIsOneMessage) {
  EXPECT_EQ(Write(Asking()),
            Json::parse(R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})"));
}

TEST(BedrockConverseWriter, RolesAlternateAndTheUserBegins) {
  ChatRequest request;
  Say(Role::kAssistant, {chat::TextPart("a")}, &request);
  Say(Role::kUser, {chat::TextPart("b")}, &request);
  Say(Role::kAssistant, {chat::TextPart(" ")}, &request);
  Say(Role::kUser, {chat::TextPart("c")}, &request);

  EXPECT_EQ(Write(request)["messages"],
            Json::parse(R"([{"role":"user","content":[{"text":"."}]},)"
                        R"({"role":"assistant","content":[{"text":"a"}]},)"
                        R"({"role":"user","content":[{"text":"b"},{"text":"c"}]}])"));
}

TEST(BedrockConverseWriter, ARequestWithoutTurnsAsksSomething) {
  EXPECT_EQ(Write(ChatRequest())["messages"],
            Json::parse(R"([{"role":"user","content":[{"text":"."}]}])"));
}

TEST(BedrockConverseWriter, AnAnswerThatIsBegunEndsWithoutWhiteSpace) {
  ChatRequest request = Asking();
  Say(Role::kAssistant, {chat::TextPart("{ \n")}, &request);

  EXPECT_EQ(Write(request)["messages"][1]["content"][0]["text"], "{");
}

TEST(BedrockConverseWriter, ADocumentHasATextBesideIt) {
  Part file{.kind = PartKind::kFile};
  file.media_type = "application/pdf";
  file.data = "aGk=";
  ChatRequest request;
  Say(Role::kUser, {file}, &request);

  EXPECT_EQ(Write(request)["messages"][0]["content"][1]["text"], ".");
}

TEST(BedrockConverseWriter, AnImageHasTheFormatOfItsData) {
  ChatRequest request;
  Part image{.kind = PartKind::kImage, .media_type = "image/bmp", .data = "iVBORw0KGgoAAAA="};
  Say(Role::kUser, {image}, &request);

  EXPECT_EQ(Write(request)["messages"][0]["content"][0]["image"]["format"], "png");
}

TEST(BedrockConverseWriter, SystemTextsAreBlocks) {
  ChatRequest request = Asking();
  request.system = {chat::TextPart("a"), chat::TextPart(" "), chat::TextPart("b")};
  request.system[0].cache = true;

  EXPECT_EQ(Write(request)["system"],
            Json::parse(R"([{"text":"a"},{"cachePoint":{"type":"default"}},{"text":"b"}])"));
  EXPECT_EQ(Write(request, kLlama)["system"], Json::parse(R"([{"text":"a"},{"text":"b"}])"));
}

TEST(BedrockConverseWriter, AJsonAnswerIsAnInstruction) {
  ChatRequest request = Asking();
  request.response_format.kind = chat::ResponseFormat::Kind::kJsonObject;

  EXPECT_THAT(Write(request)["system"][0]["text"].get<std::string>(), HasSubstr("JSON object"));
}

TEST(BedrockConverseWriter, LimitsAreWrittenWithZeroKept) {
  ChatRequest request = Asking();
  request.max_tokens = 100;
  request.temperature = 0;
  request.top_k = 0;
  request.stop = {"END", "\n"};

  const Json body = Write(request, kLlama);

  EXPECT_EQ(body["inferenceConfig"],
            Json::parse(R"({"maxTokens":100,"temperature":0.0,"stopSequences":["END","\n"]})"));
  EXPECT_FALSE(body.contains("additionalModelRequestFields"));  // Llama knows no top_k
  EXPECT_EQ(Write(request, kMistral)["additionalModelRequestFields"],
            Json::parse(R"({"top_k":0})"));
  EXPECT_EQ(body["additionalModelResponseFieldPaths"], Json::parse(R"(["/stop_sequence"])"));
}

TEST(BedrockConverseWriter, TemperatureIsAtMostOne) {
  ChatRequest request = Asking();
  request.temperature = 1.7;
  request.top_p = 0.5;

  EXPECT_EQ(Write(request)["inferenceConfig"], Json::parse(R"({"temperature":1.0,"topP":0.5})"));
}

TEST(BedrockConverseWriter, NovaHasItsOwnTopK) {
  ChatRequest request = Asking();
  request.top_k = 5;

  EXPECT_EQ(Write(request, kNova)["additionalModelRequestFields"],
            Json::parse(R"({"inferenceConfig":{"topK":5}})"));
}

TEST(BedrockConverseWriter, AProfileMayBeClaudes) {
  ChatRequest request = Asking();
  request.temperature = 0.5;
  request.top_p = 0.5;
  const std::string profile = "arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc";

  EXPECT_EQ(Write(request, profile)["inferenceConfig"], Json::parse(R"({"temperature":0.5})"));
  request.temperature.reset();
  EXPECT_EQ(Write(request, profile)["inferenceConfig"], Json::parse(R"({"topP":0.5})"));
}

TEST(BedrockConverseWriter, ReasoningIsAskedForInTheModelsOwnWay) {
  using Mode = chat::ReasoningRequest::Mode;
  ChatRequest request = Asking();
  request.reasoning = {.mode = Mode::kEffort, .effort = "xhigh"};
  const char* const nova2 = "us.amazon.nova-2-lite-v1:0";

  EXPECT_EQ(Write(request, "openai.gpt-oss-120b-1:0")["additionalModelRequestFields"],
            Json::parse(R"({"reasoning_effort":"high"})"));
  EXPECT_EQ(Write(request, nova2)["additionalModelRequestFields"],
            Json::parse(R"({"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}})"));
  EXPECT_FALSE(Write(request, kNova).contains("additionalModelRequestFields"));
  request.max_tokens = 9;
  EXPECT_EQ(Write(request, nova2)["additionalModelRequestFields"],
            Json::parse(R"({"reasoningConfig":{"type":"enabled","maxReasoningEffort":"medium"}})"));
  request.reasoning = {.mode = Mode::kOff};
  EXPECT_FALSE(Write(request, nova2).contains("additionalModelRequestFields"));
}

TEST(BedrockConverseWriter, ToolsHaveSchemasOfObjects) {
  ChatRequest request = Asking();
  request.tools = {ToolOf("f"), ToolOf("g", R"({"properties":{"a":{}}})")};
  request.tools[0].description = "does f";

  EXPECT_EQ(Write(request)["toolConfig"]["tools"], Json::parse(R"([
      {"toolSpec":{"name":"f","description":"does f",
                   "inputSchema":{"json":{"type":"object","properties":{}}}}},
      {"toolSpec":{"name":"g",
                   "inputSchema":{"json":{"properties":{"a":{}},"type":"object"}}}}])"));
}

TEST(BedrockConverseWriter, ParametersThatAreNoSchemaAreRefused) {
  ChatRequest request = Asking();
  request.tools = {ToolOf("f", "[1]")};

  EXPECT_THAT(WriteConverseRequest(request, {.model = kNova}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tool \"f\"")));
}

TEST(BedrockConverseWriter, ToolChoicesAreWritten) {
  ChatRequest request = WithTools();
  const auto choice_of = [&request](ToolChoice choice) {
    request.tool_choice = std::move(choice);
    return Write(request)["toolConfig"].value("toolChoice", Json());
  };

  EXPECT_EQ(choice_of({}), Json());
  EXPECT_EQ(choice_of({.mode = ToolChoice::Mode::kAuto}), Json());
  EXPECT_EQ(choice_of({.mode = ToolChoice::Mode::kAny}), Json::parse(R"({"any":{}})"));
  EXPECT_EQ(choice_of({.mode = ToolChoice::Mode::kOne, .names = {"g"}}),
            Json::parse(R"({"tool":{"name":"g"}})"));
  EXPECT_EQ(choice_of({.mode = ToolChoice::Mode::kSubsetAny, .names = {"g"}}),
            Json::parse(R"({"any":{}})"));
}

TEST(BedrockConverseWriter, OfAChoiceOfSomeOnlyThoseAreSent) {
  ChatRequest request = WithTools();
  request.tool_choice = {.mode = ToolChoice::Mode::kSubsetAuto, .names = {"g"}};

  const Json tools = Write(request)["toolConfig"]["tools"];

  ASSERT_EQ(tools.size(), 1U);
  EXPECT_EQ(tools[0]["toolSpec"]["name"], "g");
}

TEST(BedrockConverseWriter, NoToolIsSentWhenNoneMayBeCalled) {
  ChatRequest request = WithTools();
  request.tool_choice.mode = ToolChoice::Mode::kNone;

  const Json body = Write(request);

  EXPECT_FALSE(body.contains("toolConfig"));
  EXPECT_FALSE(body.contains("system"));
}

TEST(BedrockConverseWriter, AHistoryWithCallsHasItsToolsAndAnInstruction) {
  ChatRequest request = WithHistory();
  request.tools = {ToolOf("f")};
  request.tool_choice.mode = ToolChoice::Mode::kNone;

  const Json body = Write(request);

  EXPECT_EQ(body["toolConfig"]["tools"].size(), 1U);
  EXPECT_FALSE(body["toolConfig"].contains("toolChoice"));
  EXPECT_THAT(body["system"][0]["text"].get<std::string>(), HasSubstr("Do not call any tool"));
}

TEST(BedrockConverseWriter, AHistoryWithCallsAndNoToolsGetsStubs) {
  const Json body = Write(WithHistory());

  EXPECT_EQ(body["toolConfig"]["tools"],
            Json::parse(R"([{"toolSpec":{"name":"f",)"
                        R"("inputSchema":{"json":{"type":"object","properties":{}}}}}])"));
  EXPECT_THAT(body["system"][0]["text"].get<std::string>(), HasSubstr("Do not call any tool"));
}

TEST(BedrockConverseWriter, AHistoryWithCallsAndItsToolsNeedsNoInstruction) {
  ChatRequest request = WithHistory();
  request.tools = {ToolOf("f")};

  EXPECT_FALSE(Write(request).contains("system"));
}

}  // namespace
}  // namespace lmgate::dialect
