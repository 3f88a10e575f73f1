#pragma once

#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/call.h"

namespace lmgate::fakeprovider {

// POST /v1/completions (legacy). `call.json` and `call.model` are there. Each prompt is said back,
// `n` times.
Answer AnswerCompletion(const Call& call);

}  // namespace lmgate::fakeprovider
