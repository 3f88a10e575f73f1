#pragma once

#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/console.h"
#include "cli/global_flags.h"

namespace lmgate::cli {

// What could stand in place of a word of a command line that is still being typed.
struct Completion {
  // Everything known without a server that fits the word.
  std::vector<std::string> candidates;
  // Names to ask the server (or the context file) for, beside them.
  Value::Source source = Value::Source::kNone;
  // What the line already says about where to ask.
  GlobalFlags flags;
};

// `words` after the program's name; the last one is being typed, maybe empty.
Completion CompleteWords(const Command& root, const std::vector<std::string>& words);

// All candidates for the last word, names of resources included; silent when the server is down.
std::vector<std::string> FindCandidates(const Command& root, const std::vector<std::string>& words,
                                        Console& console);

}  // namespace lmgate::cli
