#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/chat/object_end.h"
#include "dataplane/dialect/error_shape.h"
#include "dataplane/dialect/gemini.h"
#include "dataplane/dialect/gemini_chunk.h"
#include "dataplane/dialect/gemini_contents.h"
#include "dataplane/dialect/json.h"
#include "dataplane/dialect/sse_reader.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::PartKind;
using Kind = ChatEvent::Kind;

// Takes a JSON array apart that comes in pieces: "[{…}\n,\r\n{…}\n]". Also reads one object.
class ArrayReader {
 public:
  // Consumes up to the end of the next object. False = all is consumed, or the array has ended, or
  // is none.
  bool Next(std::string_view* bytes, std::string_view* object) {
    if (taken_) object_.clear();
    taken_ = false;
    while (!bytes->empty() && !ended_ && !broken_) {
      const char c = bytes->front();
      if (!end_.begun() && c != '{') {
        bytes->remove_prefix(1);
        Step(c);
        continue;
      }
      const size_t size = end_.FeedToEnd(*bytes);
      if (object_.size() + size > SseReader::kEventBytesMax) {
        broken_ = true;
        return false;
      }
      object_.append(bytes->substr(0, size));
      bytes->remove_prefix(size);
      if (!end_.whole()) return false;
      end_ = {};
      taken_ = true;
      ended_ = !in_array_;
      *object = object_;
      return true;
    }
    return false;
  }

  bool ended() const { return ended_; }
  bool broken() const { return broken_; }

 private:
  // What stands between objects.
  void Step(char c) {
    if (c == '[' && !in_array_) {
      in_array_ = true;
    } else if (c == ']' && in_array_) {
      ended_ = true;
    } else if (c != ',' && !chat::IsBlank({&c, 1})) {
      broken_ = true;
    }
  }

  std::string object_;
  chat::ObjectEnd end_;
  bool in_array_ = false;
  bool taken_ = false;
  bool ended_ = false;
  bool broken_ = false;
};

class GeminiDecoder : public EventDecoder {
 public:
  explicit GeminiDecoder(const AnswerContext& context) : reader_(context) {}

  void Feed(std::string_view bytes, std::vector<ChatEvent>* events) override {
    while (form_ == Form::kUnknown && !bytes.empty()) {
      const char c = bytes.front();
      if (chat::IsBlank({&c, 1})) {
        bytes.remove_prefix(1);
      } else {
        form_ = c == '[' || c == '{' ? Form::kArray : Form::kSse;
      }
    }
    if (reader_.done()) return;
    if (form_ == Form::kArray) {
      FeedArray(bytes, events);
    } else {
      FeedSse(bytes, events);
    }
  }

  // An event stream has no end of its own: the reasons of all candidates make one.
  void Finish(std::vector<ChatEvent>* events) override {
    if (reader_.done()) return;
    if (form_ == Form::kArray) {
      reader_.Fail("the provider's answer ended before it was complete", events);
      return;
    }
    SseReader::Event event;
    if (sse_.Finish(&event)) AddChunk(event.data, events);
    reader_.End(GeminiChunkReader::Form::kStream, events);
  }

 private:
  enum class Form : uint8_t { kUnknown, kSse, kArray };

  void FeedSse(std::string_view bytes, std::vector<ChatEvent>* events) {
    SseReader::Event event;
    while (!reader_.done() && sse_.Next(&bytes, &event)) AddChunk(event.data, events);
    if (sse_.broken()) reader_.Fail("the provider sent an event that is too long", events);
  }

  void FeedArray(std::string_view bytes, std::vector<ChatEvent>* events) {
    std::string_view object;
    while (!reader_.done() && array_.Next(&bytes, &object)) AddChunk(object, events);
    if (array_.broken()) reader_.Fail("the provider's answer is malformed", events);
    if (array_.ended()) reader_.End(GeminiChunkReader::Form::kStream, events);
  }

