#include "tests/repo/migration_numbers.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/strings.h"

namespace lmgate::repo {
namespace {

constexpr std::string_view kRoot = "migrations/";

bool IsWellNamed(std::string_view name) {
  if (name.size() < 10 || name[4] != '_' || !name.ends_with(".sql")) return false;
  const std::string_view number = name.substr(0, 4);
  const std::string_view words = name.substr(5, name.size() - 9);
  return std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         std::all_of(words.begin(), words.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

}  // namespace

Complaints CheckMigrations(const SourceTree& tree) {
  Complaints complaints;
  std::map<std::string, std::vector<std::string>> names_by_folder;
  for (const SourceFile& file : tree) {
    if (!file.path.starts_with(kRoot) || !file.path.ends_with(".sql")) continue;
    const std::string folder(file.Folder());
    const std::string name = file.path.substr(folder.size() + 1);
    if (IsWellNamed(name)) {
      names_by_folder[folder].push_back(name);
    } else {
      complaints.push_back(StrCat(file.path, ": the name must be NNNN_verb_noun.sql"));
    }
  }

  const std::vector<std::string>* reference = nullptr;
  for (auto& [folder, names] : names_by_folder) {
    std::sort(names.begin(), names.end());
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string expected = absl::StrFormat("%04d", i + 1);
      if (names[i].starts_with(expected)) continue;
      complaints.push_back(StrCat(folder, "/", names[i], ": the next number is ", expected));
      break;
    }
    if (reference == nullptr) {
      reference = &names;
    } else if (names != *reference) {
      complaints.push_back(
          StrCat(folder, ": has not the same steps as ", names_by_folder.begin()->first));
    }
  }
  return complaints;
}

}  // namespace lmgate::repo
