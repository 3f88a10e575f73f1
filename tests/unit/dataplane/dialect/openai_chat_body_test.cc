#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "dataplane/dialect/json.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/dataplane/dialect/openai_chat_answers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using chat::Role;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing::StatusIs;

std::string Body(const ChatRequest& request, const BackendTraits& traits = {.model = "gpt-x"}) {
  const auto encoded = OpenAiChat().EncodeRequest(request, traits);
  EXPECT_THAT(encoded, testing::IsOk());
  return encoded.ok() ? encoded->body : "";
}

Part Kind(PartKind kind) {
  Part part;
  part.kind = kind;
  return part;
}

Part Call(std::string id, std::string arguments) {
  Part part = Kind(PartKind::kToolCall);
  part.id = std::move(id);
  part.name = "f";
  part.arguments = std::move(arguments);
  return part;
}

Part Result(std::string id, std::vector<Part> parts) {
  Part part = Kind(PartKind::kToolResult);
  part.id = std::move(id);
  part.parts = std::move(parts);
  return part;
}

Part Image(std::string url) {
  Part part = Kind(PartKind::kImage);
  part.url = std::move(url);
  return part;
}

ChatRequest Turns(std::vector<chat::Turn> turns) {
  ChatRequest request;
  request.turns = std::move(turns);
  return request;
}

// The list of messages in the body.
std::string Messages(const ChatRequest& request, const BackendTraits& traits = {.model = "m"}) {
  return DumpJson(*Find(*ParseJson(Body(request, traits)), "messages"));
}

TEST(OpenAiChatBody, TheLeastIsModelAndMessages) {
  const auto encoded = OpenAiChat().EncodeRequest(Turns({{Role::kUser, {chat::TextPart("hi")}}}),
                                                  {.model = "gpt-x"});

  ASSERT_THAT(encoded, testing::IsOk());
  EXPECT_EQ(encoded->path, "/chat/completions");
  EXPECT_EQ(encoded->body, R"({"model":"gpt-x","messages":[{"role":"user","content":"hi"}]})");
}

TEST(OpenAiChatBody, SystemTextIsOneMessageAndLaterOnesStayInPlace) {
  ChatRequest request = Turns({{Role::kUser, {chat::TextPart("a")}},
                               {Role::kSystem, {chat::TextPart("late")}},
                               {Role::kUser, {chat::TextPart("b")}}});
  request.system = {chat::TextPart("one"), chat::TextPart("two")};

  EXPECT_EQ(Messages(request),
            R"([{"role":"system","content":"one\n\ntwo"},{"role":"user","content":"a"},)"
            R"({"role":"system","content":"late"},{"role":"user","content":"b"}])");
}

TEST(OpenAiChatBody, ResultsAreMessagesBeforeTheUsersText) {
  Part failed = Result("c2", {chat::TextPart("x"), chat::TextPart("y")});
  failed.is_error = true;
  const ChatRequest request =
      Turns({{Role::kAssistant, {chat::TextPart("t"), Call("c1", "{\"a\": 1}"), Call("c2", " ")}},
             {Role::kUser, {Result("c1", {}), failed, chat::TextPart("and")}}});

  EXPECT_EQ(Messages(request),
            R"([{"role":"assistant","content":"t","tool_calls":[)"
            R"({"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}},)"
            R"({"id":"c2","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
            R"({"role":"tool","tool_call_id":"c1","content":""},)"
            R"({"role":"tool","tool_call_id":"c2","content":"Error: x\ny"},)"
            R"({"role":"user","content":"and"}])");
}

