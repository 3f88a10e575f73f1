#include "cli/help_text.h"

#include <absl/strings/str_join.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/strings.h"

namespace lmgate::cli {
namespace {

using Row = std::pair<std::string, std::string>;

// Left column padded to its widest entry; an entry beyond this stands on a line of its own.
constexpr size_t kLeftColumnMax = 34;

void AppendRows(std::string* page, const std::vector<Row>& rows) {
  size_t width = 0;
  for (const auto& [left, right] : rows) {
    if (left.size() <= kLeftColumnMax) width = std::max(width, left.size());
  }
  for (const auto& [left, right] : rows) {
    if (left.size() > kLeftColumnMax) {
      StrAppend(page, "  ", left, "\n  ", std::string(width, ' '), "  ", right, "\n");
    } else {
      StrAppend(page, "  ", left, std::string(width - left.size(), ' '), "  ", right, "\n");
    }
  }
}

std::vector<Row> FlagRows(const Command& command) {
  std::vector<Row> rows;
  for (const Parameter& parameter : command.parameters()) {
    if (parameter.flags.empty()) continue;
    std::string left = absl::StrJoin(parameter.flags, ", ");
    if (!parameter.value.name.empty()) StrAppend(&left, " ", parameter.value.name);
    rows.emplace_back(std::move(left), parameter.repeatable
                                           ? StrCat(parameter.help, " (repeatable)")
                                           : parameter.help);
  }
  return rows;
}

}  // namespace

std::string ArgumentText(const Parameter& parameter) {
  const std::string name = StrCat(parameter.value.name, parameter.repeatable ? "..." : "");
  return parameter.required ? name : StrCat("[", name, "]");
}

std::string HelpText(const Command& command) {
  std::string page = StrCat(command.summary(), "\n\nUsage:\n  ", command.Path());
  if (!command.children().empty()) {
    StrAppend(&page, " COMMAND [flags]");
  } else {
    for (const Parameter& parameter : command.parameters()) {
      if (parameter.flags.empty()) StrAppend(&page, " ", ArgumentText(parameter));
    }
    StrAppend(&page, " [flags]");
  }
  StrAppend(&page, "\n");
  if (!command.aliases().empty()) {
    StrAppend(&page, "\nAlso: ", absl::StrJoin(command.aliases(), ", "), "\n");
  }
  for (const std::string& detail : command.details()) StrAppend(&page, "\n", detail, "\n");
  std::vector<Row> commands;
  for (const auto& child : command.children()) {
    if (!child->hidden()) commands.emplace_back(child->name(), child->summary());
  }
  if (!commands.empty()) {
    StrAppend(&page, "\nCommands:\n");
    AppendRows(&page, commands);
  }
  const std::vector<Row> flags = FlagRows(command);
  if (!flags.empty()) {
    StrAppend(&page, "\nFlags:\n");
    AppendRows(&page, flags);
  }
  if (!command.examples().empty()) {
    StrAppend(&page, "\nExamples:\n");
    for (const std::string& example : command.examples()) StrAppend(&page, "  ", example, "\n");
  }
  if (command.parent() != nullptr) {
    StrAppend(&page, "\n`lmctl help` shows the flags that every command takes.\n");
  }
  return page;
}

}  // namespace lmgate::cli
