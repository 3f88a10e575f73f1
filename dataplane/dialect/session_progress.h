#pragma once

#include <string>
#include <vector>

#include "dataplane/chat/chat_request.h"

namespace lmgate::dialect {

// What a coding agent has done so far, as the calls of its tools tell, between two "---" lines: the
// working directory, the task, and the last operations that have a result. For models that lose the
// thread of a long session. Knows Claude Code's tools (Bash, Read, Write, Edit, Glob); of others it
// gives the name. Empty = there is nothing to say.
//
//   ---
//   Session progress so far:
//   Current working directory: /src/app
//   Current task: fix the build
//   Already completed (the last 30 of 41 operations):
//   - [Bash] make test → 12 passed
//   - [Edit] /src/app/main.c → ok
//   ---
std::string SessionProgress(const std::vector<chat::Turn>& turns);

}  // namespace lmgate::dialect
