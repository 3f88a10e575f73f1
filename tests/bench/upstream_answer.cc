#include "tests/bench/upstream_answer.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace lmgate::bench {
namespace {

constexpr size_t kEventFrameBytes = 150;  // of an event, beside its text
constexpr size_t kEventBytesMax = 4096;

constexpr char kUsage[] =
    R"(,"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,)"
    R"("prompt_tokens_details":{"cached_tokens":0},)"
    R"("completion_tokens_details":{"reasoning_tokens":0}})";

}  // namespace

void BodyEnds::Add(std::string_view piece) {
  // Of a piece that is longer than both windows only its ends can matter.
  if (piece.size() > 2 * kWindowBytes) {
    text_.append(piece.substr(0, kWindowBytes));
    piece = piece.substr(piece.size() - kWindowBytes);
  }
  text_.append(piece);
  if (text_.size() > 2 * kWindowBytes) {
    text_.erase(kWindowBytes, text_.size() - 2 * kWindowBytes);
  }
}

AnswerShape BodyEnds::Shape() const {
  const auto has = [this](const char* word) { return text_.find(word) != std::string::npos; };
  AnswerShape shape;
  shape.is_stream = has("\"stream\":true") || has("\"stream\": true");
  shape.is_big = has("u-16k");
  uint64_t gap_micros = 0;
  const size_t words = text_.find("sse_");
  if (words != std::string::npos &&
      std::sscanf(text_.c_str() + words, "sse_%" SCNu32 "_%" SCNu32 "_%" SCNu64, &shape.events,
                  &shape.event_bytes, &gap_micros) == 3) {
    shape.gap_nanos = gap_micros * 1000;
  }
  shape.events = std::max<uint32_t>(shape.events, 1);
  shape.event_bytes = std::min<uint32_t>(shape.event_bytes, kEventBytesMax);
  return shape;
}

std::string MakePlainAnswer(size_t body_bytes) {
  std::string body =
      R"({"id":"chatcmpl-9fJ3kd82ls0sK1","object":"chat.completion","created":1732000000,)"
      R"("model":"gpt-4o-2024-08-06","choices":[{"index":0,)"
      R"("message":{"role":"assistant","content":")";
  const std::string tail =
      std::string(R"(","refusal":null},"logprobs":null,"finish_reason":"stop"}])") + kUsage +
      R"(,"system_fingerprint":"fp_0705bf87c0"})";
  while (body.size() + tail.size() < body_bytes) {
    body += "The quick brown fox jumps over the lazy dog. ";
  }
  body += tail;
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) +
         "\r\nx-request-id: req_0123456789abcdef\r\nopenai-processing-ms: 12\r\n\r\n" + body;
}

void AppendEvent(const AnswerShape& shape, uint32_t sequence, uint64_t now_nanos,
                 std::string* out) {
  static const std::string padding(kEventBytesMax, 'x');
  const bool is_last = sequence + 1 == shape.events;
  const int text_bytes =
      std::max(static_cast<int>(shape.event_bytes) - static_cast<int>(kEventFrameBytes), 1);
  char event[kEventBytesMax + 512];
  const int size = std::snprintf(
      event, sizeof event,
      "data: {\"id\":\"chatcmpl-x\",\"object\":\"chat.completion.chunk\",\"seq\":%" PRIu32
      ",\"ts\":%" PRIu64 ",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%.*s\"}}]%s}\n\n",
      sequence, now_nanos, text_bytes, padding.c_str(), is_last ? kUsage : "");
  char chunk_size[16];
  out->append(chunk_size, static_cast<size_t>(std::snprintf(chunk_size, sizeof chunk_size, "%x\r\n",
                                                            static_cast<unsigned>(size))));
  out->append(event, static_cast<size_t>(size));
  out->append("\r\n");
  if (is_last) out->append(kStreamEnd);
}

}  // namespace lmgate::bench
