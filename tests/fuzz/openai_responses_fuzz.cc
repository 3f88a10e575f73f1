#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/logging.h"
#include "dataplane/chat/chat_response.h"
#include "dataplane/dialect/openai_responses.h"
#include "dataplane/dialect/response_store.h"

namespace {

using lmgate::chat::ChatEvent;
using lmgate::dialect::AnswerContext;
using lmgate::dialect::OpenAiResponses;
using lmgate::dialect::OpenAiResponsesEncoder;

// The stream that a client would be sent.
std::string Translate(std::string_view bytes, size_t piece_bytes, const AnswerContext& context) {
  const auto decoder = OpenAiResponses().NewEventDecoder(context);
  std::vector<ChatEvent> events;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_bytes);
    decoder->Feed(piece, &events);
    bytes.remove_prefix(piece.size());
  }
  decoder->Finish(&events);
  std::string stream;
  OpenAiResponsesEncoder encoder(context);
  for (const ChatEvent& event : events) encoder.Encode(event, &stream);
  const ChatEvent::Kind last = events.back().kind;
  LMGATE_CHECK(last == ChatEvent::Kind::kEnd || last == ChatEvent::Kind::kError);
  LMGATE_CHECK(!encoder.final_response().empty());
  return stream;
}

}  // namespace

// One input as a request, as an answer and as a stream: nothing crashes, and a stream says the same
// whatever its pieces.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const OpenAiResponses dialect;
  AnswerContext context;
  context.id = "fuzz";
  context.request.tools = {{.name = "apply_patch", .freeform = true}};
  const auto request = dialect.DecodeRequest({.body = bytes});
  if (request.ok()) {
    static_cast<void>(dialect.EncodeRequest(*request, {.model = "m"}));
    context.request = *request;
  }
  const auto response = dialect.DecodeResponse(bytes, context);
  const std::string json = response.ok() ? dialect.EncodeResponse(*response, context) : "";
  lmgate::dialect::ResponseStore store({.bytes_max = 1 << 20});
  store.Remember("k", bytes, json.empty() ? bytes : json, absl::UnixEpoch());
  static_cast<void>(store.ResolveState("k", bytes, absl::UnixEpoch()));
  LMGATE_CHECK(store.bytes() <= 1 << 20);
  const std::string whole = Translate(bytes, size, context);
  for (const size_t piece_bytes : {1u, 3u, 64u}) {
    LMGATE_CHECK(Translate(bytes, piece_bytes, context) == whole);
  }
  return 0;
}
