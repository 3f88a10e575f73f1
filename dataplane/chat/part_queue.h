#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "dataplane/chat/chat_event.h"
#include "dataplane/chat/object_end.h"

namespace lmgate::chat {

// Puts the parts of each choice one after another: for dialects that can have one part open at a
// time. Events of a part that must wait are held back until the open one ends; nothing else is. An
// open tool call ends with its kPartClose, or as soon as its arguments are a whole JSON object and
// another part has something to say. Parts keep their numbers.
class PartQueue {
 public:
  // Appends what may go out now. Held events of one stream are limited by kHeldBytesMax: beyond it
  // a kError is appended, and nothing comes after it.
  static constexpr size_t kHeldBytesMax = 16 << 20;

  void Add(ChatEvent event, std::vector<ChatEvent>* out);

 private:
  struct OpenPart {
    int part = 0;
    PartKind kind = PartKind::kText;
    ObjectEnd arguments;
  };
  struct Choice {
    bool has_open = false;
    OpenPart open;
    std::vector<int> ended_early;  // parts that were closed before their kPartClose came
    std::deque<ChatEvent> held;
  };

  Choice& ChoiceOf(int index);
  static bool HasEndedEarly(const Choice& choice, int part);
  bool MayPass(Choice* choice, const ChatEvent& event);
  void Pass(Choice* choice, ChatEvent event, std::vector<ChatEvent>* out);
  void EndEarly(Choice* choice, std::vector<ChatEvent>* out);
  void Release(Choice* choice, std::vector<ChatEvent>* out);

  std::vector<Choice> choices_;
  size_t held_bytes_ = 0;
  bool failed_ = false;
};

}  // namespace lmgate::chat
