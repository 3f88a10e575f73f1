#include "common/options/option_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "common/base/strings.h"

namespace lmgate::options {
namespace {

constexpr size_t kFileBytesMax = 1024 * 1024;
constexpr size_t kKeysMax = 1000;  // a program has some dozens of options

absl::Status AtLine(const YAML::Mark& mark, std::string_view what) {
  if (mark.is_null()) return absl::InvalidArgumentError(ToAbsl(what));
  return absl::InvalidArgumentError(StrCat("line ", mark.line + 1, ": ", what));
}

absl::StatusOr<std::vector<OptionFileEntry>> ReadMap(const YAML::Node& map) {
  std::vector<OptionFileEntry> entries;
  for (const auto& pair : map) {
    const YAML::Node& key = pair.first;
    const YAML::Node& value = pair.second;
    if (!key.IsScalar()) return AtLine(key.Mark(), "a key is not plain text");
    OptionFileEntry entry{.key = key.Scalar(), .value = std::nullopt};
    if (value.IsScalar()) entry.value = value.Scalar();
    const bool is_duplicate =
        std::any_of(entries.begin(), entries.end(),
                    [&](const OptionFileEntry& earlier) { return earlier.key == entry.key; });
    if (is_duplicate) return AtLine(key.Mark(), StrCat("\"", entry.key, "\" is there twice"));
    if (entries.size() == kKeysMax) {
      return AtLine(key.Mark(), StrCat("more than ", kKeysMax, " keys"));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

absl::StatusOr<std::vector<OptionFileEntry>> ParseOptionFile(std::string_view text) {
  if (text.size() > kFileBytesMax) return absl::InvalidArgumentError("is larger than 1 MiB");
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.empty()) return std::vector<OptionFileEntry>();
    if (documents.size() > 1) {
      return AtLine(documents[1].Mark(), "a second document is not allowed");
    }
    const YAML::Node& document = documents.front();
    if (document.IsNull()) return std::vector<OptionFileEntry>();
    if (!document.IsMap()) return AtLine(document.Mark(), "is not a map of options");
    return ReadMap(document);
  } catch (const YAML::Exception& exception) {
    return AtLine(exception.mark, exception.msg);
  }
}

}  // namespace lmgate::options
