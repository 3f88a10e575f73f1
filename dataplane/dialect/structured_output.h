#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/chat/chat_event.h"
#include "dataplane/chat/chat_request.h"

namespace lmgate::dialect {

// A JSON schema for a provider that has none: one more tool, which must be called, and whose
// arguments are given to the client as the answer's text (translation.md 6).

// Name of that tool; made longer until the client has none of that name.
std::string SchemaToolName(const chat::ChatRequest& request);

// Puts the tool into the request, which asks for a schema no more.
void AddSchemaTool(const std::string& name, chat::ChatRequest* request);

// Asks for a JSON object by words instead of by the response format.
void AddJsonInstruction(chat::ChatRequest* request);

// Turns calls of the tool in an answer back into text; all else passes. A wrapper that the model
// puts around the object ({"parameters": {…}}) is taken off when the schema knows no such member:
// only then the text is held back until it is whole, up to kHeldBytesMax. A second call of the tool
// that begins before the first has ended waits for its end.
class SchemaToolFilter {
 public:
  static constexpr size_t kHeldBytesMax = 16 << 20;

  SchemaToolFilter(std::string name, const std::string& schema);

  void Add(chat::ChatEvent event, std::vector<chat::ChatEvent>* out);

 private:
  struct Call {
    chat::ChatEvent open;  // what opens its text
    bool said = false;     // it has been opened
    bool closed = false;
    bool decided = false;  // whether it is wrapped
    bool wrapped = false;
    std::string held = {};
  };
  struct Choice {
    std::vector<Call> calls = {};  // those that are not over, in their order
    bool answered = false;
    bool other_calls = false;
  };

  Choice& ChoiceOf(int choice);
  // True = known; wrapped is set.
  bool Decide(Call* call) const;
  void Say(Call* call, std::vector<chat::ChatEvent>* out) const;
  void SayNext(Choice* choice, std::vector<chat::ChatEvent>* out) const;

  const std::string name_;
  std::vector<std::string> wrappers_;  // those that are no members of the schema
  std::vector<Choice> choices_;
};

}  // namespace lmgate::dialect
