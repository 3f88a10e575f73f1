#include "dataplane/dialect/gemini_chunk.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/dialect/gemini_field.h"
#include "dataplane/dialect/media.h"
#include "dataplane/dialect/provider_error.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::Citation;
using chat::FinishReason;
using chat::PartKind;
using Kind = ChatEvent::Kind;

// candidateCount is 8 at most; a larger index is a broken answer.
constexpr int kChoicesMax = 128;
// Offsets in what lies behind are not given.
constexpr size_t kCitedBytesMax = 1 << 20;
constexpr size_t kCitationsMax = 1000;

constexpr std::string_view kMalformed = "the provider's answer is malformed";
constexpr std::string_view kCut = "the provider's answer ended before it was complete";

// Gemini API reference, FinishReason. What is not the model's own stop or limit is a refusal to
// go on: never a silent stop (translation.md 8).
FinishReason FinishOf(std::string_view reason, bool has_calls) {
  constexpr std::string_view kRefusals[] = {"SAFETY",
                                            "RECITATION",
                                            "LANGUAGE",
                                            "OTHER",
                                            "BLOCKLIST",
                                            "PROHIBITED_CONTENT",
                                            "SPII",
                                            "MALFORMED_FUNCTION_CALL",
                                            "MALFORMED_RESPONSE",
                                            "MODEL_ARMOR",
                                            "IMAGE_SAFETY",
                                            "IMAGE_PROHIBITED_CONTENT",
                                            "IMAGE_RECITATION",
                                            "IMAGE_OTHER",
                                            "NO_IMAGE",
                                            "ESCALATION",
                                            "UNEXPECTED_TOOL_CALL",
                                            "TOO_MANY_TOOL_CALLS",
                                            "MISSING_THOUGHT_SIGNATURE"};
  if (reason == "MAX_TOKENS") return FinishReason::kLength;
  if (std::find(std::begin(kRefusals), std::end(kRefusals), reason) != std::end(kRefusals)) {
    return FinishReason::kContentFilter;
  }
  return has_calls ? FinishReason::kToolCalls : FinishReason::kStop;
}

bool IsReason(std::string_view reason) {
  return !reason.empty() && !reason.ends_with("_UNSPECIFIED");
}

bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

int64_t CountCharacters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), BeginsCharacter);
}

// Bytes offset of the candidate's text to characters of the part that begins at `begin`.
int64_t CharacterAt(std::string_view text, size_t begin, std::optional<int64_t> offset) {
  if (!offset.has_value() || *offset < static_cast<int64_t>(begin)) return -1;
  const auto end = static_cast<size_t>(*offset);
  return end > text.size() ? -1 : CountCharacters(text.substr(begin, end - begin));
}

// The inverse; -1 = not known.
int64_t ByteAt(std::string_view text, size_t begin, int64_t characters) {
  if (characters < 0) return -1;
  size_t at = begin;
  while (at < text.size() && characters > 0) {
    ++at;
    while (at < text.size() && !BeginsCharacter(text[at])) ++at;
    --characters;
  }
  return characters > 0 ? -1 : static_cast<int64_t>(at);
}

void AppendText(std::string_view text, std::string* kept) {
  if (kept->size() + text.size() <= kCitedBytesMax) kept->append(text);
}

// The last part that says something to the reader: citations speak of it and those before.
size_t LastText(const Json& parts) {
  size_t last = parts.size();
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!FindTextField(parts[i], "text").empty() &&
        !FindBool(parts[i], "thought").value_or(false)) {
      last = i;
    }
  }
  return last;
}

}  // namespace

ChatEvent GeminiChunkReader::PartEvent(Kind kind, int index) const {
  const Choice& choice = choices_[static_cast<size_t>(index)];
  ChatEvent event{.kind = kind, .choice = index, .part = choice.next_part - 1};
  event.part_kind = choice.open_kind;
  return event;
}

void GeminiChunkReader::Add(const Json& chunk, std::vector<ChatEvent>* events) {
  if (done_) return;
  if (chunk.is_array()) {
    for (const Json& one : chunk) {
      if (!one.is_array()) Add(one, events);
    }
    return;
  }
  if (!chunk.is_object()) {
    Fail(std::string(kMalformed), events);
    return;
  }
  if (const Json* const error = Find(chunk, "error")) {
    ChatEvent event{.kind = Kind::kError};
    event.error = ErrorOfObject(*error, "");
    events->push_back(std::move(event));
    done_ = true;
    return;
  }
  Start(chunk, events);
  const Json* const candidates = FindField(chunk, "candidates");
  if (candidates != nullptr && candidates->is_array()) {
    for (size_t i = 0; i < candidates->size() && !done_; ++i) {
      const Json& candidate = (*candidates)[i];
      const int64_t index = FindInteger(candidate, "index").value_or(static_cast<int64_t>(i));
      if (!candidate.is_object() || index < 0 || index >= kChoicesMax) {
        Fail(std::string(kMalformed), events);
        return;
      }
      AddCandidate(candidate, static_cast<int>(index), events);
    }
  }
  if (done_) return;
  if (const Json* const feedback = FindField(chunk, "promptFeedback")) {
    blocked_ = blocked_ || IsReason(FindTextField(*feedback, "blockReason"));
  }
  if (const Json* const usage = FindField(chunk, "usageMetadata")) AddUsage(*usage, events);
}

