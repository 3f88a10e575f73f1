#include "dataplane/dialect/claude_thinking.h"

#include <algorithm>

#include "dataplane/dialect/claude_model.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using chat::ReasoningRequest;
using chat::Role;
using chat::ToolChoice;
using chat::Turn;

bool HasPart(const Turn& turn, PartKind kind) {
  return std::any_of(turn.parts.begin(), turn.parts.end(),
                     [kind](const Part& part) { return part.kind == kind; });
}

bool IsForced(ToolChoice::Mode mode) {
  return mode == ToolChoice::Mode::kAny || mode == ToolChoice::Mode::kOne ||
         mode == ToolChoice::Mode::kSubsetAny;
}

// With a thinking budget, each turn of the tool loop under way that has calls must begin with its
// own signed reasoning (translation.md 7.3).
bool LoopLacksReasoning(const ChatRequest& request, std::string_view model) {
  for (auto turn = request.turns.rbegin(); turn != request.turns.rend(); ++turn) {
    if (turn->role != Role::kAssistant) {
      if (!HasPart(*turn, PartKind::kToolResult)) return false;
      continue;
    }
    if (!HasPart(*turn, PartKind::kToolCall)) continue;
    const Part& first = turn->parts.front();
    if (first.kind != PartKind::kReasoning ||
        !IsSignedFor(first.signature, kOriginAnthropic, model)) {
      return true;
    }
  }
  return false;
}

// The words of an effort and the budgets that stand for them (translation.md 7.1).
struct EffortRow {
  std::string_view effort;
  int64_t budget_tokens;
};
constexpr EffortRow kEfforts[] = {{"minimal", 1024}, {"low", 2048},    {"medium", 8192},
                                  {"high", 16384},   {"xhigh", 32768}, {"max", 32768}};

int64_t BudgetOf(std::string_view effort) {
  for (const EffortRow& row : kEfforts) {
    if (row.effort == effort) return row.budget_tokens;
  }
  return 8192;
}

// Claude's own words for it.
std::string_view ClaudeEffortOf(const ReasoningRequest& reasoning, const ClaudeModel& claude) {
  if (reasoning.mode == ReasoningRequest::Mode::kBudget) {
    if (reasoning.budget_tokens <= 2048) return "low";
    if (reasoning.budget_tokens <= 8192) return "medium";
    return reasoning.budget_tokens <= 24576 ? "high" : "max";
  }
  if (reasoning.effort == "minimal") return "low";
  if (reasoning.effort == "xhigh" && !claude.takes_xhigh) return "max";
  for (const EffortRow& row : kEfforts) {
    if (row.effort == reasoning.effort) return row.effort;
  }
  return {};
}

}  // namespace

Thinking ThinkingOf(const ChatRequest& request, std::string_view model) {
  const ClaudeModel claude = ClaudeModelOf(model);
  constexpr int64_t kBudgetMin = 1024;
  constexpr int64_t kBudgetMax = 1 << 30;  // beyond all models: sums stay small
  using Mode = ReasoningRequest::Mode;
  const ReasoningRequest& reasoning = request.reasoning;
  const bool asked = reasoning.mode == Mode::kBudget || reasoning.mode == Mode::kAdaptive ||
                     (reasoning.mode == Mode::kEffort && reasoning.effort != "none");
  if (!asked || !claude.is_claude || claude.thinking == ClaudeModel::Thinking::kNone ||
      IsForced(request.tool_choice.mode))
    return {};
  // A prefilled answer cannot be thought about any more.
  if (!request.turns.empty() && request.turns.back().role == Role::kAssistant) return {};
  const bool adaptive =
      !claude.takes_sampling ||
      (claude.thinking == ClaudeModel::Thinking::kAdaptive && reasoning.mode != Mode::kBudget);
  if (adaptive) {
    return {.way = Thinking::Way::kAdaptive, .effort = ClaudeEffortOf(reasoning, claude)};
  }
  const int64_t budget =
      reasoning.mode == Mode::kBudget ? reasoning.budget_tokens : BudgetOf(reasoning.effort);
  if (budget < kBudgetMin || LoopLacksReasoning(request, model)) return {};
  return {.way = Thinking::Way::kBudget, .budget_tokens = std::min(budget, kBudgetMax)};
}

}  // namespace lmgate::dialect