  void AddChunk(std::string_view data, std::vector<ChatEvent>* events) {
    // Of servers that imitate others.
    if (data.empty() || data == "[DONE]") return;
    const absl::StatusOr<Json> chunk = ParseJson(data);
    if (!chunk.ok()) {
      reader_.Fail("the provider's answer is malformed", events);
      return;
    }
    reader_.Add(*chunk, events);
  }

  GeminiChunkReader reader_;
  SseReader sse_;
  ArrayReader array_;
  Form form_ = Form::kUnknown;
};

// Calls go out whole, texts at once; the reasons wait for kEnd and the usage.
class GeminiEncoder : public EventEncoder {
 public:
  explicit GeminiEncoder(const AnswerContext& context)
      : context_(context), id_(context.id), model_(context.model) {}

  std::string_view content_type() const override {
    return context_.gemini_array ? "application/json" : "text/event-stream";
  }

  std::string_view keep_alive() const override {
    return context_.gemini_array ? std::string_view() : ": keep-alive\n\n";
  }

  void Encode(const ChatEvent& event, std::string* out) override {
    if (done_) return;
    switch (event.kind) {
      case Kind::kStart:
        if (!event.id.empty()) id_ = event.id;
        if (!event.name.empty()) model_ = event.name;
        return;
      case Kind::kPartOpen:
        OpenPart(event);
        return;
      case Kind::kPartDelta:
        AddDelta(event, out);
        return;
      case Kind::kPartClose:
        ClosePart(event, out);
        return;
      case Kind::kUsage:
        usage_ = event.usage;
        return;
      case Kind::kFinish:
        choices_[event.choice].reason = GeminiFinishReason(event.finish);
        return;
      case Kind::kError:
        WriteError(event.error, out);
        return;
      case Kind::kEnd:
        WriteEnd(out);
        return;
    }
  }

 private:
  // Arguments of calls that wait for their end; beyond it the answer fails.
  static constexpr size_t kHeldBytesMax = 16 << 20;

  struct OpenCall {
    std::string id;
    std::string name;
    std::string arguments;
  };
  struct Choice {
    std::map<int, OpenCall> calls;
    bool called = false;                    // a call has been written
    std::map<int, std::string> signatures;  // of open parts, as they are written
    GeminiCitations citations;
    std::string_view reason;  // empty = not yet
  };

  void OpenPart(const ChatEvent& event) {
    Choice& choice = choices_[event.choice];
    if (event.part_kind == PartKind::kToolCall) {
      choice.calls[event.part] = {.id = event.id, .name = event.name, .arguments = {}};
    } else {
      choice.citations.BeginText();
    }
    KeepSignature(event);
  }

  void KeepSignature(const ChatEvent& event) {
    std::string signature = WriteGeminiSignature(event.signature);
    if (!signature.empty()) choices_[event.choice].signatures[event.part] = std::move(signature);
  }

  void AddDelta(const ChatEvent& event, std::string* out) {
    Choice& choice = choices_[event.choice];
    if (event.part_kind == PartKind::kToolCall) {
      held_bytes_ += event.text.size();
      if (held_bytes_ > kHeldBytesMax) {
        WriteError({.message = "the arguments of the calls are too long"}, out);
        return;
      }
      choice.calls[event.part].arguments.append(event.text);
      return;
    }
    KeepSignature(event);
    if (event.part_kind != PartKind::kReasoning) choice.citations.AddText(event.text);
    choice.citations.Add(event.citations);
    if (!event.text.empty()) WriteText(event, event.text, out);
  }

