#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/chat/chat_event.h"
#include "dataplane/dialect/dialect.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// The GenerateContentResponses of one answer, one or many, as events. A stream's chunks are whole
// responses of which the texts are increments and the calls complete (translation.md 10.5).
class GeminiChunkReader {
 public:
  // `context` must outlive it.
  explicit GeminiChunkReader(const AnswerContext& context) : context_(context) {}

  // One response, or an error; a list of them is taken one by one. Nothing after done().
  void Add(const Json& chunk, std::vector<chat::ChatEvent>* events);
  // The provider has ended: every candidate must have its reason, unless the answer was not a
  // stream and thus cannot be cut.
  enum class Form : uint8_t { kStream, kWhole };
  void End(Form form, std::vector<chat::ChatEvent>* events);
  void Fail(std::string message, std::vector<chat::ChatEvent>* events);
  bool done() const { return done_; }

 private:
  struct Choice {
    bool seen = false;
    bool has_open = false;
    chat::PartKind open_kind = chat::PartKind::kText;
    int next_part = 0;
    chat::Signature signature = {};  // for the close of the open part
    bool has_calls = false;
    std::string reason = {};  // as the provider wrote it; empty = not yet
    // What was said, for the offsets of citations, up to a limit; and where the open part begins.
    std::string text = {};
    size_t part_begin = 0;
  };
  // As stated so far; later chunks may leave out what they do not change.
  struct Counts {
    int64_t prompt = 0;
    int64_t tool_prompt = 0;
    int64_t cached = 0;
    int64_t candidates = 0;
    int64_t thoughts = 0;
    int64_t total = 0;
  };

  chat::ChatEvent PartEvent(chat::ChatEvent::Kind kind, int index) const;
  void Start(const Json& chunk, std::vector<chat::ChatEvent>* events);
  void AddCandidate(const Json& candidate, int index, std::vector<chat::ChatEvent>* events);
  void AddPart(const Json& part, int index, std::vector<chat::ChatEvent>* events);
  void AddText(const Json& part, std::string text, int index, std::vector<chat::ChatEvent>* events);
  void AddCall(const Json& call, const Json& part, int index, std::vector<chat::ChatEvent>* events);
  void AddCitations(const Json& candidate, int index, std::vector<chat::ChatEvent>* events);
  void AddUsage(const Json& usage, std::vector<chat::ChatEvent>* events);
  void Open(chat::PartKind kind, chat::Signature signature, int index,
            std::vector<chat::ChatEvent>* events);
  void Close(int index, std::vector<chat::ChatEvent>* events);
  chat::Signature SignatureOf(const Json& part) const;
  std::string IdOf(const Json& call);

  const AnswerContext& context_;
  std::vector<Choice> choices_;
  std::set<std::string> ids_;
  size_t made_ids_ = 0;
  Counts counts_ = {};
  bool started_ = false;
  bool blocked_ = false;
  bool done_ = false;
};

// What the encoders of answers share.

// finishReason of a candidate.
std::string_view GeminiFinishReason(chat::FinishReason reason);
// usageMetadata.
Json WriteGeminiUsage(const chat::TokenUsage& usage);

// The candidate's text as it grows, and the sources of its parts by offset in it.
class GeminiCitations {
 public:
  void BeginText() { part_begin_ = text_.size(); }
  void AddText(std::string_view text);
  void Add(const std::vector<chat::Citation>& citations);
  // citationMetadata; null = there are none.
  Json Take();

 private:
  std::vector<chat::Citation> sources_;  // offsets in bytes of text_
  std::string text_;
  size_t part_begin_ = 0;
  bool cut_ = false;
};

}  // namespace lmgate::dialect
