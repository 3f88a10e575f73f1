#include "dataplane/dialect/reasoning_effort.h"

namespace lmgate::dialect {
namespace {

struct EffortRow {
  std::string_view effort;
  int64_t budget_tokens;
};
constexpr EffortRow kEfforts[] = {{"minimal", 1024}, {"low", 2048},    {"medium", 8192},
                                  {"high", 16384},   {"xhigh", 32768}, {"max", 32768}};

}  // namespace

int64_t BudgetOfEffort(std::string_view effort) {
  for (const EffortRow& row : kEfforts) {
    if (row.effort == effort) return row.budget_tokens;
  }
  return BudgetOfEffort("medium");
}

std::string_view EffortOfBudget(int64_t budget_tokens) {
  if (budget_tokens <= BudgetOfEffort("low")) return "low";
  if (budget_tokens <= BudgetOfEffort("medium")) return "medium";
  // All of 16384 to 24576 is high, and so is what older models with budgets have for their most
  // (Claude Code: 31999): not every model knows a word above it.
  return budget_tokens < BudgetOfEffort("xhigh") ? "high" : "xhigh";
}

}  // namespace lmgate::dialect
