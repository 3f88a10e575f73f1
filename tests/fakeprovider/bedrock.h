#pragma once

#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/call.h"
#include "tests/fakeprovider/options.h"

namespace lmgate::fakeprovider {

// The dialect of Bedrock's runtime: Converse and InvokeModel (with the JSON of Claude), plain and
// streamed.
Answer AnswerBedrock(const Call& call, const Options& options);

}  // namespace lmgate::fakeprovider
