#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/call.h"
#include "tests/fakeprovider/reply.h"

namespace lmgate::fakeprovider {

// Parts that OpenAI's chat and completion objects share.

constexpr std::string_view kOpenaiDone = "data: [DONE]\n\n";  // API reference, Chat, streaming

// "id":…,"object":…,"created":…,"model":… and the system fingerprint, without braces.
std::string MakeObjectStart(const Call& call, std::string_view id_prefix, std::string_view object);

// Numbers of tokens; the first and the third hold those after them.
struct TokenCounts {
  size_t prompt = 0;
  size_t cached = 0;
  size_t completion = 0;
  size_t reasoning = 0;
};
std::string MakeUsage(const TokenCounts& tokens);

// How often each choice is made: `n`, from 1 to 128.
size_t ChoiceCount(const Call& call);

bool WantsStreamedUsage(const Call& call);

struct LimitedReply {
  Reply reply;
  std::string_view finish_reason;  // "stop", or "length" when the limit cut it
};
// Applies max_completion_tokens or max_tokens.
LimitedReply LimitReply(Reply reply, const Call& call);

}  // namespace lmgate::fakeprovider
