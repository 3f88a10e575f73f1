#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/chat/part_queue.h"
#include "dataplane/dialect/aws_event_stream.h"
#include "dataplane/dialect/bedrock_converse.h"
#include "dataplane/dialect/bedrock_converse_words.h"
#include "dataplane/dialect/error_shape.h"
#include "dataplane/dialect/json.h"
#include "dataplane/dialect/provider_error.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::ErrorKind;
using chat::PartKind;
using Kind = chat::ChatEvent::Kind;

constexpr std::string_view kStreamType = "application/vnd.amazon.eventstream";
constexpr std::string_view kJsonType = "application/json";

// Blocks of one answer that are open at once, and the signatures they gather: far beyond what a
// model makes, and a bound for what a peer may make us keep.
constexpr size_t kOpenBlocksMax = 1024;
constexpr size_t kSignatureBytesMax = 4 << 20;

class Decoder : public EventDecoder {
 public:
  explicit Decoder(const AnswerContext& context) : context_(context) {}

  void Feed(std::string_view bytes, std::vector<ChatEvent>* events) override {
    if (over_) return;
    frames_.Feed(bytes);
    while (!over_) {
      absl::StatusOr<std::optional<EventFrame>> frame = frames_.Next();
      if (!frame.ok()) return Fail(std::string(frame.status().message()), events);
      if (!frame->has_value()) return;
      AddFrame(**frame, events);
    }
  }

  void Finish(std::vector<ChatEvent>* events) override {
    if (over_) return;
    // Metadata comes last but is no terminator: messageStop is.
    if (stopped_ && frames_.AtBoundary()) return End(events);
    Fail("the provider's answer ended before it was complete", events);
  }

 private:
  struct Block {
    int part = 0;
    PartKind kind = PartKind::kText;
    bool has_arguments = false;
    std::string signature = {};
  };
  using Blocks = std::map<int64_t, Block>;

  void AddFrame(const EventFrame& frame, std::vector<ChatEvent>* events) {
    const absl::StatusOr<Json> payload = ParseObject(frame.payload);
    if (!frame.message_type.empty()) {
      ChatEvent error{.kind = Kind::kError};
      error.error = ErrorOfObject(payload.ok() ? *payload : Json::object(), frame.exception_type);
      return Push(std::move(error), events);
    }
    if (!payload.ok()) return Fail("the provider's stream holds an event that is no JSON", events);
    if (frame.event_type == "messageStart") {
      Start(events);
    } else if (frame.event_type == "contentBlockStart") {
      StartBlock(*payload, events);
    } else if (frame.event_type == "contentBlockDelta") {
      AddDelta(*payload, events);
    } else if (frame.event_type == "contentBlockStop") {
      const auto block = blocks_.find(FindInteger(*payload, "contentBlockIndex").value_or(0));
      if (block != blocks_.end()) CloseBlock(block, events);
    } else if (frame.event_type == "messageStop") {
      Stop(*payload, events);
    } else if (frame.event_type == "metadata") {
      AddMetadata(*payload, events);
    }
  }

  void Start(std::vector<ChatEvent>* events) {
    if (std::exchange(started_, true)) return;
    Push(ChatEvent{.kind = Kind::kStart}, events);
  }

  void StartBlock(const Json& payload, std::vector<ChatEvent>* events) {
    const Json* const start = Find(payload, "start");
    if (start != nullptr && HasMedia(*start)) return Fail(kMediaAnswer, events);
    const Json* const call = start == nullptr ? nullptr : Find(*start, "toolUse");
    if (call == nullptr) return;  // texts begin with their first delta
    ChatEvent open;
    open.part_kind = PartKind::kToolCall;
    open.id = FindString(*call, "toolUseId");
    if (open.id.empty()) open.id = StrCat("call_", context_.id, part_count_);
    open.name = FindString(*call, "name");
    has_calls_ = true;
    OpenBlock(FindInteger(payload, "contentBlockIndex").value_or(0), std::move(open), events);
  }

  void AddDelta(const Json& payload, std::vector<ChatEvent>* events) {
    const int64_t index = FindInteger(payload, "contentBlockIndex").value_or(0);
    const Json* const delta = Find(payload, "delta");
    if (delta == nullptr) return;
    if (HasMedia(*delta)) return Fail(kMediaAnswer, events);
    if (const Json* const text = Find(*delta, "text")) {
      if (text->is_string()) AddText(index, PartKind::kText, text->get<std::string>(), {}, events);
    } else if (const Json* const citation = Find(*delta, "citation")) {
      AddText(index, PartKind::kText, {}, {ReadConverseCitation(*citation)}, events);
    } else if (const Json* const call = Find(*delta, "toolUse")) {
      AddArguments(index, *call, events);
    } else if (const Json* const reasoning = Find(*delta, "reasoningContent")) {
      AddReasoning(index, *reasoning, events);
    }
  }

