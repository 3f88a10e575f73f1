#pragma once

#include <absl/status/statusor.h>

#include "cli/command_line.h"

namespace lmgate::cli {

// `lmctl version`: of this program and, if one answers soon, of the control plane.
void DeclareVersion(Command& root);

}  // namespace lmgate::cli
