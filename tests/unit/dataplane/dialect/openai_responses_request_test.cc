#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "dataplane/dialect/json.h"
#include "dataplane/dialect/openai_responses.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using ::lmgate::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Effort = chat::ReasoningRequest::Mode;
using Choice = chat::ToolChoice::Mode;

absl::StatusOr<ChatRequest> TryDecode(std::string_view body) {
  return OpenAiResponses().DecodeRequest({.body = body});
}

// `members` behind a model and an input.
ChatRequest Decode(std::string_view members) {
  const auto request =
      TryDecode(StrCat(R"({"model":"m","input":"hi")", members.empty() ? "" : ",", members, "}"));
  EXPECT_TRUE(request.ok()) << request.status();
  return request.ok() ? *request : ChatRequest{};
}

std::string BadFieldOf(std::string_view members) {
  const auto request = TryDecode(StrCat(R"({"model":"m","input":"hi",)", members, "}"));
  EXPECT_THAT(request, StatusIs(absl::StatusCode::kInvalidArgument, _));
  return GetFieldHint(request.status()).value_or(FieldHint{}).field;
}

Json Encode(const ChatRequest& request, std::string model = "gpt-5.2") {
  const auto body = OpenAiResponses().EncodeRequest(request, {.model = std::move(model)});
  EXPECT_TRUE(body.ok()) << body.status();
  if (!body.ok()) return {};
  EXPECT_EQ(body->path, "/responses");
  return *ParseJson(body->body);
}

ChatRequest Hello() {
  ChatRequest request;
  request.turns.push_back({.parts = {chat::TextPart("hi")}});
  return request;
}

TEST(OpenAiResponsesDecodeRequest, ReadsNumbersAndKeepsZeroAndFalse) {
  const ChatRequest request =
      Decode(R"("temperature":0,"top_p":0,"max_output_tokens":64,"parallel_tool_calls":false,)"
             R"("stream":true)");

  EXPECT_EQ(request.temperature, 0);
  EXPECT_EQ(request.top_p, 0);
  EXPECT_EQ(request.max_tokens, 64);
  EXPECT_EQ(request.parallel_tool_calls, false);
  EXPECT_TRUE(request.stream);
  EXPECT_THAT(request.own_fields, IsEmpty());
}

TEST(OpenAiResponsesDecodeRequest, NullIsAbsent) {
  const ChatRequest request = Decode(
      R"("temperature":null,"tools":null,"tool_choice":null,"text":null,"reasoning":null,
         "previous_response_id":null,"conversation":null,"background":null,"unheard_of":null)");

  EXPECT_FALSE(request.temperature.has_value());
  EXPECT_THAT(request.own_fields, IsEmpty());
}

TEST(OpenAiResponsesDecodeRequest, IgnoresHints) {
  EXPECT_THAT(
      Decode(R"("store":false,"include":["reasoning.encrypted_content"],"prompt_cache_key":"k",
        "metadata":{"a":"b"},"truncation":"auto","service_tier":"flex","client_metadata":{},
        "prompt_cache_options":{"mode":"explicit"},
        "safety_identifier":"u","top_logprobs":0,"background":false,
        "stream_options":{"include_obfuscation":false}
      )")
          .own_fields,
      IsEmpty());
}

TEST(OpenAiResponsesDecodeRequest, NamesWhatOnlyThisDialectHas) {
  for (const std::string_view member :
       {R"("background":true)", R"("previous_response_id":"resp_1")", R"("conversation":"c")",
        R"("prompt":{"id":"p"})", R"("max_tool_calls":3)", R"("unheard_of":1)"}) {
    const std::string_view name = member.substr(1, member.find('"', 1) - 1);
    EXPECT_THAT(Decode(member).own_fields, ElementsAre(std::string(name)));
  }
  EXPECT_THAT(Decode(R"("tools":[{"type":"web_search"},{"type":"local_shell"}])").own_fields,
              ElementsAre("tools[0]", "tools[1]"));
  EXPECT_THAT(Decode(R"("tool_choice":{"type":"web_search"})").own_fields,
              ElementsAre("tool_choice"));
}

TEST(OpenAiResponsesDecodeRequest, ReadsWhichLogProbabilitiesAreAskedFor) {
  EXPECT_FALSE(Decode(R"("top_logprobs":0)").top_logprobs.has_value());
  EXPECT_EQ(Decode(R"("top_logprobs":2)").top_logprobs, 2);
  EXPECT_EQ(Decode(R"("include":["message.output_text.logprobs"])").top_logprobs, 0);
}

