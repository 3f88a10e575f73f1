#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "dataplane/chat/chat_event.h"

namespace lmgate::dialect {

// Ends an answer's text before the first of the client's stop sequences, for a provider that takes
// none. It goes on generating, and its usage says so; the client does not see it. What may be the
// beginning of a sequence is held back, less than the longest one.
class StopFilter {
 public:
  // More, or longer ones in all, are looked for in each piece of the answer at too high a price.
  static constexpr size_t kStopsMax = 16;
  static constexpr size_t kStopBytesMax = 4096;

  // None of them is empty.
  explicit StopFilter(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  // Appends to `out` what of an answer's events the client is to see.
  void Add(chat::ChatEvent event, std::vector<chat::ChatEvent>* out);

 private:
  struct Choice {
    std::string held;
    bool stopped = false;
    std::string stop_sequence;
    int last_part = -1;  // that was opened before it stopped
    bool called = false;
  };

  void AddText(chat::ChatEvent event, Choice* choice, std::vector<chat::ChatEvent>* out);
  size_t HeldBytes(const std::string& text) const;

  const std::vector<std::string> stops_;
  std::map<int, Choice> choices_;
};

}  // namespace lmgate::dialect
