#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/chat/chat_event.h"
#include "dataplane/chat/chat_request.h"

namespace lmgate::dialect {

// What a client is to see of an answer's reasoning.
enum class ReasoningView : uint8_t {
  kAll,
  // Not its words. What proves it goes to the client, with the words where its provider wants them
  // back (Signature::text).
  kProof,
  kNothing,
};

// Of a client's dialect: Gemini shows thoughts to those who ask for them (includeThoughts), and
// Anthropic and Bedrock have none in an answer without thinking.
ReasoningView ReasoningViewOf(std::string_view client, const chat::ReasoningRequest& reasoning);

// Takes out of an answer what the client is not to see. Parts of reasoning stay, and say nothing.
class ReasoningFilter {
 public:
  explicit ReasoningFilter(ReasoningView view) : view_(view) {}

  void Apply(chat::ChatEvent* event);

 private:
  // Beyond it the words do not go back with the proof.
  static constexpr size_t kTextBytesMax = 1 << 20;

  ReasoningView view_;
  std::map<std::pair<int, int>, chat::Signature> open_;  // by choice and part
};

}  // namespace lmgate::dialect
