#include "tests/repo/twins.h"

#include <algorithm>
#include <array>

#include "common/base/strings.h"

namespace lmgate::repo {
namespace {

// The folders marked (P), pure, in the table of the layout; and the options, which every program
// starts with.
constexpr std::array<std::string_view, 13> kPureFolders{
    "common/base",         "common/contract",   "common/options",     "dataplane/auth",
    "dataplane/chat",      "dataplane/dialect", "dataplane/http2",    "dataplane/middleware",
    "dataplane/ratelimit", "dataplane/routing", "dataplane/snapshot", "controlplane/importer",
    "dataplane/usage"};

bool IsPure(std::string_view folder) {
  return std::find(kPureFolders.begin(), kPureFolders.end(), folder) != kPureFolders.end();
}

}  // namespace

Complaints CheckTwins(const SourceTree& tree, Allowances& allowances) {
  Complaints complaints;
  for (const SourceFile& file : tree) {
    if (!file.path.ends_with(".cc") || !IsPure(file.Folder())) continue;
    const std::string twin =
        StrCat("tests/unit/", file.path.substr(0, file.path.size() - 3), "_test.cc");
    if (FindFile(tree, twin) != nullptr || allowances.IsAllowed("twin", file.path)) continue;
    complaints.push_back(StrCat(file.path, ": its test ", twin, " is missing"));
  }
  return complaints;
}

}  // namespace lmgate::repo
