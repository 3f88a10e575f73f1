#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "dataplane/dialect/gemini.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::ToolChoice;
using ::lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

ChatRequest Decode(std::string_view members) {
  const std::string body = StrCat(R"({"contents":[{"parts":[{"text":"hi"}]}])",
                                  members.empty() ? "" : ",", members, "}");
  auto request = Gemini().DecodeRequest({.body = body, .model = "gemini-2.5-flash"});
  EXPECT_TRUE(request.ok()) << request.status();
  return request.ok() ? *std::move(request) : ChatRequest{};
}

std::string FieldOf(std::string_view body) {
  const auto request = Gemini().DecodeRequest({.body = body, .model = "m"});
  const auto hint = GetFieldHint(request.status());
  return hint.has_value() ? hint->field : "";
}

ToolChoice DecodeChoice(std::string_view calling) {
  return Decode(StrCat(R"("toolConfig":{"functionCallingConfig":)", calling, "}")).tool_choice;
}

ChatRequest Hello() {
  ChatRequest request;
  request.turns.push_back({.parts = {chat::TextPart("hi")}});
  return request;
}

UpstreamBody Encode(const ChatRequest& request, std::string_view model = "gemini-2.5-flash") {
  auto body = Gemini().EncodeRequest(request, {.model = std::string(model)});
  EXPECT_TRUE(body.ok()) << body.status();
  return body.ok() ? *std::move(body) : UpstreamBody{};
}

ChatRequest WithTools(ToolChoice choice) {
  ChatRequest request = Hello();
  request.tools = {{.name = "a"}, {.name = "b"}};
  request.tool_choice = std::move(choice);
  return request;
}

TEST(GeminiRequest, ModelAndStreamAreThePaths) {
  const auto request = Gemini().DecodeRequest(
      {.body = R"({"model":"models/x","contents":"hi"})", .model = "gemini-pro", .stream = true});

  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->model, "gemini-pro");
  EXPECT_TRUE(request->stream);
  EXPECT_THAT(request->own_fields, IsEmpty());
}

TEST(GeminiRequest, BodyMustBeOne) {
  EXPECT_THAT(Gemini().DecodeRequest({.body = "[]"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("object")));
  EXPECT_EQ(FieldOf("{}"), "contents");
  EXPECT_EQ(FieldOf(R"({"contents":"a","toolConfig":7})"), "toolConfig");
  EXPECT_EQ(FieldOf(R"({"contents":"a","generationConfig":7})"), "generationConfig");
  EXPECT_EQ(FieldOf(R"({"contents":"a","tools":[7]})"), "tools[0]");
}

TEST(GeminiRequest, ReadsSystemInEitherSpelling) {
  EXPECT_EQ(Decode(R"("systemInstruction":{"parts":[{"text":"s"}]})").system[0].text, "s");
  EXPECT_EQ(Decode(R"("system_instruction":{"parts":[{"text":"s"}]})").system[0].text, "s");
}

TEST(GeminiRequest, ReadsTools) {
  const ChatRequest request = Decode(R"("tools":[{"functionDeclarations":[
    {"name":"a","description":"A","parameters":{"type":"OBJECT","properties":{"x":
      {"type":"STRING","nullable":true}}}}]},
    {"function_declarations":[{"name":"b","parameters_json_schema":{"type":"object"}},
      {"name":"c"}]}])");

  ASSERT_EQ(request.tools.size(), 3u);
  EXPECT_EQ(request.tools[0].description, "A");
  EXPECT_EQ(request.tools[0].parameters,
            R"({"type":"object","properties":{"x":{"type":["string","null"]}}})");
  EXPECT_EQ(request.tools[1].parameters, R"({"type":"object"})");
  EXPECT_EQ(request.tools[2].parameters, "");
  EXPECT_FALSE(request.tools[0].strict.has_value());
}

TEST(GeminiRequest, ToolsWithoutNameAreRefused) {
  EXPECT_EQ(FieldOf(R"({"contents":"a","tools":[{"functionDeclarations":[{}]}]})"),
            "tools[0].functionDeclarations[0].name");
}

TEST(GeminiRequest, GooglesToolsAreItsOwn) {
  EXPECT_THAT(Decode(R"("tools":[{"googleSearch":{}},{"code_execution":{}},{"urlContext":{}}],
                        "toolConfig":{"retrievalConfig":{}},"cached_content":"cachedContents/1",
                        "futureField":1)")
                  .own_fields,
              ElementsAre("tools[0].googleSearch", "tools[1].codeExecution", "tools[2].urlContext",
                          "toolConfig.retrievalConfig", "cachedContent", "futureField"));
}