  void ClosePart(const ChatEvent& event, std::string* out) {
    Choice& choice = choices_[event.choice];
    KeepSignature(event);
    const auto call = choice.calls.find(event.part);
    if (call != choice.calls.end()) {
      const OpenCall& held = call->second;
      Json part = WriteGeminiCall(held.id, held.name, held.arguments);
      held_bytes_ -= held.arguments.size();
      choice.calls.erase(call);
      // On models that sign, the first call of a turn may not be without one.
      if (!std::exchange(choice.called, true)) {
        choice.signatures.try_emplace(event.part, GeminiSealOfNothing());
      }
      WritePart(event, std::move(part), out);
    } else if (choice.signatures.contains(event.part)) {
      WriteText(event, "", out);
    }
  }

  void WriteText(const ChatEvent& event, std::string_view text, std::string* out) {
    Json part = Json::object();
    part["text"] = text;
    if (event.part_kind == PartKind::kReasoning) part["thought"] = true;
    WritePart(event, std::move(part), out);
  }

  void WritePart(const ChatEvent& event, Json part, std::string* out) {
    Choice& choice = choices_[event.choice];
    const auto signature = choice.signatures.find(event.part);
    if (signature != choice.signatures.end()) {
      part["thoughtSignature"] = std::move(signature->second);
      choice.signatures.erase(signature);
    }
    WriteChunk(Json::array({Candidate(event.choice, std::move(part))}), nullptr, out);
  }

  static Json Candidate(int index, Json part) {
    Json content = Json::object();
    content["parts"] = Json::array({std::move(part)});
    content["role"] = "model";
    Json candidate = Json::object();
    candidate["content"] = std::move(content);
    candidate["index"] = index;
    return candidate;
  }

  void WriteEnd(std::string* out) {
    Json candidates = Json::array();
    for (auto& [index, choice] : choices_) {
      if (choice.reason.empty()) continue;
      Json candidate = Candidate(index, Json{{"text", ""}});
      candidate["finishReason"] = choice.reason;
      Json metadata = choice.citations.Take();
      if (!metadata.is_null()) candidate["citationMetadata"] = std::move(metadata);
      candidates.push_back(std::move(candidate));
    }
    WriteChunk(std::move(candidates), usage_.known ? WriteGeminiUsage(usage_) : Json(), out);
    if (context_.gemini_array) out->append("]");
    done_ = true;
  }

  void WriteError(const chat::ProviderError& error, std::string* out) {
    const ErrorWord word = ErrorWordOf(ErrorShape::kGemini, error.kind);
    ErrorText text;
    text.status = word.status;
    text.word = word.word;
    text.code = error.code;
    text.message = error.message;
    if (error.message.empty()) text.message = "the provider's answer failed";
    text.retry_after_ms = error.retry_after_ms;
    Append(ErrorBody(ErrorShape::kGemini, text), out);
    if (context_.gemini_array) out->append("]");
    done_ = true;
  }

  void WriteChunk(Json candidates, Json usage, std::string* out) {
    Json chunk = Json::object();
    chunk["candidates"] = std::move(candidates);
    if (!usage.is_null()) chunk["usageMetadata"] = std::move(usage);
    chunk["modelVersion"] = model_;
    chunk["responseId"] = id_;
    Append(DumpJson(chunk), out);
  }

  void Append(std::string_view json, std::string* out) {
    if (!context_.gemini_array) {
      AppendSseEvent("", json, out);
      return;
    }
    out->append(begun_ ? ",\r\n" : "[").append(json).append("\n");
    begun_ = true;
  }

  const AnswerContext& context_;
  std::string id_;
  std::string model_;
  std::map<int, Choice> choices_;
  chat::TokenUsage usage_ = {};
  size_t held_bytes_ = 0;
  bool begun_ = false;
  bool done_ = false;
};

}  // namespace

std::unique_ptr<EventDecoder> Gemini::NewEventDecoder(const AnswerContext& context) const {
  return std::make_unique<GeminiDecoder>(context);
}

std::unique_ptr<EventEncoder> Gemini::NewEventEncoder(const AnswerContext& context) const {
  return std::make_unique<GeminiEncoder>(context);
}

}  // namespace lmgate::dialect
