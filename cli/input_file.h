#pragma once

#include <absl/status/statusor.h>

#include <istream>
#include <string>
#include <string_view>

#include "cli/console.h"

namespace lmgate::cli {

// All of a file, or of standard input for "-". A usage error names the file, and the limit when it
// has more than `bytes_max` bytes.
absl::StatusOr<std::string> ReadInput(const Console& console, const std::string& path,
                                      size_t bytes_max);

// A secret on its first line: no longer than 8 KiB, one line, not empty, printable ASCII. The line
// end is taken off. The error never shows the contents.
absl::StatusOr<std::string> ReadSecret(const Console& console, const std::string& path);

// Printable ASCII without blanks, at least one character.
bool IsSecretText(std::string_view text);

}  // namespace lmgate::cli
