#pragma once

#include <cstdint>
#include <string_view>

namespace lmgate::dialect {

// The one table of efforts and of the budgets of thinking tokens that stand for them, for requests
// that come with the one to a model that knows the other (translation.md 7.1).

// Of a word that is not in the table: medium's.
int64_t BudgetOfEffort(std::string_view effort);

// "low", "medium", "high" or "xhigh": words that most models with efforts know.
std::string_view EffortOfBudget(int64_t budget_tokens);

}  // namespace lmgate::dialect
