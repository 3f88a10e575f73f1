#pragma once

#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/call.h"
#include "tests/fakeprovider/options.h"

namespace lmgate::fakeprovider {

// The OpenAI dialect: chat completions, completions, embeddings and models; other paths under /v1/
// are answered by JSON of what arrived; the rest of the world is OpenAI's 404. The answer has the
// headers of the dialect and all that the fault does to its content.
Answer AnswerOpenai(const Call& call, const Options& options);

}  // namespace lmgate::fakeprovider
