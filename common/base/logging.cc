#include "common/base/logging.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

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

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// A message may quote what a peer sent: it must not make a second line, or colour the terminal.
std::string OneLine(std::string_view message) {
  std::string line(message);
  std::replace_if(line.begin(), line.end(), IsControl, ' ');
  return line;
}

// The overload without arguments: braces in a message are no format.
void Write(spdlog::level::level_enum level, std::string_view message) {
  if (!Logger().should_log(level)) return;
  Logger().log(level, spdlog::string_view_t(OneLine(message)));
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
