#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/logging.h"
#include "dataplane/dialect/anthropic.h"

namespace {

using namespace lmgate;  // NOLINT: short names for a short program
using chat::ChatEvent;

const dialect::AnswerContext& Context() {
  static const dialect::AnswerContext* const context =
      new dialect::AnswerContext{.id = "abc", .model = "claude-sonnet-4-5", .request = {}};
  return *context;
}

std::vector<ChatEvent> Decode(std::string_view bytes, size_t piece_bytes) {
  const auto decoder = dialect::Anthropic().NewEventDecoder(Context());
  std::vector<ChatEvent> events;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_bytes);
    decoder->Feed(piece, &events);
    bytes.remove_prefix(piece.size());
  }
  decoder->Finish(&events);
  return events;
}

std::string Encode(const std::vector<ChatEvent>& events) {
  const auto encoder = dialect::Anthropic().NewEventEncoder(Context());
  std::string bytes;
  for (const ChatEvent& event : events) encoder->Encode(event, &bytes);
  return bytes;
}

// A request that can be read can be written or is refused, and never crashes.
void TryRequest(std::string_view body) {
  const auto request = dialect::Anthropic().DecodeRequest({.body = body});
  if (!request.ok()) return;
  for (const char* const model : {"claude-sonnet-4-5", "claude-opus-4-7", "other"}) {
    dialect::BackendTraits traits;
    traits.model = model;
    const auto upstream = dialect::Anthropic().EncodeRequest(*request, traits);
    if (upstream.ok()) LMGATE_CHECK(upstream->body.starts_with("{"));
  }
}

void TryAnswer(std::string_view body) {
  const auto response = dialect::Anthropic().DecodeResponse(body, Context());
  if (!response.ok()) return;
  LMGATE_CHECK(
      dialect::ParseObject(dialect::Anthropic().EncodeResponse(*response, Context())).ok());
}

// Whatever the pieces, a stream says the same, ends once and in one way.
void TryStream(std::string_view bytes) {
  const std::vector<ChatEvent> events = Decode(bytes, bytes.size());
  const std::string written = Encode(events);
  for (const size_t piece_bytes : {1u, 7u}) {
    LMGATE_CHECK(Encode(Decode(bytes, piece_bytes)) == written);
  }
  size_t ends = 0;
  for (const ChatEvent& event : events) {
    if (event.kind == ChatEvent::Kind::kEnd || event.kind == ChatEvent::Kind::kError) ++ends;
  }
  LMGATE_CHECK(ends == 1);
  LMGATE_CHECK(events.back().kind == ChatEvent::Kind::kEnd ||
               events.back().kind == ChatEvent::Kind::kError);
}

}  // namespace

// The first byte says which of the three the rest is: 'q' a request, 'a' an answer, else a stream.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view rest = input.substr(1);
  if (input[0] == 'q') {
    TryRequest(rest);
  } else if (input[0] == 'a') {
    TryAnswer(rest);
  } else {
    TryStream(rest);
  }
  return 0;
}