TEST(OpenAiChatBody, ImagesOfResultsStandBehindAllResults) {
  const ChatRequest request = Turns(
      {{Role::kAssistant, {Call("c1", "{}"), Call("c2", "{}")}},
       {Role::kUser, {Result("c1", {Image("https://i")}), Result("c2", {chat::TextPart("r")})}}});

  EXPECT_THAT(Messages(request),
              HasSubstr(R"({"role":"tool","tool_call_id":"c1","content":"[attached below]"},)"
                        R"({"role":"tool","tool_call_id":"c2","content":"r"},)"
                        R"({"role":"user","content":[{"type":"image_url",)"
                        R"("image_url":{"url":"https://i"}}]}])"));
}

TEST(OpenAiChatBody, AnAssistantsTextsAreOneAndItsReasoningIsLeftOut) {
  Part reasoning = Kind(PartKind::kReasoning);
  reasoning.text = "secret";
  Part refusal = Kind(PartKind::kRefusal);
  refusal.text = "no";
  const ChatRequest request = Turns(
      {{Role::kAssistant, {reasoning, chat::TextPart("a"), Call("c", "{}"), chat::TextPart("b")}},
       {Role::kAssistant, {reasoning}},
       {Role::kAssistant, {refusal}}});

  const std::string messages = Messages(request);

  EXPECT_THAT(messages, StartsWith(R"([{"role":"assistant","content":"a\n\nb","tool_calls":[)"));
  EXPECT_THAT(messages, HasSubstr(R"({"role":"assistant","content":[{"type":"refusal",)"
                                  R"("refusal":"no"}]}])"));
  EXPECT_THAT(messages, Not(HasSubstr("secret")));
}

TEST(OpenAiChatBody, TextsOfOneMessageAreOneAndThoseOfTwoAreParagraphs) {
  chat::Part next = chat::TextPart("Next.");
  next.apart = true;

  EXPECT_EQ(
      Messages(Turns({{Role::kAssistant, {chat::TextPart("Hel"), chat::TextPart("lo."), next}}})),
      R"([{"role":"assistant","content":"Hello.\n\nNext."}])");
}

TEST(OpenAiChatBody, ContentIsNullWhenThereAreOnlyCalls) {
  EXPECT_THAT(Messages(Turns({{Role::kAssistant, {Call("c", "{}")}}})),
              StartsWith(R"([{"role":"assistant","content":null,"tool_calls":[)"));
}

TEST(OpenAiChatBody, MediaKeepTheirOrder) {
  Part image = Kind(PartKind::kImage);
  image.media_type = "image/png";
  image.data = "AAAA";
  image.detail = "low";
  Part audio = Kind(PartKind::kAudio);
  audio.media_type = "audio/mpeg";
  audio.data = "BBBB";
  Part pdf = Kind(PartKind::kFile);
  pdf.media_type = "application/pdf";
  pdf.data = "CCCC";
  Part held = Kind(PartKind::kFile);
  held.file_id = "file-1";
  Part text = Kind(PartKind::kFile);
  text.media_type = "text/plain";
  text.data = "aGk=";
  text.filename = "a.txt";

  EXPECT_EQ(
      Messages(Turns({{Role::kUser, {image, chat::TextPart("t"), audio, pdf, held, text}}})),
      R"([{"role":"user","content":[)"
      R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},)"
      R"({"type":"text","text":"t"},)"
      R"({"type":"input_audio","input_audio":{"data":"BBBB","format":"mp3"}},)"
      R"({"type":"file","file":{"filename":"file.pdf",)"
      R"("file_data":"data:application/pdf;base64,CCCC"}},)"
      R"({"type":"file","file":{"file_id":"file-1"}},)"
      R"({"type":"text","text":"a.txt:\nhi"}]}])");
}

TEST(OpenAiChatBody, AnOriginalImageIsAHighOne) {
  Part image = Image("https://i");
  image.detail = "original";

  EXPECT_THAT(Messages(Turns({{Role::kUser, {image}}})), HasSubstr(R"("detail":"high")"));
}

