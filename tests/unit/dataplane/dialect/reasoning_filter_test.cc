#include "dataplane/dialect/reasoning_filter.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::PartKind;
using Kind = ChatEvent::Kind;
using Mode = chat::ReasoningRequest::Mode;

ChatEvent Of(Kind kind, std::string text = {}, PartKind part_kind = PartKind::kReasoning) {
  ChatEvent event{.kind = kind};
  event.part_kind = part_kind;
  event.text = std::move(text);
  return event;
}

ChatEvent Signed(std::string origin) {
  ChatEvent event = Of(Kind::kPartClose);
  event.signature = {.origin = std::move(origin), .data = "c2ln"};
  return event;
}

// The events' words, and the proof at the end.
struct Seen {
  std::string words = {};
  chat::Signature proof = {};
};
Seen See(ReasoningView view, std::vector<ChatEvent> events) {
  ReasoningFilter filter(view);
  Seen seen;
  for (ChatEvent& event : events) {
    filter.Apply(&event);
    seen.words += event.text;
    if (!event.signature.data.empty()) seen.proof = event.signature;
  }
  return seen;
}

TEST(ReasoningView, OfGeminiIsForThoseWhoAsk) {
  EXPECT_EQ(ReasoningViewOf("gemini", {.mode = Mode::kEffort}), ReasoningView::kProof);
  EXPECT_EQ(ReasoningViewOf("gemini", {.want_text = true}), ReasoningView::kAll);
}

TEST(ReasoningView, OfDisabledThinkingIsNothing) {
  for (const char* const client : {"anthropic", "bedrock"}) {
    EXPECT_EQ(ReasoningViewOf(client, {.mode = Mode::kOff}), ReasoningView::kNothing);
    EXPECT_EQ(ReasoningViewOf(client, {.mode = Mode::kEffort, .effort_only = true}),
              ReasoningView::kNothing);
    EXPECT_EQ(ReasoningViewOf(client, {}), ReasoningView::kAll);
  }
  EXPECT_EQ(ReasoningViewOf("openai-chat", {.mode = Mode::kOff}), ReasoningView::kAll);
}

TEST(ReasoningFilter, TheProofBringsTheWordsBackToThoseWhoWantThem) {
  const auto events = [](std::string origin) {
    return std::vector<ChatEvent>{Of(Kind::kPartOpen), Of(Kind::kPartDelta, "hm"),
                                  Of(Kind::kPartDelta, "m"), Signed(std::move(origin))};
  };

  const Seen claude = See(ReasoningView::kProof, events("anthropic"));
  const Seen openai = See(ReasoningView::kProof, events("openai"));

  EXPECT_EQ(claude.words, "");
  EXPECT_EQ(claude.proof.data, "c2ln");
  EXPECT_EQ(claude.proof.text, "hmm");
  EXPECT_EQ(openai.words, "");
  EXPECT_EQ(openai.proof.data, "c2ln");
  EXPECT_EQ(openai.proof.text, "");
}

TEST(ReasoningFilter, WhatNobodySignedIsGone) {
  const Seen seen = See(ReasoningView::kProof,
                        {Of(Kind::kPartOpen), Of(Kind::kPartDelta, "hm"), Of(Kind::kPartClose)});

  EXPECT_EQ(seen.words, "");
  EXPECT_EQ(seen.proof.text, "");
}

TEST(ReasoningFilter, NothingIsNoProofEither) {
  const Seen seen = See(ReasoningView::kNothing,
                        {Of(Kind::kPartOpen), Of(Kind::kPartDelta, "hm"), Signed("anthropic")});

  EXPECT_EQ(seen.words, "");
  EXPECT_EQ(seen.proof.data, "");
}

TEST(ReasoningFilter, OtherPartsPass) {
  EXPECT_EQ(See(ReasoningView::kNothing, {Of(Kind::kPartDelta, "hi", PartKind::kText)}).words,
            "hi");
  EXPECT_EQ(See(ReasoningView::kAll, {Of(Kind::kPartDelta, "hm")}).words, "hm");
}

}  // namespace
}  // namespace lmgate::dialect
