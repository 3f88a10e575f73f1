#pragma once

#include <cstdint>
#include <string_view>

namespace lmgate::dialect {

// What a Claude model takes, as far as it differs between models (Anthropic docs, Models, Extended
// thinking, Adaptive thinking, Effort). Bedrock's and Vertex's names are understood as well.
struct ClaudeModel {
  enum class Thinking : uint8_t {
    kNone,
    kBudget,    // thinking.type "enabled" with budget_tokens
    kAdaptive,  // thinking.type "adaptive", bounded by output_config.effort
  };
  bool is_claude = false;
  Thinking thinking = Thinking::kBudget;
  bool thinks_by_default = false;  // "disabled" must be said
  bool always_thinks = false;      // "disabled" and forced tool choices are refused
  bool takes_xhigh = false;        // effort "xhigh"
  bool takes_sampling = true;      // temperature, top_p and top_k: up to 4.6
  // output_config.format (Anthropic docs, Structured outputs): Opus from 4.1, others from 4.5.
  bool takes_schema = false;
  bool takes_bedrock_schema = false;  // the same by InvokeModel: all from 4.5 (Bedrock user guide)
  int64_t output_tokens_max = 0;      // 0 = not known
};

// Whether a beta says how the model works, and needs no member that a translation leaves out: the
// only ones that are carried between Anthropic's own API and Bedrock. A provider refuses the whole
// request for one that it does not know, and most are about such members, or about the client.
bool IsModelsBeta(std::string_view beta);

// A name that is no Claude's is a compatible server's: a budget is what most of them take, and a
// schema for the answer what few do.
ClaudeModel ClaudeModelOf(std::string_view name);

}  // namespace lmgate::dialect
