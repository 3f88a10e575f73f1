#include "dataplane/dialect/openai_request.h"

#include "dataplane/dialect/reasoning_effort.h"
#include "dataplane/dialect/tool_id.h"

namespace lmgate::dialect {
namespace {

using Mode = chat::ReasoningRequest::Mode;

}  // namespace

std::string OpenAiEffort(const chat::ReasoningRequest& reasoning, const OpenAiModel& model) {
  std::string_view effort = reasoning.effort;
  if (reasoning.mode == Mode::kDefault) return {};
  if (reasoning.mode == Mode::kBudget) {
    effort = reasoning.budget_tokens > 0 ? EffortOfBudget(reasoning.budget_tokens) : "none";
  }
  return EffortFor(model, reasoning.mode == Mode::kOff ? "none" : effort);
}

std::string OpenAiEndUser(const std::string& end_user) {
  constexpr size_t kBytesMax = 64;
  return end_user.size() > kBytesMax ? ToolIdFor(end_user, "user_", kBytesMax) : end_user;
}

}  // namespace lmgate::dialect
