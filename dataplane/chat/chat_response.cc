#include "dataplane/chat/chat_response.h"

#include <utility>

namespace lmgate::chat {
namespace {

using Kind = ChatEvent::Kind;

void AppendPart(const Part& part, int choice, int number, std::vector<ChatEvent>* events) {
  ChatEvent open{.kind = Kind::kPartOpen, .choice = choice, .part = number};
  open.part_kind = part.kind;
  open.id = part.id;
  open.name = part.name;
  const bool reasoning = part.kind == PartKind::kReasoning;
  if (!reasoning) open.signature = part.signature;
  ChatEvent delta{.kind = Kind::kPartDelta, .choice = choice, .part = number};
  delta.part_kind = part.kind;
  delta.text = part.kind == PartKind::kToolCall ? part.arguments : part.text;
  delta.citations = part.citations;
  delta.logprobs = part.logprobs;
  ChatEvent close{.kind = Kind::kPartClose, .choice = choice, .part = number};
  close.part_kind = part.kind;
  if (reasoning) close.signature = part.signature;
  events->push_back(std::move(open));
  if (!delta.text.empty() || !delta.citations.empty() || !delta.logprobs.empty())
    events->push_back(std::move(delta));
  events->push_back(std::move(close));
}

}  // namespace

std::vector<ChatEvent> EventsOf(const ChatResponse& response) {
  std::vector<ChatEvent> events;
  ChatEvent start{.kind = Kind::kStart};
  start.id = response.id;
  start.name = response.model;
  start.created = response.created;
  events.push_back(std::move(start));
  for (size_t i = 0; i < response.choices.size(); ++i) {
    const Choice& choice = response.choices[i];
    const int index = static_cast<int>(i);
    for (size_t k = 0; k < choice.parts.size(); ++k) {
      AppendPart(choice.parts[k], index, static_cast<int>(k), &events);
    }
    ChatEvent finish{.kind = Kind::kFinish, .choice = index};
    finish.finish = choice.finish;
    finish.stop_sequence = choice.stop_sequence;
    events.push_back(std::move(finish));
  }
  if (response.usage.known) {
    ChatEvent usage{.kind = Kind::kUsage};
    usage.usage = response.usage;
    events.push_back(std::move(usage));
  }
  events.push_back(ChatEvent{.kind = Kind::kEnd});
  return events;
}

Part& ResponseBuilder::PartOf(const ChatEvent& event) {
  const auto choice = static_cast<size_t>(event.choice);
  if (response_.choices.size() <= choice) response_.choices.resize(choice + 1);
  std::vector<Part>& parts = response_.choices[choice].parts;
  const auto number = static_cast<size_t>(event.part);
  if (parts.size() <= number) parts.resize(number + 1);
  return parts[number];
}

void ResponseBuilder::Add(const ChatEvent& event) {
  switch (event.kind) {
    case Kind::kStart:
      response_.id = event.id;
      response_.model = event.name;
      response_.created = event.created;
      return;
    case Kind::kPartOpen: {
      Part& part = PartOf(event);
      part.kind = event.part_kind;
      part.id = event.id;
      part.name = event.name;
      if (!event.signature.data.empty()) part.signature = event.signature;
      return;
    }
    case Kind::kPartDelta: {
      Part& part = PartOf(event);
      (part.kind == PartKind::kToolCall ? part.arguments : part.text).append(event.text);
      part.citations.insert(part.citations.end(), event.citations.begin(), event.citations.end());
      if (!part.logprobs.empty() && !event.logprobs.empty()) part.logprobs.push_back(',');
      part.logprobs.append(event.logprobs);
      if (!event.signature.data.empty()) part.signature = event.signature;
      return;
    }
    case Kind::kPartClose:
      if (!event.signature.data.empty()) PartOf(event).signature = event.signature;
      return;
    case Kind::kUsage:
      response_.usage = event.usage;
      return;
    case Kind::kFinish: {
      const auto choice = static_cast<size_t>(event.choice);
      if (response_.choices.size() <= choice) response_.choices.resize(choice + 1);
      response_.choices[choice].finish = event.finish;
      response_.choices[choice].stop_sequence = event.stop_sequence;
      return;
    }
    case Kind::kError:
      error_ = event.error;
      failed_ = true;
      return;
    case Kind::kEnd:
      if (response_.choices.empty()) response_.choices.resize(1);
      ended_ = true;
      return;
  }
}

}  // namespace lmgate::chat
