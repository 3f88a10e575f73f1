#pragma once

#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/call.h"
#include "tests/fakeprovider/options.h"

namespace lmgate::fakeprovider {

// The Anthropic dialect: messages, count_tokens and models, with the headers of the dialect.
Answer AnswerAnthropic(const Call& call, const Options& options);

}  // namespace lmgate::fakeprovider
