#pragma once

#include <absl/time/time.h>

#include <map>
#include <string>
#include <vector>

#include "dataplane/chat/chat_event.h"
#include "dataplane/chat/chat_request.h"
#include "dataplane/dialect/response_store.h"

namespace lmgate::dialect {

// A tool call of an answer, with what the provider has signed and wants back with it
// (translation.md 7.3).
struct SignedCall {
  std::string id = {};
  std::string name = {};  // of the tool
  // kReasoning, each signed: what the answer began with, when this is its first call, and what
  // stood between its words or calls and this call.
  std::vector<chat::Part> first = {};
  std::vector<chat::Part> before = {};
  chat::Signature signature = {};  // the call's own; may be empty
};

// Finds the calls of one answer that are signed, or that signed reasoning has led to. An answer
// that only speaks needs nothing back. Not thread-safe.
class SignedCallFinder {
 public:
  // As the client is told them.
  void Add(const chat::ChatEvent& event);
  // Those whose beginning was seen since the last time.
  std::vector<SignedCall> Take();

 private:
  // More is not kept: ResponseStore's own limit.
  static constexpr size_t kReasoningBytesMax = ResponseStore::kEntryBytesMax;

  struct Choice {
    bool said = false;      // words or calls
    chat::Part open = {};   // reasoning
    SignedCall next = {};   // the reasoning that leads to it
    size_t bytes = 0;       // of that
    bool too_long = false;  // nothing of it is kept: not a part of what was signed as a whole
  };

  void AddReasoning(const chat::ChatEvent& event, Choice* choice);
  void AddCall(const chat::ChatEvent& event, Choice* choice);

  std::map<int, Choice> choices_;
  std::vector<SignedCall> found_;
};

// Where the calls of a client's answers are kept.
struct SignedCallScope {
  ResponseStore* store = nullptr;  // null = they are not
  std::string owner = {};          // as ResponseStore's
};

void RememberSignedCalls(const SignedCallScope& scope, const std::vector<SignedCall>& calls,
                         absl::Time now);

// Gives the assistant's turns back what was signed of their calls. A turn that brings a signature
// of its own stays as it is: the client has kept it.
void RestoreSignedCalls(const SignedCallScope& scope, absl::Time now, chat::ChatRequest* request);

}  // namespace lmgate::dialect
