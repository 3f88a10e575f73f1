#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "dataplane/dialect/anthropic.h"
#include "dataplane/dialect/error_shape.h"
#include "dataplane/dialect/provider_error.h"
#include "dataplane/dialect/seal.h"
#include "dataplane/dialect/sse_reader.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::FinishReason;
using chat::PartKind;
using chat::ProviderError;
using Kind = ChatEvent::Kind;

// More blocks at once than any answer has open.
constexpr size_t kOpenBlocksMax = 256;

ProviderError Unlawful(std::string message) {
  ProviderError error;
  error.message = std::move(message);
  return error;
}

class SseDecoder : public EventDecoder {
 public:
  explicit SseDecoder(const AnswerContext& context) : reader_(context) {}

  void Feed(std::string_view bytes, std::vector<ChatEvent>* events) override {
    SseReader::Event event;
    while (!reader_.ended() && sse_.Next(&bytes, &event)) {
      reader_.Read(event.type, event.data, events);
    }
    if (sse_.broken()) reader_.Fail(Unlawful("an event of the provider is too long"), events);
  }

  void Finish(std::vector<ChatEvent>* events) override {
    SseReader::Event event;
    if (!reader_.ended() && sse_.Finish(&event)) reader_.Read(event.type, event.data, events);
    reader_.Finish(events);
  }

 private:
  SseReader sse_;
  AnthropicEventReader reader_;
};

class SseEncoder : public EventEncoder {
 public:
  explicit SseEncoder(const AnswerContext& context) : context_(context), writer_(context) {}

  void Encode(const ChatEvent& event, std::string* out) override {
    if (failed_) return;
    if (event.kind == Kind::kError) {
      AppendError(event.error, out);
      return;
    }
    const AnthropicEventWriter::Written written = writer_.Write(event);
    for (const AnthropicEvent& each : written.events) AppendSseEvent(each.type, each.json, out);
    if (written.failed) AppendError(written.error, out);
  }

  std::string_view content_type() const override { return "text/event-stream"; }
  std::string_view keep_alive() const override {
    return "event: ping\ndata: {\"type\":\"ping\"}\n\n";
  }

 private:
  void AppendError(const ProviderError& error, std::string* out) {
    failed_ = true;
    const ErrorWord word = ErrorWordOf(ErrorShape::kAnthropic, error.kind);
    ErrorText text;
    text.status = word.status;
    text.word = word.word;
    text.code = error.code;
    text.message = error.message.empty() ? "the provider failed" : std::string_view(error.message);
    text.request_id = context_.request_id;
    AppendSseEvent("error", ErrorBody(ErrorShape::kAnthropic, text), out);
  }

  const AnswerContext& context_;
  AnthropicEventWriter writer_;
  bool failed_ = false;
};

}  // namespace

// ---- Reading.

void AnthropicEventReader::Read(std::string_view type, std::string_view json,
                                std::vector<ChatEvent>* events) {
  // Some compatible servers end with OpenAI's word.
  const bool says_nothing = chat::IsBlank(json);
  if (ended_ || says_nothing || json == "[DONE]") return;
  const absl::StatusOr<Json> event = ParseObject(json);
  if (!event.ok()) {
    Fail(Unlawful("an event of the provider is no JSON object"), events);
    return;
  }
  std::string kind = FindString(*event, "type");
  if (kind.empty()) kind = type;
  const Json* const error = Find(*event, "error");
  if (kind == "error" || error != nullptr) {
    Fail(ErrorOfObject(error == nullptr ? *event : *error, ""), events);
    return;
  }
  if (kind == "message_start") {
    const Json* const message = Find(*event, "message");
    Start(message == nullptr ? Json::object() : *message, events);
    return;
  }
  const bool of_block = kind.starts_with("content_block_");
  if (!of_block && kind != "message_delta" && kind != "message_stop") return;
  if (!started_) Start(Json::object(), events);
  const int64_t index = FindInteger(*event, "index").value_or(0);
  if (kind == "content_block_start") {
    const Json* const content = Find(*event, "content_block");
    if (content != nullptr) StartBlock(index, *content, events);
  } else if (kind == "content_block_delta") {
    const Json* const delta = Find(*event, "delta");
    if (delta != nullptr) AddDelta(index, *delta, events);
  } else if (kind == "content_block_stop") {
    StopBlock(FindOpen(index), events);
  } else if (kind == "message_delta") {
    AddMessageDelta(*event, events);
  } else if (kind == "message_stop") {
    // Bedrock counts here too; its numbers serve where the model's are missing.
    const Json* const metrics = Find(*event, "amazon-bedrock-invocationMetrics");
    if (metrics != nullptr && !usage_.known) {
      ReadAnthropicUsage(
          Json{{"input_tokens", FindInteger(*metrics, "inputTokenCount").value_or(0)},
               {"output_tokens", FindInteger(*metrics, "outputTokenCount").value_or(0)},
               {"cache_read_input_tokens",
                FindInteger(*metrics, "cacheReadInputTokenCount").value_or(0)},
               {"cache_creation_input_tokens",
                FindInteger(*metrics, "cacheWriteInputTokenCount").value_or(0)}},
          &usage_);
    }
    End(events);
  }
}

