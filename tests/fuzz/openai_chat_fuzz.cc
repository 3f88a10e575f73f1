#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/logging.h"
#include "dataplane/chat/chat_response.h"
#include "dataplane/dialect/openai_chat.h"
#include "tests/support/openai_chat_grammar.h"

namespace {

using lmgate::chat::ChatEvent;
using lmgate::chat::ChatResponse;
using lmgate::dialect::AnswerContext;
using lmgate::dialect::OpenAiChat;

std::vector<ChatEvent> Decode(std::string_view stream, const AnswerContext& context,
                              size_t piece_bytes) {
  const auto decoder = OpenAiChat().NewEventDecoder(context);
  std::vector<ChatEvent> events;
  while (!stream.empty()) {
    const std::string_view piece = stream.substr(0, piece_bytes);
    decoder->Feed(piece, &events);
    stream.remove_prefix(piece.size());
  }
  decoder->Finish(&events);
  return events;
}

std::string Encode(const std::vector<ChatEvent>& events, const AnswerContext& context) {
  const auto encoder = OpenAiChat().NewEventEncoder(context);
  std::string bytes;
  for (const ChatEvent& event : events) encoder->Encode(event, &bytes);
  return bytes;
}

// The model's arguments may be no JSON: that is not the gateway's fault.
bool IsLawful(const std::string& stream) {
  const std::string wrong = lmgate::testing::CheckOpenAiChatStream(stream);
  return wrong.empty() || wrong.starts_with("arguments that are no object");
}

}  // namespace

// A request, an answer and a stream from the same bytes: nothing crashes, every stream ends once,
// its pieces do not matter, and what is written of it is lawful.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  AnswerContext context;
  context.id = "f";
  context.created = 1;
  context.model = "m";
  context.include_usage = true;

  const auto request = OpenAiChat().DecodeRequest({.body = bytes});
  if (request.ok()) (void)OpenAiChat().EncodeRequest(*request, {.model = "m"});

  const auto answer = OpenAiChat().DecodeResponse(bytes, context);
  if (answer.ok()) {
    const std::string body = OpenAiChat().EncodeResponse(*answer, context);
    LMGATE_CHECK(OpenAiChat().DecodeResponse(body, context).ok());
    LMGATE_CHECK(IsLawful(Encode(lmgate::chat::EventsOf(*answer), context)));
  }

  const std::vector<ChatEvent> events = Decode(bytes, context, size + 1);
  const std::string whole = Encode(events, context);
  LMGATE_CHECK(IsLawful(whole));
  for (const size_t piece_bytes : {1u, 3u, 64u}) {
    LMGATE_CHECK(Encode(Decode(bytes, context, piece_bytes), context) == whole);
  }
  return 0;
}
