#pragma once

#include "tests/repo/source_tree.h"

namespace lmgate::repo {

// "Name it, then await it": an aggregate `T{...}` or a capturing lambda in one expression with
// co_await is freed twice by g++ 12 (https://gcc.gnu.org/PR99576 and its kin).
Complaints CheckAwaits(const SourceTree& tree);

}  // namespace lmgate::repo