void AnthropicEventReader::Finish(std::vector<ChatEvent>* events) {
  if (ended_) return;
  Fail(Unlawful("the provider's answer ended before it was complete"), events);
}

void AnthropicEventReader::Fail(ProviderError error, std::vector<ChatEvent>* events) {
  if (ended_) return;
  ended_ = true;
  ChatEvent event{.kind = Kind::kError};
  event.error = std::move(error);
  events->push_back(std::move(event));
}

void AnthropicEventReader::Start(const Json& message, std::vector<ChatEvent>* events) {
  if (started_) return;
  started_ = true;
  ChatEvent start{.kind = Kind::kStart};
  start.id = FindString(message, "id");
  start.name = FindString(message, "model");
  start.created = context_.created;
  events->push_back(std::move(start));
  const Json* const usage = Find(message, "usage");
  if (usage == nullptr) return;
  ReadAnthropicUsage(*usage, &usage_);
  if (!usage_.known) return;
  ChatEvent counted{.kind = Kind::kUsage};
  counted.usage = usage_;
  events->push_back(std::move(counted));
}

size_t AnthropicEventReader::FindOpen(int64_t index) const {
  size_t at = 0;
  while (at < open_.size() && open_[at].index != index) ++at;
  return at;
}

AnthropicEventReader::Block& AnthropicEventReader::Open(int64_t index, ChatEvent open,
                                                        std::vector<ChatEvent>* events) {
  Block block{.index = index, .part = parts_++, .kind = open.part_kind};
  open.kind = Kind::kPartOpen;
  open.part = block.part;
  events->push_back(std::move(open));
  open_.push_back(std::move(block));
  return open_.back();
}

void AnthropicEventReader::Say(const Block& block, std::string text,
                               std::vector<ChatEvent>* events) {
  if (text.empty()) return;
  ChatEvent delta{.kind = Kind::kPartDelta, .part = block.part};
  delta.part_kind = block.kind;
  delta.text = std::move(text);
  events->push_back(std::move(delta));
}

void AnthropicEventReader::StartBlock(int64_t index, const Json& content,
                                      std::vector<ChatEvent>* events) {
  StopBlock(FindOpen(index), events);
  const std::string type = FindString(content, "type");
  const bool call = type == "tool_use";
  // A server that forgets its stops: calls may be open beside others, texts may not.
  for (size_t at = open_.size(); !call && at-- > 0;) {
    if (open_[at].kind != PartKind::kToolCall) StopBlock(at, events);
  }
  if (open_.size() >= kOpenBlocksMax) {
    Fail(Unlawful("the provider has too many blocks open"), events);
    return;
  }
  ChatEvent open;
  if (type == "text") {
    const Block& block = Open(index, std::move(open), events);
    Say(block, FindString(content, "text"), events);
  } else if (type == "thinking" || type == "redacted_thinking") {
    open.part_kind = PartKind::kReasoning;
    Block& block = Open(index, std::move(open), events);
    block.signature.redacted = type == "redacted_thinking";
    block.signature.data = FindString(content, block.signature.redacted ? "data" : "signature");
    Say(block, FindString(content, "thinking"), events);
  } else if (call) {
    called_ = true;
    open.part_kind = PartKind::kToolCall;
    open.id = FindString(content, "id");
    if (open.id.empty()) open.id = StrCat("call_", context_.id, parts_);
    open.name = FindString(content, "name");
    Block& block = Open(index, std::move(open), events);
    const Json* const input = Find(content, "input");
    if (input != nullptr && !input->empty()) {
      block.whole_input = input->is_string() ? input->get<std::string>() : DumpJson(*input);
    }
  } else {
    open_.push_back(Block{.index = index});
  }
}

