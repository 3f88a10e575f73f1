#pragma once

#include <absl/types/span.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lmgate::dialect {

// What one of OpenAI's models takes, as far as it differs between models (OpenAI docs, Models,
// Reasoning, "Using GPT-5"; API reference, Chat and Responses).
struct OpenAiModel {
  enum class Sampling : uint8_t {
    kAlways,
    kNever,
    kUnthinking,  // with effort "none" only
  };
  bool is_openai = false;
  bool reasons = true;
  // The words of effort that it takes, least first; empty = none. Not looked at for others than
  // OpenAI's.
  absl::Span<const std::string_view> efforts = {};
  bool thinks_by_default = true;
  Sampling sampling = Sampling::kAlways;  // temperature, top_p, logprobs
  bool takes_penalties = true;            // and logit_bias
  bool takes_stop = true;
  bool takes_verbosity = true;
  bool takes_max_tokens = true;  // chat: the older name of max_completion_tokens
};

// "gpt-5-mini", "openai/o3", "ft:gpt-4o:org". A name that is none of OpenAI's is a compatible
// server's, which is sent all that the client says.
OpenAiModel OpenAiModelOf(std::string_view name);

// The word nearest to `effort` that the model takes, rather less than more; empty = say nothing.
// "none" is no word of models that cannot but think, and "minimal" counts as none.
std::string EffortFor(const OpenAiModel& model, std::string_view effort);

// `effort`: as it is said to the model; empty = nothing is said.
bool TakesSampling(const OpenAiModel& model, std::string_view effort);

}  // namespace lmgate::dialect
