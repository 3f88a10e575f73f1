#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/chat/chat_request.h"

namespace lmgate::dialect {

// How a request makes a Claude model think (translation.md 7.1).
struct Thinking {
  enum class Way : uint8_t { kOff, kBudget, kAdaptive };
  Way way = Way::kOff;
  int64_t budget_tokens = 0;
  std::string_view effort = {};  // kAdaptive; empty = the model's default
};

// Off when nobody asked, when the model cannot, and where it would make the request unlawful: with
// a tool that must be called, an answer that is begun already, a budget below the least, or a tool
// loop whose reasoning is not there (translation.md 7.3).
Thinking ThinkingOf(const chat::ChatRequest& request, std::string_view model);

}  // namespace lmgate::dialect
