#include "tests/repo/layers.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_split.h>

#include <algorithm>

#include "common/base/strings.h"
#include "tests/repo/source_text.h"

namespace lmgate::repo {
namespace {

constexpr std::string_view kMirror = "mirror";
constexpr std::string_view kAll = "*";
constexpr std::string_view kUnitTests = "tests/unit/";

// The row of a folder; a row of its own wins over that of a tree.
const Layer* FindLayer(const std::vector<Layer>& layers, std::string_view folder) {
  const Layer* found = nullptr;
  for (const Layer& layer : layers) {
    if (layer.folder == folder) return &layer;
    if (layer.is_subtree && folder.starts_with(layer.folder + "/")) found = &layer;
  }
  return found;
}

bool IsOneOf(std::string_view word, const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool CrossesPlanes(std::string_view from, std::string_view to) {
  const bool is_data = from.starts_with("dataplane");
  const bool is_control = from.starts_with("controlplane");
  return (is_data && to.starts_with("controlplane")) || (is_control && to.starts_with("dataplane"));
}

bool MayInclude(const std::vector<Layer>& layers, std::string_view folder, const Layer& target) {
  const Layer* const layer = FindLayer(layers, folder);
  if (layer == nullptr) return false;
  if (layer == &target || IsOneOf(kAll, layer->may_include)) return true;
  if (IsOneOf(target.folder, layer->may_include)) return true;
  const bool is_mirror = IsOneOf(kMirror, layer->may_include) && folder.starts_with(kUnitTests);
  return is_mirror && MayInclude(layers, folder.substr(kUnitTests.size()), target);
}

absl::Status CheckRow(const std::vector<Layer>& above, const Layer& layer) {
  const auto refuse = [&](std::string_view what) {
    return absl::InvalidArgumentError(StrCat(layer.folder, ": ", what));
  };
  const auto find = [&](std::string_view folder) {
    return std::any_of(above.begin(), above.end(),
                       [&](const Layer& row) { return row.folder == folder; });
  };
  if (find(layer.folder)) return refuse("has two rows");
  for (const std::string& name : layer.may_include) {
    if (name == kMirror || name == kAll) continue;
    if (!find(name)) return refuse(StrCat("\"", name, "\" has no row above"));
    if (CrossesPlanes(layer.folder, name)) {
      return refuse(StrCat("the planes never include each other, so not \"", name, "\""));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Layer>> ParseLayers(std::string_view text) {
  std::vector<Layer> layers;
  for (const auto& line : absl::StrSplit(ToAbsl(text), '\n')) {
    if (line.empty() || line[0] == '#') continue;
    const std::pair<std::string, std::string> row = absl::StrSplit(line, absl::MaxSplits(':', 1));
    Layer layer{.folder = row.first, .may_include = {}};
    layer.is_subtree = layer.folder.ends_with("/**");
    if (layer.is_subtree) layer.folder.resize(layer.folder.size() - 3);
    for (const auto& name : absl::StrSplit(row.second, ' ', absl::SkipWhitespace())) {
      layer.may_include.emplace_back(name);
    }
    const absl::Status status = CheckRow(layers, layer);
    if (!status.ok()) return status;
    layers.push_back(std::move(layer));
  }
  return layers;
}

Complaints CheckLayers(const std::vector<Layer>& layers, const SourceTree& tree) {
  Complaints complaints;
  for (const SourceFile& file : tree) {
    if (!file.IsCpp()) continue;
    const std::string_view folder = file.Folder();
    if (FindLayer(layers, folder) == nullptr) {
      complaints.push_back(At(file, 0, StrCat("\"", folder, "\" has no row in layers.txt")));
      continue;
    }
    for (const Include& include : FindIncludes(file.text)) {
      if (!include.is_quoted) continue;
      const SourceFile included{.path = include.path, .text = {}};
      const Layer* const target = FindLayer(layers, included.Folder());
      if (target == nullptr) {
        complaints.push_back(
            At(file, include.position,
               StrCat("\"", include.path, "\": our includes are written from the root")));
      } else if (!MayInclude(layers, folder, *target)) {
        complaints.push_back(At(file, include.position,
                                StrCat(folder, " may not include ", target->folder,
                                       ": move the code down, hand it in, or change layers.txt "
                                       "and say why")));
      }
    }
  }
  return complaints;
}

}  // namespace lmgate::repo
