#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/chat/part.h"

namespace lmgate::chat {

enum class Role : uint8_t {
  kUser,  // also carries the results of tools
  kAssistant,
  kSystem,  // instructions after the first user or assistant turn
};

struct Turn {
  Role role = Role::kUser;
  std::vector<Part> parts = {};
};

struct Tool {
  std::string name = {};
  std::string description = {};
  std::string parameters = {};      // JSON Schema as JSON text; empty = no parameters
  std::optional<bool> strict = {};  // absent = the client did not say
  bool cache = false;               // as Part::cache
  bool freeform = false;            // one text and no JSON
};

struct ToolChoice {
  enum class Mode : uint8_t {
    kDefault,  // not said
    kAuto,
    kNone,
    kAny,  // some tool
    kOne,  // names[0]
    // The model may call names only (kSubsetAuto), or must call one of them (kSubsetAny).
    kSubsetAuto,
    kSubsetAny,
  };
  Mode mode = Mode::kDefault;
  std::vector<std::string> names = {};
};

struct ResponseFormat {
  enum class Kind : uint8_t { kText, kJsonObject, kJsonSchema };
  Kind kind = Kind::kText;
  std::string name = {};  // may be empty
  std::string description = {};
  std::string schema = {};  // JSON Schema as JSON text
  std::optional<bool> strict = {};
};

// How much the model shall think. Efforts are OpenAI's words: none, minimal, low, medium, high,
// xhigh, max.
struct ReasoningRequest {
  enum class Mode : uint8_t {
    kDefault,   // not said
    kOff,       // stated so
    kEffort,    // `effort`
    kBudget,    // `budget_tokens`
    kAdaptive,  // the model decides; `effort` may bound it
  };
  Mode mode = Mode::kDefault;
  std::string effort = {};
  int64_t budget_tokens = 0;
  // kEffort: how much to spend on the answer. It does not ask to think (Anthropic's
  // output_config.effort alone).
  bool effort_only = false;
  bool want_text = false;  // the client asks to see the reasoning, or a summary of it
};

// One request in no dialect: what the client means, not how it wrote it. Decoders fill it, encoders
// write it; absent = the client did not say, which is not the same as 0 or false.
struct ChatRequest {
  std::string model = {};         // the client's name of it
  std::vector<Part> system = {};  // kText: instructions before the first turn; none empty
  std::vector<Turn> turns = {};
  std::vector<Tool> tools = {};
  ToolChoice tool_choice = {};
  std::optional<bool> parallel_tool_calls = {};
  std::optional<int64_t> max_tokens =
      {};  // of the answer, reasoning included where the dialect says so
  std::optional<double> temperature = {};
  std::optional<double> top_p = {};
  std::optional<int64_t> top_k = {};
  std::vector<std::string> stop = {};
  int64_t n = 1;
  ResponseFormat response_format = {};
  ReasoningRequest reasoning = {};
  std::optional<int64_t> seed = {};
  std::optional<double> presence_penalty = {};
  std::optional<double> frequency_penalty = {};
  std::string logit_bias = {};  // JSON text; empty = none
  std::string verbosity = {};
  // The client wants to know how probable each token was, and as many others in its place.
  std::optional<int64_t> top_logprobs = {};
  std::string end_user = {};
  // What OpenAI's two dialects spell alike, and hints of theirs that an answer repeats: members of
  // the request as one JSON object (dialect/openai_request.h); empty = none.
  std::string openai_fields = {};
  bool stream = false;
  bool include_usage = false;  // openai-chat: the client asked for usage in the stream
  // openai-chat: the tools are `functions`, the older form, in which an answer has one call at
  // most.
  bool calls_functions = false;
  // bedrock (Converse): the client asked to be told which stop sequence was met.
  bool names_stop_sequence = false;
  // Features of Claude's in preview, by Anthropic's names: "context-1m-2025-08-07".
  std::vector<std::string> betas = {};

  // Fields, by their path in the client's dialect ("tools[2]", "logprobs"), that mean something and
  // have no place above. Only the client's own dialect can carry them: with any other
  // the request is refused, naming the first.
  std::vector<std::string> own_fields = {};
};

}  // namespace lmgate::chat