void AnthropicEventReader::AddDelta(int64_t index, const Json& delta,
                                    std::vector<ChatEvent>* events) {
  const std::string type = FindString(delta, "type");
  size_t at = FindOpen(index);
  if (at == open_.size()) {
    // What the model says must not be lost because its start was.
    const bool text = type == "text_delta";
    if (!text && type != "thinking_delta") {
      if (type == "input_json_delta") {
        Fail(Unlawful("the provider's tool call has no beginning"), events);
      }
      return;
    }
    StartBlock(index, Json{{"type", text ? "text" : "thinking"}}, events);
    at = FindOpen(index);
    if (at == open_.size()) return;
  }
  Block& block = open_[at];
  if (block.part < 0) return;
  if (type == "text_delta" && block.kind == PartKind::kText) {
    Say(block, FindString(delta, "text"), events);
  } else if (type == "thinking_delta" && block.kind == PartKind::kReasoning) {
    Say(block, FindString(delta, "thinking"), events);
  } else if (type == "signature_delta" && block.kind == PartKind::kReasoning) {
    block.signature.data = FindString(delta, "signature");
  } else if (type == "input_json_delta" && block.kind == PartKind::kToolCall) {
    std::string piece = FindString(delta, "partial_json");
    if (!piece.empty()) block.whole_input.clear();
    Say(block, std::move(piece), events);
  } else if (type == "citations_delta" && block.kind == PartKind::kText) {
    const Json* const citation = Find(delta, "citation");
    if (citation == nullptr) return;
    ChatEvent cited{.kind = Kind::kPartDelta, .part = block.part};
    cited.citations.push_back(ReadCitation(*citation));
    events->push_back(std::move(cited));
  }
}

void AnthropicEventReader::StopBlock(size_t at, std::vector<ChatEvent>* events) {
  if (at >= open_.size()) return;
  Block block = std::move(open_[at]);
  open_.erase(open_.begin() + static_cast<ptrdiff_t>(at));
  if (block.part < 0) return;
  Say(block, std::move(block.whole_input), events);
  ChatEvent close{.kind = Kind::kPartClose, .part = block.part};
  close.part_kind = block.kind;
  if (!block.signature.data.empty()) {
    close.signature = std::move(block.signature);
    close.signature.origin = kOriginAnthropic;
    close.signature.model = context_.model;
  }
  events->push_back(std::move(close));
}

void AnthropicEventReader::AddMessageDelta(const Json& event, std::vector<ChatEvent>* events) {
  if (const Json* const delta = Find(event, "delta")) {
    if (std::string reason = FindString(*delta, "stop_reason"); !reason.empty()) {
      stop_reason_ = std::move(reason);
      stop_sequence_ = FindString(*delta, "stop_sequence");
    }
    if (std::string text = RefusalText(*delta); !text.empty()) refusal_ = std::move(text);
  }
  const Json* const usage = Find(event, "usage");
  if (usage == nullptr) return;
  ReadAnthropicUsage(*usage, &usage_);
  if (!usage_.known) return;
  ChatEvent counted{.kind = Kind::kUsage};
  counted.usage = usage_;
  events->push_back(std::move(counted));
}

// The reason of the finish waits until here: before the provider's own end an error may come, after
// which an answer must not look complete.
void AnthropicEventReader::End(std::vector<ChatEvent>* events) {
  while (!open_.empty()) StopBlock(0, events);
  ChatEvent finish{.kind = Kind::kFinish};
  finish.finish = ReadStopReason(stop_reason_, called_);
  if (finish.finish == FinishReason::kStopSequence) finish.stop_sequence = stop_sequence_;
  if (finish.finish == FinishReason::kRefusal && !refusal_.empty()) {
    ChatEvent open;
    open.part_kind = PartKind::kRefusal;
    Say(Open(-1, std::move(open), events), std::move(refusal_), events);
    StopBlock(0, events);
  }
  events->push_back(std::move(finish));
  if (usage_.known) {
    ChatEvent counted{.kind = Kind::kUsage};
    counted.usage = usage_;
    events->push_back(std::move(counted));
  }
  events->push_back(ChatEvent{.kind = Kind::kEnd});
  ended_ = true;
}

// ---- Writing.

AnthropicEventWriter::Written AnthropicEventWriter::Write(const ChatEvent& event) {
  Written written;
  // A client that cannot ask for alternatives gets the first.
  if (done_ || event.choice != 0) return written;
  passed_.clear();
  queue_.Add(event, &passed_);
  for (const ChatEvent& each : passed_) {
    if (done_) break;
    WriteOne(each, &written);
  }
  return written;
}

