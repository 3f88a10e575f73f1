#include <cstdint>
#include <string_view>

#include "common/base/logging.h"
#include "dataplane/usage/usage_scanner.h"

namespace {

using lmgate::chat::TokenUsage;
using lmgate::usage::UsageScanner;

TokenUsage Scan(std::string_view answer, size_t piece_bytes) {
  UsageScanner scanner;
  while (!answer.empty()) {
    const std::string_view piece = answer.substr(0, piece_bytes);
    scanner.Feed(piece);
    answer.remove_prefix(piece.size());
  }
  return scanner.usage();
}

bool Equal(const TokenUsage& a, const TokenUsage& b) {
  return a.known == b.known && a.prompt_tokens == b.prompt_tokens &&
         a.completion_tokens == b.completion_tokens && a.total_tokens == b.total_tokens &&
         a.cached_tokens == b.cached_tokens && a.reasoning_tokens == b.reasoning_tokens;
}

}  // namespace

// Whatever the pieces of an answer, its usage is the same; counts are never negative.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view answer(reinterpret_cast<const char*>(data), size);
  const TokenUsage whole = Scan(answer, size);
  for (const size_t piece_bytes : {1u, 2u, 3u, 5u, 64u}) {
    LMGATE_CHECK(Equal(Scan(answer, piece_bytes), whole));
  }
  LMGATE_CHECK(whole.prompt_tokens >= 0 && whole.completion_tokens >= 0 &&
               whole.total_tokens >= 0 && whole.cached_tokens >= 0 && whole.reasoning_tokens >= 0);
  return 0;
}
