#pragma once

#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/call.h"

namespace lmgate::fakeprovider {

// The stream with what the call's fault does to its events: malformed-json, error-after-N,
// odd-chunks. Others, and plain answers, come back as they are.
Answer SpoilStream(Answer answer, const Call& call);

}  // namespace lmgate::fakeprovider
