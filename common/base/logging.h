#pragma once

#include <absl/status/status.h>

#include <string_view>

namespace lmgate {

// The process log: one line an event on stderr, written by spdlog. Never a secret, a prompt or an
// answer; control characters become spaces. Thread-safe; not for the request path (that has the
// access log). Levels: error = page someone, warn = look tomorrow, info = lifecycle, debug = for
// developers.

// debug, info, warn or error; anything else is an error. Before the call the level is info.
absl::Status SetLogLevel(std::string_view level);

void LogDebug(std::string_view message);
void LogInfo(std::string_view message);
void LogWarn(std::string_view message);
void LogError(std::string_view message);

// The version of this build, as 0.1.0.
std::string_view Version();

namespace internal {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);
}

}  // namespace lmgate

// For what only a bug can cause; aborts. Never for what a peer, a file or a user can cause.
#define LMGATE_CHECK(condition)                                        \
  do {                                                                 \
    if (!(condition)) [[unlikely]] {                                   \
      ::lmgate::internal::CheckFailed(__FILE__, __LINE__, #condition); \
    }                                                                  \
  } while (false)
