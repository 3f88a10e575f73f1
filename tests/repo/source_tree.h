#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

namespace lmgate::repo {

struct SourceFile {
  std::string path;  // from the root, as dataplane/main.cc
  std::string text;

  std::string_view Folder() const;  // "" for a file of the root
  bool IsCpp() const;               // .h, .cc
};

// Files by path, in its order. Binary files are left out.
using SourceTree = std::vector<SourceFile>;

// The files that git tracks below `root`; without git (an unpacked archive) all but those of build
// folders. NotFound when `root` is not the root of this project.
absl::StatusOr<SourceTree> ReadSourceTree(const std::string& root);

const SourceFile* FindFile(const SourceTree& tree, std::string_view path);

// `**` matches everything, `folder/**` what is in or below the folder, `folder/` what is in it,
// else the whole path.
bool MatchesPath(std::string_view pattern, std::string_view path);

// What a check says, as `dataplane/main.cc:12: ...`; the message says what to do instead.
using Complaints = std::vector<std::string>;

std::string At(const SourceFile& file, size_t position, std::string_view message);

}  // namespace lmgate::repo
