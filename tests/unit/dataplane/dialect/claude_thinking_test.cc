#include "dataplane/dialect/claude_thinking.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
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

Thinking Think(const ChatRequest& request, std::string_view model) {
  return ThinkingOf(request, {.model = std::string(model)});
}

TEST(ClaudeThinking, IsOffUnlessAskedFor) {
  EXPECT_EQ(Think(Asking({}), kBudgetModel).way, Way::kUnsaid);
  EXPECT_EQ(Think(Asking({.mode = Mode::kOff}), kBudgetModel).way, Way::kUnsaid);
  EXPECT_EQ(Think(Asking({.mode = Mode::kEffort, .effort = "none"}), kBudgetModel).way,
            Way::kUnsaid);
}

TEST(ClaudeThinking, IsOffForModelsThatCannot) {
  const ChatRequest request = Asking({.mode = Mode::kEffort, .effort = "high"});

  EXPECT_EQ(Think(request, "anthropic.claude-3-5-sonnet-20241022-v2:0").way, Way::kUnsaid);
}

TEST(ClaudeThinking, AnEffortHasItsBudget) {
  const std::pair<const char*, int64_t> kRows[] = {{"minimal", 1024}, {"low", 2048},
                                                   {"medium", 8192},  {"high", 16384},
                                                   {"xhigh", 32768},  {"max", 32768}};
  for (const auto& [effort, budget] : kRows) {
    const Thinking thinking =
        Think(Asking({.mode = Mode::kEffort, .effort = effort}), kBudgetModel);
    EXPECT_EQ(thinking.way, Way::kBudget);
    EXPECT_EQ(thinking.budget_tokens, budget) << effort;
  }
}

TEST(ClaudeThinking, ABudgetHasALeast) {
  const auto way_of = [](int64_t budget) {
    return Think(Asking({.mode = Mode::kBudget, .budget_tokens = budget}), kBudgetModel).way;
  };

  EXPECT_EQ(way_of(1023), Way::kUnsaid);
  EXPECT_EQ(way_of(0), Way::kUnsaid);
  EXPECT_EQ(way_of(1024), Way::kBudget);
}

TEST(ClaudeThinking, NewModelsAdapt) {
  const Thinking by_effort =
      Think(Asking({.mode = Mode::kEffort, .effort = "xhigh"}), kEitherModel);
  EXPECT_EQ(by_effort.way, Way::kAdaptive);
  EXPECT_EQ(by_effort.effort, "high");
  const Thinking newest = Think(Asking({.mode = Mode::kEffort, .effort = "xhigh"}), kAdaptiveModel);
  EXPECT_EQ(newest.effort, "xhigh");
  EXPECT_EQ(Think(Asking({.mode = Mode::kEffort, .effort = "minimal"}), kAdaptiveModel).effort,
            "low");
}

TEST(ClaudeThinking, ABudgetStaysOneWhereTheModelTakesIt) {
  const ChatRequest request = Asking({.mode = Mode::kBudget, .budget_tokens = 9000});

  EXPECT_EQ(Think(request, kEitherModel).budget_tokens, 9000);
  const Thinking newest = Think(request, kAdaptiveModel);
  EXPECT_EQ(newest.way, Way::kAdaptive);
  EXPECT_EQ(newest.effort, "high");
}

TEST(ClaudeThinking, AdaptiveIsABudgetForOlderModels) {
  EXPECT_EQ(Think(Asking({.mode = Mode::kAdaptive}), kBudgetModel).budget_tokens, 8192);
  EXPECT_EQ(Think(Asking({.mode = Mode::kAdaptive}), kEitherModel).way, Way::kAdaptive);
  EXPECT_EQ(Think(Asking({.mode = Mode::kAdaptive}), kEitherModel).effort, "");
}

TEST(ClaudeThinking, AnEffortOfTheAnswerDoesNotSwitchItOn) {
  const ChatRequest request = Asking({.mode = Mode::kEffort, .effort = "low", .effort_only = true});

  const Thinking older = Think(request, kBudgetModel);
  const Thinking newer = Think(request, kAdaptiveModel);

  EXPECT_FALSE(older.on);
  EXPECT_EQ(older.effort, "");
  EXPECT_FALSE(newer.on);
  EXPECT_EQ(newer.way, Thinking::Way::kUnsaid);
  EXPECT_EQ(newer.effort, "low");
}

TEST(ClaudeThinking, IsOffWithAToolThatMustBeCalled) {
  ChatRequest request = Asking({.mode = Mode::kEffort, .effort = "high"});
  request.tools.emplace_back();
  for (const ToolChoice::Mode mode :
       {ToolChoice::Mode::kAny, ToolChoice::Mode::kOne, ToolChoice::Mode::kSubsetAny}) {
    request.tool_choice.mode = mode;
    EXPECT_EQ(Think(request, kBudgetModel).way, Way::kUnsaid);
  }
  request.tool_choice.mode = ToolChoice::Mode::kAuto;
  EXPECT_EQ(Think(request, kBudgetModel).way, Way::kBudget);
}

TEST(ClaudeThinking, IsOffForAnAnswerThatIsBegun) {
  ChatRequest request = Asking({.mode = Mode::kEffort, .effort = "high"});
  request.turns.push_back({.role = Role::kAssistant, .parts = {chat::TextPart("{")}});

  EXPECT_EQ(Think(request, kBudgetModel).way, Way::kUnsaid);
}

