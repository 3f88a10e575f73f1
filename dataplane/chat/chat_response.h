#pragma once

#include <string>
#include <vector>

#include "dataplane/chat/chat_event.h"
#include "dataplane/chat/part.h"
#include "dataplane/chat/token_usage.h"

namespace lmgate::chat {

struct Choice {
  std::vector<Part> parts = {};  // kText, kToolCall, kReasoning, kRefusal
  FinishReason finish = FinishReason::kStop;
  std::string stop_sequence = {};
};

// A whole answer in no dialect.
struct ChatResponse {
  std::string id = {};               // the provider's; may be empty
  std::string model = {};            // the provider's; may be empty
  int64_t created = 0;               // unix seconds; 0 = not said
  std::vector<Choice> choices = {};  // by index; never empty
  TokenUsage usage = {};
};

// The answer as the events of a stream, kStart to kEnd: what a streaming client is sent when the
// provider answered in one piece.
std::vector<ChatEvent> EventsOf(const ChatResponse& response);

// Puts the events of one stream together again. The inverse of EventsOf.
class ResponseBuilder {
 public:
  void Add(const ChatEvent& event);
  // True after kEnd; false while the answer is not whole, and after kError.
  bool ended() const { return ended_; }
  // Of kError.
  const ProviderError& error() const { return error_; }
  bool failed() const { return failed_; }
  ChatResponse Take() { return std::move(response_); }

 private:
  Part& PartOf(const ChatEvent& event);

  ChatResponse response_;
  ProviderError error_ = {};
  bool ended_ = false;
  bool failed_ = false;
};

}  // namespace lmgate::chat
