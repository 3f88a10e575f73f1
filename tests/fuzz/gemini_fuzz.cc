#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/logging.h"
#include "dataplane/chat/chat_response.h"
#include "dataplane/dialect/gemini.h"
#include "dataplane/dialect/gemini_schema.h"

namespace {

using lmgate::chat::ChatEvent;
using lmgate::dialect::AnswerContext;
using lmgate::dialect::Gemini;

std::vector<ChatEvent> Decode(std::string_view bytes, size_t piece_bytes,
                              const AnswerContext& context) {
  const auto decoder = Gemini().NewEventDecoder(context);
  std::vector<ChatEvent> events;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_bytes);
    decoder->Feed(piece, &events);
    bytes.remove_prefix(piece.size());
  }
  decoder->Finish(&events);
  return events;
}

std::string Encode(const std::vector<ChatEvent>& events, const AnswerContext& context) {
  const auto encoder = Gemini().NewEventEncoder(context);
  std::string out;
  for (const ChatEvent& event : events) encoder->Encode(event, &out);
  return out;
}

// What was understood of a request can be asked of any model.
void FuzzRequest(std::string_view bytes) {
  const auto request = Gemini().DecodeRequest({.body = bytes, .model = "m"});
  if (!request.ok()) return;
  for (const char* model : {"gemini-1.5-pro", "gemini-2.5-pro", "gemini-3-pro"}) {
    const auto body = Gemini().EncodeRequest(*request, {.model = model});
    if (body.ok()) LMGATE_CHECK(nlohmann::json::accept(body->body));
  }
}

// Whatever the pieces of a stream, it says the same, ends once, and can be said again.
void FuzzStream(std::string_view bytes) {
  const AnswerContext context{.id = "x", .model = "gemini-3-pro"};
  const std::vector<ChatEvent> whole = Decode(bytes, bytes.size() + 1, context);
  LMGATE_CHECK(!whole.empty());
  const std::string said = Encode(whole, context);
  for (const size_t piece_bytes : {1u, 3u, 64u}) {
    LMGATE_CHECK(Encode(Decode(bytes, piece_bytes, context), context) == said);
  }
  if (whole.back().kind != ChatEvent::Kind::kEnd) {
    LMGATE_CHECK(whole.back().kind == ChatEvent::Kind::kError);
    return;
  }
  const std::vector<ChatEvent> again = Decode(said, said.size(), context);
  LMGATE_CHECK(again.back().kind == ChatEvent::Kind::kEnd);
}

void FuzzAnswer(std::string_view bytes) {
  const AnswerContext context{.id = "x", .model = "gemini-3-pro"};
  const auto answer = Gemini().DecodeResponse(bytes, context);
  if (!answer.ok()) return;
  LMGATE_CHECK(Gemini().DecodeResponse(Gemini().EncodeResponse(*answer, context), context).ok());
  for (const ChatEvent& event : EventsOf(*answer)) LMGATE_CHECK(event.choice >= 0);
}

void FuzzSchema(std::string_view bytes) {
  const auto schema = lmgate::dialect::ParseJson(bytes);
  if (!schema.ok()) return;
  lmgate::dialect::DumpJson(lmgate::dialect::GeminiSchemaOf(*schema));
  lmgate::dialect::DumpJson(lmgate::dialect::JsonSchemaOfGemini(*schema));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  FuzzRequest(bytes);
  FuzzStream(bytes);
  FuzzAnswer(bytes);
  FuzzSchema(bytes);
  return 0;
}
