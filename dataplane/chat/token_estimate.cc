#include "dataplane/chat/token_estimate.h"

#include <string_view>
#include <vector>

namespace lmgate::chat {
namespace {

constexpr int64_t kBytesPerToken = 4;
constexpr int64_t kImageTokens = 1600;
// A page of a PDF is about 2,000 tokens (Anthropic docs, PDF support) and 25 kB of base64.
constexpr int64_t kFileBytesPerToken = 12;
// A file whose bytes are elsewhere.
constexpr int64_t kUnseenFileTokens = 2000;
// 16 kB/s of base64 speech, 32 tokens/s (Gemini docs, Audio).
constexpr int64_t kAudioBytesPerToken = 512;
constexpr int64_t kTurnTokens = 4;
constexpr int64_t kToolTokens = 8;
// The prompt by which providers explain tools to the model.
constexpr int64_t kToolUseTokens = 300;

int64_t TextTokens(std::string_view text) {
  return (static_cast<int64_t>(text.size()) + kBytesPerToken - 1) / kBytesPerToken;
}

int64_t BytesTokens(std::string_view data, int64_t bytes_per_token) {
  if (data.empty()) return kUnseenFileTokens;
  return static_cast<int64_t>(data.size()) / bytes_per_token + 1;
}

int64_t PartTokens(const Part& part) {
  switch (part.kind) {
    case PartKind::kText:
    case PartKind::kRefusal:
      return TextTokens(part.text);
    case PartKind::kReasoning:
      return TextTokens(part.text.empty() ? part.signature.data : part.text);
    case PartKind::kImage:
      return kImageTokens;
    case PartKind::kFile:
      return BytesTokens(part.data, kFileBytesPerToken);
    case PartKind::kAudio:
      return BytesTokens(part.data, kAudioBytesPerToken);
    case PartKind::kToolCall:
      return TextTokens(part.name) + TextTokens(part.arguments) + kToolTokens;
    case PartKind::kToolResult: {
      int64_t tokens = kToolTokens;
      // Results hold no results.
      for (const Part& inner : part.parts) {
        if (inner.kind != PartKind::kToolResult) tokens += PartTokens(inner);
      }
      return tokens;
    }
  }
  return 0;
}

}  // namespace

int64_t EstimateTokens(const ChatRequest& request) {
  int64_t tokens = 0;
  for (const Part& part : request.system) tokens += PartTokens(part);
  for (const Turn& turn : request.turns) {
    tokens += kTurnTokens;
    for (const Part& part : turn.parts) tokens += PartTokens(part);
  }
  if (!request.tools.empty()) tokens += kToolUseTokens;
  for (const Tool& tool : request.tools) {
    tokens += TextTokens(tool.name) + TextTokens(tool.description) + TextTokens(tool.parameters) +
              kToolTokens;
  }
  return tokens + TextTokens(request.response_format.schema);
}

}  // namespace lmgate::chat
