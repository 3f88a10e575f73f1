#include "dataplane/dialect/signed_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/strings.h"
#include "dataplane/chat/chat_response.h"

namespace lmgate::dialect {
namespace {

using chat::Part;
using chat::PartKind;
using ::testing::ElementsAre;

const absl::Time kNow = absl::FromUnixSeconds(1730000000);

chat::Signature Signature(std::string_view data) {
  return {.origin = "anthropic", .model = "m", .data = std::string(data)};
}
Part Thought(std::string_view text, std::string_view signature = {}) {
  Part part;
  part.kind = PartKind::kReasoning;
  part.text = text;
  if (!signature.empty()) part.signature = Signature(signature);
  return part;
}
Part Words(std::string_view text) { return chat::TextPart(std::string(text)); }
Part Call(std::string_view id, std::string_view signature = {}) {
  Part part;
  part.kind = PartKind::kToolCall;
  part.id = id;
  part.name = "f";
  if (!signature.empty()) part.signature = Signature(signature);
  return part;
}

// "text/signature" each.
std::vector<std::string> Told(const std::vector<Part>& parts) {
  std::vector<std::string> told;
  for (const Part& part : parts) {
    told.push_back(
        StrCat(part.kind == PartKind::kToolCall ? part.id : part.text, "/", part.signature.data));
  }
  return told;
}

class SignedCallsTest : public ::testing::Test {
 protected:
  // Each list is the parts of one choice.
  void Answer(const std::vector<std::vector<Part>>& choices, std::string owner = "k1") {
    chat::ChatResponse response;
    for (const std::vector<Part>& parts : choices) response.choices.push_back({.parts = parts});
    SignedCallFinder finder;
    for (const chat::ChatEvent& event : chat::EventsOf(response)) finder.Add(event);
    RememberSignedCalls({.store = &store_, .owner = std::move(owner)}, finder.Take(), now_);
  }
  // Each list is the parts of an assistant's turn, before a user's.
  std::vector<std::vector<std::string>> Ask(const std::vector<std::vector<Part>>& turns,
                                            std::string owner = "k1") {
    chat::ChatRequest request;
    for (const std::vector<Part>& parts : turns) {
      request.turns.push_back({.role = chat::Role::kAssistant, .parts = parts});
      request.turns.push_back({.role = chat::Role::kUser, .parts = {Words("go on")}});
    }
    const SignedCallScope scope{.store = &store_, .owner = std::move(owner)};
    RestoreSignedCalls(scope, now_, &request);
    std::vector<std::vector<std::string>> told;
    for (size_t i = 0; i < request.turns.size(); i += 2) {
      told.push_back(Told(request.turns[i].parts));
    }
    return told;
  }

