#include "dataplane/dialect/openai_chat_chunks.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/dialect/openai_request.h"
#include "dataplane/dialect/provider_error.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::FinishReason;
using chat::PartKind;
using Kind = ChatEvent::Kind;

ChatEvent PartEvent(Kind kind, int choice, int part, PartKind part_kind) {
  ChatEvent event;
  event.kind = kind;
  event.choice = choice;
  event.part = part;
  event.part_kind = part_kind;
  return event;
}

// Text, or the object that it should have been the text of.
std::string ArgumentsText(const Json& function) {
  const Json* const arguments = Find(function, "arguments");
  if (arguments == nullptr) return {};
  return arguments->is_string() ? arguments->get<std::string>() : DumpJson(*arguments);
}

// The error that a chunk is; null = it is none.
const Json* FindError(const Json& chunk) {
  const Json* const error = Find(chunk, "error");
  const bool says = error != nullptr && (error->is_object() || error->is_string());
  if (says && !(error->is_string() && error->get<std::string>().empty())) return error;
  if (FindString(chunk, "object") == "error" || FindString(chunk, "type") == "error") return &chunk;
  return nullptr;
}

bool IsStopLike(FinishReason finish) {
  return finish == FinishReason::kStop || finish == FinishReason::kStopSequence;
}

}  // namespace

void ChatChunkReader::Add(const Json& chunk, Events* events) {
  if (ended_) return;
  if (!chunk.is_object()) {
    Fail({.message = "the provider's answer is not a JSON object"}, events);
    return;
  }
  if (const Json* const error = FindError(chunk)) {
    Fail(ErrorOfObject(*error, {}), events);
    return;
  }
  if (id_.empty()) id_ = FindString(chunk, "id");
  if (model_.empty()) model_ = FindString(chunk, "model");
  if (created_ <= 0) created_ = FindInteger(chunk, "created").value_or(0);
  const Json* const choices = Find(chunk, "choices");
  if (choices != nullptr && choices->is_array()) {
    for (size_t i = 0; i < choices->size() && !ended_; ++i) ReadChoice((*choices)[i], i, events);
  }
  if (ended_) return;
  const Json* usage = Find(chunk, "usage");
  const Json* const groq = Find(chunk, "x_groq");
  if (usage == nullptr && groq != nullptr) usage = Find(*groq, "usage");
  if (usage == nullptr) return;
  ChatEvent event;
  event.kind = Kind::kUsage;
  event.usage = ReadChatUsage(*usage);
  if (!event.usage.known) return;
  Start(events);
  events->push_back(std::move(event));
}

bool ChatChunkReader::finished() const {
  return !choices_.empty() && std::all_of(choices_.begin(), choices_.end(), [](const Choice& c) {
    return !c.seen || c.finish.has_value();
  });
}

// Not with the first chunk: Azure's, with the filter results of the prompt, has no id.
void ChatChunkReader::Start(Events* events) {
  if (std::exchange(started_, true)) return;
  ChatEvent start;
  start.kind = Kind::kStart;
  start.id = id_;
  start.name = model_;
  start.created = std::max<int64_t>(created_, 0);
  events->push_back(std::move(start));
}

void ChatChunkReader::Fail(chat::ProviderError error, Events* events) {
  if (std::exchange(ended_, true)) return;
  ChatEvent event;
  event.kind = Kind::kError;
  event.error = std::move(error);
  events->push_back(std::move(event));
}

void ChatChunkReader::ReadChoice(const Json& json, size_t position, Events* events) {
  if (!json.is_object()) return;
  const int64_t index = FindInteger(json, "index").value_or(static_cast<int64_t>(position));
  if (index < 0 || index >= kChoicesMax) {
    Fail({.message = "the provider's answer has a choice out of range"}, events);
    return;
  }
  if (const Json* const error = FindError(json)) {
    Fail(ErrorOfObject(*error, {}), events);
    return;
  }
  const auto at = static_cast<size_t>(index);
  if (choices_.size() <= at) choices_.resize(at + 1);
  Choice& choice = choices_[at];
  choice.seen = true;
  choice.number = static_cast<int>(index);
  Start(events);
  const Json* delta = Find(json, "delta");
  const Json* const message = Find(json, "message");
  const bool whole_message = delta == nullptr && message != nullptr;
  if (whole_message) delta = message;
  const Json* const logprobs = Find(json, "logprobs");
  if (delta != nullptr) ReadDelta(*delta, logprobs, whole_message, &choice, events);
  if (ended_) return;
  const std::string word = FindString(json, "finish_reason");
  if (IsChatFailure(word)) {
    Fail({.message = StrCat("the provider broke off the answer: ", word), .code = word}, events);
    return;
  }
  // Servers that repeat "stop" in every chunk must not hide what was said once.
  const auto finish = ReadChatFinish(word);
  if (finish.has_value() && (!choice.finish.has_value() || !IsStopLike(*finish))) {
    choice.finish = finish;
  }
}

