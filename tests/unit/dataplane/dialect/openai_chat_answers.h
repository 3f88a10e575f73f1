#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/strings.h"
#include "dataplane/chat/chat_event.h"
#include "dataplane/chat/chat_request.h"
#include "dataplane/chat/chat_response.h"
#include "dataplane/dialect/openai_chat.h"

namespace lmgate::dialect {

inline AnswerContext TestContext() {
  AnswerContext context;
  context.id = "r1";
  context.created = 1700000000;
  context.model = "gpt-test";
  return context;
}

inline std::string_view KindName(chat::PartKind kind) {
  constexpr std::string_view kNames[] = {"text", "image",  "file",      "audio",
                                         "call", "result", "reasoning", "refusal"};
  return kNames[static_cast<size_t>(kind)];
}

inline std::string_view FinishName(chat::FinishReason finish) {
  constexpr std::string_view kNames[] = {"stop",       "stop_sequence",  "length",
                                         "tool_calls", "content_filter", "refusal"};
  return kNames[static_cast<size_t>(finish)];
}

// One line for each fact, so that a difference is readable.
inline std::string Describe(const chat::Part& part) {
  std::string text = StrCat(KindName(part.kind), " ", part.text);
  if (part.kind == chat::PartKind::kToolCall) {
    text = StrCat("call ", part.id, " ", part.name, " ", part.arguments);
  }
  for (const chat::Citation& citation : part.citations) {
    StrAppend(&text, " [", citation.url, " ", citation.start, "-", citation.end, "]");
  }
  if (!part.signature.data.empty()) {
    StrAppend(&text, " <", part.signature.origin, "/", part.signature.model, "/",
              part.signature.data, ">");
  }
  return text;
}

inline std::string Describe(const chat::ChatResponse& response) {
  std::string text =
      StrCat("id ", response.id, "\nmodel ", response.model, "\ncreated ", response.created, "\n");
  for (const chat::Choice& choice : response.choices) {
    StrAppend(&text, "choice\n");
    for (const chat::Part& part : choice.parts) StrAppend(&text, "  ", Describe(part), "\n");
    StrAppend(&text, "  finish ", FinishName(choice.finish), "\n");
  }
  const chat::TokenUsage& usage = response.usage;
  if (usage.known) {
    StrAppend(&text, "usage ", usage.prompt_tokens, " ", usage.completion_tokens, " ",
              usage.total_tokens, " cached ", usage.cached_tokens, " written ",
              usage.cache_write_tokens, " reasoning ", usage.reasoning_tokens, "\n");
  }
  return text;
}

// One line for each turn.
inline std::string Turns(const chat::ChatRequest& request) {
  std::string text;
  for (const chat::Turn& turn : request.turns) {
    text.append(turn.role == chat::Role::kUser        ? "user:"
                : turn.role == chat::Role::kAssistant ? "assistant:"
                                                      : "system:");
    for (const chat::Part& part : turn.parts) {
      StrAppend(&text, " (", Describe(part));
      if (part.kind == chat::PartKind::kToolResult) {
        StrAppend(&text, part.id, " ", part.name);
        for (const chat::Part& inner : part.parts) StrAppend(&text, " [", Describe(inner), "]");
      }
      text.append(")");
    }
    text.append("\n");
  }
  return text;
}

// What is wrong with the order of the events (chat_event.h); empty = nothing.
inline std::string CheckEvents(const std::vector<chat::ChatEvent>& events) {
  using Kind = chat::ChatEvent::Kind;
  struct Choice {
    int parts = 0;
    std::map<int, chat::PartKind> open;
    bool finished = false;
  };
  std::map<int, Choice> choices;
  std::set<std::string> ids;
  for (size_t i = 0; i < events.size(); ++i) {
    const chat::ChatEvent& event = events[i];
    const bool last = event.kind == Kind::kEnd || event.kind == Kind::kError;
    if ((event.kind == Kind::kStart) != (i == 0) && event.kind != Kind::kError) return "kStart";
    if (last != (i + 1 == events.size())) return "the end is not the last";
    if (last || event.kind == Kind::kStart || event.kind == Kind::kUsage) continue;
    Choice& choice = choices[event.choice];
    if (choice.finished) return "an event after kFinish";
    if (event.kind == Kind::kFinish) {
      if (!choice.open.empty()) return "kFinish while a part is open";
      choice.finished = true;
      continue;
    }
    if (event.kind == Kind::kPartOpen) {
      if (event.part != choice.parts++) return "part numbers are not dense";
      choice.open[event.part] = event.part_kind;
      size_t calls = 0;
      size_t texts = 0;
      for (const auto& [part, kind] : choice.open) {
        calls += kind == chat::PartKind::kToolCall ? 1 : 0;
        texts += kind == chat::PartKind::kText ? 1 : 0;
      }
      const size_t others = choice.open.size() - calls - texts;
      if (choice.open.size() > 1 && (others > 0 || texts > 1)) return "parts open beside another";
      if (event.part_kind == chat::PartKind::kToolCall) {
        if (event.id.empty() || event.name.empty()) return "a call without id or name";
        if (!ids.insert(event.id).second) return "an id twice";
      }
      continue;
    }
    const auto open = choice.open.find(event.part);
    if (open == choice.open.end() || open->second != event.part_kind) return "a part not open";
    if (event.kind == Kind::kPartClose) choice.open.erase(open);
  }
  return events.empty() ? "no events" : "";
}

// `bytes` in pieces: one of `first_bytes`, then each of `piece_bytes`.
inline std::vector<chat::ChatEvent> DecodeStream(std::string_view bytes,
                                                 const AnswerContext& context, size_t first_bytes,
                                                 size_t piece_bytes) {
  const auto decoder = OpenAiChat().NewEventDecoder(context);
  std::vector<chat::ChatEvent> events;
  decoder->Feed(bytes.substr(0, first_bytes), &events);
  bytes.remove_prefix(std::min(first_bytes, bytes.size()));
  while (!bytes.empty()) {
    decoder->Feed(bytes.substr(0, piece_bytes), &events);
    bytes.remove_prefix(std::min(piece_bytes, bytes.size()));
  }
  decoder->Finish(&events);
  return events;
}

inline std::vector<chat::ChatEvent> DecodeStream(std::string_view bytes) {
  return DecodeStream(bytes, TestContext(), bytes.size(), 1);
}

// The answer that the events make, or "error: …".
inline std::string Outcome(const std::vector<chat::ChatEvent>& events) {
  if (const std::string wrong = CheckEvents(events); !wrong.empty()) return wrong;
  chat::ResponseBuilder builder;
  for (const chat::ChatEvent& event : events) builder.Add(event);
  if (builder.failed()) return StrCat("error: ", builder.error().message);
  return Describe(builder.Take());
}

// A stream of chunks with the given `choices`, each as `[{"delta":…}]`, and [DONE].
inline std::string Chunks(std::initializer_list<std::string_view> choices) {
  std::string stream;
  for (const std::string_view entry : choices) {
    StrAppend(&stream, R"(data: {"id":"c1","created":5,"model":"m","choices":)", entry, "}\n\n");
  }
  return stream;
}

}  // namespace lmgate::dialect
