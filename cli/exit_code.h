#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

namespace lmgate::cli {

// What scripts switch on; wire contract, shown by `lmctl help exit-codes`.
enum class ExitCode {
  kOk = 0,
  kUsage = 1,        // wrong flags, unreadable local file, refused prompt
  kServer = 2,       // the server refused, failed or cannot be reached
  kNotFound = 3,     // no such resource
  kAuth = 4,         // token missing, wrong or not allowed
  kConflict = 5,     // another revision than expected, or the name is taken
  kPropagation = 6,  // stored, but not every replica serves it in time
};

// `diff` alone has its own reading of 1.
inline constexpr ExitCode kDiffers = ExitCode::kUsage;

// An error of this side of the wire: exit code 1 whatever its code, but for Unauthenticated (a
// token that cannot be found or read), which is 4. `hint` says what to do; empty = none.
absl::Status LocalError(absl::StatusCode code, std::string_view message,
                        std::string_view hint = "");
absl::Status UsageError(std::string_view message, std::string_view hint = "");

// The one place that turns a Status into an exit code.
ExitCode ExitCodeOf(const absl::Status& status);

// The page of `lmctl help exit-codes`.
std::string ExitCodesHelp();

// What stands on stderr: `error: <message>` and `hint: <hint>`, or with `as_json` one line
// {"error":{"code","message","field","hint"}}. Field hints of the server are used. Ends with '\n'.
std::string ErrorText(const absl::Status& status, bool as_json);

}  // namespace lmgate::cli
