#pragma once

#include "tests/repo/allowances.h"
#include "tests/repo/source_tree.h"

namespace lmgate::repo {

// Calls and headers that belong to one place, in C++ files; the message names the place.
Complaints CheckBannedCode(const SourceTree& tree, Allowances& allowances);

// Text that no tracked file may have: notes to oneself (style.md 34), paths of one machine, hosts
// of package registries.
Complaints CheckBannedText(const SourceTree& tree);

}  // namespace lmgate::repo
