#include "dataplane/dialect/stop_filter.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::FinishReason;
using chat::PartKind;
using Kind = ChatEvent::Kind;

ChatEvent Event(Kind kind, PartKind part_kind, int part, std::string text = "") {
  ChatEvent event;
  event.kind = kind;
  event.part_kind = part_kind;
  event.part = part;
  event.text = std::move(text);
  return event;
}

// "(" and ")" are a part's beginning and end, "." the answer's; a call is in brackets.
std::string Show(const std::vector<ChatEvent>& events) {
  std::string shown;
  for (const ChatEvent& event : events) {
    const bool call = event.part_kind == PartKind::kToolCall;
    if (event.kind == Kind::kPartOpen) shown += call ? "[" : "(";
    if (event.kind == Kind::kPartDelta) shown += event.text;
    if (event.kind == Kind::kPartClose) shown += call ? "]" : ")";
    if (event.kind != Kind::kFinish) continue;
    shown += event.finish == FinishReason::kStopSequence ? "!" + event.stop_sequence : ".";
  }
  return shown;
}

// A text in pieces, and a call behind it.
std::string Filter(std::vector<std::string> stops, const std::vector<std::string>& pieces) {
  StopFilter filter(std::move(stops));
  std::vector<ChatEvent> out;
  filter.Add(Event(Kind::kPartOpen, PartKind::kText, 0), &out);
  for (const std::string& piece : pieces) {
    filter.Add(Event(Kind::kPartDelta, PartKind::kText, 0, piece), &out);
  }
  filter.Add(Event(Kind::kPartClose, PartKind::kText, 0), &out);
  filter.Add(Event(Kind::kPartOpen, PartKind::kToolCall, 1), &out);
  filter.Add(Event(Kind::kPartDelta, PartKind::kToolCall, 1, "{}"), &out);
  filter.Add(Event(Kind::kPartClose, PartKind::kToolCall, 1), &out);
  filter.Add(Event(Kind::kFinish, PartKind::kText, 0), &out);
  return Show(out);
}

TEST(StopFilter, EndsTheAnswerBeforeTheFirstSequence) {
  EXPECT_EQ(Filter({"END", "STOP"}, {"a STOP b END c"}), "(a )!STOP");
  EXPECT_EQ(Filter({"ab", "abc"}, {"xabc"}), "(x)!ab");
  EXPECT_EQ(Filter({"END"}, {"END"}), "()!END");
}

TEST(StopFilter, AnAnswerWithoutOneIsWhole) {
  EXPECT_EQ(Filter({"END"}, {"a EN", "d E", "N"}), "(a ENd EN)[{}].");
  EXPECT_EQ(Filter({"END"}, {}), "()[{}].");
}

TEST(StopFilter, ASequenceMayBeCutAnywhere) {
  const std::string text = "aabaabaaabx";
  for (size_t i = 0; i <= text.size(); ++i) {
    for (size_t k = i; k <= text.size(); ++k) {
      EXPECT_EQ(
          Filter({"aabaaa", "\n\n"}, {text.substr(0, i), text.substr(i, k - i), text.substr(k)}),
          "(aab)!aabaaa");
    }
  }
}

TEST(StopFilter, HoldsBackNoMoreThanTheBeginningOfASequence) {
  StopFilter filter({"\n\nHuman:"});
  std::vector<ChatEvent> out;
  filter.Add(Event(Kind::kPartOpen, PartKind::kText, 0), &out);
  filter.Add(Event(Kind::kPartDelta, PartKind::kText, 0, "one\n"), &out);
  EXPECT_EQ(Show(out), "(one");
  filter.Add(Event(Kind::kPartDelta, PartKind::kText, 0, "two"), &out);
  EXPECT_EQ(Show(out), "(one\ntwo");
}

TEST(StopFilter, ReasoningAndArgumentsAreNotLookedAt) {
  StopFilter filter({"x"});
  std::vector<ChatEvent> out;
  filter.Add(Event(Kind::kPartOpen, PartKind::kReasoning, 0), &out);
  filter.Add(Event(Kind::kPartDelta, PartKind::kReasoning, 0, "x"), &out);
  filter.Add(Event(Kind::kPartClose, PartKind::kReasoning, 0), &out);
  filter.Add(Event(Kind::kPartOpen, PartKind::kToolCall, 1), &out);
  filter.Add(Event(Kind::kPartDelta, PartKind::kToolCall, 1, "x"), &out);
  filter.Add(Event(Kind::kPartClose, PartKind::kToolCall, 1), &out);
  filter.Add(Event(Kind::kFinish, PartKind::kText, 0), &out);

  EXPECT_EQ(Show(out), "(x)[x].");
}

TEST(StopFilter, ACallBeforeItWins) {
  StopFilter filter({"x"});
  std::vector<ChatEvent> out;
  filter.Add(Event(Kind::kPartOpen, PartKind::kToolCall, 0), &out);
  filter.Add(Event(Kind::kPartClose, PartKind::kToolCall, 0), &out);
  filter.Add(Event(Kind::kPartOpen, PartKind::kText, 1), &out);
  filter.Add(Event(Kind::kPartDelta, PartKind::kText, 1, "ax"), &out);
  filter.Add(Event(Kind::kPartClose, PartKind::kText, 1), &out);
  filter.Add(Event(Kind::kFinish, PartKind::kText, 0), &out);

  EXPECT_EQ(Show(out), "[](a).");
}

TEST(StopFilter, EachChoiceStopsForItself) {
  StopFilter filter({"x"});
  std::vector<ChatEvent> out;
  for (int choice = 0; choice < 2; ++choice) {
    for (ChatEvent event :
         {Event(Kind::kPartOpen, PartKind::kText, 0),
          Event(Kind::kPartDelta, PartKind::kText, 0, choice == 0 ? "ax" : "b"),
          Event(Kind::kPartClose, PartKind::kText, 0), Event(Kind::kFinish, PartKind::kText, 0)}) {
      event.choice = choice;
      filter.Add(std::move(event), &out);
    }
  }

  EXPECT_EQ(Show(out), "(a)!x(b).");
}

}  // namespace
}  // namespace lmgate::dialect