TEST(OpenAiChatBody, WhatHasNoPlaceIsRefused) {
  Part file = Kind(PartKind::kFile);
  file.url = "https://f";
  Part image = Kind(PartKind::kImage);
  image.file_id = "file-1";
  Part audio = Kind(PartKind::kAudio);
  audio.data = "AAAA";
  audio.media_type = "audio/x-unknown";
  for (const Part& part : {file, image, audio}) {
    EXPECT_THAT(OpenAiChat().EncodeRequest(Turns({{Role::kUser, {part}}}), {}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("messages: ")));
  }
  EXPECT_THAT(OpenAiChat().EncodeRequest(Turns({{Role::kAssistant, {Image("https://i")}}}), {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("assistant")));
}

TEST(OpenAiChatBody, ToolsAndTheirChoice) {
  ChatRequest request;
  request.tools.push_back({.name = "f", .description = "d", .parameters = R"({"type":"object"})"});
  request.tools.push_back({.name = "g", .strict = false});
  request.tool_choice = {.mode = chat::ToolChoice::Mode::kSubsetAny, .names = {"f"}};
  request.parallel_tool_calls = false;

  EXPECT_EQ(Body(request),
            R"({"model":"gpt-x","messages":[{"role":"user","content":"."}],)"
            R"("tools":[{"type":"function","function":)"
            R"({"name":"f","description":"d","parameters":{"type":"object"}}},)"
            R"({"type":"function","function":{"name":"g","strict":false}}],)"
            R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required",)"
            R"("tools":[{"type":"function","function":{"name":"f"}}]}},)"
            R"("parallel_tool_calls":false})");
}

TEST(OpenAiChatBody, ToolChoiceWords) {
  using Mode = chat::ToolChoice::Mode;
  ChatRequest request;
  request.tools.push_back({.name = "f"});
  const auto choice = [&](Mode mode) {
    request.tool_choice = {.mode = mode, .names = {"f"}};
    const Json body = *ParseJson(Body(request));
    const Json* const written = Find(body, "tool_choice");
    return written == nullptr ? "" : DumpJson(*written);
  };

  EXPECT_EQ(choice(Mode::kDefault), "");
  EXPECT_EQ(choice(Mode::kAuto), "\"auto\"");
  EXPECT_EQ(choice(Mode::kNone), "\"none\"");
  EXPECT_EQ(choice(Mode::kAny), "\"required\"");
  EXPECT_EQ(choice(Mode::kOne), R"({"type":"function","function":{"name":"f"}})");
}

TEST(OpenAiChatBody, WithoutToolsThereIsNoChoiceOfThem) {
  ChatRequest request;
  request.tool_choice.mode = chat::ToolChoice::Mode::kAuto;
  request.parallel_tool_calls = true;

  EXPECT_EQ(Body(request), R"({"model":"gpt-x","messages":[{"role":"user","content":"."}]})");
}

TEST(OpenAiChatBody, ZeroAndFalseAreSaid) {
  ChatRequest request;
  request.max_tokens = 5;
  request.temperature = 0;
  request.top_p = 0.1;
  request.top_k = 3;
  request.stop = {"a", "b"};
  request.n = 2;
  request.seed = 0;
  request.presence_penalty = -0.5;
  request.frequency_penalty = 0;
  request.logit_bias = R"({"7":-100})";
  request.verbosity = "low";
  request.end_user = "me";

  EXPECT_EQ(Body(request),
            R"({"model":"gpt-x","messages":[{"role":"user","content":"."}],)"
            R"("max_completion_tokens":5,"temperature":0.0,)"
            R"("top_p":0.1,"n":2,"seed":0,"presence_penalty":-0.5,"frequency_penalty":0.0,)"
            R"("logit_bias":{"7":-100},"verbosity":"low","stop":["a","b"],"user":"me"})");
  EXPECT_THAT(Body(request, {.model = "m", .legacy_max_tokens = true}),
              HasSubstr(R"("messages":[{"role":"user","content":"."}],"max_tokens":5,)"));
}

TEST(OpenAiChatBody, AStreamAlwaysStatesItsUsage) {
  ChatRequest request;
  request.stream = true;

  EXPECT_THAT(Body(request), HasSubstr(R"("stream":true,"stream_options":{"include_usage":true})"));
}

TEST(OpenAiChatBody, ResponseFormats) {
  ChatRequest request;
  request.response_format.kind = chat::ResponseFormat::Kind::kJsonObject;
  EXPECT_THAT(Body(request), HasSubstr(R"("response_format":{"type":"json_object"})"));

  request.response_format.kind = chat::ResponseFormat::Kind::kJsonSchema;
  request.response_format.schema = R"({"type":"object"})";
  EXPECT_THAT(Body(request), HasSubstr(R"("response_format":{"type":"json_schema","json_schema":)"
                                       R"({"name":"response","schema":{"type":"object"}}})"));

  request.response_format.name = "my name";
  request.response_format.description = "d";
  request.response_format.strict = true;
  EXPECT_THAT(Body(request),
              HasSubstr(R"("description":"d","schema":{"type":"object"},"strict":true)"));
  EXPECT_THAT(Body(request), HasSubstr(R"("name":"my_name_)"));
}

TEST(OpenAiChatBody, ReasoningIsAnEffort) {
  using Mode = chat::ReasoningRequest::Mode;
  const auto effort = [](chat::ReasoningRequest reasoning, std::string model) {
    ChatRequest request;
    request.reasoning = std::move(reasoning);
    return FindString(*ParseJson(Body(request, {.model = std::move(model)})), "reasoning_effort");
  };

  EXPECT_EQ(effort({}, "gpt-5.1"), "");
  EXPECT_EQ(effort({.mode = Mode::kEffort, .effort = "xhigh"}, "gpt-5.2"), "xhigh");
  EXPECT_EQ(effort({.mode = Mode::kOff}, "gpt-5-mini"), "minimal");
  EXPECT_EQ(effort({.mode = Mode::kBudget, .budget_tokens = 16384}, "m"), "high");
}

// Each is a 400 at OpenAI.
TEST(OpenAiChatBody, AModelIsToldNoMoreThanItTakes) {
  ChatRequest request;
  request.reasoning = {.mode = chat::ReasoningRequest::Mode::kBudget, .budget_tokens = 2000};
  request.temperature = 0.5;
  request.top_p = 0.5;
  request.presence_penalty = 1;
  request.logit_bias = R"({"7":1})";
  request.verbosity = "low";
  const auto members = [&request](std::string model) {
    std::string names;
    const Json body = *ParseJson(Body(request, {.model = std::move(model)}));
    for (const auto& [name, value] : body.items()) {
      if (name != "model" && name != "messages") names.append(name).append(" ");
    }
    return names;
  };

  EXPECT_EQ(members("gpt-4o"), "temperature top_p presence_penalty logit_bias ");
  EXPECT_EQ(members("gpt-5"), "reasoning_effort verbosity ");
  EXPECT_EQ(members("o3"), "reasoning_effort ");
  EXPECT_EQ(members("qwen3"),
            "temperature top_p presence_penalty logit_bias reasoning_effort verbosity ");
}

TEST(OpenAiChatBody, StopSequencesAreFourAndNotForModelsThatReason) {
  ChatRequest request;
  request.stop = {"1", "2", "3", "4"};
  EXPECT_THAT(Body(request, {.model = "gpt-4o"}), HasSubstr(R"("stop":["1","2","3","4"])"));
  EXPECT_THAT(OpenAiChat().EncodeRequest(request, {.model = "gpt-5"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("stop: ")));
  request.stop.push_back("5");
  EXPECT_THAT(OpenAiChat().EncodeRequest(request, {.model = "gpt-4o"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("stop: ")));
}

TEST(OpenAiChatBody, ALongEndUserIsShortened) {
  ChatRequest request;
  request.end_user = std::string(65, 'u');

  EXPECT_THAT(Body(request), HasSubstr(R"("user":"user_)"));
}

TEST(OpenAiChatBody, AThoughtSignatureGoesBackToItsOwnModel) {
  Part call = Call("c", "{}");
  call.signature = {.origin = "gemini", .model = "gemini-3", .data = "c2ln"};
  const ChatRequest request = Turns({{Role::kAssistant, {call}}});

  EXPECT_THAT(Messages(request, {.model = "gemini-3"}),
              HasSubstr(R"("extra_content":{"google":{"thought_signature":"c2ln"}})"));
  EXPECT_THAT(Messages(request, {.model = "gpt-x"}), Not(HasSubstr("extra_content")));
}

// A client of Gemini's own dialect sends it as it is.
TEST(OpenAiChatBody, AThoughtSignatureOfNoKnownModelIsForGeminiOnly) {
  Part call = Call("c", "{}");
  call.signature = {.origin = "gemini", .data = "c2ln"};
  const ChatRequest request = Turns({{Role::kAssistant, {call}}});

  EXPECT_THAT(Messages(request, {.model = "google/Gemini-3-pro"}), HasSubstr("c2ln"));
  EXPECT_THAT(Messages(request, {.model = "gpt-5"}), Not(HasSubstr("extra_content")));
}

}  // namespace
}  // namespace lmgate::dialect
