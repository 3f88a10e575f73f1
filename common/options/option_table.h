#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <absl/types/span.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lmgate::options {

// One bootstrap option of a program: declared once, read from flag, environment and file, shown by
// --help. The YAML key is the flag's name with '_' for '-'; the variable is LMGATE_ and that in
// capitals.
struct Option {
  std::string_view flag;           // without the dashes: "grpc-listen"
  std::string_view value_name;     // for --help: "HOST:PORT"; empty = a switch (true when given)
  std::string_view default_value;  // as a user would write it; shown by --help
  std::string_view help;           // one sentence with the unit
  // Stores the value; its error is prefixed with where the value came from.
  std::function<absl::Status(std::string_view value)> parse;
};

// The surroundings of a program, handed in so that tests need no real ones.
struct Surroundings {
  std::vector<std::string> arguments;  // without the program's name
  std::function<std::optional<std::string>(std::string_view name)> environment;
  // Contents of a file; NotFound when there is none.
  std::function<absl::StatusOr<std::string>(const std::string& path)> read_file;
};
// The process's own.
Surroundings ProcessSurroundings(int argc, const char* const* argv);

struct ParseResult {
  bool help = false;     // --help was given: print HelpText and exit 0
  bool version = false;  // --version was given
  // Variables of the .env file that the environment does not have; to be put into it.
  std::map<std::string, std::string> env_file;
};

// Reads `.env` of the working directory (or --env-file; "" = none), then sets every option once:
// flag > environment > file named by --config (or LMGATE_CONFIG) > default. Unknown flags, unknown
// keys and bad values are all reported together, one line each, with a "did you mean"; LMGATE_
// variables of other programs are no error. A positional argument is one. --help and --version end
// the reading.
absl::StatusOr<ParseResult> ParseOptions(absl::Span<const Option> options,
                                         const Surroundings& surroundings);

// Usage, one line an option with default and variable.
std::string HelpText(std::string_view program, std::string_view sentence,
                     absl::Span<const Option> options);

// Parsers for `parse`. Each error says what was expected.
std::function<absl::Status(std::string_view)> ToString(std::string* target);
// Whole number within [minimum, maximum].
std::function<absl::Status(std::string_view)> ToInteger(int64_t* target, int64_t minimum,
                                                        int64_t maximum);
// true/false, yes/no, on/off, 1/0; the empty text of a switch is true.
std::function<absl::Status(std::string_view)> ToBool(bool* target);
// As 500ms, 10s, 1m, 2h, 30d; within [minimum, maximum].
std::function<absl::Status(std::string_view)> ToDuration(absl::Duration* target,
                                                         absl::Duration minimum,
                                                         absl::Duration maximum);
// As 512, 64KiB, 32MiB, 1GiB (also k, M, G); within [minimum, maximum].
std::function<absl::Status(std::string_view)> ToBytes(uint64_t* target, uint64_t minimum,
                                                      uint64_t maximum);

// An address to listen on: "127.0.0.1:8000", "[::1]:8000", "localhost:8000".
struct HostPort {
  std::string host;
  uint16_t port = 0;
  bool IsLoopback() const;
  std::string Text() const;
};
absl::StatusOr<HostPort> ParseHostPort(std::string_view text);
std::function<absl::Status(std::string_view)> ToHostPort(HostPort* target);

// "500ms" and friends, also used by the configuration file: a number with one unit of ms, s, m, h,
// d (fractions allowed: 1.5s), not negative.
absl::StatusOr<absl::Duration> ParseFriendlyDuration(std::string_view text);
// The shortest such text: "90s", "500ms", "10m".
std::string FormatFriendlyDuration(absl::Duration duration);

}  // namespace lmgate::options
