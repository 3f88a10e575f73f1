#pragma once

#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/console.h"

namespace lmgate::cli {

// One run of lmctl, from arguments (without the program's name) to exit code. Never throws.
int RunLmctl(const std::vector<std::string>& arguments, Console& console);

// The pages of all commands, one after the other: for the golden test.
std::string AllHelpPages();

}  // namespace lmgate::cli