void GeminiChunkReader::Start(const Json& chunk, std::vector<ChatEvent>* events) {
  if (started_) return;
  started_ = true;
  ChatEvent start{.kind = Kind::kStart};
  start.id = FindTextField(chunk, "responseId");
  start.name = FindTextField(chunk, "modelVersion");
  events->push_back(std::move(start));
}

void GeminiChunkReader::AddCandidate(const Json& candidate, int index,
                                     std::vector<ChatEvent>* events) {
  const auto at = static_cast<size_t>(index);
  if (choices_.size() <= at) choices_.resize(at + 1);
  choices_[at].seen = true;
  const Json* const content = FindField(candidate, "content");
  const Json* const parts = content == nullptr ? nullptr : FindField(*content, "parts");
  if (parts != nullptr && parts->is_array()) {
    const size_t last_text = LastText(*parts);
    if (last_text == parts->size()) AddCitations(candidate, index, events);
    for (size_t i = 0; i < parts->size() && !done_; ++i) {
      AddPart((*parts)[i], index, events);
      if (i == last_text) AddCitations(candidate, index, events);
    }
  } else {
    AddCitations(candidate, index, events);
  }
  // Some say STOP in every chunk: it takes nothing back.
  const std::string reason = FindTextField(candidate, "finishReason");
  std::string& known = choices_[at].reason;
  if (IsReason(reason) && (known.empty() || reason != "STOP")) known = reason;
}

void GeminiChunkReader::AddPart(const Json& part, int index, std::vector<ChatEvent>* events) {
  if (!part.is_object()) return;
  if (const Json* const call = FindField(part, "functionCall")) {
    AddCall(*call, part, index, events);
    return;
  }
  if (const Json* const data = FindField(part, "inlineData")) {
    // A picture that nobody asked for: as chat clients show one.
    chat::Part image{.kind = PartKind::kImage};
    image.media_type = NormalizeMediaType(FindTextField(*data, "mimeType"));
    image.data = FindTextField(*data, "data");
    const bool is_image = image.media_type.starts_with("image/") && !image.data.empty();
    if (is_image) AddText(part, StrCat("![image](", WriteUrl(image), ")"), index, events);
    return;
  }
  AddText(part, FindTextField(part, "text"), index, events);
}

void GeminiChunkReader::AddText(const Json& part, std::string text, int index,
                                std::vector<ChatEvent>* events) {
  Choice& choice = choices_[static_cast<size_t>(index)];
  const bool is_thought = FindBool(part, "thought").value_or(false);
  const PartKind kind = is_thought ? PartKind::kReasoning : PartKind::kText;
  chat::Signature signature = SignatureOf(part);
  if (text.empty() && signature.data.empty()) return;
  // A signature of an empty text is about what was said before.
  if (text.empty() && !is_thought) {
    if (choice.has_open) choice.signature = std::move(signature);
    return;
  }
  if (choice.has_open && choice.open_kind != kind) Close(index, events);
  if (!choice.has_open) {
    const bool at_open = !is_thought;
    Open(kind, at_open ? std::exchange(signature, {}) : chat::Signature(), index, events);
  }
  if (!signature.data.empty()) choice.signature = std::move(signature);
  if (text.empty()) return;
  if (!is_thought) AppendText(text, &choice.text);
  ChatEvent delta = PartEvent(Kind::kPartDelta, index);
  delta.text = std::move(text);
  events->push_back(std::move(delta));
}

void GeminiChunkReader::AddCall(const Json& call, const Json& part, int index,
                                std::vector<ChatEvent>* events) {
  const std::string name = FindTextField(call, "name");
  const Json* const args = FindField(call, "args");
  if (name.empty() || (args != nullptr && !args->is_object())) {
    Fail(std::string(kMalformed), events);
    return;
  }
  Close(index, events);
  Choice& choice = choices_[static_cast<size_t>(index)];
  choice.has_calls = true;
  choice.open_kind = PartKind::kToolCall;
  ++choice.next_part;
  ChatEvent open = PartEvent(Kind::kPartOpen, index);
  open.id = IdOf(call);
  open.name = name;
  open.signature = SignatureOf(part);
  events->push_back(std::move(open));
  ChatEvent delta = PartEvent(Kind::kPartDelta, index);
  delta.text = args == nullptr ? "{}" : DumpJson(*args);
  events->push_back(std::move(delta));
  events->push_back(PartEvent(Kind::kPartClose, index));
}

