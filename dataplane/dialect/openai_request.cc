#include "dataplane/dialect/openai_request.h"

#include "dataplane/dialect/reasoning_effort.h"
#include "dataplane/dialect/tool_id.h"

namespace lmgate::dialect {
namespace {

using Mode = chat::ReasoningRequest::Mode;

// OpenAI's models from before GPT-5.1 know no effort "none"; GPT-5's least is "minimal", and the
// others either always think or never do.
std::string_view OffEffort(std::string_view model) {
  if (model.starts_with("openai/")) model.remove_prefix(7);
  for (const std::string_view old : {"gpt-3", "gpt-4", "chatgpt-4", "o1", "o3", "o4"}) {
    if (model.starts_with(old)) return {};
  }
  const std::string_view gpt5 = "gpt-5";
  if (model == gpt5 || (model.starts_with(gpt5) && model[gpt5.size()] == '-')) return "minimal";
  return "none";
}

}  // namespace

std::string OpenAiEffort(const chat::ReasoningRequest& reasoning, std::string_view model) {
  std::string_view effort = reasoning.effort;
  if (reasoning.mode == Mode::kDefault) return {};
  if (reasoning.mode == Mode::kBudget) {
    effort = reasoning.budget_tokens > 0 ? EffortOfBudget(reasoning.budget_tokens) : "none";
  }
  const bool off = reasoning.mode == Mode::kOff || effort == "none";
  return std::string(off ? OffEffort(model) : effort);
}

std::string OpenAiEndUser(const std::string& end_user) {
  constexpr size_t kBytesMax = 64;
  return end_user.size() > kBytesMax ? ToolIdFor(end_user, "user_", kBytesMax) : end_user;
}

}  // namespace lmgate::dialect
