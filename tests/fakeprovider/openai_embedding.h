#pragma once

#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/call.h"

namespace lmgate::fakeprovider {

// POST /v1/embeddings. `call.json` and `call.model` are there. Vectors have length 1 and depend on
// the text alone; as floats and in base64 they are the same numbers.
Answer AnswerEmbedding(const Call& call);

}  // namespace lmgate::fakeprovider