void ChatChunkReader::ReadDelta(const Json& delta, const Json* logprobs, bool whole_message,
                                Choice* choice, Events* events) {
  ReadReasoning(ReadChatReasoning(delta), choice, events);
  if (const Json* const content = Find(delta, "content")) ReadContent(*content, choice, events);
  if (logprobs != nullptr) AddLogprobs(*logprobs, choice, events);
  if (const Json* const annotations = Find(delta, "annotations")) {
    AddCitations(*annotations, choice, events);
  }
  AddText(PartKind::kRefusal, FindString(delta, "refusal"), choice, events);
  ReadCalls(delta, whole_message, choice, events);
}

void ChatChunkReader::ReadReasoning(const ChatReasoning& reasoning, Choice* choice,
                                    Events* events) {
  if (reasoning.signed_parts.empty()) {
    AddText(PartKind::kReasoning, reasoning.text, choice, events);
    return;
  }
  for (const chat::Part& part : reasoning.signed_parts) {
    const bool open = choice->open_part >= 0 && choice->open_kind == PartKind::kReasoning;
    if (part.text.empty() || !open) {
      AddWhole(part, choice, events);
      continue;
    }
    // Its text came before, in pieces; the entry repeats all of it.
    if (part.text.size() != choice->open_bytes) {
      AddText(PartKind::kReasoning, part.text, choice, events);
    }
    CloseOpen(part.signature, choice, events);
  }
}

// Of the open text: some servers give those of reasoning and calls as well.
void ChatChunkReader::AddLogprobs(const Json& logprobs, Choice* choice, Events* events) {
  const bool open = choice->open_part >= 0 && choice->open_kind == PartKind::kText;
  if (!context_.request.top_logprobs.has_value() || !open || ended_) return;
  std::string entries = ReadLogprobs(Find(logprobs, "content"), 0);
  if (entries.empty()) return;
  // That of the text itself, unless the token is not a whole character yet.
  const bool has_text = !events->empty() && events->back().kind == Kind::kPartDelta &&
                        events->back().choice == choice->number &&
                        events->back().part == choice->open_part;
  if (!has_text) {
    events->push_back(
        PartEvent(Kind::kPartDelta, choice->number, choice->open_part, PartKind::kText));
  }
  events->back().logprobs = std::move(entries);
}

// A string; Mistral's list has texts and {"type":"thinking","thinking":[texts]}.
void ChatChunkReader::ReadContent(const Json& content, Choice* choice, Events* events) {
  if (content.is_string()) {
    AddText(PartKind::kText, content.get<std::string>(), choice, events);
    return;
  }
  if (!content.is_array()) return;
  for (const Json& entry : content) {
    AddText(PartKind::kRefusal, FindString(entry, "refusal"), choice, events);
    AddText(PartKind::kText, FindString(entry, "text"), choice, events);
    const Json* const thinking = Find(entry, "thinking");
    if (thinking == nullptr) continue;
    if (thinking->is_string()) {
      AddText(PartKind::kReasoning, thinking->get<std::string>(), choice, events);
    } else if (thinking->is_array()) {
      for (const Json& piece : *thinking) {
        AddText(PartKind::kReasoning, FindString(piece, "text"), choice, events);
      }
    }
  }
}

void ChatChunkReader::ReadCalls(const Json& delta, bool whole_message, Choice* choice,
                                Events* events) {
  const Json* const calls = Find(delta, "tool_calls");
  if (calls != nullptr && calls->is_array()) {
    for (size_t i = 0; i < calls->size() && !ended_; ++i) {
      const Json& entry = (*calls)[i];
      const Json* const function = Find(entry, "function");
      CallPiece piece;
      piece.index = FindInteger(entry, "index");
      piece.id = FindString(entry, "id");
      if (function != nullptr) {
        piece.name = FindString(*function, "name");
        piece.arguments = ArgumentsText(*function);
      }
      piece.signature = ReadExtraContent(entry, context_.model);
      // Entries of one list are different calls, whatever they are called.
      const bool by_place = !piece.index.has_value() && piece.id.empty() && calls->size() > 1;
      if (whole_message || by_place) piece.index = static_cast<int64_t>(i);
      AddCallPiece(std::move(piece), choice, events);
    }
  }
  // The older form of one call (deprecated since tool_calls).
  const Json* const function_call = Find(delta, "function_call");
  const bool both = calls != nullptr && !calls->empty();
  if (function_call == nullptr || both || ended_) return;
  constexpr int64_t kOwnIndex = -1;
  CallPiece piece;
  piece.index = kOwnIndex;
  piece.name = FindString(*function_call, "name");
  piece.arguments = ArgumentsText(*function_call);
  AddCallPiece(std::move(piece), choice, events);
}

