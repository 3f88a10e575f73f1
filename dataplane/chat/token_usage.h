#pragma once

#include <cstdint>

namespace lmgate::chat {

// Token counts of one answer, as the provider stated them. Totals are inclusive: cached_tokens and
// cache_write_tokens are parts of prompt_tokens, reasoning_tokens of completion_tokens
// (translation.md 9 has each dialect's way of counting).
struct TokenUsage {
  bool known = false;  // false = the provider stated none
  int64_t prompt_tokens = 0;
  int64_t completion_tokens = 0;
  int64_t total_tokens = 0;
  int64_t cached_tokens = 0;       // read from the provider's cache
  int64_t cache_write_tokens = 0;  // written to it
  int64_t reasoning_tokens = 0;
};

}  // namespace lmgate::chat