  absl::Time now_ = kNow;
  ResponseStore store_{ResponseStore::Options{.ttl = absl::Minutes(1)}};
};

TEST_F(SignedCallsTest, ReasoningComesBackAheadOfTheTurn) {
  Answer({{Thought("hm", "s1"), Thought("", "s2"), Words("I look"), Call("c1"), Call("c2")}});

  EXPECT_THAT(Ask({{Words("I look"), Call("c1"), Call("c2")}}),
              ElementsAre(ElementsAre("hm/s1", "/s2", "I look/", "c1/", "c2/")));
}

TEST_F(SignedCallsTest, ReasoningBetweenStaysBeforeItsCall) {
  Answer({{Words("so"), Thought("a", "s1"), Call("c1"), Thought("b", "s2"), Call("c2", "s3")}});

  EXPECT_THAT(Ask({{Words("so"), Call("c1"), Call("c2")}}),
              ElementsAre(ElementsAre("so/", "a/s1", "c1/", "b/s2", "c2/s3")));
}

TEST_F(SignedCallsTest, BlankWordsAreNone) {
  Answer({{Words("\n\n"), Thought("hm", "s1"), Call("c1")}});

  EXPECT_THAT(Ask({{Words("\n\n"), Call("c1")}}),
              ElementsAre(ElementsAre("hm/s1", "\n\n/", "c1/")));
}

TEST_F(SignedCallsTest, EverythingOfASignatureComesBack) {
  Part hidden = Thought("", "data");
  hidden.signature.redacted = true;
  Answer({{hidden, Call("c1")}});
  chat::ChatRequest request;
  request.turns.push_back({.role = chat::Role::kAssistant, .parts = {Call("c1")}});

  RestoreSignedCalls({.store = &store_, .owner = "k1"}, now_, &request);

  ASSERT_EQ(request.turns[0].parts.size(), 2U);
  const Part& part = request.turns[0].parts[0];
  EXPECT_EQ(part.kind, PartKind::kReasoning);
  EXPECT_EQ(part.signature.origin, "anthropic");
  EXPECT_EQ(part.signature.model, "m");
  EXPECT_TRUE(part.signature.redacted);
}

TEST_F(SignedCallsTest, EachChoiceIsATurnOfItsOwn) {
  Answer({{Thought("a", "s1"), Call("c1")}, {Thought("b", "s2"), Call("c2")}});

  EXPECT_THAT(Ask({{Call("c1")}, {Call("c2")}}),
              ElementsAre(ElementsAre("a/s1", "c1/"), ElementsAre("b/s2", "c2/")));
}

TEST_F(SignedCallsTest, ChoicesMayComeMixed) {
  chat::ChatResponse response;
  response.choices.push_back({.parts = {Thought("a", "s1"), Call("c1")}});
  std::vector<chat::ChatEvent> first = chat::EventsOf(response);
  response.choices[0].parts = {Thought("b", "s2"), Call("c2")};
  std::vector<chat::ChatEvent> second = chat::EventsOf(response);
  SignedCallFinder finder;
  for (size_t i = 0; i < first.size(); ++i) {
    second[i].choice = 1;
    finder.Add(first[i]);
    finder.Add(second[i]);
  }
  RememberSignedCalls({.store = &store_, .owner = "k1"}, finder.Take(), now_);

  EXPECT_THAT(Ask({{Call("c1")}, {Call("c2")}}),
              ElementsAre(ElementsAre("a/s1", "c1/"), ElementsAre("b/s2", "c2/")));
}

TEST_F(SignedCallsTest, OnlyWhatIsSignedIsKept) {
  Answer({{Thought("hm"), Words("I look"), Call("c1")}});
  Answer({{Thought("hm", "s1"), Words("no call")}});
  EXPECT_EQ(store_.entries(), 0U);

  // Gemini signs the first of several calls, and no thought.
  Answer({{Thought("hm"), Call("c1", "s1"), Call("c2")}});
  EXPECT_EQ(store_.entries(), 1U);
  EXPECT_THAT(Ask({{Thought("hm"), Call("c1"), Call("c2")}}),
              ElementsAre(ElementsAre("hm/", "c1/s1", "c2/")));
}

TEST_F(SignedCallsTest, ACallIsKnownAsSoonAsItBegins) {
  chat::ChatEvent event{.kind = chat::ChatEvent::Kind::kPartOpen, .id = "c1", .name = "f"};
  event.part_kind = PartKind::kToolCall;
  event.signature = Signature("s1");
  SignedCallFinder finder;

  finder.Add(event);

  EXPECT_EQ(finder.Take().size(), 1U);
  EXPECT_EQ(finder.Take().size(), 0U);
}

TEST_F(SignedCallsTest, WhatTheClientSendsBackWins) {
  Answer({{Thought("hm", "s1"), Call("c1", "s2")}});

  EXPECT_THAT(Ask({{Thought("mine", "s9"), Call("c1")}}),
              ElementsAre(ElementsAre("mine/s9", "c1/")));
  EXPECT_THAT(Ask({{Call("c1", "s9")}}), ElementsAre(ElementsAre("c1/s9")));
}

TEST_F(SignedCallsTest, ReasoningIsNotSaidTwice) {
  Answer({{Thought("hm", "s1"), Call("c1")}});

  EXPECT_THAT(Ask({{Thought("hm"), Call("c1")}}), ElementsAre(ElementsAre("hm/s1", "c1/")));
  EXPECT_THAT(Ask({{Thought("hm"), Call("other")}}), ElementsAre(ElementsAre("hm/", "other/")));
}

TEST_F(SignedCallsTest, AnotherKeyIsToldNothing) {
  Answer({{Thought("hm", "s1"), Call("c1", "s2")}});

  EXPECT_THAT(Ask({{Call("c1")}}, "k2"), ElementsAre(ElementsAre("c1/")));
}

TEST_F(SignedCallsTest, AnotherToolsCallIsNotTheSame) {
  Answer({{Thought("hm", "s1"), Call("c1", "s2")}});
  Part call = Call("c1");
  call.name = "g";

  EXPECT_THAT(Ask({{call}}), ElementsAre(ElementsAre("c1/")));
}

TEST_F(SignedCallsTest, TheLastCallOfAnIdIsTheOneThatIsKept) {
  Answer({{Thought("old", "s1"), Call("c1")}});
  Answer({{Thought("new", "s2"), Call("c1")}});

  EXPECT_THAT(Ask({{Call("c1")}, {Call("c1")}}),
              ElementsAre(ElementsAre("c1/"), ElementsAre("new/s2", "c1/")));
  EXPECT_THAT(Ask({{Call("c1")}, {Call("c1", "s9")}}),
              ElementsAre(ElementsAre("c1/"), ElementsAre("c1/s9")));
}

TEST_F(SignedCallsTest, IsForgottenAfterItsTime) {
  Answer({{Thought("hm", "s1"), Call("c1")}});
  now_ += absl::Minutes(1);

  EXPECT_THAT(Ask({{Call("c1")}}), ElementsAre(ElementsAre("c1/")));
}

TEST_F(SignedCallsTest, ReasoningThatIsTooLongIsNotKeptInPart) {
  const std::string text((8 << 20) - 2, 'x');
  for (const size_t more : {0U, 1U}) {
    SignedCallFinder finder;
    chat::ChatResponse response;
    response.choices.push_back({.parts = {Thought(text + std::string(more, 'x'), "s1"),
                                          Call("c1", "s2"), Thought("b", "s3"), Call("c2")}});
    for (const chat::ChatEvent& event : chat::EventsOf(response)) finder.Add(event);

    const std::vector<SignedCall> calls = finder.Take();

    ASSERT_EQ(calls.size(), 2U);
    EXPECT_EQ(calls[0].first.size(), more == 0 ? 1U : 0U);
    EXPECT_EQ(calls[0].signature.data, "s2");
    EXPECT_EQ(calls[1].before.size(), 1U);
  }
}

TEST_F(SignedCallsTest, ARequestGrowsNoLongerThanItMay) {
  ResponseStore small({.request_bytes_max = 300});
  const SignedCallScope scope{.store = &small, .owner = "k1"};
  for (const std::string_view id : {"c1", "c2", "c3"}) {
    RememberSignedCalls(
        scope, {{.id = std::string(id), .name = "f", .first = {Thought("hm", "s1")}}}, kNow);
  }
  chat::ChatRequest request;
  request.turns.push_back(
      {.role = chat::Role::kAssistant, .parts = {Call("c1"), Call("c2"), Call("c3")}});

  RestoreSignedCalls(scope, kNow, &request);

  EXPECT_THAT(Told(request.turns[0].parts), ElementsAre("hm/s1", "hm/s1", "c1/", "c2/", "c3/"));
}

}  // namespace
}  // namespace lmgate::dialect
