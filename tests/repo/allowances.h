#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/repo/source_tree.h"

namespace lmgate::repo {

// The exceptions of allowances.txt. Each check asks it last, so that what was never asked for is
// known to be unneeded.
class Allowances {
 public:
  // InvalidArgument when an entry has no reason or is not `check path  # why`.
  static absl::StatusOr<Allowances> Parse(std::string_view text);

  bool IsAllowed(std::string_view check, std::string_view path);

  // The entries that allowed nothing.
  Complaints Unneeded() const;

 private:
  struct Entry {
    std::string check;
    std::string pattern;
    bool is_needed = false;
  };
  std::vector<Entry> entries_;
};

}  // namespace lmgate::repo
