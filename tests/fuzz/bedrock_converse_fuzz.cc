#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/logging.h"
#include "dataplane/chat/chat_response.h"
#include "dataplane/dialect/aws_event_stream.h"
#include "dataplane/dialect/bedrock_converse.h"
#include "tests/support/bedrock_grammar.h"

namespace {

using lmgate::chat::ChatEvent;
using lmgate::dialect::AnswerContext;
using lmgate::dialect::BedrockConverse;

// Lines of "TYPE PAYLOAD" as frames, "!TYPE PAYLOAD" as exceptions.
std::string FramesOf(std::string_view lines) {
  std::string bytes;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    const size_t space = std::min(line.find(' '), line.size());
    lmgate::dialect::EventFrame frame;
    if (line.starts_with('!')) {
      frame.message_type = "exception";
      frame.exception_type = line.substr(1, space == 0 ? 0 : space - 1);
    } else {
      frame.event_type = line.substr(0, space);
    }
    frame.content_type = "application/json";
    frame.payload = line.substr(std::min(space + 1, line.size()));
    lmgate::dialect::AppendEventFrame(frame, &bytes);
  }
  return bytes;
}

void CheckStream(std::string_view bytes, const AnswerContext& context) {
  const auto decoder = BedrockConverse().NewEventDecoder(context);
  const auto encoder = BedrockConverse().NewEventEncoder(context);
  std::vector<ChatEvent> events;
  for (size_t at = 0; at < bytes.size(); at += 50) decoder->Feed(bytes.substr(at, 50), &events);
  decoder->Finish(&events);
  LMGATE_CHECK(!events.empty());
  std::string written;
  int over = 0;
  for (const ChatEvent& event : events) {
    over += event.kind == ChatEvent::Kind::kEnd || event.kind == ChatEvent::Kind::kError;
    encoder->Encode(event, &written);
  }
  const ChatEvent::Kind last = events.back().kind;
  LMGATE_CHECK(over == 1 && (last == ChatEvent::Kind::kEnd || last == ChatEvent::Kind::kError));
  // Duplicate ids, nameless calls and arguments that are no object are the provider's own, and go
  // through.
  const std::string wrong = lmgate::testing::CheckBedrockStream(written);
  const bool theirs = wrong.find("a call") != std::string::npos;
  LMGATE_CHECK(wrong.empty() || theirs);
}

}  // namespace

// The input as a request, as an answer, and as the events of a stream.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const BedrockConverse dialect;
  AnswerContext context;
  context.id = "abc";
  context.model = "anthropic.claude-sonnet-4-5";

  const auto request = dialect.DecodeRequest({.body = text, .model = "m", .stream = true});
  if (request.ok()) {
    for (const char* const model : {"anthropic.claude-sonnet-4-5", "claude-opus-4-7", "nova"}) {
      const auto upstream = dialect.EncodeRequest(*request, {.model = model});
      if (!upstream.ok()) continue;
      LMGATE_CHECK(dialect.DecodeRequest({.body = upstream->body, .model = "m"}).ok());
    }
  }
  const auto response = dialect.DecodeResponse(text, context);
  if (response.ok()) {
    LMGATE_CHECK(dialect.DecodeResponse(dialect.EncodeResponse(*response, context), context).ok());
  }
  CheckStream(FramesOf(text), context);
  CheckStream(text, context);
  return 0;
}