TEST(OpenAiResponsesDecodeRequest, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(BadFieldOf(R"("temperature":"hot")"), "temperature");
  EXPECT_EQ(BadFieldOf(R"("max_output_tokens":0)"), "max_output_tokens");
  EXPECT_EQ(BadFieldOf(R"("text":{"format":{"type":"json_schema"}})"), "text.format.schema");
  EXPECT_EQ(BadFieldOf(R"("reasoning":{"effort":"extreme"})"), "reasoning.effort");
  EXPECT_EQ(BadFieldOf(R"("tools":{})"), "tools");
  EXPECT_EQ(BadFieldOf(R"("tools":[{"type":"function"}])"), "tools[0].name");
  EXPECT_EQ(BadFieldOf(R"("tools":[{"type":"function","name":"f","parameters":[]}])"),
            "tools[0].parameters");
  EXPECT_EQ(BadFieldOf(R"("tool_choice":"always")"), "tool_choice");
  EXPECT_EQ(BadFieldOf(R"("instructions":5)"), "instructions");
}

TEST(OpenAiResponsesDecodeRequest, RequiresModelAndInput) {
  EXPECT_THAT(TryDecode(R"({"input":"x"})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("model")));
  EXPECT_THAT(TryDecode(R"({"model":"m"})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("input")));
  EXPECT_TRUE(TryDecode(R"({"model":"m","previous_response_id":"resp_1"})").ok());
  EXPECT_FALSE(TryDecode("[]").ok());
  EXPECT_FALSE(TryDecode("").ok());
}

TEST(OpenAiResponsesDecodeRequest, AFunctionThatSaysNothingOfStrictIsNotSaidToBe) {
  const ChatRequest request = Decode(
      R"("tools":[{"type":"function","name":"a","description":"d","parameters":{"type":"object"}},
                  {"type":"function","name":"b","parameters":null,"strict":false}])");

  ASSERT_EQ(request.tools.size(), 2U);
  EXPECT_EQ(request.tools[0].description, "d");
  EXPECT_EQ(request.tools[0].parameters, R"({"type":"object"})");
  EXPECT_FALSE(request.tools[0].strict.has_value());
  EXPECT_EQ(request.tools[1].parameters, "");
  EXPECT_EQ(request.tools[1].strict, false);
}

TEST(OpenAiResponsesDecodeRequest, ACustomToolIsAFunctionOfOneText) {
  const ChatRequest request = Decode(
      R"("tools":[{"type":"custom","name":"apply_patch","description":"Edits files.",
        "format":{"type":"grammar","syntax":"lark","definition":"start: patch"}}])");

  ASSERT_EQ(request.tools.size(), 1U);
  const chat::Tool& tool = request.tools[0];
  EXPECT_TRUE(tool.freeform);
  EXPECT_EQ(tool.name, "apply_patch");
  EXPECT_THAT(tool.description, ::testing::StartsWith("Edits files."));
  EXPECT_THAT(tool.description, HasSubstr("lark grammar:\nstart: patch"));
  EXPECT_THAT(tool.parameters, HasSubstr(R"("required":["input"])"));
  EXPECT_THAT(request.own_fields, IsEmpty());
}

TEST(OpenAiResponsesDecodeRequest, ToolsOfANamespaceCarryItsName) {
  const ChatRequest request = Decode(
      R"("tools":[{"type":"namespace","name":"crm","description":"d","tools":[
        {"type":"function","name":"find"},{"type":"custom","name":"sql"},{"type":"mcp"}]}])");

  ASSERT_EQ(request.tools.size(), 2U);
  EXPECT_EQ(request.tools[0].name, "crm/find");
  EXPECT_EQ(request.tools[1].name, "crm/sql");
  EXPECT_THAT(request.own_fields, ElementsAre("tools[0].tools[2]"));
}

TEST(OpenAiResponsesDecodeRequest, ReadsToolChoices) {
  EXPECT_EQ(Decode("").tool_choice.mode, Choice::kDefault);
  EXPECT_EQ(Decode(R"("tool_choice":"auto")").tool_choice.mode, Choice::kAuto);
  EXPECT_EQ(Decode(R"("tool_choice":"none")").tool_choice.mode, Choice::kNone);
  EXPECT_EQ(Decode(R"("tool_choice":"required")").tool_choice.mode, Choice::kAny);
  const auto one = Decode(R"("tool_choice":{"type":"custom","name":"f"})").tool_choice;
  EXPECT_EQ(one.mode, Choice::kOne);
  EXPECT_THAT(one.names, ElementsAre("f"));
  const auto some = Decode(
                        R"("tool_choice":{"type":"allowed_tools","mode":"required","tools":[
          {"type":"function","name":"f"},{"type":"function","name":"g"}]})")
                        .tool_choice;
  EXPECT_EQ(some.mode, Choice::kSubsetAny);
  EXPECT_THAT(some.names, ElementsAre("f", "g"));
}

