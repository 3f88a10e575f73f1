#include "dataplane/chat/conversation.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "common/base/strings.h"

namespace lmgate::chat {
namespace {

using ::testing::ElementsAre;

Part Call(std::string id, std::string name) {
  Part part;
  part.kind = PartKind::kToolCall;
  part.id = std::move(id);
  part.name = std::move(name);
  return part;
}

Part Result(std::string id, std::string text) {
  Part part;
  part.kind = PartKind::kToolResult;
  part.id = std::move(id);
  part.parts.push_back(TextPart(std::move(text)));
  return part;
}

Part Image(std::string data) {
  Part part;
  part.kind = PartKind::kImage;
  part.media_type = "image/png";
  part.data = std::move(data);
  return part;
}

// "user: a, result x(name) ok | assistant: call x f", one string a turn.
std::string Describe(const Part& part) {
  switch (part.kind) {
    case PartKind::kToolCall:
      return StrCat("call ", part.id, " ", part.name);
    case PartKind::kToolResult: {
      std::string text = StrCat(part.is_error ? "failed " : "result ", part.id, " ", part.name);
      for (const Part& inner : part.parts) StrAppend(&text, " <", Describe(inner), ">");
      return text;
    }
    case PartKind::kImage:
      return StrCat("image ", part.data);
    default:
      return part.text;
  }
}

std::vector<std::string> Describe(const ChatRequest& request) {
  std::vector<std::string> turns;
  for (const Turn& turn : request.turns) {
    std::string text = turn.role == Role::kUser        ? "user"
                       : turn.role == Role::kAssistant ? "assistant"
                                                       : "system";
    for (const Part& part : turn.parts) StrAppend(&text, ", ", Describe(part));
    turns.push_back(text);
  }
  return turns;
}

std::vector<std::string> Normalized(std::vector<Turn> turns, const ConversationRules& rules = {}) {
  ChatRequest request;
  request.turns = std::move(turns);
  Normalize(rules, &request);
  return Describe(request);
}

TEST(Normalize, MergesNeighboursOfOneRole) {
  EXPECT_THAT(Normalized({{Role::kUser, {TextPart("a")}},
                          {Role::kUser, {TextPart("b")}},
                          {Role::kAssistant, {TextPart("c")}},
                          {Role::kAssistant, {TextPart("d")}}}),
              ElementsAre("user, a, b", "assistant, c, d"));
}

TEST(Normalize, WhatAMessageBeginsStaysApart) {
  ChatRequest request;
  request.turns = {{Role::kAssistant, {TextPart("a"), TextPart("b")}},
                   {Role::kAssistant, {TextPart("c"), TextPart("d")}}};

  Normalize({}, &request);

  const std::vector<Part>& parts = request.turns.at(0).parts;
  EXPECT_THAT((std::vector<bool>{parts[0].apart, parts[1].apart, parts[2].apart, parts[3].apart}),
              ElementsAre(false, false, true, false));
}

TEST(Normalize, DropsWhatSaysNothing) {
  EXPECT_THAT(Normalized({{Role::kUser, {TextPart("a")}},
                          {Role::kAssistant, {TextPart(" \n"), TextPart("")}},
                          {Role::kUser, {TextPart("b")}}}),
              ElementsAre("user, a, b"));
}

TEST(Normalize, PutsResultsFirstInTheOrderOfTheCalls) {
  EXPECT_THAT(Normalized({{Role::kUser, {TextPart("go")}},
                          {Role::kAssistant, {TextPart("I"), Call("x", "f"), Call("y", "g")}},
                          {Role::kUser, {TextPart("wait")}},
                          {Role::kUser, {Result("y", "2")}},
                          {Role::kUser, {Result("x", "1"), TextPart("now")}}}),
              ElementsAre("user, go", "assistant, I, call x f, call y g",
                          "user, result x f <1>, result y g <2>, wait, now"));
}

TEST(Normalize, ItemsOfOneAnswerAreAnsweredTogether) {
  EXPECT_THAT(Normalized({{Role::kUser, {TextPart("go")}},
                          {Role::kAssistant, {Call("x", "f")}},
                          {Role::kAssistant, {Call("y", "g")}},
                          {Role::kUser, {Result("x", "1")}},
                          {Role::kUser, {Result("y", "2")}}}),
              ElementsAre("user, go", "assistant, call x f, call y g",
                          "user, result x f <1>, result y g <2>"));
}

TEST(Normalize, AnswersACallWhoseResultIsMissing) {
  const auto turns = Normalized({{Role::kUser, {TextPart("go")}},
                                 {Role::kAssistant, {Call("x", "f")}},
                                 {Role::kUser, {TextPart("never mind")}},
                                 {Role::kAssistant, {TextPart("ok"), Call("z", "h")}}});

  EXPECT_THAT(
      turns,
      ElementsAre("user, go", "assistant, call x f",
                  "user, failed x f <The tool's result is missing: the conversation was cut.>, "
                  "never mind",
                  "assistant, ok, call z h",
                  "user, failed z h <The tool's result is missing: the conversation was cut.>"));
}

TEST(Normalize, ResultWithoutCallBecomesText) {
  EXPECT_THAT(Normalized({{Role::kUser, {Result("x", "1"), TextPart("go")}}}),
              ElementsAre("user, [result of a tool], 1, go"));
}

TEST(Normalize, SecondResultOfACallBecomesText) {
  EXPECT_THAT(Normalized({{Role::kUser, {TextPart("go")}},
                          {Role::kAssistant, {Call("x", "f")}},
                          {Role::kUser, {Result("x", "1"), Result("x", "2")}}}),
              ElementsAre("user, go", "assistant, call x f",
                          "user, result x f <1>, [result of a tool], 2"));
}

TEST(Normalize, CallsWithOneIdGetDifferentOnes) {
  EXPECT_THAT(Normalized({{Role::kUser, {TextPart("go")}},
                          {Role::kAssistant, {Call("x", "f"), Call("x", "f")}},
                          {Role::kUser, {Result("x", "1"), Result("x", "2")}},
                          {Role::kAssistant, {Call("x", "f")}},
                          {Role::kUser, {Result("x", "3")}}}),
              ElementsAre("user, go", "assistant, call x f, call x_2 f",
                          "user, result x f <1>, result x_2 f <2>", "assistant, call x_3 f",
                          "user, result x_3 f <3>"));
}

TEST(Normalize, WithoutIdsPairsByNameAndOrder) {
  Part first = Result("", "1");
  first.name = "f";
  Part second = Result("", "2");
  second.name = "f";
  EXPECT_THAT(Normalized({{Role::kUser, {TextPart("go")}},
                          {Role::kAssistant, {Call("", "f"), Call("", "f")}},
                          {Role::kUser, {first, second}}}),
              ElementsAre("user, go", "assistant, call call_1 f, call call_2 f",
                          "user, result call_1 f <1>, result call_2 f <2>"));
}

TEST(Normalize, SystemTurnsBecomeTextUnlessTheyAreKept) {
  const std::vector<Turn> turns{{Role::kUser, {TextPart("a")}},
                                {Role::kSystem, {TextPart("be brief")}},
                                {Role::kUser, {TextPart("b")}}};

  EXPECT_THAT(Normalized(turns), ElementsAre("user, a, <system>\nbe brief\n</system>, b"));
  EXPECT_THAT(Normalized(turns, {.keeps_system_turns = true}),
              ElementsAre("user, a", "system, be brief", "user, b"));
}

TEST(Normalize, SystemTurnBetweenCallAndResultStandsBehind) {
  EXPECT_THAT(
      Normalized({{Role::kUser, {TextPart("go")}},
                  {Role::kAssistant, {Call("x", "f")}},
                  {Role::kSystem, {TextPart("be brief")}},
                  {Role::kUser, {Result("x", "1")}}},
                 {.keeps_system_turns = true}),
      ElementsAre("user, go", "assistant, call x f", "user, result x f <1>", "system, be brief"));
}

TEST(Normalize, UserComesFirstWhereItMust) {
  EXPECT_THAT(Normalized({{Role::kAssistant, {TextPart("hello")}}}, {.user_first = true}),
              ElementsAre("user, .", "assistant, hello"));
  EXPECT_THAT(Normalized({}, {.user_first = true}), ElementsAre("user, ."));
}

TEST(Normalize, AConversationThatSaysNothingHasAUser) {
  EXPECT_THAT(Normalized({{Role::kUser, {TextPart("")}}}), ElementsAre("user, ."));

  ChatRequest request;
  request.system = {TextPart("be brief")};
  Normalize({}, &request);
  EXPECT_TRUE(request.turns.empty());
}

TEST(Normalize, LiftsImagesOutOfResults) {
  Part result = Result("x", "see");
  result.parts.push_back(Image("AAAA"));
  EXPECT_THAT(Normalized({{Role::kUser, {TextPart("go")}},
                          {Role::kAssistant, {Call("x", "f"), Call("y", "g")}},
                          {Role::kUser, {result, Result("y", "2"), TextPart("well?")}}},
                         {.lifts_result_images = true}),
              ElementsAre("user, go", "assistant, call x f, call y g",
                          "user, result x f <see> <[image attached below]>, result y g <2>, "
                          "image AAAA, well?"));
}

}  // namespace
}  // namespace lmgate::chat
