#include "tests/repo/allowances.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_split.h>

#include "common/base/strings.h"

namespace lmgate::repo {

absl::StatusOr<Allowances> Allowances::Parse(std::string_view text) {
  Allowances allowances;
  for (const auto& line : absl::StrSplit(ToAbsl(text), '\n')) {
    if (line.empty() || line[0] == '#') continue;
    const std::pair<std::string, std::string> parts = absl::StrSplit(line, absl::MaxSplits('#', 1));
    const std::vector<std::string> words = absl::StrSplit(parts.first, ' ', absl::SkipWhitespace());
    const bool has_reason = !absl::StripAsciiWhitespace(parts.second).empty();
    if (words.size() != 2 || !has_reason) {
      return absl::InvalidArgumentError(absl::StrCat("\"", line, "\" is not `check path  # why`"));
    }
    allowances.entries_.push_back({.check = words[0], .pattern = words[1]});
  }
  return allowances;
}

bool Allowances::IsAllowed(std::string_view check, std::string_view path) {
  for (Entry& entry : entries_) {
    if (entry.check == check && MatchesPath(entry.pattern, path)) {
      entry.is_needed = true;
      return true;
    }
  }
  return false;
}

Complaints Allowances::Unneeded() const {
  Complaints complaints;
  for (const Entry& entry : entries_) {
    if (entry.is_needed) continue;
    complaints.push_back(StrCat("tests/repo/allowances.txt: \"", entry.check, " ", entry.pattern,
                                "\" is no longer needed: delete the line"));
  }
  return complaints;
}

}  // namespace lmgate::repo