// citationMetadata names what was recited, groundingMetadata what was searched.
void GeminiChunkReader::AddCitations(const Json& candidate, int index,
                                     std::vector<ChatEvent>* events) {
  const Choice& choice = choices_[static_cast<size_t>(index)];
  if (!choice.has_open || choice.open_kind != PartKind::kText) return;
  std::vector<Citation> citations;
  const auto add = [&](const Json& source, const Json& place) {
    Citation citation;
    citation.url = FindTextField(source, "uri");
    citation.title = FindTextField(source, "title");
    if (citation.url.empty() || citations.size() >= kCitationsMax) return;
    citation.start =
        CharacterAt(choice.text, choice.part_begin,
                    FindField(place, "startIndex") != nullptr || FindField(place, "endIndex")
                        ? FindInteger(place, "startIndex").value_or(0)
                        : std::optional<int64_t>());
    citation.end = CharacterAt(choice.text, choice.part_begin, FindInteger(place, "endIndex"));
    if (citation.start < 0 || citation.end < 0) citation.start = citation.end = -1;
    citations.push_back(std::move(citation));
  };
  if (const Json* const metadata = FindField(candidate, "citationMetadata")) {
    const Json* list = FindField(*metadata, "citationSources");
    if (list == nullptr) list = FindField(*metadata, "citations");
    for (const Json* const source : ListOf(list)) add(*source, *source);
  }
  if (const Json* const metadata = FindField(candidate, "groundingMetadata")) {
    const auto chunks = ListOf(FindField(*metadata, "groundingChunks"));
    const auto supports = ListOf(FindField(*metadata, "groundingSupports"));
    const Json nowhere = Json::object();
    const auto add_chunk = [&](size_t number, const Json& place) {
      if (number >= chunks.size()) return;
      const Json* web = FindField(*chunks[number], "web");
      if (web == nullptr) web = FindField(*chunks[number], "retrievedContext");
      if (web != nullptr) add(*web, place);
    };
    for (const Json* const support : supports) {
      const Json* const segment = FindField(*support, "segment");
      for (const Json* const number : ListOf(FindField(*support, "groundingChunkIndices"))) {
        if (!number->is_number_unsigned()) continue;
        add_chunk(number->get<size_t>(), segment == nullptr ? nowhere : *segment);
      }
    }
    for (size_t i = 0; supports.empty() && i < chunks.size(); ++i) add_chunk(i, nowhere);
  }
  if (citations.empty()) return;
  ChatEvent delta = PartEvent(Kind::kPartDelta, index);
  delta.citations = std::move(citations);
  events->push_back(std::move(delta));
}

// Running totals (translation.md 9).
void GeminiChunkReader::AddUsage(const Json& usage, std::vector<ChatEvent>* events) {
  const auto read = [&](std::string_view name, int64_t* count) {
    const Json* const value = FindField(usage, name);
    if (value == nullptr) return;
    constexpr int64_t kCountMax = int64_t{1} << 48;
    const auto number = FindInteger(Json{{"n", *value}}, "n");
    if (number.has_value()) *count = std::clamp<int64_t>(*number, 0, kCountMax);
  };
  read("promptTokenCount", &counts_.prompt);
  read("toolUsePromptTokenCount", &counts_.tool_prompt);
  read("cachedContentTokenCount", &counts_.cached);
  read("candidatesTokenCount", &counts_.candidates);
  read("thoughtsTokenCount", &counts_.thoughts);
  read("totalTokenCount", &counts_.total);
  ChatEvent event{.kind = Kind::kUsage};
  event.usage.known = true;
  event.usage.prompt_tokens = counts_.prompt + counts_.tool_prompt;
  event.usage.cached_tokens = counts_.cached;
  event.usage.completion_tokens = counts_.candidates + counts_.thoughts;
  event.usage.reasoning_tokens = counts_.thoughts;
  const int64_t sum = event.usage.prompt_tokens + event.usage.completion_tokens;
  event.usage.total_tokens = counts_.total > 0 ? counts_.total : sum;
  events->push_back(std::move(event));
}

void GeminiChunkReader::Open(PartKind kind, chat::Signature signature, int index,
                             std::vector<ChatEvent>* events) {
  Choice& choice = choices_[static_cast<size_t>(index)];
  choice.has_open = true;
  choice.open_kind = kind;
  choice.part_begin = choice.text.size();
  ++choice.next_part;
  ChatEvent open = PartEvent(Kind::kPartOpen, index);
  open.signature = std::move(signature);
  events->push_back(std::move(open));
}

