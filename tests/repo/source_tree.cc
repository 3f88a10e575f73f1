#include "tests/repo/source_tree.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "common/base/strings.h"

namespace lmgate::repo {
namespace {

// Empty when git or its folder is missing.
std::vector<std::string> TrackedPaths(const std::string& root) {
  const std::string command = "git -C '" + root + "' ls-files -z 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (pipe == nullptr) return {};

  std::string output;
  std::array<char, 65536> block;
  while (const size_t count = fread(block.data(), 1, block.size(), pipe.get())) {
    output.append(block.data(), count);
  }
  std::vector<std::string> paths;
  for (size_t begin = 0; begin < output.size();) {
    const size_t end = output.find('\0', begin);
    paths.push_back(output.substr(begin, end - begin));
    begin = end == std::string::npos ? output.size() : end + 1;
  }
  return paths;
}

std::vector<std::string> AllPaths(const std::string& root) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  for (auto entry = fs::recursive_directory_iterator(root);
       entry != fs::recursive_directory_iterator(); ++entry) {
    const std::string name = entry->path().filename().string();
    if (entry->is_directory() && (name == "build" || name == "node_modules" || name[0] == '.')) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      paths.push_back(entry->path().lexically_relative(root).string());
    }
  }
  return paths;
}

}  // namespace

std::string_view SourceFile::Folder() const {
  const size_t slash = path.rfind('/');
  return std::string_view(path).substr(0, slash == std::string::npos ? 0 : slash);
}

bool SourceFile::IsCpp() const { return path.ends_with(".h") || path.ends_with(".cc"); }

absl::StatusOr<SourceTree> ReadSourceTree(const std::string& root) {
  if (!std::filesystem::exists(root + "/tests/repo/layers.txt")) {
    return absl::NotFoundError(
        StrCat("\"", root, "\" is not the root of the sources: run this by ctest -L repo"));
  }
  std::vector<std::string> paths = TrackedPaths(root);
  if (paths.empty()) paths = AllPaths(root);
  std::sort(paths.begin(), paths.end());

  SourceTree tree;
  for (std::string& path : paths) {
    std::ifstream file(root + "/" + path, std::ios::binary);
    if (!file) continue;  // tracked, but deleted in the working tree
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (text.find('\0') != std::string::npos) continue;
    tree.push_back({.path = std::move(path), .text = std::move(text)});
  }
  return tree;
}

const SourceFile* FindFile(const SourceTree& tree, std::string_view path) {
  const auto found = std::find_if(tree.begin(), tree.end(),
                                  [&](const SourceFile& file) { return file.path == path; });
  return found == tree.end() ? nullptr : &*found;
}

bool MatchesPath(std::string_view pattern, std::string_view path) {
  if (pattern == "**") return true;
  if (pattern.ends_with("/**")) return path.starts_with(pattern.substr(0, pattern.size() - 2));
  if (pattern.ends_with("/")) {
    return path.starts_with(pattern) && path.find('/', pattern.size()) == std::string_view::npos;
  }
  return pattern == path;
}

std::string At(const SourceFile& file, size_t position, std::string_view message) {
  const auto end = file.text.begin() + static_cast<std::ptrdiff_t>(position);
  const auto line = 1 + std::count(file.text.begin(), end, '\n');
  return StrCat(file.path, ":", line, ": ", message);
}

}  // namespace lmgate::repo
