#include "tests/support/client_stream.h"

#include <absl/strings/escaping.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "common/base/strings.h"
#include "dataplane/dialect/aws_event_stream.h"
#include "dataplane/dialect/dialects.h"
#include "tests/support/anthropic_grammar.h"
#include "tests/support/bedrock_grammar.h"
#include "tests/support/gemini_grammar.h"
#include "tests/support/openai_chat_grammar.h"
#include "tests/support/openai_responses_grammar.h"

namespace lmgate::testing {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kInvoke = "bedrock-invoke";

// The Anthropic events that InvokeModel's frames hold, and whether an exception is the last frame.
struct InvokeStream {
  std::string wrong;
  std::vector<std::string> events;
  bool broken_off = false;
};

InvokeStream ReadInvokeStream(std::string_view bytes) {
  InvokeStream stream;
  dialect::EventFrameReader reader;
  reader.Feed(bytes);
  while (true) {
    const auto frame = reader.Next();
    if (!frame.ok()) {
      stream.wrong = std::string(frame.status().message());
      return stream;
    }
    if (!frame->has_value()) break;
    if (stream.broken_off) stream.wrong = "a frame after an exception";
    if ((*frame)->message_type == "exception") {
      stream.broken_off = true;
      continue;
    }
    const Json payload = Json::parse((*frame)->payload, nullptr, false);
    std::string event;
    if ((*frame)->event_type != "chunk" || !payload.is_object() || !payload.contains("bytes") ||
        !payload["bytes"].is_string() ||
        !absl::Base64Unescape(payload["bytes"].get<std::string>(), &event)) {
      stream.wrong = "a frame that is no chunk of base64";
      return stream;
    }
    stream.events.push_back(std::move(event));
  }
  if (!reader.AtBoundary()) stream.wrong = "the stream ends within a frame";
  return stream;
}

bool EndsInException(std::string_view bytes) {
  dialect::EventFrameReader reader;
  reader.Feed(bytes);
  bool exception = false;
  while (true) {
    const auto frame = reader.Next();
    if (!frame.ok() || !frame->has_value()) return exception;
    exception = (*frame)->message_type == "exception";
  }
}

}  // namespace

absl::Span<const ClientKind> ClientKinds() {
  using dialect::FindDialect;
  constexpr std::string_view kMessages = R"("messages":[{"role":"user","content":"hi"}])";
  static const std::string chat = StrCat(
      R"({"model":"m","stream":true,"stream_options":{"include_usage":true},)", kMessages, "}");
  static const std::string anthropic =
      StrCat(R"({"model":"m","max_tokens":9,"stream":true,)", kMessages, "}");
  static const std::string invoke =
      StrCat(R"({"anthropic_version":"bedrock-2023-05-31","max_tokens":9,)", kMessages, "}");
  static const ClientKind kinds[] = {
      {"openai-chat", FindDialect("openai-chat"), {.body = chat}},
      {"openai-responses",
       FindDialect("openai-responses"),
       {.body = R"({"model":"m","stream":true,"store":false,"input":"hi"})"}},
      {"anthropic", FindDialect("anthropic"), {.body = anthropic}},
      {"gemini",
       FindDialect("gemini"),
       {.body = R"({"contents":[{"parts":[{"text":"hi"}]}]})", .model = "m", .stream = true}},
      {"bedrock",
       FindDialect("bedrock"),
       {.body = R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})",
        .model = "m",
        .stream = true}},
      {kInvoke, &dialect::BedrockInvokeDialect(), {.body = invoke, .model = "m", .stream = true}},
  };
  return kinds;
}

std::string CheckClientStream(const ClientKind& kind, std::string_view bytes) {
  if (kind.name == kInvoke) {
    const InvokeStream stream = ReadInvokeStream(bytes);
    if (!stream.wrong.empty()) return stream.wrong;
    return CheckAnthropicEvents(stream.events, stream.broken_off);
  }
  if (kind.name == "openai-chat") return CheckOpenAiChatStream(bytes);
  if (kind.name == "openai-responses") return CheckOpenAiResponsesStream(bytes);
  if (kind.name == "anthropic") return CheckAnthropicStream(bytes);
  if (kind.name == "gemini") return CheckGeminiStream(bytes);
  return CheckBedrockStream(bytes);
}

bool EndsInError(const ClientKind& kind, std::string_view bytes) {
  if (kind.name.starts_with("bedrock")) return EndsInException(bytes);
  if (kind.name == "gemini") return IsGeminiError(bytes);
  const size_t last =
      bytes.substr(0, bytes.size() - std::min<size_t>(bytes.size(), 2)).rfind("\n\n");
  const std::string_view event = last == std::string_view::npos ? bytes : bytes.substr(last + 2);
  if (kind.name == "openai-chat") return event.starts_with("data: {\"error\":");
  if (kind.name == "openai-responses") return event.starts_with("event: response.failed\n");
  return event.starts_with("event: error\n");
}

}  // namespace lmgate::testing
