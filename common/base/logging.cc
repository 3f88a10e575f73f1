#include "common/base/logging.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>

#include "common/base/strings.h"

namespace lmgate {
namespace {

spdlog::logger& Logger() {
  // Never destroyed: threads may still log while statics are torn down.
  static spdlog::logger* const logger = [] {
    auto* made = new spdlog::logger("lmgate", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *logger;
}

// The overload without arguments: braces in a message are no format.
void Write(spdlog::level::level_enum level, std::string_view message) {
  Logger().log(level, spdlog::string_view_t(message.data(), message.size()));
}

}  // namespace

absl::Status SetLogLevel(std::string_view level) {
  if (level == "debug") {
    Logger().set_level(spdlog::level::debug);
  } else if (level == "info") {
    Logger().set_level(spdlog::level::info);
  } else if (level == "warn") {
    Logger().set_level(spdlog::level::warn);
  } else if (level == "error") {
    Logger().set_level(spdlog::level::err);
  } else {
    return absl::InvalidArgumentError(
        StrCat("log level \"", level, "\" is none of debug, info, warn, error"));
  }
  return absl::OkStatus();
}

void LogDebug(std::string_view message) { Write(spdlog::level::debug, message); }
void LogInfo(std::string_view message) { Write(spdlog::level::info, message); }
void LogWarn(std::string_view message) { Write(spdlog::level::warn, message); }
void LogError(std::string_view message) { Write(spdlog::level::err, message); }

std::string_view Version() { return LMGATE_VERSION; }

namespace internal {

void CheckFailed(const char* file, int line, const char* condition) {
  LogError(StrCat(file, ":", line, ": check failed: ", condition));
  std::abort();
}

}  // namespace internal
}  // namespace lmgate
