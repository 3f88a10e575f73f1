#include "dataplane/dialect/openai_chat_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "common/base/error_detail.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/dataplane/dialect/openai_chat_answers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::PartKind;
using ::testing::ElementsAre;
using testing::IsOk;

absl::StatusOr<ChatRequest> Decode(std::string_view messages) {
  const auto body = ParseJson(StrCat(R"({"messages":[)", messages, "]}"));
  EXPECT_THAT(body, IsOk()) << messages;
  ChatRequest request;
  const absl::Status decoded = DecodeChatMessages(*body, &request);
  if (!decoded.ok()) return decoded;
  return request;
}

ChatRequest Messages(std::string_view messages) {
  auto request = Decode(messages);
  EXPECT_THAT(request, IsOk()) << messages;
  return request.ok() ? *std::move(request) : ChatRequest{};
}

// The field that a refusal names.
std::string WrongMessage(std::string_view message) {
  const auto hint = GetFieldHint(Decode(message).status());
  return hint.has_value() ? hint->field : "";
}

TEST(ChatMessages, SystemTextIsWhatComesBeforeTheTurns) {
  const ChatRequest request =
      Messages(R"({"role":"system","content":"a"},{"role":"developer",)"
               R"("content":[{"type":"text","text":"b"}]},)"
               R"({"role":"system","content":""},{"role":"user","content":"hi"},)"
               R"({"role":"developer","content":"late"})");

  ASSERT_EQ(request.system.size(), 2u);
  EXPECT_EQ(request.system[0].text, "a");
  EXPECT_EQ(request.system[1].text, "b");
  EXPECT_EQ(Turns(request), "user: (text hi)\nsystem: (text late)\n");
}

TEST(ChatMessages, ANameIsSaidWithTheText) {
  const ChatRequest request = Messages(
      R"({"role":"system","name":"example_user","content":"2+2?"},)"
      R"({"role":"user","name":"Ann","content":"hi"},)"
      R"({"role":"assistant","name":"Bot","content":"yes?"},)"
      R"({"role":"user","name":"Bo","content":[{"type":"image_url","image_url":{"url":"u:i"}}]})");

  EXPECT_EQ(request.system[0].text, "example_user said:\n2+2?");
  EXPECT_EQ(Turns(request),
            "user: (text Ann said:\nhi)\nassistant: (text yes?)\n"
            "user: (text Bo said:\n) (image )\n");
}

TEST(ChatMessages, CallsAndResults) {
  const ChatRequest request = Messages(
      R"({"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":""}]},)"
      R"({"role":"assistant","content":null,"refusal":null,"tool_calls":[)"
      R"({"id":"c1","type":"function","function":{"name":"f","arguments":"{ }"}},)"
      R"({"id":"c2","function":{"name":"g","arguments":{"x":1}}}]},)"
      R"({"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"r2"}]},)"
      R"({"role":"tool","tool_call_id":"c1","content":null})");

  EXPECT_EQ(Turns(request),
            "user: (text a)\nassistant: (call c1 f { }) (call c2 g {\"x\":1})\n"
            "user: (result c2  [text r2])\nuser: (result c1 )\n");
}

TEST(ChatMessages, ABreakpointOfTheCacheIsKept) {
  const ChatRequest request =
      Messages(R"({"role":"user","content":[{"type":"text","text":"a",)"
               R"("prompt_cache_breakpoint":{"mode":"explicit"}},{"type":"text","text":"b"}]})");

  EXPECT_TRUE(request.turns[0].parts[0].cache);
  EXPECT_FALSE(request.turns[0].parts[1].cache);
}

TEST(ChatMessages, AssistantContentMayBeRefusedOrReasoned) {
  const ChatRequest request = Messages(
      R"({"role":"assistant","content":[{"type":"text","text":"a"},)"
      R"({"type":"refusal","refusal":"b"}],)"
      R"("refusal":"c","reasoning_content":"r"},)"
      R"({"role":"assistant","content":"x","annotations":[],"audio":null,"reasoning":"s"})");

  EXPECT_EQ(Turns(request),
            "assistant: (reasoning r) (text a) (refusal b) (refusal c)\n"
            "assistant: (reasoning s) (text x)\n");
}

TEST(ChatMessages, SignaturesThatAClientSendsBackAreItsOwners) {
  chat::ChatResponse response;
  chat::Choice& choice = response.choices.emplace_back();
  chat::Part reasoning;
  reasoning.kind = PartKind::kReasoning;
  reasoning.text = "hm";
  reasoning.signature = {.origin = "anthropic", .model = "claude", .data = "c2ln"};
  chat::Part call;
  call.kind = PartKind::kToolCall;
  call.id = "c";
  call.name = "f";
  call.signature = {.origin = "gemini", .model = "gemini-3", .data = "dGg="};
  choice.parts = {reasoning, call};
  const std::string answer = OpenAiChat().EncodeResponse(response, TestContext());
  const size_t begin = answer.find("{\"role\"");
  const std::string message = answer.substr(begin, answer.find(",\"logprobs\"") - begin);

  EXPECT_EQ(Turns(Messages(message)),
            "assistant: (reasoning hm <anthropic/claude/c2ln>) "
            "(call c f {} <gemini/gemini-3/dGg=>)\n");
}