TEST(GeminiRequest, HintsAreIgnored) {
  EXPECT_THAT(Decode(R"("safetySettings":[{"category":"X"}],"labels":{"a":"b"},
                        "cachedContent":"","serviceTier":"flex")")
                  .own_fields,
              IsEmpty());
}

TEST(GeminiRequest, ReadsChoices) {
  using Mode = ToolChoice::Mode;
  EXPECT_EQ(DecodeChoice(R"({"mode":"AUTO"})").mode, Mode::kAuto);
  EXPECT_EQ(DecodeChoice(R"({"mode":"none"})").mode, Mode::kNone);
  EXPECT_EQ(DecodeChoice(R"({"mode":"ANY"})").mode, Mode::kAny);
  EXPECT_EQ(DecodeChoice(R"({"mode":"VALIDATED"})").mode, Mode::kAuto);
  EXPECT_EQ(DecodeChoice("{}").mode, Mode::kDefault);
  const ToolChoice one = DecodeChoice(R"({"mode":"ANY","allowed_function_names":["a"]})");
  EXPECT_EQ(one.mode, Mode::kOne);
  EXPECT_THAT(one.names, ElementsAre("a"));
  EXPECT_EQ(DecodeChoice(R"({"mode":"ANY","allowedFunctionNames":["a","b"]})").mode,
            Mode::kSubsetAny);
  EXPECT_EQ(DecodeChoice(R"({"mode":"VALIDATED","allowedFunctionNames":["a"]})").mode,
            Mode::kSubsetAuto);
  EXPECT_EQ(FieldOf(R"({"contents":"a","toolConfig":{"functionCallingConfig":{"mode":"X"}}})"),
            "toolConfig.functionCallingConfig.mode");
}

TEST(GeminiRequest, PathNamesModelAndMethod) {
  ChatRequest request = Hello();
  EXPECT_EQ(Encode(request, "gemini-2.5-flash").path, "/models/gemini-2.5-flash:generateContent");
  EXPECT_EQ(Encode(request, "gemini-2.5-flash").query, "");
  EXPECT_EQ(Encode(request, "models/a").path, "/models/a:generateContent");
  EXPECT_EQ(Encode(request, "publishers/google/models/a").path,
            "/publishers/google/models/a:generateContent");
  EXPECT_EQ(Encode(request, "a/b:c").path, "/models/a%2Fb%3Ac:generateContent");

  request.stream = true;

  EXPECT_EQ(Encode(request, "a").path, "/models/a:streamGenerateContent");
  EXPECT_EQ(Encode(request, "a").query, "alt=sse");
}

TEST(GeminiRequest, SaysOnlyWhatWasAsked) {
  EXPECT_EQ(Encode(Hello()).body, R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})");
}

TEST(GeminiRequest, WritesSystemInParts) {
  ChatRequest request = Hello();
  request.system = {chat::TextPart("a"), chat::TextPart("b")};

  EXPECT_THAT(Encode(request).body,
              HasSubstr(R"("systemInstruction":{"parts":[{"text":"a"},{"text":"b"}]})"));
}

TEST(GeminiRequest, OneToolHoldsAllFunctions) {
  ChatRequest request = Hello();
  request.tools = {
      {.name = "a",
       .description = "A",
       .parameters = R"({"type":"object","properties":{"x":{"type":"integer"}},)"
                     R"("additionalProperties":false})"},
      {.name = "b", .description = {}, .parameters = R"({"type":"object","properties":{}})"},
      {.name = "c"}};

  EXPECT_THAT(Encode(request).body,
              HasSubstr(R"("tools":[{"functionDeclarations":[{"name":"a","description":"A",)"
                        R"("parametersJsonSchema":{"type":"object","properties":{"x":)"
                        R"({"type":"integer"}},"additionalProperties":false}},)"
                        R"({"name":"b"},{"name":"c"}]}])"));
}

TEST(GeminiRequest, AMapHasASchemaWithoutProperties) {
  ChatRequest request = Hello();
  request.tools = {{.name = "a",
                    .description = {},
                    .parameters = R"({"type":"object","additionalProperties":)"
                                  R"({"type":"string"}})"}};

  EXPECT_THAT(Encode(request).body,
              HasSubstr(R"("parametersJsonSchema":{"type":"object","additionalProperties":{)"));
  // The subset has no maps, and the first models refuse an object without properties.
  EXPECT_THAT(Encode(request, "gemini-2.0-flash").body,
              HasSubstr(R"("functionDeclarations":[{"name":"a"}])"));
}

