#include "tests/fakeprovider/converse.h"

#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "tests/fakeprovider/aws_frame.h"
#include "tests/fakeprovider/json_text.h"
#include "tests/fakeprovider/signature.h"

namespace lmgate::fakeprovider {
namespace {

// Every event carries padding of any length: AWS pads against guesses by size.
constexpr std::string_view kPadding = R"(,"p":"abcdefghijklm"})";

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
      return "content_filtered";
  }
  return "";
}

std::string MakeStopMembers(const Said& said, bool shows_stop_sequence) {
  const std::string sequence = said.stop_sequence.empty() ? "null" : QuoteJson(said.stop_sequence);
  return StrCat(R"("stopReason":")", StopReason(said.finish), "\"",
                shows_stop_sequence
                    ? StrCat(R"(,"additionalModelResponseFields":{"stop_sequence":)", sequence, "}")
                    : "");
}

std::string MakeUsage(const Said& said) {
  return StrCat(R"({"inputTokens":)", said.input_tokens - said.cached_tokens, R"(,"outputTokens":)",
                said.output_tokens, R"(,"totalTokens":)", said.input_tokens + said.output_tokens,
                R"(,"cacheReadInputTokens":)", said.cached_tokens,
                R"(,"cacheWriteInputTokens":0})");
}

// Writes the events of the blocks one after another.
class BlockWriter {
 public:
  explicit BlockWriter(std::vector<std::string>* events) : events_(events) {}

  void Start(std::string_view start) { Add("contentBlockStart", StrCat(R"(,"start":)", start)); }
  void Delta(std::string_view delta) { Add("contentBlockDelta", StrCat(R"(,"delta":)", delta)); }
  void Stop() {
    Add("contentBlockStop", "");
    ++index_;
  }
  void MoveTo(std::vector<std::string>* events) { events_ = events; }
  size_t index() const { return index_; }

 private:
  void Add(std::string_view type, std::string_view members) {
    events_->push_back(
        MakeAwsEvent(type, StrCat(R"({"contentBlockIndex":)", index_, members, kPadding)));
  }

  std::vector<std::string>* events_;
  size_t index_ = 0;
};

void WriteReasoning(const Said& said, BlockWriter* writer) {
  if (!said.has_reasoning) return;
  const Reply words(said.reasoning);
  for (size_t i = 0; i < words.piece_count(); ++i) {
    writer->Delta(StrCat(R"({"reasoningContent":{"text":)", QuoteJson(words.Piece(i)), "}}"));
  }
  writer->Delta(StrCat(R"({"reasoningContent":{"signature":)",
                       QuoteJson(SignReasoning("anthropic", said.reasoning)), "}}"));
  writer->Stop();
}

void WriteCall(const SaidCall& call, BlockWriter* writer) {
  writer->Start(
      StrCat(R"({"toolUse":{"toolUseId":")", call.id, R"(","name":)", QuoteJson(call.name), "}}"));
  if (call.arguments != "{}") {
    for (const std::string& part : SplitArguments(call.arguments)) {
      writer->Delta(StrCat(R"({"toolUse":{"input":)", QuoteJson(part), "}}"));
    }
  }
  writer->Stop();
}

}  // namespace

std::string MakeConverseJson(const Said& said, const Call& call, bool shows_stop_sequence) {
  std::string content;
  if (said.has_reasoning) {
    content =
        StrCat(R"({"reasoningContent":{"reasoningText":{"text":)", QuoteJson(said.reasoning),
               R"(,"signature":)", QuoteJson(SignReasoning("anthropic", said.reasoning)), "}}}");
  }
  for (const SaidCall& made : said.calls) {
    AppendText(&content,
               StrCat(R"({"toolUse":{"toolUseId":")", made.id, R"(","name":)", QuoteJson(made.name),
                      R"(,"input":)", made.arguments, "}}"),
               ",");
  }
  if (said.calls.empty()) {
    AppendText(&content, StrCat(R"({"text":)", QuoteJson(said.reply.Text()), "}"), ",");
  }
  return StrCat(
      R"({"metrics":{"latencyMs":1},"output":{"message":{"content":[)", content,
      R"(],"role":"assistant"}},)", MakeStopMembers(said, shows_stop_sequence),
      call.fault.kind == FaultKind::kNoUsage ? "" : StrCat(R"(,"usage":)", MakeUsage(said)), "}");
}

EventScript MakeConverseScript(Said said, const Call& call, bool shows_stop_sequence) {
  EventScript script;
  script.before.push_back(MakeAwsEvent("messageStart", StrCat(R"({"role":"assistant")", kPadding)));
  BlockWriter writer(&script.before);
  WriteReasoning(said, &writer);
  for (const SaidCall& made : said.calls) WriteCall(made, &writer);
  if (said.calls.empty()) {
    // A block of text has no start.
    script.piece_count = said.reply.piece_count();
    script.piece = [reply = said.reply, index = writer.index(), fault = call.fault](size_t i) {
      return MakeAwsEvent(
          "contentBlockDelta",
          StrCat(R"({"contentBlockIndex":)", index, R"(,"delta":{"text":)",
                 QuoteJson(reply.Piece(i)), "}", FindEventStamp(fault, i), kPadding));
    };
    writer.MoveTo(&script.after);
    writer.Stop();
  }
  script.after.push_back(MakeAwsEvent(
      "messageStop", StrCat("{", MakeStopMembers(said, shows_stop_sequence), kPadding)));
  if (call.fault.kind != FaultKind::kNoUsage) {
    script.after.push_back(MakeAwsEvent(
        "metadata",
        StrCat(R"({"usage":)", MakeUsage(said), R"(,"metrics":{"latencyMs":1})", kPadding)));
  }
  return script;
}

}  // namespace lmgate::fakeprovider
