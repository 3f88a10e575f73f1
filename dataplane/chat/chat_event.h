#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/chat/part.h"
#include "dataplane/chat/token_usage.h"

namespace lmgate::chat {

enum class FinishReason : uint8_t {
  kStop,
  kStopSequence,
  kLength,
  kToolCalls,
  kContentFilter,
  kRefusal,
};

// Whose fault an error is and what helps; each dialect has its status and word for it
// (translation.md 12.2).
enum class ErrorKind : uint8_t {
  kBadRequest,
  kCredential,
  kForbidden,
  kNotFound,
  kTooLarge,
  kContextTooLong,
  kRateLimit,
  kQuota,
  kServer,
  kOverloaded,
  kTimeout,
};

struct ProviderError {
  ErrorKind kind = ErrorKind::kServer;
  std::string message = {};  // the provider's words; may be empty
  // The provider's code or type; empty = the words are not the provider's: its answer is not
  // lawful, or ends too early. In events for a client: of the closed list of error bodies.
  std::string code = {};
  int64_t retry_after_ms = -1;  // -1 = not said
};

// One step of an answer on its way. An answer is
//   kStart (kPartOpen kPartDelta* kPartClose | kUsage | kFinish)* (kEnd | kError)
// Several parts may be open at once only when they are tool calls, or a text beside open tool calls
// (some chat servers interleave them): an encoder whose dialect cannot say that takes its events
// through PartQueue. kFinish comes once for each choice, after all its parts are closed; kUsage any
// number of times, the last one counts. kEnd means that the provider's own end was seen. After kEnd
// or kError nothing comes.
struct ChatEvent {
  enum class Kind : uint8_t {
    kStart,
    kPartOpen,
    kPartDelta,
    kPartClose,
    kUsage,
    kFinish,
    kError,
    kEnd,
  };
  Kind kind = Kind::kStart;
  int choice = 0;  // index of the alternative, from 0
  // kPart…: number of the part within its choice, dense from 0 in the order of opening.
  int part = 0;
  PartKind part_kind = PartKind::kText;  // kPart…: kText, kToolCall, kReasoning, kRefusal
  // kStart: the provider's id of the answer; may be empty. kPartOpen of a tool call: the call's id,
  // never empty.
  std::string id = {};
  std::string name = {};  // kStart: the provider's model; may be empty. kPartOpen: the tool's name
  // kPartDelta: more of the text, of the reasoning, or of the arguments' JSON text.
  std::string text = {};
  std::vector<Citation> citations = {};  // kPartDelta of a text
  // kPartDelta of a text: its tokens' log probabilities. OpenAI's entries {token, logprob, bytes,
  // top_logprobs} as JSON text, separated by commas; empty = none.
  std::string logprobs = {};
  // kPartOpen of a tool call or text (Gemini), kPartDelta or kPartClose of reasoning: at most once
  // a part.
  Signature signature = {};
  FinishReason finish = FinishReason::kStop;
  std::string stop_sequence = {};  // kFinish: the one that was met, when the provider says
  int64_t created = 0;             // kStart: unix seconds; 0 = not said
  TokenUsage usage = {};
  ProviderError error = {};
};

}  // namespace lmgate::chat
