#include "tests/repo/layout.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/strings.h"

namespace lmgate::repo {
namespace {

constexpr size_t kColumnsMax = 100;

constexpr std::array<std::string_view, 18> kTextEndings{
    ".h",   ".cc",   ".in",   ".proto", ".sql", ".txt", ".cmake",        ".md",         ".sh",
    ".yml", ".yaml", ".json", ".js",    ".mjs", ".ts",  ".clang-format", ".clang-tidy", ".service"};

bool IsText(std::string_view path) {
  if (MatchesPath("tests/golden/**", path) || MatchesPath("tests/fuzz/corpus/**", path)) {
    return false;
  }
  return std::any_of(kTextEndings.begin(), kTextEndings.end(),
                     [&](std::string_view ending) { return path.ends_with(ending); });
}

// Bytes that continue a character of UTF-8 take no column.
size_t Columns(std::string_view line) {
  return static_cast<size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

void CheckLine(const SourceFile& file, size_t begin, std::string_view line,
               Complaints& complaints) {
  if (line.find('\t') != std::string_view::npos) {
    complaints.push_back(At(file, begin, "a tab: indent with blanks"));
  }
  if (!line.empty() && (line.back() == ' ' || line.back() == '\r')) {
    complaints.push_back(At(file, begin, "a blank at the end of the line"));
  }
  if (file.IsCpp() && Columns(line) > kColumnsMax) {
    complaints.push_back(At(
        file, begin, StrCat(Columns(line), " columns, at most ", kColumnsMax, ": clang-format")));
  }
}

}  // namespace

Complaints CheckLayout(const SourceTree& tree) {
  Complaints complaints;
  for (const SourceFile& file : tree) {
    if (!IsText(file.path)) continue;
    const std::string_view text = file.text;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      CheckLine(file, begin, text.substr(begin, end - begin), complaints);
      begin = end + 1;
    }
    const bool is_header = file.path.ends_with(".h");
    if (is_header && !text.starts_with("#pragma once\n") &&
        text.find("\n#pragma once\n") == std::string_view::npos) {
      complaints.push_back(At(file, 0, "#pragma once is missing"));
    }
  }
  return complaints;
}

std::string LongestFiles(const SourceTree& tree, size_t count) {
  std::vector<std::pair<std::ptrdiff_t, std::string_view>> files;
  for (const SourceFile& file : tree) {
    if (!file.IsCpp()) continue;
    files.emplace_back(std::count(file.text.begin(), file.text.end(), '\n'), file.path);
  }
  std::sort(files.rbegin(), files.rend());
  files.resize(std::min(files.size(), count));
  std::string result;
  for (const auto& [lines, path] : files) StrAppend(&result, lines, " ", path, "\n");
  return result;
}

}  // namespace lmgate::repo
