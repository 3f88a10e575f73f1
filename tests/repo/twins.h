#pragma once

#include "tests/repo/allowances.h"
#include "tests/repo/source_tree.h"

namespace lmgate::repo {

// Each .cc of a pure folder has its test at the mirrored path: dataplane/auth/a.cc is tested by
// tests/unit/dataplane/auth/a_test.cc.
Complaints CheckTwins(const SourceTree& tree, Allowances& allowances);

}  // namespace lmgate::repo
