#include "dataplane/chat/part_queue.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace lmgate::chat {
namespace {

using Kind = ChatEvent::Kind;

bool IsOfPart(const ChatEvent& event) {
  return event.kind == Kind::kPartOpen || event.kind == Kind::kPartDelta ||
         event.kind == Kind::kPartClose;
}

}  // namespace

PartQueue::Choice& PartQueue::ChoiceOf(int index) {
  const auto at = static_cast<size_t>(index);
  if (choices_.size() <= at) choices_.resize(at + 1);
  return choices_[at];
}

void PartQueue::Add(ChatEvent event, std::vector<ChatEvent>* out) {
  if (failed_) return;
  if (event.kind == Kind::kError) {
    failed_ = true;
    out->push_back(std::move(event));
    return;
  }
  if (event.kind == Kind::kEnd) {
    for (Choice& choice : choices_) {
      while (!choice.held.empty()) {
        if (choice.has_open) EndEarly(&choice, out);
        Release(&choice, out);
      }
    }
    out->push_back(std::move(event));
    return;
  }
  if (event.kind == Kind::kStart || event.kind == Kind::kUsage) {
    out->push_back(std::move(event));
    return;
  }
  Choice& choice = ChoiceOf(event.choice);
  const bool ended_early = IsOfPart(event) && HasEndedEarly(choice, event.part);
  if (ended_early || (choice.held.empty() && MayPass(&choice, event))) {
    Pass(&choice, std::move(event), out);
    return;
  }
  const bool of_open = IsOfPart(event) && choice.has_open && event.part == choice.open.part;
  if (of_open) {
    Pass(&choice, std::move(event), out);
    Release(&choice, out);
    return;
  }
  held_bytes_ += event.text.size() + sizeof(ChatEvent);
  if (held_bytes_ > kHeldBytesMax) {
    failed_ = true;
    ChatEvent error;
    error.kind = Kind::kError;
    error.error.message = "the provider interleaves more than can be held back";
    out->push_back(std::move(error));
    return;
  }
  choice.held.push_back(std::move(event));
  if (choice.has_open && choice.open.kind == PartKind::kToolCall && choice.open.arguments.whole()) {
    EndEarly(&choice, out);
  }
  Release(&choice, out);
}

bool PartQueue::HasEndedEarly(const Choice& choice, int part) {
  return std::find(choice.ended_early.begin(), choice.ended_early.end(), part) !=
         choice.ended_early.end();
}

// Whether nothing that is open stands in its way.
bool PartQueue::MayPass(Choice* choice, const ChatEvent& event) {
  if (!choice->has_open) return true;
  return IsOfPart(event) && event.part == choice->open.part;
}

void PartQueue::Pass(Choice* choice, ChatEvent event, std::vector<ChatEvent>* out) {
  if (IsOfPart(event) && HasEndedEarly(*choice, event.part)) {
    // White space after whole arguments says nothing; more than that would be lost.
    const bool says = event.kind == Kind::kPartDelta && !IsBlank(event.text);
    if (says) {
      failed_ = true;
      ChatEvent error;
      error.kind = Kind::kError;
      error.error.message = "the provider goes on with a tool call whose arguments were whole";
      out->push_back(std::move(error));
    }
    return;
  }
  if (event.kind == Kind::kPartOpen) {
    choice->has_open = true;
    choice->open = OpenPart{.part = event.part, .kind = event.part_kind, .arguments = {}};
  } else if (event.kind == Kind::kPartDelta && event.part_kind == PartKind::kToolCall) {
    choice->open.arguments.Feed(event.text);
  } else if (event.kind == Kind::kPartClose) {
    choice->has_open = false;
  }
  out->push_back(std::move(event));
}

void PartQueue::EndEarly(Choice* choice, std::vector<ChatEvent>* out) {
  ChatEvent close;
  close.kind = Kind::kPartClose;
  close.choice = static_cast<int>(choice - choices_.data());
  close.part = choice->open.part;
  close.part_kind = choice->open.kind;
  choice->ended_early.push_back(choice->open.part);
  choice->has_open = false;
  out->push_back(std::move(close));
}

// Lets go, in their order, of all held events that may pass now; those of a part that opens among
// them overtake those of others.
void PartQueue::Release(Choice* choice, std::vector<ChatEvent>* out) {
  for (bool passed = true; passed && !failed_;) {
    passed = false;
    for (auto held = choice->held.begin(); held != choice->held.end(); ++held) {
      // A finish comes after all parts.
      if (!IsOfPart(*held) && held != choice->held.begin()) continue;
      if (!MayPass(choice, *held)) continue;
      held_bytes_ -= std::min(held_bytes_, held->text.size() + sizeof(ChatEvent));
      ChatEvent event = std::move(*held);
      choice->held.erase(held);
      Pass(choice, std::move(event), out);
      passed = true;
      break;
    }
    if (!passed && choice->has_open && choice->open.kind == PartKind::kToolCall &&
        choice->open.arguments.whole() && !choice->held.empty()) {
      EndEarly(choice, out);
      passed = true;
    }
  }
}

}  // namespace lmgate::chat
