#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/chat/part_queue.h"
#include "dataplane/dialect/dialect.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {

// Anthropic messages (Anthropic API reference, Messages).
class Anthropic : public Dialect {
 public:
  std::string_view name() const override;
  absl::StatusOr<chat::ChatRequest> DecodeRequest(const RequestSource& source) const override;
  absl::StatusOr<UpstreamBody> EncodeRequest(const chat::ChatRequest& request,
                                             const BackendTraits& traits) const override;
  absl::StatusOr<chat::ChatResponse> DecodeResponse(std::string_view body,
                                                    const AnswerContext& context) const override;
  std::string EncodeResponse(const chat::ChatResponse& response,
                             const AnswerContext& context) const override;
  std::unique_ptr<EventDecoder> NewEventDecoder(const AnswerContext& context) const override;
  std::unique_ptr<EventEncoder> NewEventEncoder(const AnswerContext& context) const override;
};

// What follows is the JSON without its envelope: Bedrock's InvokeModel has the same one in another
// (bedrock_invoke.h).

// All of a request but model and stream.
// `count_only` as RequestSource.
absl::StatusOr<chat::ChatRequest> ReadAnthropicRequest(const Json& body, bool count_only = false);
absl::StatusOr<Json> WriteAnthropicRequest(const chat::ChatRequest& request,
                                           const BackendTraits& traits);

// `anthropic_beta` of a body of Bedrock's, at `field`: a list of names.
absl::Status ReadBetas(const Json& betas, std::string_view field, chat::ChatRequest* request);
// Of the request those that its model's provider may be told.
std::vector<std::string> BetasOf(const chat::ChatRequest& request);

// Sets what `usage` states; an absent or null count keeps its value.
void ReadAnthropicUsage(const Json& usage, chat::TokenUsage* read);
Json WriteAnthropicUsage(const chat::TokenUsage& usage);

// stop_reason to what it means; `called` = the answer holds a tool call.
chat::FinishReason ReadStopReason(std::string_view stop_reason, bool called);
// How a message, or a stream, ended: stop_reason, stop_sequence, of a refusal stop_details. With no
// stop_sequence to name, kStopSequence is an ordinary end.
Json WriteStop(chat::FinishReason finish, std::string_view stop_sequence);

// "msg_…": the provider's when it has that form.
std::string MessageId(std::string_view provider_id, const AnswerContext& context);

// A citation of the answer; one without a place in a web page or document has no url.
chat::Citation ReadCitation(const Json& json);
Json WriteCitation(const chat::Citation& citation);

// A thinking or redacted_thinking block of an answer; null = nothing to say or to send back. A
// thinking without a signature gets one that says nothing, as clients do not keep a block that has
// none. What proves a call (Gemini's) goes before it as hidden reasoning: calls have no place for
// it.
Json WriteReasoning(std::string_view text, const chat::Signature& signature);

// What stop_details says of a refusal; empty = nothing.
std::string RefusalText(const Json& message);

// The events of a stream, each as its JSON, to neutral ones.
class AnthropicEventReader {
 public:
  explicit AnthropicEventReader(const AnswerContext& context) : context_(context) {}

  // `type`: what the envelope calls the event; counts where the JSON has no type.
  void Read(std::string_view type, std::string_view json, std::vector<chat::ChatEvent>* events);
  // A kError unless the stream has ended.
  void Finish(std::vector<chat::ChatEvent>* events);
  // The provider breaks off, or is not lawful.
  void Fail(chat::ProviderError error, std::vector<chat::ChatEvent>* events);
  bool ended() const { return ended_; }

 private:
  // A content block between its start and its stop.
  struct Block {
    int64_t index = 0;
    int part = -1;  // -1 = a block of a kind that has no neutral form
    chat::PartKind kind = chat::PartKind::kText;
    // The input of a call that came whole with the start: said at the stop unless pieces come.
    std::string whole_input = {};
    chat::Signature signature = {};
  };

  void Start(const Json& message, std::vector<chat::ChatEvent>* events);
  void StartBlock(int64_t index, const Json& content, std::vector<chat::ChatEvent>* events);
  void AddDelta(int64_t index, const Json& delta, std::vector<chat::ChatEvent>* events);
  void StopBlock(size_t at, std::vector<chat::ChatEvent>* events);
  void AddMessageDelta(const Json& event, std::vector<chat::ChatEvent>* events);
  void End(std::vector<chat::ChatEvent>* events);
  // Place in open_; open_.size() = none.
  size_t FindOpen(int64_t index) const;
  Block& Open(int64_t index, chat::ChatEvent open, std::vector<chat::ChatEvent>* events);
  void Say(const Block& block, std::string text, std::vector<chat::ChatEvent>* events);

  const AnswerContext& context_;
  std::vector<Block> open_;
  int parts_ = 0;
  bool started_ = false;
  bool ended_ = false;
  bool called_ = false;
  std::string stop_reason_;
  std::string stop_sequence_;
  std::string refusal_;  // the provider's explanation of a refusal
  chat::TokenUsage usage_;
};

// One event of a stream: `json` is a whole event without line breaks.
struct AnthropicEvent {
  std::string_view type;
  std::string json;
};

// Neutral events to a stream's.
class AnthropicEventWriter {
 public:
  explicit AnthropicEventWriter(const AnswerContext& context) : context_(context) {}

  // Everything but kError, whose form is the envelope's. A queue that overflows ends in one: it is
  // returned in `error` then, and nothing comes after it.
  struct Written {
    std::vector<AnthropicEvent> events = {};
    bool failed = false;
    chat::ProviderError error = {};
  };
  Written Write(const chat::ChatEvent& event);

 private:
  void WriteOne(const chat::ChatEvent& event, Written* written);
  void OpenBlock(Json content, Written* written);
  void WriteDelta(Json delta, Written* written);
  void CloseReasoning(const chat::ChatEvent& event, Written* written);
  void StopBlock(Written* written);

  const AnswerContext& context_;
  chat::PartQueue queue_;
  std::vector<chat::ChatEvent> passed_;
  int64_t next_index_ = 0;
  bool block_open_ = false;
  bool done_ = false;
  chat::Signature signature_;  // of the open reasoning, when it came before its close
  chat::FinishReason finish_ = chat::FinishReason::kStop;
  std::string stop_sequence_;
  chat::TokenUsage usage_;
};

}  // namespace lmgate::dialect
