#pragma once

#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/call.h"
#include "tests/fakeprovider/options.h"

namespace lmgate::fakeprovider {

// The Gemini dialect: generateContent, streamGenerateContent (events, or one array without
// alt=sse), countTokens and models.
Answer AnswerGemini(const Call& call, const Options& options);

}  // namespace lmgate::fakeprovider
