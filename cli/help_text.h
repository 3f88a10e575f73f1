#pragma once

#include <string>

#include "cli/command_line.h"

namespace lmgate::cli {

// The page of `lmctl help ...` and `--help`, made from the declarations alone.
std::string HelpText(const Command& command);

// "[NAME]", "NAME...", "[COMMAND]...": how an argument stands in a usage line.
std::string ArgumentText(const Parameter& parameter);

}  // namespace lmgate::cli