  void AddText(int64_t index, PartKind kind, std::string text,
               std::vector<chat::Citation> citations, std::vector<ChatEvent>* events) {
    if (text.empty() && citations.empty()) return;
    const auto block = BlockFor(index, kind, events);
    if (over_) return;
    ChatEvent delta = EventOf(Kind::kPartDelta, block->second);
    delta.text = std::move(text);
    delta.citations = std::move(citations);
    Push(std::move(delta), events);
  }

  void AddArguments(int64_t index, const Json& call, std::vector<ChatEvent>* events) {
    const auto block = blocks_.find(index);
    if (block == blocks_.end() || block->second.kind != PartKind::kToolCall) {
      return Fail("the provider's stream holds arguments of a tool call that never began", events);
    }
    const Json* const input = Find(call, "input");
    if (input == nullptr) return;
    ChatEvent delta = EventOf(Kind::kPartDelta, block->second);
    delta.text = input->is_string() ? input->get<std::string>() : DumpJson(*input);
    if (delta.text.empty()) return;
    block->second.has_arguments = true;
    Push(std::move(delta), events);
  }

  void AddReasoning(int64_t index, const Json& reasoning, std::vector<ChatEvent>* events) {
    AddText(index, PartKind::kReasoning, FindString(reasoning, "text"), {}, events);
    std::string signature = FindString(reasoning, "signature");
    if (signature.empty()) signature = FindString(reasoning, "redactedContent");
    if (over_ || signature.empty()) return;
    const auto block = BlockFor(index, PartKind::kReasoning, events);
    if (over_) return;
    signature_bytes_ += signature.size();
    if (signature_bytes_ > kSignatureBytesMax) {
      return Fail("the provider's signatures are too long", events);
    }
    block->second.signature += signature;
  }

  void Stop(const Json& payload, std::vector<ChatEvent>* events) {
    if (stopped_) return;
    const std::string reason = FindString(payload, "stopReason");
    const auto finish = FinishOfStopReason(reason);
    if (!finish.has_value()) {
      return Fail(StrCat("the model's answer is unusable: ", reason), events);
    }
    Start(events);
    while (!blocks_.empty()) CloseBlock(blocks_.begin(), events);
    ChatEvent event{.kind = Kind::kFinish};
    event.finish = FinishWithCalls(*finish, has_calls_);
    const Json* const more = Find(payload, "additionalModelResponseFields");
    if (more != nullptr && event.finish == chat::FinishReason::kStopSequence) {
      event.stop_sequence = FindString(*more, "stop_sequence");
    }
    stopped_ = true;
    Push(std::move(event), events);
  }

  void AddMetadata(const Json& payload, std::vector<ChatEvent>* events) {
    if (const Json* const usage = Find(payload, "usage")) {
      Start(events);
      ChatEvent event{.kind = Kind::kUsage};
      event.usage = ReadConverseUsage(*usage);
      if (event.usage.known) Push(std::move(event), events);
    }
    if (stopped_) End(events);
  }

  // The open block of that kind; another one at the same index ends.
  Blocks::iterator BlockFor(int64_t index, PartKind kind, std::vector<ChatEvent>* events) {
    const auto block = blocks_.find(index);
    if (block != blocks_.end() && block->second.kind == kind) return block;
    ChatEvent open;
    open.part_kind = kind;
    return OpenBlock(index, std::move(open), events);
  }

  // Ends what may not be open beside it: all but calls.
  Blocks::iterator OpenBlock(int64_t index, ChatEvent open, std::vector<ChatEvent>* events) {
    if (stopped_ || blocks_.size() >= kOpenBlocksMax) {
      Fail(stopped_ ? "the provider's answer goes on after its end"
                    : "the provider's answer has too many open parts",
           events);
      return blocks_.end();
    }
    Start(events);
    for (auto other = blocks_.begin(); other != blocks_.end();) {
      const bool stays = other->second.kind == PartKind::kToolCall && other->first != index;
      other = stays ? std::next(other) : CloseBlock(other, events);
    }
    const auto block =
        blocks_.emplace(index, Block{.part = part_count_++, .kind = open.part_kind}).first;
    open.kind = Kind::kPartOpen;
    open.part = block->second.part;
    Push(std::move(open), events);
    return block;
  }