// The call that a piece goes on with; null = it begins one.
ChatChunkReader::Call* ChatChunkReader::FindCall(const CallPiece& piece, Choice* choice) {
  std::vector<Call>& calls = choice->calls;
  const auto by_id = [&] {
    return piece.id.empty() ? calls.rend()
                            : std::find_if(calls.rbegin(), calls.rend(), [&](const Call& call) {
                                return call.wire_id == piece.id;
                              });
  };
  // Without an id, another name is the next call, and so is a name with arguments after a whole
  // object.
  const auto begins_anew = [&](const Call& call) {
    if (!piece.id.empty() && !call.wire_id.empty()) return piece.id != call.wire_id;
    if (!piece.name.empty() && !call.name.empty() && piece.name != call.name) return true;
    return !piece.name.empty() && call.arguments.whole() && !chat::IsBlank(piece.arguments);
  };
  if (piece.index.has_value()) {
    const auto same_index = std::find_if(
        calls.rbegin(), calls.rend(), [&](const Call& call) { return call.index == piece.index; });
    if (same_index != calls.rend()) {
      if (!begins_anew(*same_index)) return &*same_index;
      // Interleaved pieces of calls that share an index: the id tells them apart.
      const auto same_id = by_id();
      return same_id == calls.rend() ? nullptr : &*same_id;
    }
    if (!piece.name.empty()) return nullptr;
    const auto same_id = by_id();
    if (same_id != calls.rend()) return &*same_id;
    return piece.id.empty() && !calls.empty() ? &calls.back() : nullptr;
  }
  if (!piece.id.empty()) {
    const auto same_id = by_id();
    return same_id == calls.rend() ? nullptr : &*same_id;
  }
  if (calls.empty()) return nullptr;
  Call& last = calls.back();
  if (piece.name.empty()) return &last;
  return begins_anew(last) ? nullptr : &last;
}

void ChatChunkReader::AddCallPiece(CallPiece piece, Choice* choice, Events* events) {
  if (piece.id.empty() && piece.name.empty() && piece.arguments.empty()) return;
  Call* call = FindCall(piece, choice);
  if (call == nullptr) {
    if (choice->calls.size() >= kCallsMax) {
      Fail({.message = "the provider's answer has too many tool calls"}, events);
      return;
    }
    call = &choice->calls.emplace_back();
    call->index = piece.index;
  }
  if (call->wire_id.empty()) call->wire_id = std::move(piece.id);
  if (call->signature.data.empty()) call->signature = std::move(piece.signature);
  call->arguments.Feed(piece.arguments);
  if (call->name.empty()) {
    call->name = std::move(piece.name);
    if (call->name.empty()) {
      if (Hold(piece.arguments.size(), events)) call->pending.append(piece.arguments);
      return;
    }
    OpenCall(call, choice, events);
    piece.arguments.insert(0, std::exchange(call->pending, {}));
  }
  if (piece.arguments.empty()) return;
  ChatEvent delta = PartEvent(Kind::kPartDelta, choice->number, call->part, PartKind::kToolCall);
  delta.text = std::move(piece.arguments);
  events->push_back(std::move(delta));
}

void ChatChunkReader::OpenCall(Call* call, Choice* choice, Events* events) {
  CloseOpen({}, choice, events);
  call->part = choice->next_part++;
  ChatEvent open = PartEvent(Kind::kPartOpen, choice->number, call->part, PartKind::kToolCall);
  open.id = NewCallId(call->wire_id);
  open.name = call->name;
  open.signature = call->signature;
  events->push_back(std::move(open));
}

// The provider's, unless it has none or gives it twice: clients look results up by it.
std::string ChatChunkReader::NewCallId(std::string_view wire_id) {
  std::string id(wire_id);
  while (id.empty() || !call_ids_.insert(id).second) {
    id = StrCat("call_", context_.id, made_ids_++);
  }
  return id;
}

void ChatChunkReader::Open(PartKind kind, Choice* choice, Events* events) {
  if (choice->open_part >= 0 && choice->open_kind == kind) return;
  CloseOpen({}, choice, events);
  choice->open_part = choice->next_part++;
  choice->open_kind = kind;
  choice->open_bytes = 0;
  if (kind == PartKind::kText) choice->text_base = choice->text_points;
  events->push_back(PartEvent(Kind::kPartOpen, choice->number, choice->open_part, kind));
}

