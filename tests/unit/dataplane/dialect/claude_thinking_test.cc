#include "dataplane/dialect/claude_thinking.h"

#include <gtest/gtest.h>

#include <string>

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using chat::ReasoningRequest;
using chat::Role;
using chat::ToolChoice;
using Way = Thinking::Way;
using Mode = ReasoningRequest::Mode;

constexpr std::string_view kBudgetModel = "anthropic.claude-sonnet-4-5-20250929-v1:0";
constexpr std::string_view kEitherModel = "anthropic.claude-opus-4-6-v1";
constexpr std::string_view kAdaptiveModel = "anthropic.claude-opus-4-7";

ChatRequest Asking(ReasoningRequest reasoning) {
  ChatRequest request;
  request.turns.push_back({.role = Role::kUser, .parts = {chat::TextPart("hi")}});
  request.reasoning = std::move(reasoning);
  return request;
}

Part Call() {
  Part part{.kind = PartKind::kToolCall};
  part.id = "t";
  part.name = "f";
  return part;
}

Part Result() {
  Part part{.kind = PartKind::kToolResult};
  part.id = "t";
  return part;
}

Part Signed(std::string_view model) {
  Part part{.kind = PartKind::kReasoning, .text = "hm"};
  part.signature = {.origin = "anthropic", .model = std::string(model), .data = "c2ln"};
  return part;
}

TEST(ClaudeThinking, IsOffUnlessAskedFor) {
  EXPECT_EQ(ThinkingOf(Asking({}), kBudgetModel).way, Way::kOff);
  EXPECT_EQ(ThinkingOf(Asking({.mode = Mode::kOff}), kBudgetModel).way, Way::kOff);
  EXPECT_EQ(ThinkingOf(Asking({.mode = Mode::kEffort, .effort = "none"}), kBudgetModel).way,
            Way::kOff);
}

TEST(ClaudeThinking, IsOffForModelsThatCannot) {
  const ChatRequest request = Asking({.mode = Mode::kEffort, .effort = "high"});

  EXPECT_EQ(ThinkingOf(request, "anthropic.claude-3-5-sonnet-20241022-v2:0").way, Way::kOff);
  EXPECT_EQ(ThinkingOf(request, "amazon.nova-pro-v1:0").way, Way::kOff);
}

TEST(ClaudeThinking, AnEffortHasItsBudget) {
  const std::pair<const char*, int64_t> kRows[] = {{"minimal", 1024}, {"low", 2048},
                                                   {"medium", 8192},  {"high", 16384},
                                                   {"xhigh", 32768},  {"max", 32768}};
  for (const auto& [effort, budget] : kRows) {
    const Thinking thinking =
        ThinkingOf(Asking({.mode = Mode::kEffort, .effort = effort}), kBudgetModel);
    EXPECT_EQ(thinking.way, Way::kBudget);
    EXPECT_EQ(thinking.budget_tokens, budget) << effort;
  }
}

TEST(ClaudeThinking, ABudgetHasALeast) {
  const auto way_of = [](int64_t budget) {
    return ThinkingOf(Asking({.mode = Mode::kBudget, .budget_tokens = budget}), kBudgetModel).way;
  };

  EXPECT_EQ(way_of(1023), Way::kOff);
  EXPECT_EQ(way_of(0), Way::kOff);
  EXPECT_EQ(way_of(1024), Way::kBudget);
}

TEST(ClaudeThinking, NewModelsAdapt) {
  const Thinking by_effort =
      ThinkingOf(Asking({.mode = Mode::kEffort, .effort = "xhigh"}), kEitherModel);
  EXPECT_EQ(by_effort.way, Way::kAdaptive);
  EXPECT_EQ(by_effort.effort, "max");
  const Thinking newest =
      ThinkingOf(Asking({.mode = Mode::kEffort, .effort = "xhigh"}), kAdaptiveModel);
  EXPECT_EQ(newest.effort, "xhigh");
  EXPECT_EQ(ThinkingOf(Asking({.mode = Mode::kEffort, .effort = "minimal"}), kAdaptiveModel).effort,
            "low");
}