void GeminiChunkReader::Close(int index, std::vector<ChatEvent>* events) {
  Choice& choice = choices_[static_cast<size_t>(index)];
  if (!choice.has_open) return;
  ChatEvent close = PartEvent(Kind::kPartClose, index);
  close.signature = std::exchange(choice.signature, {});
  choice.has_open = false;
  events->push_back(std::move(close));
}

chat::Signature GeminiChunkReader::SignatureOf(const Json& part) const {
  chat::Signature signature;
  signature.data = FindTextField(part, "thoughtSignature");
  if (signature.data.empty()) return signature;
  signature.origin = kOriginGemini;
  signature.model = context_.model;
  return signature;
}

std::string GeminiChunkReader::IdOf(const Json& call) {
  std::string id = FindTextField(call, "id");
  while (id.empty() || !ids_.insert(id).second) {
    id = StrCat("call_", context_.id, made_ids_++);
  }
  return id;
}

void GeminiChunkReader::End(Form form, std::vector<ChatEvent>* events) {
  if (done_) return;
  if (choices_.empty() && blocked_) {
    choices_.resize(1);
    choices_.front().reason = "SAFETY";
  }
  const bool whole =
      !choices_.empty() && std::all_of(choices_.begin(), choices_.end(), [&](const Choice& choice) {
        return !choice.reason.empty() || (form == Form::kWhole && choice.seen);
      });
  if (!whole) {
    Fail(std::string(form == Form::kWhole ? kMalformed : kCut), events);
    return;
  }
  for (size_t i = 0; i < choices_.size(); ++i) {
    Close(static_cast<int>(i), events);
    ChatEvent finish{.kind = Kind::kFinish, .choice = static_cast<int>(i)};
    finish.finish = FinishOf(choices_[i].reason, choices_[i].has_calls);
    events->push_back(std::move(finish));
  }
  events->push_back(ChatEvent{.kind = Kind::kEnd});
  done_ = true;
}

void GeminiChunkReader::Fail(std::string message, std::vector<ChatEvent>* events) {
  if (done_) return;
  done_ = true;
  ChatEvent event{.kind = Kind::kError};
  event.error.message = std::move(message);
  events->push_back(std::move(event));
}

std::string_view GeminiFinishReason(FinishReason reason) {
  switch (reason) {
    case FinishReason::kLength:
      return "MAX_TOKENS";
    case FinishReason::kContentFilter:
    case FinishReason::kRefusal:
      return "SAFETY";
    case FinishReason::kStop:
    case FinishReason::kStopSequence:
    case FinishReason::kToolCalls:
      break;
  }
  return "STOP";
}

Json WriteGeminiUsage(const chat::TokenUsage& usage) {
  const int64_t thoughts = std::clamp<int64_t>(usage.reasoning_tokens, 0, usage.completion_tokens);
  Json written = Json::object();
  written["promptTokenCount"] = usage.prompt_tokens;
  written["candidatesTokenCount"] = usage.completion_tokens - thoughts;
  written["totalTokenCount"] = usage.prompt_tokens + usage.completion_tokens;
  if (usage.cached_tokens > 0) written["cachedContentTokenCount"] = usage.cached_tokens;
  if (thoughts > 0) written["thoughtsTokenCount"] = thoughts;
  return written;
}

void GeminiCitations::AddText(std::string_view text) {
  cut_ = cut_ || text_.size() + text.size() > kCitedBytesMax;
  if (!cut_) text_.append(text);
}

void GeminiCitations::Add(const std::vector<Citation>& citations) {
  for (const Citation& citation : citations) {
    if (sources_.size() >= kCitationsMax) return;
    if (citation.url.empty() && citation.title.empty()) continue;
    Citation source{.url = citation.url, .title = citation.title};
    source.start = cut_ ? -1 : ByteAt(text_, part_begin_, citation.start);
    source.end = cut_ ? -1 : ByteAt(text_, part_begin_, citation.end);
    sources_.push_back(std::move(source));
  }
}

Json GeminiCitations::Take() {
  if (sources_.empty()) return nullptr;
  Json list = Json::array();
  for (const Citation& citation : sources_) {
    Json source = Json::object();
    if (citation.start >= 0 && citation.end >= citation.start) {
      source["startIndex"] = citation.start;
      source["endIndex"] = citation.end;
    }
    if (!citation.url.empty()) source["uri"] = citation.url;
    if (!citation.title.empty()) source["title"] = citation.title;
    list.push_back(std::move(source));
  }
  sources_.clear();
  return Json{{"citationSources", std::move(list)}};
}

}  // namespace lmgate::dialect