TEST(ChatMessages, MediaOfAUser) {
  const ChatRequest request = Messages(
      R"({"role":"user","content":[)"
      R"({"type":"image_url","image_url":{"url":"data:image/PNG;charset=x;base64,)"
      R"(AAAA","detail":"low"}},)"
      R"({"type":"image_url","image_url":{"url":"https://i"}},)"
      R"({"type":"input_audio","input_audio":{"data":"BBBB","format":"mp3"}},)"
      R"({"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,)"
      R"(CCCC"}},)"
      R"({"type":"file","file":{"filename":"b.csv","file_data":"DDDD"}},)"
      R"({"type":"file","file":{"file_id":"file-1"}}]})");
  const std::vector<chat::Part>& parts = request.turns.at(0).parts;

  ASSERT_EQ(parts.size(), 6u);
  EXPECT_EQ(parts[0].media_type, "image/png");
  EXPECT_EQ(parts[0].data, "AAAA");
  EXPECT_EQ(parts[0].detail, "low");
  EXPECT_EQ(parts[1].url, "https://i");
  EXPECT_EQ(parts[2].kind, PartKind::kAudio);
  EXPECT_EQ(parts[2].media_type, "audio/mpeg");
  EXPECT_EQ(parts[3].media_type, "application/pdf");
  EXPECT_EQ(parts[3].filename, "a.pdf");
  EXPECT_EQ(parts[4].media_type, "text/csv");
  EXPECT_EQ(parts[4].data, "DDDD");
  EXPECT_EQ(parts[5].file_id, "file-1");
}

TEST(ChatMessages, EarlierAudioAndCustomCallsAreOwnFields) {
  const ChatRequest request = Messages(
      R"({"role":"assistant","audio":{"id":"a"}},)"
      R"({"role":"assistant","tool_calls":[{"id":"c","type":"custom","custom":{"name":"x"}}]})");

  EXPECT_THAT(request.own_fields, ElementsAre("messages[0].audio", "messages[1].tool_calls[0]"));
}

TEST(ChatMessages, CacheMarkersOfOpenRouterAreRead) {
  const ChatRequest request = Messages(R"({"role":"system","content":[{"type":"text","text":"a",)"
                                       R"("cache_control":{"type":"ephemeral"}}]},)"
                                       R"({"role":"user","content":"hi"})");

  EXPECT_TRUE(request.system.at(0).cache);
}

TEST(ChatMessages, WhatIsWrongIsNamed) {
  EXPECT_EQ(WrongMessage("1"), "messages[0]");
  EXPECT_EQ(WrongMessage(R"({"content":"a"})"), "messages[0].role");
  EXPECT_EQ(WrongMessage(R"({"role":"king"})"), "messages[0].role");
  EXPECT_EQ(WrongMessage(R"({"role":"user","content":1})"), "messages[0].content");
  EXPECT_EQ(WrongMessage(R"({"role":"user","content":[{"type":"hologram"}]})"),
            "messages[0].content[0].type");
  EXPECT_EQ(WrongMessage(R"({"role":"user","content":[{"type":"text"}]})"),
            "messages[0].content[0].text");
  EXPECT_EQ(WrongMessage(
                R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"data:x"}}]})"),
            "messages[0].content[0].image_url.url");
  EXPECT_EQ(
      WrongMessage(R"({"role":"system","content":[{"type":"image_url","image_url":{"url":"u"}}]})"),
      "messages[0].content[0].type");
  EXPECT_EQ(WrongMessage(R"({"role":"user","content":[{"type":"input_audio",)"
                         R"("input_audio":{"data":"?","format":"wav"}}]})"),
            "messages[0].content[0].input_audio.data");
  EXPECT_EQ(WrongMessage(R"({"role":"user","content":[{"type":"file","file":{}}]})"),
            "messages[0].content[0].file.file_data");
  EXPECT_EQ(WrongMessage(R"({"role":"tool","content":"a"})"), "messages[0].tool_call_id");
  EXPECT_EQ(WrongMessage(R"({"role":"assistant","tool_calls":[{"id":"a","function":{}}]})"),
            "messages[0].tool_calls[0].function.name");
  EXPECT_EQ(WrongMessage(R"({"role":"assistant","tool_calls":[{"function":{"name":"f"}}]})"),
            "messages[0].tool_calls[0].id");
}

}  // namespace
}  // namespace lmgate::dialect
