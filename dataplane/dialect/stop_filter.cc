#include "dataplane/dialect/stop_filter.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace lmgate::dialect {

using chat::ChatEvent;
using chat::PartKind;
using Kind = ChatEvent::Kind;

void StopFilter::Add(ChatEvent event, std::vector<ChatEvent>* out) {
  Choice& choice = choices_[event.choice];
  switch (event.kind) {
    case Kind::kPartOpen:
      if (choice.stopped) return;
      choice.last_part = std::max(choice.last_part, event.part);
      choice.called = choice.called || event.part_kind == PartKind::kToolCall;
      break;
    case Kind::kPartDelta:
      if (event.part > choice.last_part) return;
      if (event.part_kind != PartKind::kText) break;
      AddText(std::move(event), &choice, out);
      return;
    case Kind::kPartClose:
      if (event.part > choice.last_part) return;
      if (event.part_kind == PartKind::kText && !choice.held.empty()) {
        ChatEvent rest = event;
        rest.kind = Kind::kPartDelta;
        rest.text = std::exchange(choice.held, {});
        out->push_back(std::move(rest));
      }
      break;
    case Kind::kFinish:
      // A call that the client has seen is to be answered.
      if (!choice.stopped || choice.called) break;
      event.finish = chat::FinishReason::kStopSequence;
      event.stop_sequence = choice.stop_sequence;
      break;
    default:
      break;
  }
  out->push_back(std::move(event));
}

void StopFilter::AddText(ChatEvent event, Choice* choice, std::vector<ChatEvent>* out) {
  if (choice->stopped) return;
  std::string text = std::exchange(choice->held, {}) + event.text;
  size_t end = std::string::npos;
  for (const std::string& stop : stops_) {
    const size_t at = text.find(stop);
    if (at >= end) continue;
    end = at;
    choice->stop_sequence = stop;
  }
  choice->stopped = end != std::string::npos;
  if (!choice->stopped) end = text.size() - HeldBytes(text);
  if (!choice->stopped) choice->held = text.substr(end);
  text.resize(end);
  event.text = std::move(text);
  const bool says = !event.text.empty() || !event.citations.empty() || !event.logprobs.empty();
  if (says) out->push_back(std::move(event));
}

// The longest end of the text that begins one of the sequences.
size_t StopFilter::HeldBytes(const std::string& text) const {
  size_t held = 0;
  for (const std::string& stop : stops_) {
    size_t bytes = std::min(stop.size() - 1, text.size());
    while (bytes > held && !text.ends_with(std::string_view(stop).substr(0, bytes))) --bytes;
    held = std::max(held, bytes);
  }
  return held;
}

}  // namespace lmgate::dialect