TEST(OpenAiResponsesDecodeRequest, ReadsTheTextFormat) {
  const ChatRequest request = Decode(
      R"("text":{"verbosity":"low","format":{"type":"json_schema","name":"n","description":"d",
        "schema":{"type":"object"},"strict":true}})");

  EXPECT_EQ(request.verbosity, "low");
  EXPECT_EQ(request.response_format.kind, chat::ResponseFormat::Kind::kJsonSchema);
  EXPECT_EQ(request.response_format.name, "n");
  EXPECT_EQ(request.response_format.description, "d");
  EXPECT_EQ(request.response_format.schema, R"({"type":"object"})");
  EXPECT_EQ(request.response_format.strict, true);
  EXPECT_EQ(Decode(R"("text":{"format":{"type":"json_object"}})").response_format.kind,
            chat::ResponseFormat::Kind::kJsonObject);
}

TEST(OpenAiResponsesDecodeRequest, ReadsReasoning) {
  EXPECT_EQ(Decode(R"("reasoning":{"effort":"none"})").reasoning.mode, Effort::kOff);
  const auto high = Decode(R"("reasoning":{"effort":"high","summary":"auto"})").reasoning;
  EXPECT_EQ(high.mode, Effort::kEffort);
  EXPECT_EQ(high.effort, "high");
  EXPECT_TRUE(high.want_text);
  const auto summary = Decode(R"("reasoning":{"effort":null,"summary":"detailed"})").reasoning;
  EXPECT_EQ(summary.mode, Effort::kDefault);
  EXPECT_TRUE(summary.want_text);
}

TEST(OpenAiResponsesDecodeRequest, TheEndUserHasTwoNames) {
  EXPECT_EQ(Decode(R"("user":"u")").end_user, "u");
  EXPECT_EQ(Decode(R"("user":"u","safety_identifier":"s")").end_user, "s");
}

TEST(OpenAiResponsesEncodeRequest, SendsOnlyWhatWasSaid) {
  EXPECT_EQ(DumpJson(Encode(Hello())),
            R"({"model":"gpt-5.2","input":[{"type":"message","role":"user","content":[)"
            R"({"type":"input_text","text":"hi"}]}],"store":false})");
}

TEST(OpenAiResponsesEncodeRequest, KeepsZeroAndFalseAndRaisesTheTokenLimit) {
  ChatRequest request = Hello();
  request.temperature = 0;
  request.top_p = 0;
  request.max_tokens = 5;
  request.stream = true;
  request.parallel_tool_calls = false;
  request.tools.push_back({.name = "f"});

  const Json body = Encode(request);

  EXPECT_EQ(body["temperature"], 0);
  EXPECT_EQ(body["top_p"], 0);
  EXPECT_EQ(body["max_output_tokens"], 16);
  EXPECT_EQ(body["parallel_tool_calls"], false);
  EXPECT_EQ(body["stream"], true);
}

TEST(OpenAiResponsesEncodeRequest, ALongEndUserIsShortened) {
  ChatRequest request = Hello();
  request.end_user = std::string(65, 'u');

  EXPECT_TRUE(Encode(request)["user"].get<std::string>().starts_with("user_"));
}

TEST(OpenAiResponsesEncodeRequest, StrictIsSaidAlways) {
  ChatRequest request = Hello();
  request.tools = {
      {.name = "f"},
      {.name = "g", .description = "d", .parameters = R"({"type":"object"})", .strict = true}};

  const Json tools = Encode(request)["tools"];

  EXPECT_EQ(DumpJson(tools[0]),
            R"({"type":"function","name":"f","parameters":{"type":"object","properties":{}},)"
            R"("strict":false})");
  EXPECT_EQ(tools[1]["strict"], true);
  EXPECT_EQ(tools[1]["description"], "d");
}

TEST(OpenAiResponsesEncodeRequest, AChoiceNeedsTools) {
  ChatRequest request = Hello();
  request.tool_choice = {.mode = Choice::kAny};
  request.parallel_tool_calls = true;

  const Json body = Encode(request);

  EXPECT_FALSE(body.contains("tool_choice"));
  EXPECT_FALSE(body.contains("parallel_tool_calls"));
  EXPECT_FALSE(body.contains("tools"));
}

TEST(OpenAiResponsesEncodeRequest, WritesToolChoices) {
  ChatRequest request = Hello();
  request.tools = {{.name = "f"}};
  const auto written = [&](Choice mode) {
    request.tool_choice = {.mode = mode, .names = {"f"}};
    const Json body = Encode(request);
    return body.contains("tool_choice") ? DumpJson(body["tool_choice"]) : "";
  };

  EXPECT_EQ(written(Choice::kDefault), "");
  EXPECT_EQ(written(Choice::kAuto), "\"auto\"");
  EXPECT_EQ(written(Choice::kNone), "\"none\"");
  EXPECT_EQ(written(Choice::kAny), "\"required\"");
  EXPECT_EQ(written(Choice::kOne), R"({"type":"function","name":"f"})");
  EXPECT_EQ(written(Choice::kSubsetAuto),
            R"({"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"}]})");
  EXPECT_EQ(
      written(Choice::kSubsetAny),
      R"({"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"}]})");
}