void AnthropicEventWriter::WriteOne(const ChatEvent& event, Written* written) {
  const auto say = [&](std::string_view type, Json json) {
    json["type"] = type;
    written->events.push_back({.type = type, .json = DumpJson(json)});
  };
  switch (event.kind) {
    case Kind::kStart:
      say("message_start",
          Json{{"type", ""},
               {"message", Json{{"id", MessageId(event.id, context_)},
                                {"type", "message"},
                                {"role", "assistant"},
                                {"model", event.name.empty() ? context_.model : event.name},
                                {"content", Json::array()},
                                {"stop_reason", Json()},
                                {"stop_sequence", Json()},
                                {"usage", WriteAnthropicUsage({})}}}});
      return;
    case Kind::kPartOpen:
      // Others wait for something to say: an empty block is refused when it is sent back.
      if (event.part_kind == PartKind::kToolCall) {
        Json proof = WriteReasoning("", event.signature);
        if (!proof.is_null()) {
          OpenBlock(std::move(proof), written);
          StopBlock(written);
        }
        OpenBlock(Json{{"type", "tool_use"},
                       {"id", event.id},
                       {"name", event.name},
                       {"input", Json::object()}},
                  written);
      }
      return;
    case Kind::kPartDelta:
      if (event.part_kind == PartKind::kReasoning) {
        if (!event.signature.data.empty()) signature_ = event.signature;
        if (event.text.empty()) return;
        if (!block_open_) {
          OpenBlock(Json{{"type", "thinking"}, {"thinking", ""}, {"signature", ""}}, written);
        }
        WriteDelta(Json{{"type", "thinking_delta"}, {"thinking", event.text}}, written);
        return;
      }
      if (event.part_kind == PartKind::kToolCall) {
        if (event.text.empty()) return;
        WriteDelta(Json{{"type", "input_json_delta"}, {"partial_json", event.text}}, written);
        return;
      }
      if (event.text.empty() && event.citations.empty()) return;
      if (!block_open_) OpenBlock(Json{{"type", "text"}, {"text", ""}}, written);
      if (!event.text.empty()) {
        WriteDelta(Json{{"type", "text_delta"}, {"text", event.text}}, written);
      }
      for (const chat::Citation& citation : event.citations) {
        WriteDelta(Json{{"type", "citations_delta"}, {"citation", WriteCitation(citation)}},
                   written);
      }
      return;
    case Kind::kPartClose:
      if (event.part_kind == PartKind::kReasoning) CloseReasoning(event, written);
      if (block_open_) StopBlock(written);
      return;
    case Kind::kUsage:
      if (event.usage.known) usage_ = event.usage;
      return;
    case Kind::kFinish:
      finish_ = event.finish;
      stop_sequence_ = event.stop_sequence;
      return;
    case Kind::kError:
      written->failed = true;
      written->error = event.error;
      done_ = true;
      return;
    case Kind::kEnd: {
      if (block_open_) StopBlock(written);
      say("message_delta", Json{{"type", ""},
                                {"delta", WriteStop(finish_, stop_sequence_)},
                                {"usage", WriteAnthropicUsage(usage_)}});
      say("message_stop", Json{{"type", ""}});
      done_ = true;
      return;
    }
  }
}

void AnthropicEventWriter::OpenBlock(Json content, Written* written) {
  block_open_ = true;
  written->events.push_back({.type = "content_block_start",
                             .json = DumpJson(Json{{"type", "content_block_start"},
                                                   {"index", next_index_},
                                                   {"content_block", std::move(content)}})});
}

void AnthropicEventWriter::WriteDelta(Json delta, Written* written) {
  written->events.push_back(
      {.type = "content_block_delta",
       .json = DumpJson(Json{
           {"type", "content_block_delta"}, {"index", next_index_}, {"delta", std::move(delta)}})});
}

// What proves the thinking comes last; thinking that had no text shows only now what it is.
void AnthropicEventWriter::CloseReasoning(const ChatEvent& event, Written* written) {
  const chat::Signature& signature = event.signature.data.empty() ? signature_ : event.signature;
  const Json block = WriteReasoning(block_open_ ? "." : "", signature);
  signature_ = {};
  if (block.is_null()) return;
  if (FindString(block, "type") == "redacted_thinking") {
    OpenBlock(block, written);
    return;
  }
  if (!block_open_) {
    OpenBlock(Json{{"type", "thinking"}, {"thinking", ""}, {"signature", ""}}, written);
  }
  WriteDelta(Json{{"type", "signature_delta"}, {"signature", FindString(block, "signature")}},
             written);
}

void AnthropicEventWriter::StopBlock(Written* written) {
  block_open_ = false;
  written->events.push_back(
      {.type = "content_block_stop",
       .json = DumpJson(Json{{"type", "content_block_stop"}, {"index", next_index_}})});
  ++next_index_;
}

std::unique_ptr<EventDecoder> Anthropic::NewEventDecoder(const AnswerContext& context) const {
  return std::make_unique<SseDecoder>(context);
}

std::unique_ptr<EventEncoder> Anthropic::NewEventEncoder(const AnswerContext& context) const {
  return std::make_unique<SseEncoder>(context);
}

}  // namespace lmgate::dialect
