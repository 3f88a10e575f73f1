#pragma once

#include <cstdint>

#include "dataplane/chat/chat_request.h"

namespace lmgate::chat {

// About how many tokens a prompt has, for clients that ask before they send it and whose provider
// cannot tell: four bytes of UTF-8 a token, 1,600 for an image (Anthropic docs, Vision: the largest
// that is not scaled down), what tools and messages cost by being there. Never negative.
int64_t EstimateTokens(const ChatRequest& request);

}  // namespace lmgate::chat
