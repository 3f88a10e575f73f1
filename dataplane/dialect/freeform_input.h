#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lmgate::dialect {

// A tool that takes one text and no JSON (OpenAI's `custom` tools) is offered to providers without
// such as a function with the one argument `input`. This gets the text back out of the arguments,
// piece by piece as they come.
class FreeformInput {
 public:
  // What `piece` of the arguments adds to the text.
  std::string Feed(std::string_view piece);
  // The arguments are over: the rest of the text. Arguments of another form than {"input":"…"}
  // are held back until here: of an object with one string, and of a string, the text is that;
  // else the arguments as they are.
  std::string Finish();

 private:
  enum class State : uint8_t { kHead, kText, kOther, kEnd };

  void AddCharacter(char c, std::string* out);
  void AddEscaped(char c, std::string* out);

  State state_ = State::kHead;
  std::string held_;    // kHead, kOther: the arguments so far
  std::string escape_;  // kText: an escape sequence that is not whole
};

// The whole arguments of such a call, and their text.
std::string FreeformArguments(std::string_view input);
std::string FreeformText(std::string_view arguments);

// The JSON Schema of such a tool's arguments.
std::string_view FreeformSchema();

}  // namespace lmgate::dialect
