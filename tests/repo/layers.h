#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/repo/source_tree.h"

namespace lmgate::repo {

struct Layer {
  std::string folder;  // without /**
  bool is_subtree = false;
  std::vector<std::string> may_include;  // folders, or one of * and mirror
};

// Reads layers.txt. Refused: a row that names one that is not above it, one plane that names the
// other, a folder with two rows.
absl::StatusOr<std::vector<Layer>> ParseLayers(std::string_view text);

// Compares every #include "..." with the table.
Complaints CheckLayers(const std::vector<Layer>& layers, const SourceTree& tree);

}  // namespace lmgate::repo