TEST(ClaudeThinking, ABudgetStaysOneWhereTheModelTakesIt) {
  const ChatRequest request = Asking({.mode = Mode::kBudget, .budget_tokens = 9000});

  EXPECT_EQ(ThinkingOf(request, kEitherModel).budget_tokens, 9000);
  const Thinking newest = ThinkingOf(request, kAdaptiveModel);
  EXPECT_EQ(newest.way, Way::kAdaptive);
  EXPECT_EQ(newest.effort, "high");
}

TEST(ClaudeThinking, AdaptiveIsABudgetForOlderModels) {
  EXPECT_EQ(ThinkingOf(Asking({.mode = Mode::kAdaptive}), kBudgetModel).budget_tokens, 8192);
  EXPECT_EQ(ThinkingOf(Asking({.mode = Mode::kAdaptive}), kEitherModel).way, Way::kAdaptive);
  EXPECT_EQ(ThinkingOf(Asking({.mode = Mode::kAdaptive}), kEitherModel).effort, "");
}

TEST(ClaudeThinking, IsOffWithAToolThatMustBeCalled) {
  ChatRequest request = Asking({.mode = Mode::kEffort, .effort = "high"});
  for (const ToolChoice::Mode mode :
       {ToolChoice::Mode::kAny, ToolChoice::Mode::kOne, ToolChoice::Mode::kSubsetAny}) {
    request.tool_choice.mode = mode;
    EXPECT_EQ(ThinkingOf(request, kBudgetModel).way, Way::kOff);
  }
  request.tool_choice.mode = ToolChoice::Mode::kAuto;
  EXPECT_EQ(ThinkingOf(request, kBudgetModel).way, Way::kBudget);
}

TEST(ClaudeThinking, IsOffForAnAnswerThatIsBegun) {
  ChatRequest request = Asking({.mode = Mode::kEffort, .effort = "high"});
  request.turns.push_back({.role = Role::kAssistant, .parts = {chat::TextPart("{")}});

  EXPECT_EQ(ThinkingOf(request, kBudgetModel).way, Way::kOff);
}

TEST(ClaudeThinking, IsOffInAToolLoopWithoutItsReasoning) {
  ChatRequest request = Asking({.mode = Mode::kEffort, .effort = "high"});
  request.turns.push_back({.role = Role::kAssistant, .parts = {Call()}});
  request.turns.push_back({.role = Role::kUser, .parts = {Result()}});
  EXPECT_EQ(ThinkingOf(request, kBudgetModel).way, Way::kOff);

  request.turns[1].parts = {Signed("another-claude"), Call()};
  EXPECT_EQ(ThinkingOf(request, kBudgetModel).way, Way::kOff);

  request.turns[1].parts = {Signed(kBudgetModel), Call()};
  EXPECT_EQ(ThinkingOf(request, kBudgetModel).way, Way::kBudget);
}

TEST(ClaudeThinking, AToolLoopThatIsOverNeedsNoReasoning) {
  ChatRequest request = Asking({.mode = Mode::kEffort, .effort = "high"});
  request.turns.push_back({.role = Role::kAssistant, .parts = {Call()}});
  request.turns.push_back({.role = Role::kUser, .parts = {Result()}});
  request.turns.push_back({.role = Role::kAssistant, .parts = {chat::TextPart("done")}});
  request.turns.push_back({.role = Role::kUser, .parts = {chat::TextPart("and now?")}});

  EXPECT_EQ(ThinkingOf(request, kBudgetModel).way, Way::kBudget);
}

TEST(ClaudeThinking, AHugeBudgetStaysSmallEnoughToAdd) {
  const Thinking thinking =
      ThinkingOf(Asking({.mode = Mode::kBudget, .budget_tokens = INT64_MAX}), kBudgetModel);

  EXPECT_EQ(thinking.budget_tokens, 1 << 30);
}

}  // namespace
}  // namespace lmgate::dialect
