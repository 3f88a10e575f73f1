#include "dataplane/dialect/reasoning_filter.h"

#include <utility>

#include "common/contract/dialect_name.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {

using Kind = chat::ChatEvent::Kind;

ReasoningView ReasoningViewOf(std::string_view client, const chat::ReasoningRequest& reasoning) {
  if (client == contract::kDialectGemini) {
    return reasoning.want_text ? ReasoningView::kAll : ReasoningView::kProof;
  }
  const bool asks_not =
      reasoning.mode == chat::ReasoningRequest::Mode::kOff || reasoning.effort_only;
  const bool shows_thinking =
      client == contract::kDialectAnthropic || client == contract::kDialectBedrock;
  return asks_not && shows_thinking ? ReasoningView::kNothing : ReasoningView::kAll;
}

void ReasoningFilter::Apply(chat::ChatEvent* event) {
  const bool of_part = event->kind == Kind::kPartOpen || event->kind == Kind::kPartDelta ||
                       event->kind == Kind::kPartClose;
  if (view_ == ReasoningView::kAll || !of_part || event->part_kind != chat::PartKind::kReasoning) {
    return;
  }
  const std::string words = std::exchange(event->text, {});
  chat::Signature proof = std::exchange(event->signature, {});
  if (view_ == ReasoningView::kNothing) return;
  chat::Signature& held = open_[{event->choice, event->part}];
  std::string text = std::move(held.text);
  if (text.size() + words.size() <= kTextBytesMax) text += words;
  if (!proof.data.empty()) held = std::move(proof);
  held.text = std::move(text);
  if (event->kind != Kind::kPartClose) return;
  // Others take the proof alone.
  const bool wants_words = held.origin == kOriginAnthropic || held.origin == kOriginBedrock;
  if (!wants_words) held.text.clear();
  if (!held.data.empty()) event->signature = std::move(held);
  open_.erase({event->choice, event->part});
}

}  // namespace lmgate::dialect
