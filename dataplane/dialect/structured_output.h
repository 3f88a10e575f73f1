#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/chat/chat_event.h"
#include "dataplane/chat/chat_request.h"
#include "dataplane/chat/object_end.h"

namespace lmgate::dialect {

// A JSON schema for a provider that has none: one more tool, which must be called, and whose
// arguments are given to the client as the answer's text (translation.md 6).

// Name of that tool; made longer until the client has none of that name.
std::string SchemaToolName(const chat::ChatRequest& request);

// Puts the tool into the request, which asks for a schema no more.
void AddSchemaTool(const std::string& name, chat::ChatRequest* request);

// Asks for a JSON object by words instead of by the response format.
void AddJsonInstruction(chat::ChatRequest* request);

// Asks for an answer by the schema in words: where a model that shall think cannot be made to call
// a tool.
void AddSchemaInstruction(chat::ChatRequest* request);

// Whether the schema says that the answer is an object: most providers take no other.
bool HasObjectRoot(const std::string& schema);
// Makes it one: {"value": ANSWER}. RootFilter takes that off again.
void WrapRoot(chat::ResponseFormat* format);

// Takes {"value": …} of WrapRoot off the texts of an answer, as they come; text that does not begin
// so passes as it is.
class RootFilter {
 public:
  void Add(chat::ChatEvent event, std::vector<chat::ChatEvent>* out);

 private:
  struct Text {
    bool begun = false;   // what stands before the value is known, or known to be absent
    bool passes = false;  // it is not wrapped
    std::string held = {};
    chat::ObjectEnd end = {};
  };

  static std::string Unwrap(std::string piece, Text* text);

  std::map<std::pair<int, int>, Text> texts_;  // those that are open, by choice and part
};

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
