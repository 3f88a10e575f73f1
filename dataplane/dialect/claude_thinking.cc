#include "dataplane/dialect/claude_thinking.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "dataplane/dialect/claude_model.h"
#include "dataplane/dialect/reasoning_effort.h"
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
using Mode = ReasoningRequest::Mode;

constexpr int64_t kBudgetMin = 1024;
constexpr int64_t kBudgetMax = 1 << 30;  // beyond all models: sums stay small

// As output_config.effort knows it.
std::string_view EffortOf(const ReasoningRequest& reasoning, const ClaudeModel& model) {
  std::string_view effort = reasoning.effort;
  if (reasoning.mode == Mode::kBudget) effort = EffortOfBudget(reasoning.budget_tokens);
  if (effort == "minimal") return "low";
  if (effort == "xhigh" && !model.takes_xhigh) return "high";
  for (const std::string_view word : {"low", "medium", "high", "xhigh", "max"}) {
    if (word == effort) return word;
  }
  return {};
}

// With a thinking budget, a tool loop that is under way must begin with its own signed reasoning;
// its later turns may lack it (translation.md 7.3).
bool LacksReasoning(const std::vector<Turn>& turns, std::string_view model) {
  const Turn* first = nullptr;
  for (auto turn = turns.rbegin(); turn != turns.rend(); ++turn) {
    if (turn->role == Role::kAssistant) {
      first = &*turn;
      continue;
    }
    const bool carries_results =
        !turn->parts.empty() && turn->parts.front().kind == PartKind::kToolResult;
    if (!carries_results) break;
  }
  if (first == nullptr) return false;
  for (const Part& part : first->parts) {
    if (part.kind == PartKind::kReasoning) {
      if (IsSignedFor(part.signature, kOriginAnthropic, model)) return false;
      continue;  // another's is left out
    }
    if (part.kind == PartKind::kText && chat::IsBlank(part.text)) continue;
    return true;
  }
  return false;
}

bool IsForced(const ChatRequest& request) {
  const ToolChoice::Mode mode = request.tool_choice.mode;
  return !request.tools.empty() &&
         (mode == ToolChoice::Mode::kAny || mode == ToolChoice::Mode::kOne ||
          mode == ToolChoice::Mode::kSubsetAny);
}

Thinking SwitchOff(const ClaudeModel& model, Thinking thinking) {
  thinking.on = model.always_thinks;
  thinking.way = Thinking::Way::kUnsaid;
  thinking.wants_summary = false;
  if (model.thinks_by_default && !model.always_thinks) {
    thinking.way = Thinking::Way::kDisabled;
    // Not above "high" without thinking (Claude Opus 5).
    if (thinking.effort == "xhigh" || thinking.effort == "max") thinking.effort = "high";
  }
  return thinking;
}

Thinking AddAdaptive(const ReasoningRequest& reasoning, const ClaudeModel& model,
                     Thinking thinking) {
  thinking.way = Thinking::Way::kAdaptive;
  thinking.on = true;
  thinking.effort = EffortOf(reasoning, model);
  // Left out by default in newer models, whose clients cannot know that.
  thinking.wants_summary = reasoning.want_text && model.takes_xhigh;
  return thinking;
}

Thinking AddBudget(const ChatRequest& request, const ClaudeModel& model, int64_t default_max_tokens,
                   Thinking thinking) {
  const ReasoningRequest& reasoning = request.reasoning;
  int64_t budget =
      reasoning.mode == Mode::kBudget ? reasoning.budget_tokens : BudgetOfEffort(reasoning.effort);
  if (budget < kBudgetMin) return thinking;
  budget = std::min(budget, kBudgetMax);
  // The limit is for thinking and answer together: room for an answer must be left.
  int64_t limit = thinking.max_tokens.value_or(default_max_tokens);
  if (limit <= budget || !thinking.max_tokens.has_value()) limit += budget;
  const int64_t most = model.output_tokens_max;
  if (most > 0 && limit > most) {
    limit = most;
    budget = std::min(budget, most / 2);
  }
  thinking.max_tokens = limit;
  thinking.way = Thinking::Way::kBudget;
  thinking.on = true;
  thinking.budget_tokens = budget;
  return thinking;
}

}  // namespace

Thinking ThinkingOf(const ChatRequest& request, const BackendTraits& traits) {
  const ClaudeModel model = ClaudeModelOf(traits.model);
  const ReasoningRequest& reasoning = request.reasoning;
  Thinking thinking{.max_tokens = request.max_tokens};
  if (model.thinking == ClaudeModel::Thinking::kNone) return thinking;
  const bool off = reasoning.mode == Mode::kOff ||
                   (reasoning.mode == Mode::kEffort && reasoning.effort == "none");
  if (off) return SwitchOff(model, std::move(thinking));
  // What the client demands of tools wins, and a begun answer cannot be thought about any more.
  const bool begun = !request.turns.empty() && request.turns.back().role == Role::kAssistant;
  const bool excluded = (IsForced(request) || begun) && !model.always_thinks;
  const bool adapts = model.thinking == ClaudeModel::Thinking::kAdaptive;
  if (reasoning.mode == Mode::kDefault) {
    thinking.on = model.thinks_by_default;
    return excluded && thinking.on ? SwitchOff(model, std::move(thinking)) : thinking;
  }
  if (reasoning.effort_only) {
    thinking.on = model.thinks_by_default;
    if (adapts) thinking.effort = EffortOf(reasoning, model);
    return excluded && thinking.on ? SwitchOff(model, std::move(thinking)) : thinking;
  }
  // Models that have both keep the budget that was asked for.
  if (adapts && (reasoning.mode != Mode::kBudget || !model.takes_sampling)) {
    thinking = AddAdaptive(reasoning, model, std::move(thinking));
    return excluded ? SwitchOff(model, std::move(thinking)) : thinking;
  }
  if (excluded || LacksReasoning(request.turns, traits.model)) return thinking;
  return AddBudget(request, model, traits.default_max_tokens, std::move(thinking));
}

void WriteThinking(const Thinking& thinking, Json* body) {
  switch (thinking.way) {
    case Thinking::Way::kUnsaid:
      break;
    case Thinking::Way::kDisabled:
      (*body)["thinking"]["type"] = "disabled";
      break;
    case Thinking::Way::kBudget:
      (*body)["thinking"]["type"] = "enabled";
      (*body)["thinking"]["budget_tokens"] = thinking.budget_tokens;
      break;
    case Thinking::Way::kAdaptive:
      (*body)["thinking"]["type"] = "adaptive";
      if (thinking.wants_summary) (*body)["thinking"]["display"] = "summarized";
      break;
  }
  if (!thinking.effort.empty()) (*body)["output_config"]["effort"] = thinking.effort;
}

}  // namespace lmgate::dialect