  Blocks::iterator CloseBlock(Blocks::iterator block, std::vector<ChatEvent>* events) {
    if (block->second.kind == PartKind::kToolCall && !block->second.has_arguments) {
      // Nothing at all stands for no arguments; clients want an object.
      ChatEvent delta = EventOf(Kind::kPartDelta, block->second);
      delta.text = "{}";
      Push(std::move(delta), events);
    }
    ChatEvent close = EventOf(Kind::kPartClose, block->second);
    if (!block->second.signature.empty()) {
      close.signature = {.origin = std::string(kOriginBedrock),
                         .model = context_.model,
                         .data = std::move(block->second.signature)};
    }
    Push(std::move(close), events);
    return blocks_.erase(block);
  }

  static ChatEvent EventOf(Kind kind, const Block& block) {
    ChatEvent event{.kind = kind};
    event.part = block.part;
    event.part_kind = block.kind;
    return event;
  }

  void Push(ChatEvent event, std::vector<ChatEvent>* events) {
    over_ = event.kind == Kind::kError || event.kind == Kind::kEnd;
    events->push_back(std::move(event));
  }

  void End(std::vector<ChatEvent>* events) { Push(ChatEvent{.kind = Kind::kEnd}, events); }

  void Fail(std::string message, std::vector<ChatEvent>* events) {
    ChatEvent error{.kind = Kind::kError};
    error.error.message = std::move(message);
    Push(std::move(error), events);
  }

  const AnswerContext& context_;
  EventFrameReader frames_;
  Blocks blocks_;  // the open ones by their contentBlockIndex
  int part_count_ = 0;
  size_t signature_bytes_ = 0;
  bool started_ = false;
  bool has_calls_ = false;
  bool stopped_ = false;  // messageStop was seen
  bool over_ = false;
};

// The exceptions that a stream of Converse can have (Bedrock API reference, ConverseStream).
std::string_view StreamExceptionOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kRateLimit:
    case ErrorKind::kQuota:
      return "throttlingException";
    case ErrorKind::kBadRequest:
    case ErrorKind::kTooLarge:
    case ErrorKind::kContextTooLong:
      return "validationException";
    case ErrorKind::kOverloaded:
      return "serviceUnavailableException";
    case ErrorKind::kServer:
      return "internalServerException";
    case ErrorKind::kCredential:
    case ErrorKind::kForbidden:
    case ErrorKind::kNotFound:
    case ErrorKind::kTimeout:
      return "modelStreamErrorException";
  }
  return "internalServerException";
}

class Encoder : public EventEncoder {
 public:
  explicit Encoder(const AnswerContext& context) : context_(context) {}

  void Encode(const ChatEvent& event, std::string* out) override {
    if (event.choice != 0) return;  // the dialect has one
    std::vector<ChatEvent> events;
    queue_.Add(event, &events);
    for (const ChatEvent& next : events) Write(next, out);
  }

  std::string_view content_type() const override { return kStreamType; }
  std::string_view keep_alive() const override { return {}; }

 private:
  void Write(const ChatEvent& event, std::string* out) {
    switch (event.kind) {
      case Kind::kStart: {
        Json payload = Json::object();
        payload["role"] = "assistant";
        return Append("messageStart", payload, out);
      }
      case Kind::kPartOpen:
        block_open_ = false;
        if (event.part_kind == PartKind::kToolCall) StartCall(event, out);
        return;
      case Kind::kPartDelta:
        return WriteDelta(event, out);
      case Kind::kPartClose:
        if (event.part_kind == PartKind::kToolCall && !has_input_) WriteNoInput(out);
        WriteSignature(event, out);
        if (block_open_) Append("contentBlockStop", InBlock(), out);
        if (block_open_) ++index_;
        block_open_ = false;
        return;
      case Kind::kUsage:
        usage_ = event.usage;
        return;
      case Kind::kFinish:
        finish_ = event.finish;
        stop_sequence_ = event.stop_sequence;
        return;
      case Kind::kEnd:
        return WriteEnd(out);
      case Kind::kError:
        return WriteError(event.error, out);
    }
  }

  void StartCall(const ChatEvent& event, std::string* out) {
    // What proves the call (Gemini's) goes before it, as hidden reasoning.
    if (!event.signature.data.empty() && !event.signature.origin.empty()) {
      Json delta = Json::object();
      delta["reasoningContent"]["redactedContent"] = WriteRedactedContent(event.signature);
      AppendDelta(std::move(delta), out);
      Append("contentBlockStop", InBlock(), out);
      ++index_;
    }
    Json payload = InBlock();
    Json& call = payload["start"]["toolUse"];
    call["toolUseId"] = event.id;
    call["name"] = event.name;
    Append("contentBlockStart", payload, out);
    block_open_ = true;
    has_input_ = false;
  }

