#include "dataplane/dialect/gemini_config.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "common/base/error_detail.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::ReasoningRequest;
using chat::ResponseFormat;
using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using Mode = ReasoningRequest::Mode;

ChatRequest Read(std::string_view config) {
  ChatRequest request;
  EXPECT_THAT(ReadGeminiConfig(ParseJson(config).value_or(Json()), &request), IsOk());
  return request;
}

std::string FieldOf(std::string_view config) {
  ChatRequest request;
  const absl::Status status = ReadGeminiConfig(ParseJson(config).value_or(Json()), &request);
  const auto hint = GetFieldHint(status);
  return hint.has_value() ? hint->field : "";
}

std::string Write(const ChatRequest& request, std::string_view model = "gemini-2.5-flash") {
  const auto config = WriteGeminiConfig(request, model);
  return config.ok() ? DumpJson(*config) : std::string(config.status().message());
}

std::string WriteThinking(ReasoningRequest reasoning, std::string_view model) {
  ChatRequest request;
  request.reasoning = std::move(reasoning);
  return Write(request, model);
}

TEST(GeminiConfig, ReadsBothSpellings) {
  for (const std::string_view config :
       {R"({"maxOutputTokens":10,"temperature":0,"topP":0.5,"topK":40,"stopSequences":["a"],
            "candidateCount":2,"seed":0,"presencePenalty":0,"frequencyPenalty":-1})",
        R"({"max_output_tokens":10,"temperature":0,"top_p":0.5,"top_k":40.0,"stop_sequences":["a"],
            "candidate_count":2,"seed":0,"presence_penalty":0,"frequency_penalty":-1})"}) {
    const ChatRequest request = Read(config);

    EXPECT_THAT(request.max_tokens, Optional(10));
    EXPECT_THAT(request.temperature, Optional(0.0));
    EXPECT_THAT(request.top_p, Optional(0.5));
    EXPECT_THAT(request.top_k, Optional(40));
    EXPECT_THAT(request.stop, ElementsAre("a"));
    EXPECT_EQ(request.n, 2);
    EXPECT_THAT(request.seed, Optional(0));
    EXPECT_THAT(request.presence_penalty, Optional(0.0));
    EXPECT_THAT(request.frequency_penalty, Optional(-1.0));
    EXPECT_THAT(request.own_fields, IsEmpty());
  }
}

TEST(GeminiConfig, NullIsAbsent) {
  const ChatRequest request = Read(R"({"temperature":null,"thinkingConfig":null})");

  EXPECT_FALSE(request.temperature.has_value());
}

TEST(GeminiConfig, WrongTypesNameTheField) {
  EXPECT_EQ(FieldOf(R"({"top_k":"x"})"), "generationConfig.topK");
  EXPECT_EQ(FieldOf(R"({"stopSequences":[1]})"), "generationConfig.stopSequences");
  EXPECT_EQ(FieldOf(R"({"thinkingConfig":{"thinkingLevel":"ENORMOUS"}})"),
            "generationConfig.thinkingConfig.thinkingLevel");
  EXPECT_EQ(FieldOf("[]"), "generationConfig");
}

TEST(GeminiConfig, ReadsFormats) {
  EXPECT_EQ(Read(R"({"responseMimeType":"text/plain"})").response_format.kind,
            ResponseFormat::Kind::kText);
  EXPECT_EQ(Read(R"({"responseMimeType":"application/json"})").response_format.kind,
            ResponseFormat::Kind::kJsonObject);
  EXPECT_EQ(Read(R"({"response_mime_type":"application/json","response_schema":{"type":"STRING"}})")
                .response_format.schema,
            R"({"type":"string"})");
  EXPECT_EQ(Read(R"({"responseMimeType":"application/json",
                     "_responseJsonSchema":{"type":"object"}})")
                .response_format.schema,
            R"({"type":"object"})");
}

TEST(GeminiConfig, ReadsThinking) {
  const auto read = [](std::string_view thinking) {
    return Read(DumpJson(Json{{"thinkingConfig", ParseJson(thinking).value_or(Json())}})).reasoning;
  };

  EXPECT_EQ(read(R"({"thinkingBudget":0})").mode, Mode::kOff);
  EXPECT_EQ(read(R"({"thinkingBudget":-1})").mode, Mode::kAdaptive);
  EXPECT_EQ(read(R"({"thinking_budget":512})").budget_tokens, 512);
  EXPECT_EQ(read(R"({"thinkingLevel":"HIGH"})").effort, "high");
  EXPECT_EQ(read(R"({"thinkingLevel":"low"})").mode, Mode::kEffort);
  EXPECT_EQ(read(R"({"includeThoughts":true})").mode, Mode::kDefault);
  EXPECT_TRUE(read(R"({"includeThoughts":true})").want_text);
}

TEST(GeminiConfig, KeepsItsOwnFieldsApart) {
  EXPECT_THAT(Read(R"({"responseLogprobs":true,"logprobs":3,"speechConfig":{},
                       "response_modalities":["TEXT","IMAGE"],"imageConfig":{}})")
                  .own_fields,
              ElementsAre("generationConfig.responseLogprobs", "generationConfig.logprobs",
                          "generationConfig.speechConfig", "generationConfig.responseModalities",
                          "generationConfig.imageConfig"));
  EXPECT_THAT(Read(R"({"responseMimeType":"text/x.enum"})").own_fields,
              ElementsAre("generationConfig.responseMimeType"));
}

