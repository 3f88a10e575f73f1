#pragma once

#include "tests/fakeprovider/answer.h"
#include "tests/fakeprovider/call.h"

namespace lmgate::fakeprovider {

// POST /v1/chat/completions. `call.json` and `call.model` are there.
//
// A last message of the user is said back; with `tools` it is answered by a call of the first tool
// (of all, up to 8, when parallel_tool_calls is true; of the named one for such a tool_choice),
// with arguments that fit its schema. After a tool's message the answer is text that holds its
// result, so a tool loop ends.
Answer AnswerChat(const Call& call);

}  // namespace lmgate::fakeprovider
