#include "tests/fakeprovider/anthropic_message.h"

#include <absl/strings/str_format.h>

#include <utility>

#include "common/base/strings.h"
#include "tests/fakeprovider/json_text.h"
#include "tests/fakeprovider/signature.h"

namespace lmgate::fakeprovider {
namespace {

std::string_view StopReason(Finish finish) {
  switch (finish) {
    case Finish::kStop:
      return "end_turn";
    case Finish::kStopSequence:
      return "stop_sequence";
    case Finish::kLength:
      return "max_tokens";
    case Finish::kToolCalls:
      return "tool_use";
    case Finish::kRefusal:
      return "refusal";
  }
  return "";
}

// "stop_reason":…,"stop_sequence":…
std::string MakeStopMembers(const Said& said) {
  return StrCat(R"("stop_reason":")", StopReason(said.finish), R"(","stop_sequence":)",
                said.stop_sequence.empty() ? "null" : QuoteJson(said.stop_sequence));
}

// ,"usage":{…}; `output_tokens` are those so far.
std::string MakeUsageMember(const Said& said, const Call& call, size_t output_tokens) {
  if (call.fault.kind == FaultKind::kNoUsage) return "";
  return StrCat(R"(,"usage":{"input_tokens":)", said.input_tokens - said.cached_tokens,
                R"(,"cache_creation_input_tokens":0,"cache_read_input_tokens":)",
                said.cached_tokens,
                R"(,"cache_creation":{"ephemeral_5m_input_tokens":0,)"
                R"("ephemeral_1h_input_tokens":0},"output_tokens":)",
                output_tokens, R"(,"service_tier":"standard"})");
}

std::string MakeMessageStart(const Call& call) {
  return StrCat(R"("model":)", QuoteJson(call.model),
                absl::StrFormat(R"(,"id":"msg_fake%08d")", call.number),
                R"(,"type":"message","role":"assistant")");
}

std::string SignThinking(const Said& said) { return SignReasoning("anthropic", said.reasoning); }

// Writes the events of the blocks one after another.
class BlockWriter {
 public:
  BlockWriter(std::vector<std::string>* events, const EventFrame& frame)
      : events_(events), frame_(frame) {}

  void Add(std::string_view type, std::string_view members) {
    events_->push_back(
        frame_(type, StrCat(R"({"type":")", type, R"(","index":)", index_, members, "}")));
  }
  void Start(std::string_view block) {
    Add("content_block_start", StrCat(R"(,"content_block":)", block));
    // Where the API sends its first one.
    if (index_ == 0) events_->push_back(frame_("ping", R"({"type":"ping"})"));
  }
  void Delta(std::string_view delta) { Add("content_block_delta", StrCat(R"(,"delta":)", delta)); }
  void Stop() {
    Add("content_block_stop", "");
    ++index_;
  }
  void MoveTo(std::vector<std::string>* events) { events_ = events; }
  size_t index() const { return index_; }

 private:
  std::vector<std::string>* events_;
  const EventFrame& frame_;
  size_t index_ = 0;
};

void WriteThinking(const Said& said, BlockWriter* writer) {
  if (!said.has_reasoning) return;
  writer->Start(R"({"type":"thinking","thinking":"","signature":""})");
  const Reply words(said.reasoning);
  for (size_t i = 0; i < words.piece_count(); ++i) {
    writer->Delta(
        StrCat(R"({"type":"thinking_delta","thinking":)", QuoteJson(words.Piece(i)), "}"));
  }
  writer->Delta(
      StrCat(R"({"type":"signature_delta","signature":)", QuoteJson(SignThinking(said)), "}"));
  writer->Stop();
}

void WriteCall(const SaidCall& call, BlockWriter* writer) {
  writer->Start(StrCat(R"({"type":"tool_use","id":")", call.id, R"(","name":)",
                       QuoteJson(call.name), R"(,"input":{}})"));
  writer->Delta(R"({"type":"input_json_delta","partial_json":""})");
  // A call without arguments has no further delta.
  if (call.arguments != "{}") {
    for (const std::string& part : SplitArguments(call.arguments)) {
      writer->Delta(StrCat(R"({"type":"input_json_delta","partial_json":)", QuoteJson(part), "}"));
    }
  }
  writer->Stop();
}

// Types of errors: docs.claude.com, "Errors".
std::string_view ErrorType(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 402:
      return "billing_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 504:
      return "timeout_error";
    case 529:
      return "overloaded_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

}  // namespace

std::string MakeMessageJson(const Said& said, const Call& call) {
  std::string content;
  if (said.has_reasoning) {
    content = StrCat(R"({"type":"thinking","thinking":)", QuoteJson(said.reasoning),
                     R"(,"signature":)", QuoteJson(SignThinking(said)), "}");
  }
  for (const SaidCall& made : said.calls) {
    StrAppend(&content, content.empty() ? "" : ",", R"({"type":"tool_use","id":")", made.id,
              R"(","name":)", QuoteJson(made.name), R"(,"input":)", made.arguments, "}");
  }
  if (said.calls.empty()) {
    StrAppend(&content, content.empty() ? "" : ",", R"({"type":"text","text":)",
              QuoteJson(said.reply.Text()), "}");
  }
  return StrCat("{", MakeMessageStart(call), R"(,"content":[)", content, "],",
                MakeStopMembers(said), MakeUsageMember(said, call, said.output_tokens), "}");
}

EventScript MakeMessageScript(Said said, const Call& call, const EventFrame& frame,
                              std::string_view last_members) {
  EventScript script;
  script.before.push_back(frame(
      "message_start", StrCat(R"({"type":"message_start","message":{)", MakeMessageStart(call),
                              R"(,"content":[],"stop_reason":null,"stop_sequence":null)",
                              MakeUsageMember(said, call, 1), "}}")));
  BlockWriter writer(&script.before, frame);
  WriteThinking(said, &writer);
  for (const SaidCall& made : said.calls) WriteCall(made, &writer);
  const std::string end = StrCat(R"({"type":"message_delta","delta":{)", MakeStopMembers(said), "}",
                                 MakeUsageMember(said, call, said.output_tokens), "}");
  if (said.calls.empty()) {
    writer.Start(R"({"type":"text","text":""})");
    const size_t index = writer.index();
    script.piece_count = said.reply.piece_count();
    script.piece = [reply = std::move(said.reply), index, frame, fault = call.fault](size_t i) {
      return frame("content_block_delta",
                   StrCat(R"({"type":"content_block_delta","index":)", index,
                          R"(,"delta":{"type":"text_delta","text":)", QuoteJson(reply.Piece(i)),
                          "}", FindEventStamp(fault, i), "}"));
    };
    writer.MoveTo(&script.after);
    writer.Stop();
  }
  script.after.push_back(frame("message_delta", end));
  script.after.push_back(
      frame("message_stop", StrCat(R"({"type":"message_stop")", last_members, "}")));
  return script;
}

std::string MakeAnthropicErrorJson(int status, std::string_view message) {
  return StrCat(R"({"type":"error","error":{"type":")", ErrorType(status), R"(","message":)",
                QuoteJson(message), "}}");
}

std::string MakeOddMessageEvents(size_t index, const EventFrame& frame) {
  switch (index) {
    case 1:
      return frame("ping", R"({"type":"ping"})");
    case 2:
      return frame("vendor_event", R"({"type":"vendor_event","queue_ms":1})");
    case 3:
      return StrCat(frame("ping", R"({"type":"ping"})"), frame("ping", R"({"type":"ping"})"));
    default:
      return "";
  }
}

}  // namespace lmgate::fakeprovider
