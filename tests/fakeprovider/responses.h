#pragma once

#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/call.h"

namespace lmgate::fakeprovider {

// POST /v1/responses. The call has a JSON object.
Answer AnswerResponses(const Call& call);

}  // namespace lmgate::fakeprovider