TEST(OpenAiResponsesEncodeRequest, TheFormatIsFlatAndAlwaysNamed) {
  ChatRequest request = Hello();
  request.response_format = {.kind = chat::ResponseFormat::Kind::kJsonSchema,
                             .schema = R"({"type":"object"})"};
  request.verbosity = "low";

  EXPECT_EQ(DumpJson(Encode(request)["text"]),
            R"({"format":{"type":"json_schema","name":"response","schema":{"type":"object"}},)"
            R"("verbosity":"low"})");
}

TEST(OpenAiResponsesEncodeRequest, WritesReasoningByEffortOrBudget) {
  ChatRequest request = Hello();
  const auto effort = [&](Effort mode, std::string words, int64_t budget) {
    request.reasoning = {.mode = mode, .effort = std::move(words), .budget_tokens = budget};
    const Json body = Encode(request);
    return body.contains("reasoning") ? body["reasoning"]["effort"].get<std::string>() : "";
  };

  EXPECT_EQ(effort(Effort::kDefault, "", 0), "");
  EXPECT_EQ(effort(Effort::kOff, "", 0), "none");
  EXPECT_EQ(effort(Effort::kEffort, "medium", 0), "medium");
  EXPECT_EQ(effort(Effort::kAdaptive, "", 0), "");
  EXPECT_EQ(effort(Effort::kBudget, "", 1024), "low");
  EXPECT_EQ(effort(Effort::kBudget, "", 8192), "medium");
  EXPECT_EQ(effort(Effort::kBudget, "", 16384), "high");
  EXPECT_EQ(effort(Effort::kBudget, "", 32768), "xhigh");
}

TEST(OpenAiResponsesEncodeRequest, AsksForEncryptedReasoningWhereItReasons) {
  ChatRequest request = Hello();
  EXPECT_FALSE(Encode(request).contains("include"));
  request.reasoning = {.mode = Effort::kOff};
  EXPECT_FALSE(Encode(request).contains("include"));

  request.reasoning = {.mode = Effort::kEffort, .effort = "low", .want_text = true};

  const Json body = Encode(request);
  EXPECT_EQ(DumpJson(body["include"]), R"(["reasoning.encrypted_content"])");
  EXPECT_EQ(DumpJson(body["reasoning"]), R"({"effort":"low","summary":"auto"})");
}

// Each is a 400 at OpenAI.
TEST(OpenAiResponsesEncodeRequest, AModelIsToldNoMoreThanItTakes) {
  ChatRequest request = Hello();
  request.reasoning = {.mode = Effort::kBudget, .budget_tokens = 2000, .want_text = true};
  request.temperature = 0.5;
  request.top_p = 0.5;
  request.verbosity = "low";

  const Json plain = Encode(request, "gpt-4.1");
  EXPECT_FALSE(plain.contains("reasoning") || plain.contains("include") || plain.contains("text"));
  EXPECT_TRUE(plain.contains("temperature") && plain.contains("top_p"));
  const Json thinking = Encode(request, "gpt-5");
  EXPECT_EQ(DumpJson(thinking["reasoning"]), R"({"effort":"low","summary":"auto"})");
  EXPECT_TRUE(thinking.contains("include"));
  EXPECT_FALSE(thinking.contains("temperature") || thinking.contains("top_p"));
  request.reasoning = {.mode = Effort::kOff};
  EXPECT_FALSE(Encode(request, "o3").contains("reasoning"));
  EXPECT_EQ(DumpJson(Encode(request, "gpt-5")["reasoning"]), R"({"effort":"minimal"})");
  EXPECT_TRUE(Encode(request, "gpt-5.2").contains("temperature"));
}

TEST(OpenAiResponsesEncodeRequest, SystemTextIsInstructionsUnlessThereIsNothingElse) {
  ChatRequest request = Hello();
  request.system = {chat::TextPart("a"), chat::TextPart("b")};
  EXPECT_EQ(Encode(request)["instructions"], "a\n\nb");

  request.turns.clear();

  const Json body = Encode(request);
  EXPECT_FALSE(body.contains("instructions"));
  EXPECT_EQ(DumpJson(body["input"]), R"([{"role":"system","content":"a\n\nb"}])");
}

}  // namespace
}  // namespace lmgate::dialect
