#include "tests/fakeprovider/openai_object.h"

#include <absl/strings/str_format.h>

#include <algorithm>

#include "common/base/strings.h"
#include "tests/fakeprovider/json_text.h"

namespace lmgate::fakeprovider {
namespace {

// OpenAI API reference, chat, `n`.
constexpr int64_t kChoicesMax = 128;

}  // namespace

std::string MakeObjectStart(const Call& call, std::string_view id_prefix, std::string_view object) {
  return StrCat(R"("id":")", id_prefix, absl::StrFormat("fake%08d", call.number), R"(","object":")",
                object, R"(","created":)", absl::ToUnixSeconds(call.received_at), R"(,"model":)",
                QuoteJson(call.model), R"(,"system_fingerprint":"fp_fakeprovider")");
}

std::string MakeUsage(const TokenCounts& tokens) {
  return StrCat(R"({"prompt_tokens":)", tokens.prompt, R"(,"completion_tokens":)",
                tokens.completion, R"(,"total_tokens":)", tokens.prompt + tokens.completion,
                R"(,"prompt_tokens_details":{"cached_tokens":)", tokens.cached,
                R"(,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":)",
                tokens.reasoning,
                R"(,"audio_tokens":0,"accepted_prediction_tokens":0,)"
                R"("rejected_prediction_tokens":0}})");
}

size_t ChoiceCount(const Call& call) {
  const int64_t wanted = FindInteger(*call.json, "n").value_or(1);
  return static_cast<size_t>(std::clamp<int64_t>(wanted, 1, kChoicesMax));
}

bool WantsStreamedUsage(const Call& call) {
  if (call.fault.kind == FaultKind::kNoUsage) return false;
  const auto options = FindObject(*call.json, "stream_options");
  return options.has_value() && IsTrue(*options, "include_usage");
}

LimitedReply LimitReply(Reply reply, const Call& call) {
  std::optional<int64_t> limit = FindInteger(*call.json, "max_completion_tokens");
  if (!limit.has_value()) limit = FindInteger(*call.json, "max_tokens");
  const bool is_cut =
      limit.value_or(0) > 0 && reply.Truncate(static_cast<size_t>(limit.value_or(0)));
  return LimitedReply{.reply = std::move(reply), .finish_reason = is_cut ? "length" : "stop"};
}

}  // namespace lmgate::fakeprovider