TEST(GeminiConfig, WhatAsksForNothingIsNotItsOwn) {
  EXPECT_THAT(Read(R"({"responseLogprobs":false,"responseModalities":["TEXT"],"mediaResolution":
               "MEDIA_RESOLUTION_MEDIUM"})")
                  .own_fields,
              IsEmpty());
}

TEST(GeminiConfig, ResolutionIsTheImagesDetail) {
  ChatRequest request;
  request.turns.push_back({.parts = {chat::Part{.kind = chat::PartKind::kImage}}});

  EXPECT_THAT(ReadGeminiConfig(Json{{"mediaResolution", "MEDIA_RESOLUTION_LOW"}}, &request),
              IsOk());

  EXPECT_EQ(request.turns[0].parts[0].detail, "low");
}

TEST(GeminiConfig, WritesZeros) {
  ChatRequest request;
  request.max_tokens = 16;
  request.temperature = 0;
  request.top_p = 0;
  request.seed = 0;
  request.stop = {"a", "b"};
  request.n = 2;

  EXPECT_EQ(Write(request),
            R"({"maxOutputTokens":16,"temperature":0.0,"topP":0.0,"stopSequences":["a","b"],)"
            R"("candidateCount":2,"seed":0})");
}

TEST(GeminiConfig, SaysNothingWhenNothingIsAsked) { EXPECT_EQ(Write(ChatRequest{}), "{}"); }

TEST(GeminiConfig, FiveStopsAreTheMost) {
  ChatRequest request;
  request.stop = {"1", "2", "3", "4", "5"};
  EXPECT_THAT(WriteGeminiConfig(request, "gemini-2.5-flash"), IsOk());

  request.stop.push_back("6");

  EXPECT_THAT(WriteGeminiConfig(request, "gemini-2.5-flash"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 5")));
}

TEST(GeminiConfig, SchemaIsWrittenAsTheModelTakesIt) {
  ChatRequest request;
  request.response_format.kind = ResponseFormat::Kind::kJsonSchema;
  request.response_format.schema =
      R"({"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false})";

  EXPECT_EQ(Write(request, "gemini-2.5-flash"),
            R"({"responseMimeType":"application/json","responseJsonSchema":{"type":"object",)"
            R"("properties":{"a":{"type":"string"}},"additionalProperties":false}})");
  EXPECT_EQ(Write(request, "gemini-2.0-flash"),
            R"({"responseMimeType":"application/json","responseSchema":{"type":"OBJECT",)"
            R"("properties":{"a":{"type":"STRING"}}}})");
}

TEST(GeminiConfig, JsonObjectIsTheTypeAlone) {
  ChatRequest request;
  request.response_format.kind = ResponseFormat::Kind::kJsonObject;

  EXPECT_EQ(Write(request), R"({"responseMimeType":"application/json"})");
}

TEST(GeminiConfig, SecondsThinkByBudget) {
  constexpr std::string_view kFlash = "gemini-2.5-flash";
  EXPECT_EQ(WriteThinking({.mode = Mode::kEffort, .effort = "high", .want_text = true}, kFlash),
            R"({"thinkingConfig":{"thinkingBudget":24576,"includeThoughts":true}})");
  EXPECT_EQ(WriteThinking({.mode = Mode::kOff}, kFlash),
            R"({"thinkingConfig":{"thinkingBudget":0}})");
  EXPECT_EQ(WriteThinking({.mode = Mode::kEffort, .effort = "none"}, kFlash),
            R"({"thinkingConfig":{"thinkingBudget":0}})");
  EXPECT_EQ(WriteThinking({.mode = Mode::kBudget, .budget_tokens = 100000}, kFlash),
            R"({"thinkingConfig":{"thinkingBudget":24576}})");
  EXPECT_EQ(WriteThinking({.mode = Mode::kAdaptive}, kFlash),
            R"({"thinkingConfig":{"thinkingBudget":-1}})");
  EXPECT_EQ(WriteThinking({.mode = Mode::kOff}, "gemini-2.5-pro"),
            R"({"thinkingConfig":{"thinkingBudget":128}})");
}

TEST(GeminiConfig, ThirdsThinkByLevel) {
  constexpr std::string_view kPro = "gemini-3-pro-preview";
  constexpr std::string_view kFlash = "gemini-3-flash-preview";
  EXPECT_EQ(WriteThinking({.mode = Mode::kEffort, .effort = "low"}, kPro),
            R"({"thinkingConfig":{"thinkingLevel":"LOW"}})");
  EXPECT_EQ(WriteThinking({.mode = Mode::kEffort, .effort = "xhigh"}, kFlash),
            R"({"thinkingConfig":{"thinkingLevel":"HIGH"}})");
  EXPECT_EQ(WriteThinking({.mode = Mode::kOff}, kFlash),
            R"({"thinkingConfig":{"thinkingLevel":"MINIMAL"}})");
  EXPECT_EQ(WriteThinking({.mode = Mode::kOff}, kPro),
            R"({"thinkingConfig":{"thinkingLevel":"LOW"}})");
  EXPECT_EQ(
      WriteThinking({.mode = Mode::kBudget, .budget_tokens = 8192, .want_text = true}, kFlash),
      R"({"thinkingConfig":{"thinkingLevel":"MEDIUM","includeThoughts":true}})");
  EXPECT_EQ(WriteThinking({.mode = Mode::kAdaptive}, kPro), "{}");
}

TEST(GeminiConfig, FirstsDoNotThink) {
  EXPECT_EQ(WriteThinking({.mode = Mode::kEffort, .effort = "high", .want_text = true},
                          "gemini-2.0-flash"),
            "{}");
}

}  // namespace
}  // namespace lmgate::dialect