  // Clients parse what the deltas of a call add up to, also of one without arguments.
  void WriteNoInput(std::string* out) {
    Json delta = Json::object();
    delta["toolUse"]["input"] = "{}";
    AppendDelta(std::move(delta), out);
  }

  void WriteDelta(const ChatEvent& event, std::string* out) {
    Json delta = Json::object();
    if (event.part_kind == PartKind::kToolCall) {
      delta["toolUse"]["input"] = event.text;
      has_input_ |= !chat::IsBlank(event.text);
    } else if (event.part_kind == PartKind::kReasoning) {
      delta["reasoningContent"]["text"] = event.text;
      has_reasoning_text_ |= !event.text.empty();
    } else {
      delta["text"] = event.text;
    }
    if (!event.text.empty()) AppendDelta(std::move(delta), out);
    for (const chat::Citation& citation : event.citations) {
      Json cited = Json::object();
      cited["citation"] = WriteConverseCitation(citation);
      AppendDelta(std::move(cited), out);
    }
    WriteSignature(event, out);
  }

  // Reasoning without a text is redacted.
  void WriteSignature(const ChatEvent& event, std::string* out) {
    if (event.part_kind != PartKind::kReasoning) return;
    const bool closes = event.kind == Kind::kPartClose;
    const bool is_signed = !event.signature.data.empty() && !event.signature.origin.empty();
    const bool says_nothing = closes && has_reasoning_text_ && !has_signature_;
    if (is_signed || says_nothing) {
      Json delta = Json::object();
      Json& reasoning = delta["reasoningContent"];
      if (!is_signed) {
        reasoning["signature"] = kSealOfNothing;
      } else if (has_reasoning_text_) {
        reasoning["signature"] = SealSignature(event.signature, kOriginAnthropic);
      } else {
        reasoning["redactedContent"] = WriteRedactedContent(event.signature);
      }
      AppendDelta(std::move(delta), out);
    }
    has_signature_ = !closes && (has_signature_ || is_signed);
    has_reasoning_text_ = !closes && has_reasoning_text_;
  }

  void WriteEnd(std::string* out) {
    Json stop = Json::object();
    stop["stopReason"] = StopReasonOf(finish_);
    if (context_.request.names_stop_sequence && !stop_sequence_.empty()) {
      stop["additionalModelResponseFields"]["stop_sequence"] = stop_sequence_;
    }
    Append("messageStop", stop, out);
    Json metadata = Json::object();
    metadata["usage"] = WriteConverseUsage(usage_);
    metadata["metrics"]["latencyMs"] = 0;
    Append("metadata", metadata, out);
  }

  static void WriteError(const chat::ProviderError& error, std::string* out) {
    EventFrame frame;
    frame.message_type = "exception";
    frame.exception_type = StreamExceptionOf(error.kind);
    frame.content_type = kJsonType;
    ErrorText text;
    text.word = frame.exception_type;
    text.message = error.message;
    frame.payload = ErrorBody(ErrorShape::kBedrock, text);
    AppendEventFrame(frame, out);
  }

  Json InBlock() const {
    Json payload = Json::object();
    payload["contentBlockIndex"] = index_;
    return payload;
  }

  void AppendDelta(Json delta, std::string* out) {
    Json payload = InBlock();
    payload["delta"] = std::move(delta);
    Append("contentBlockDelta", payload, out);
    block_open_ = true;
  }

  static void Append(std::string_view type, const Json& payload, std::string* out) {
    EventFrame frame;
    frame.event_type = type;
    frame.content_type = kJsonType;
    frame.payload = DumpJson(payload);
    AppendEventFrame(frame, out);
  }

  const AnswerContext& context_;
  chat::PartQueue queue_;
  int index_ = 0;            // of the block that is open, or would be the next
  bool block_open_ = false;  // a part that says nothing makes no block
  bool has_input_ = false;   // of the open call
  bool has_reasoning_text_ = false;
  bool has_signature_ = false;
  chat::TokenUsage usage_;
  chat::FinishReason finish_ = chat::FinishReason::kStop;
  std::string stop_sequence_;
};

}  // namespace

std::unique_ptr<EventDecoder> BedrockConverse::NewEventDecoder(const AnswerContext& context) const {
  return std::make_unique<Decoder>(context);
}

std::unique_ptr<EventEncoder> BedrockConverse::NewEventEncoder(const AnswerContext& context) const {
  return std::make_unique<Encoder>(context);
}

}  // namespace lmgate::dialect
