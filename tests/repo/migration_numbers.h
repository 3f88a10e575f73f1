#pragma once

#include "tests/repo/source_tree.h"

namespace lmgate::repo {

// migrations/<database>/NNNN_verb_noun.sql: from 0001 without a gap or a double, the same names
// for every database.
Complaints CheckMigrations(const SourceTree& tree);

}  // namespace lmgate::repo