void ChatChunkReader::CloseOpen(chat::Signature signature, Choice* choice, Events* events) {
  if (choice->open_part < 0) return;
  ChatEvent close =
      PartEvent(Kind::kPartClose, choice->number, choice->open_part, choice->open_kind);
  close.signature = std::move(signature);
  events->push_back(std::move(close));
  choice->open_part = -1;
}

void ChatChunkReader::AddText(PartKind kind, std::string text, Choice* choice, Events* events) {
  if (text.empty() || ended_) return;
  if (kind == PartKind::kRefusal) choice->refused = true;
  // Only a text may be open beside calls.
  if (kind != PartKind::kText && !choice->calls.empty()) {
    if (!Hold(text.size(), events)) return;
    if (choice->held.empty() || choice->held.back().kind != kind) {
      choice->held.emplace_back().kind = kind;
    }
    choice->held.back().text.append(text);
    return;
  }
  Open(kind, choice, events);
  choice->open_bytes += text.size();
  if (kind == PartKind::kText) choice->text_points += chat::CodePoints(text);
  ChatEvent delta = PartEvent(Kind::kPartDelta, choice->number, choice->open_part, kind);
  delta.text = std::move(text);
  events->push_back(std::move(delta));
}

void ChatChunkReader::AddCitations(const Json& annotations, Choice* choice, Events* events) {
  const bool open = choice->open_part >= 0 && choice->open_kind == PartKind::kText;
  const int64_t base = open ? choice->text_base : choice->text_points;
  std::vector<chat::Citation> citations = ReadChatAnnotations(annotations, base);
  if (citations.empty()) return;
  Open(PartKind::kText, choice, events);
  ChatEvent delta = PartEvent(Kind::kPartDelta, choice->number, choice->open_part, PartKind::kText);
  delta.citations = std::move(citations);
  events->push_back(std::move(delta));
}

// Reasoning or a refusal in one piece.
void ChatChunkReader::AddWhole(chat::Part part, Choice* choice, Events* events) {
  if (!choice->calls.empty()) {
    if (Hold(part.text.size() + part.signature.data.size() + sizeof(part), events)) {
      choice->held.push_back(std::move(part));
    }
    return;
  }
  CloseOpen({}, choice, events);
  Open(part.kind, choice, events);
  if (!part.text.empty()) {
    ChatEvent delta = PartEvent(Kind::kPartDelta, choice->number, choice->open_part, part.kind);
    delta.text = std::move(part.text);
    events->push_back(std::move(delta));
  }
  CloseOpen(std::move(part.signature), choice, events);
}

bool ChatChunkReader::Hold(size_t bytes, Events* events) {
  held_bytes_ += bytes;
  if (held_bytes_ <= kHeldBytesMax) return true;
  Fail({.message = "the provider interleaves more than can be held back"}, events);
  return false;
}

void ChatChunkReader::EndChoice(Choice* choice, Events* events) {
  CloseOpen({}, choice, events);
  for (const Call& call : choice->calls) {
    if (call.part < 0) {
      Fail({.message = "the provider's answer has a tool call without a name"}, events);
      return;
    }
    events->push_back(PartEvent(Kind::kPartClose, choice->number, call.part, PartKind::kToolCall));
  }
  const bool has_calls = !choice->calls.empty();
  choice->calls.clear();
  for (chat::Part& part : choice->held) AddWhole(std::move(part), choice, events);
  ChatEvent finish;
  finish.kind = Kind::kFinish;
  finish.choice = choice->number;
  finish.finish = choice->finish.value_or(FinishReason::kStop);
  // Tool calls win over a stop (translation.md 8), and there are none without calls.
  if (!has_calls && finish.finish == FinishReason::kToolCalls) finish.finish = FinishReason::kStop;
  if (IsStopLike(finish.finish)) {
    if (has_calls) {
      finish.finish = FinishReason::kToolCalls;
    } else if (choice->refused) {
      finish.finish = FinishReason::kRefusal;
    }
  }
  events->push_back(std::move(finish));
}

void ChatChunkReader::End(Events* events) {
  if (ended_) return;
  if (choices_.empty()) {
    Fail({.message = "the provider's answer has no choices"}, events);
    return;
  }
  for (Choice& choice : choices_) {
    if (ended_) return;
    if (choice.seen) {
      EndChoice(&choice, events);
    } else {
      Fail({.message = "the provider's answer lacks a choice"}, events);
    }
  }
  if (std::exchange(ended_, true)) return;
  events->push_back(ChatEvent{.kind = Kind::kEnd});
}

}  // namespace lmgate::dialect
