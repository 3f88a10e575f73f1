#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lmgate::usage {

// The counts in one `usage` object. nullopt = not named, or not as an integer of 64 bits. Negative
// ones are 0; large ones are capped, so that sums of four fit 64 bits.
struct UsageCounts {
  using Count = std::optional<int64_t>;

  // Chat completions, completions and embeddings say prompt and completion, responses and Anthropic
  // input and output.
  Count prompt_tokens;
  Count input_tokens;
  Count completion_tokens;
  Count output_tokens;
  Count total_tokens;
  Count prompt_cached_tokens;         // prompt_tokens_details.cached_tokens
  Count input_cached_tokens;          // input_tokens_details.cached_tokens
  Count cache_read_input_tokens;      // Anthropic
  Count completion_reasoning_tokens;  // completion_tokens_details.reasoning_tokens
  Count output_reasoning_tokens;      // output_tokens_details.reasoning_tokens
};

// Reads the JSON object at the start of `text`, whatever else it holds, in one pass and without
// allocating: usage stands in every answer. Returns its length; nullopt = it is malformed, nested
// deeper than 16, or goes on beyond `text`. Of a name given twice the last one counts; names are
// compared as they stand. Pure.
std::optional<size_t> ReadUsageObject(std::string_view text, UsageCounts* counts);

}  // namespace lmgate::usage