TEST(ClaudeThinking, IsOffInAToolLoopWithoutItsReasoning) {
  ChatRequest request = Asking({.mode = Mode::kEffort, .effort = "high"});
  request.turns.push_back({.role = Role::kAssistant, .parts = {Call()}});
  request.turns.push_back({.role = Role::kUser, .parts = {Result()}});
  EXPECT_EQ(Think(request, kBudgetModel).way, Way::kUnsaid);

  request.turns[1].parts = {Signed("another-claude"), Call()};
  EXPECT_EQ(Think(request, kBudgetModel).way, Way::kUnsaid);

  request.turns[1].parts = {Signed(kBudgetModel), Call()};
  EXPECT_EQ(Think(request, kBudgetModel).way, Way::kBudget);
}

TEST(ClaudeThinking, AToolLoopThatIsOverNeedsNoReasoning) {
  ChatRequest request = Asking({.mode = Mode::kEffort, .effort = "high"});
  request.turns.push_back({.role = Role::kAssistant, .parts = {Call()}});
  request.turns.push_back({.role = Role::kUser, .parts = {Result()}});
  request.turns.push_back({.role = Role::kAssistant, .parts = {chat::TextPart("done")}});
  request.turns.push_back({.role = Role::kUser, .parts = {chat::TextPart("and now?")}});

  EXPECT_EQ(Think(request, kBudgetModel).way, Way::kBudget);
}

TEST(ClaudeThinking, LaterTurnsOfALoopMayLackTheirReasoning) {
  ChatRequest request = Asking({.mode = Mode::kEffort, .effort = "high"});
  request.turns.push_back({.role = Role::kAssistant, .parts = {Signed(kBudgetModel), Call()}});
  request.turns.push_back({.role = Role::kUser, .parts = {Result()}});
  request.turns.push_back({.role = Role::kAssistant, .parts = {Call()}});
  request.turns.push_back({.role = Role::kUser, .parts = {Result()}});

  EXPECT_EQ(Think(request, kBudgetModel).way, Way::kBudget);
}

TEST(ClaudeThinking, ForeignReasoningBeforeItsOwnDoesNotMatter) {
  ChatRequest request = Asking({.mode = Mode::kEffort, .effort = "high"});
  Part foreign = Signed("");
  foreign.signature.origin = "gemini";
  request.turns.push_back(
      {.role = Role::kAssistant, .parts = {foreign, Signed(kBudgetModel), Call()}});
  request.turns.push_back({.role = Role::kUser, .parts = {Result()}});

  EXPECT_EQ(Think(request, kBudgetModel).way, Way::kBudget);
}

TEST(ClaudeThinking, IsSwitchedOffWhereTheModelThinksByItself) {
  ChatRequest request = Asking({});
  EXPECT_TRUE(Think(request, "claude-opus-5").on);
  EXPECT_EQ(Think(request, "claude-opus-5").way, Way::kUnsaid);

  request.reasoning.mode = Mode::kOff;
  EXPECT_EQ(Think(request, "claude-opus-5").way, Way::kDisabled);
  EXPECT_FALSE(Think(request, "claude-opus-5").on);
  // One that always thinks cannot be told.
  EXPECT_EQ(Think(request, "claude-opus-5-5").way, Way::kUnsaid);
  EXPECT_TRUE(Think(request, "claude-opus-5-5").on);
}

TEST(ClaudeThinking, TheLimitLeavesRoomForTheAnswer) {
  ChatRequest request = Asking({.mode = Mode::kBudget, .budget_tokens = 2000});
  EXPECT_EQ(Think(request, kBudgetModel).max_tokens, 8192 + 2000);
  request.max_tokens = 2001;
  EXPECT_EQ(Think(request, kBudgetModel).max_tokens, 2001);
  request.max_tokens = 2000;
  EXPECT_EQ(Think(request, kBudgetModel).max_tokens, 4000);
  request.reasoning = {};
  EXPECT_EQ(Think(request, kBudgetModel).max_tokens, 2000);
  request.max_tokens.reset();
  EXPECT_EQ(Think(request, kBudgetModel).max_tokens, std::nullopt);
}

TEST(ClaudeThinking, IsWrittenOnlyWhereThereIsSomethingToSay) {
  const auto written = [](const ChatRequest& request, std::string_view model) {
    Json members = Json::object();
    WriteThinking(Think(request, model), &members);
    return members.dump();
  };
  ChatRequest request = Asking({.mode = Mode::kEffort, .effort = "low", .want_text = true});

  EXPECT_EQ(written(Asking({}), kBudgetModel), "{}");
  EXPECT_EQ(written(request, kBudgetModel),
            R"({"thinking":{"type":"enabled","budget_tokens":2048}})");
  EXPECT_EQ(written(request, kEitherModel),
            R"({"thinking":{"type":"adaptive"},"output_config":{"effort":"low"}})");
  EXPECT_EQ(written(request, kAdaptiveModel),
            R"({"thinking":{"type":"adaptive","display":"summarized"},)"
            R"("output_config":{"effort":"low"}})");
}

TEST(ClaudeThinking, AHugeBudgetStaysSmallEnoughToAdd) {
  const Thinking thinking =
      Think(Asking({.mode = Mode::kBudget, .budget_tokens = INT64_MAX}), "a-compatible-model");

  EXPECT_EQ(thinking.budget_tokens, 1 << 30);
}

}  // namespace
}  // namespace lmgate::dialect
