#pragma once

#include <cstdint>

namespace lmgate::usage {

// Token counts of one answer, as the provider stated them. Cached and reasoning tokens are parts of
// prompt and completion (OpenAI API reference, `usage`).
struct TokenUsage {
  bool known = false;  // false = the provider stated none
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
  int64_t total_tokens = 0;
  int64_t cached_tokens = 0;
  int64_t reasoning_tokens = 0;
};

}  // namespace lmgate::usage
