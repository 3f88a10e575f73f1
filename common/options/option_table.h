#pragma once

#include <absl/status/statusor.h>
#include <absl/types/span.h>

#include <map>
#include <string>
#include <string_view>

#include "common/options/option_value.h"
#include "common/options/surroundings.h"

namespace lmgate::options {

// One bootstrap option of a program: declared once, read from flag, environment and file, shown by
// --help. The YAML key is the flag's name with '_' for '-'; the variable is LMGATE_ and that in
// capitals. A secret is never an option's value, since anybody may read argv: the option is the
// file that has it ("token-file").
struct Option {
  std::string_view flag;           // without the dashes: "grpc-listen"
  std::string_view value_name;     // for --help: "HOST:PORT"; empty = a switch (true when given)
  std::string_view default_value;  // as a user would write it; empty = `parse` is not called
  std::string_view help;           // one sentence with the unit
  // Stores the value; its error is prefixed with where the value came from.
  ValueParser parse;
};

struct ParseResult {
  bool help = false;     // --help was given: print HelpText and exit 0
  bool version = false;  // --version was given
  // Variables of the .env file that the environment does not have; to be put into it.
  std::map<std::string, std::string> env_file;
};

// Reads `.env` of the working directory (or --env-file; "" = none), then sets every option once:
// flag > environment > file named by --config (or LMGATE_CONFIG) > default. A variable that is
// empty counts as not set, as compose files write it, but for LMGATE_ENV_FILE. Unknown flags,
// unknown keys and bad values are all reported together, one line each, with a "did you mean";
// LMGATE_ variables of other programs are no error. A positional argument is one, and so is a flag
// given twice. --help and --version end the reading: nothing is set then.
absl::StatusOr<ParseResult> ParseOptions(absl::Span<const Option> options,
                                         const Surroundings& surroundings);

// Usage, one line an option with default and variable.
std::string HelpText(std::string_view program, std::string_view sentence,
                     absl::Span<const Option> options);

}  // namespace lmgate::options
