#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "dataplane/chat/chat_request.h"
#include "dataplane/dialect/dialect.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// How a request makes a Claude model think (translation.md 7.1).
struct Thinking {
  enum class Way : uint8_t {
    kUnsaid,
    kDisabled,  // "disabled" must be said, since the model thinks by itself
    kBudget,
    kAdaptive,
  };
  Way way = Way::kUnsaid;
  // The model thinks, told to or not: reasoning of earlier turns is sent, sampling is not.
  bool on = false;
  int64_t budget_tokens = 0;     // kBudget
  bool wants_summary = false;    // kAdaptive: of models that leave the text out by themselves
  std::string_view effort = {};  // empty = the model's default
  // The limit of thinking and answer together. Absent = the client gave none, and there is no
  // budget that needs one.
  std::optional<int64_t> max_tokens = {};
};

// Off when nobody asked, when the model cannot, and where it would make the request unlawful: with
// a tool that must be called, an answer that is begun already, a budget below the least, or a tool
// loop whose reasoning is not there (translation.md 7.3). A model that is no Claude is a compatible
// server's, which takes a budget.
Thinking ThinkingOf(const chat::ChatRequest& request, const BackendTraits& traits);

// Puts `thinking` and `output_config` into the body, where there is something to say.
void WriteThinking(const Thinking& thinking, Json* body);

}  // namespace lmgate::dialect