TEST(GeminiRequest, FirstModelsGetTheSubset) {
  ChatRequest request = Hello();
  request.tools = {{.name = "a",
                    .description = {},
                    .parameters = R"({"$schema":"x","type":"object","properties":{"x":)"
                                  R"({"type":"integer","exclusiveMinimum":0}}})"}};

  EXPECT_THAT(Encode(request, "gemini-2.0-flash").body,
              HasSubstr(R"({"name":"a","parameters":{"type":"OBJECT","properties":{"x":)"
                        R"({"type":"INTEGER","minimum":1}}}})"));
}

TEST(GeminiRequest, WritesChoices) {
  using Mode = ToolChoice::Mode;
  const auto config = [](ToolChoice choice, std::string_view model = "gemini-2.5-flash") {
    const std::string body = Encode(WithTools(std::move(choice)), model).body;
    const size_t at = body.find("\"toolConfig\"");
    return at == std::string::npos ? "" : body.substr(at, body.size() - at - 1);
  };

  EXPECT_EQ(config({}), "");
  EXPECT_EQ(config({.mode = Mode::kAuto}),
            R"("toolConfig":{"functionCallingConfig":{"mode":"AUTO"}})");
  EXPECT_EQ(config({.mode = Mode::kNone}),
            R"("toolConfig":{"functionCallingConfig":{"mode":"NONE"}})");
  EXPECT_EQ(config({.mode = Mode::kAny}),
            R"("toolConfig":{"functionCallingConfig":{"mode":"ANY"}})");
  EXPECT_EQ(
      config({.mode = Mode::kOne, .names = {"a"}}),
      R"("toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["a"]}})");
  EXPECT_EQ(config({.mode = Mode::kSubsetAuto, .names = {"a"}}),
            R"("toolConfig":{"functionCallingConfig":{"mode":"VALIDATED",)"
            R"("allowedFunctionNames":["a"]}})");
}

TEST(GeminiRequest, FirstModelsAreGivenTheSubsetOfToolsOnly) {
  const std::string body =
      Encode(WithTools({.mode = ToolChoice::Mode::kSubsetAuto, .names = {"b"}}), "gemini-1.5-pro")
          .body;

  EXPECT_THAT(body, HasSubstr(R"("functionDeclarations":[{"name":"b"}])"));
  EXPECT_THAT(body, HasSubstr(R"({"mode":"AUTO"})"));
}

TEST(GeminiRequest, ChoiceWithoutToolsIsLeftOut) {
  ChatRequest request = Hello();
  request.tool_choice.mode = ToolChoice::Mode::kAny;

  EXPECT_THAT(Encode(request).body, Not(HasSubstr("toolConfig")));
}

TEST(GeminiRequest, HintsOfOthersAreNotSent) {
  ChatRequest request = Hello();
  request.end_user = "u";
  request.verbosity = "low";
  request.logit_bias = "{}";
  request.parallel_tool_calls = false;

  EXPECT_EQ(Encode(request).body, Encode(Hello()).body);
}

TEST(GeminiRequest, DecodesWhatItEncodes) {
  ChatRequest request = WithTools({.mode = ToolChoice::Mode::kAny});
  request.max_tokens = 5;
  request.stop = {"x"};
  request.response_format.kind = chat::ResponseFormat::Kind::kJsonObject;
  const std::string body = Encode(request).body;

  const auto again = Gemini().DecodeRequest({.body = body, .model = "gemini-2.5-flash"});

  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_THAT(again->own_fields, IsEmpty());
  EXPECT_EQ(Encode(*again).body, body);
}

TEST(GeminiRequest, WhatIsOnlyCountedMayBeAWholeRequest) {
  const std::string_view body =
      R"({"generateContentRequest":{"contents":[{"parts":[{"text":"hi"}]}]}})";

  const auto counted = Gemini().DecodeRequest({.body = body, .model = "m", .count_only = true});
  const auto answered = Gemini().DecodeRequest({.body = body, .model = "m"});

  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(counted->turns.size(), 1U);
  EXPECT_FALSE(answered.ok());
}

}  // namespace
}  // namespace lmgate::dialect
