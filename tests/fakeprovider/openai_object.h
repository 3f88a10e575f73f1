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

std::string MakeUsage(size_t prompt_tokens, size_t completion_tokens);

// How often each choice is made: `n`, from 1 to 128.
size_t ChoiceCount(const Call& call);

bool WantsStreamedUsage(const Call& call);

struct LimitedReply {
  Reply reply;
  std::string_view finish_reason;  // "stop", or "length" when the limit cut it
};
// Applies max_completion_tokens or max_tokens.
LimitedReply LimitReply(Reply reply, const Call& call);

// Number and monotonic time of an event as further members, for benchmarks that look for loss and
// lag.
std::string MakeEventStamp(size_t index);

}  // namespace lmgate::fakeprovider
