#include "dataplane/dialect/session_progress.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/strings/ascii.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "common/base/strings.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {
namespace {

using chat::Part;
using chat::PartKind;
using chat::Role;
using chat::Turn;

constexpr size_t kOperationsMax = 30;
constexpr size_t kTaskCharactersMax = 200;
constexpr size_t kCommandCharactersMax = 120;
constexpr size_t kResultCharactersMax = 80;
// Of a text, what a line can be made of: no result is read to its end for 80 characters.
constexpr size_t kScannedBytesMax = 4096;

std::string_view Trim(std::string_view text) {
  return ToStd(absl::StripAsciiWhitespace(ToAbsl(text)));
}

// On one line, with single blanks, cut at `characters_max` code points.
std::string LineOf(std::string_view text, size_t characters_max) {
  const bool long_text = text.size() > kScannedBytesMax;
  text = Trim(text.substr(0, kScannedBytesMax));
  std::string line;
  size_t characters = 0;
  bool blank = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F) {
      blank = true;
      continue;
    }
    const bool begins = (byte & 0xC0) != 0x80;
    if (begins && characters + (blank ? 1 : 0) >= characters_max) return line + "…";
    if (blank) {
      line.push_back(' ');
      ++characters;
    }
    blank = false;
    line.push_back(c);
    if (begins) ++characters;
  }
  return long_text ? line + "…" : line;
}

// The directory that a part of a shell command changes to; empty = none, or one that says nothing
// by itself.
std::string_view DirectoryOf(std::string_view command) {
  command = Trim(command);
  if (!command.starts_with("cd ")) return {};
  std::string_view path = Trim(command.substr(3));
  if (path.size() >= 2 && (path.front() == '"' || path.front() == '\'') &&
      path.back() == path.front()) {
    path = path.substr(1, path.size() - 2);
  }
  const std::string framed = StrCat("/", path, "/");
  const bool goes_back = framed.find("/../") != std::string::npos || path == "-" || path == ".";
  return goes_back ? std::string_view() : path;
}

void Enter(std::string_view path, std::string* directory) {
  if (path.starts_with("./")) path.remove_prefix(2);
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  if (path.empty()) return;
  if (path.front() == '/' || path.front() == '~' || directory->empty()) {
    directory->assign(path);
    return;
  }
  if (directory->back() != '/') directory->push_back('/');
  directory->append(path);
  // A session that always goes deeper is none.
  if (directory->size() > kScannedBytesMax) directory->clear();
}

void Follow(std::string_view command, std::string* directory) {
  while (!command.empty()) {
    const size_t end = std::min(command.find_first_of("&|;\n"), command.size());
    Enter(DirectoryOf(command.substr(0, end)), directory);
    command.remove_prefix(std::min(end + 1, command.size()));
  }
}

class Session {
 public:
  explicit Session(const std::vector<Turn>& turns) {
    for (const Turn& turn : turns) {
      for (const Part& part : turn.parts) {
        if (part.kind == PartKind::kToolResult) results_.emplace(part.id, &part);
        if (part.kind == PartKind::kToolCall) called_.insert(part.id);
      }
    }
    for (const Turn& turn : turns) {
      for (const Part& part : turn.parts) Read(turn.role, part);
    }
  }

  std::string Text() const {
    const std::string& directory = entered_.empty() ? written_in_ : entered_;
    if (directory.empty() && task_.empty() && operations_.empty()) return {};
    std::string text = "---\nSession progress so far:";
    if (!directory.empty()) StrAppend(&text, "\nCurrent working directory: ", directory);
    if (!task_.empty()) StrAppend(&text, "\nCurrent task: ", task_);
    if (!operations_.empty()) {
      const size_t count = operations_.size();
      const size_t first = count - std::min(count, kOperationsMax);
      StrAppend(&text, "\nAlready completed");
      if (first > 0) {
        StrAppend(&text, " (the last ", kOperationsMax, " of ", count, " operations)");
      }
      StrAppend(&text, ":");
      for (size_t i = first; i < count; ++i) StrAppend(&text, "\n- ", operations_[i]);
    }
    return text + "\n---";
  }

 private:
  void Read(Role role, const Part& part) {
    if (part.kind == PartKind::kText && role == Role::kUser) ReadTask(part.text);
    if (part.kind == PartKind::kToolCall) ReadCall(part);
    // A result is told of once: with its call, or by itself where the history has lost that.
    if (part.kind == PartKind::kToolResult && !called_.contains(part.id)) {
      if (const auto found = results_.find(part.id); found != results_.end()) {
        operations_.push_back(StrCat("outcome → ", Outcome(*found->second)));
        results_.erase(found);
      }
    }
  }

  void ReadTask(std::string_view text) {
    text = Trim(text);
    if (text.empty() || text.starts_with("<system-reminder>")) return;
    task_ = LineOf(text, kTaskCharactersMax);
  }

  void ReadCall(const Part& call) {
    const Json arguments = ArgumentsObject(call.arguments);
    std::string subject;
    if (call.name == "Bash") {
      const std::string command = FindString(arguments, "command");
      Follow(command, &entered_);
      subject = LineOf(command, kCommandCharactersMax);
    } else if (call.name == "Read" || call.name == "Write" || call.name == "Edit") {
      const std::string path = FindString(arguments, "file_path");
      const size_t slash = path.rfind('/');
      if (call.name != "Read" && path.starts_with('/')) {
        written_in_ = LineOf(path.substr(0, std::max<size_t>(slash, 1)), kScannedBytesMax);
      }
      subject = LineOf(path, kCommandCharactersMax);
    } else if (call.name == "Glob") {
      subject = LineOf(FindString(arguments, "pattern"), kCommandCharactersMax);
    }
    const auto found = results_.find(call.id);
    if (found == results_.end()) return;  // under way
    operations_.push_back(StrCat("[", LineOf(call.name, kResultCharactersMax), "]",
                                 subject.empty() ? "" : " ", subject, " → ",
                                 Outcome(*found->second)));
    results_.erase(found);
  }

  static std::string Outcome(const Part& result) {
    std::string text;
    for (const Part& part : result.parts) {
      if (part.kind != PartKind::kText || text.size() > kScannedBytesMax) continue;
      StrAppend(&text, text.empty() ? "" : " ", part.text);
    }
    std::string line = LineOf(text, kResultCharactersMax);
    if (line.empty()) line = result.is_error ? "failed" : "ok";
    return result.is_error && line != "failed" ? StrCat("error: ", line) : line;
  }

  absl::flat_hash_map<std::string, const Part*> results_;  // not told of yet; the first of an id
  absl::flat_hash_set<std::string> called_;
  std::string entered_;     // by cd
  std::string written_in_;  // the directory of the last file written
  std::string task_;
  std::vector<std::string> operations_;
};

}  // namespace

std::string SessionProgress(const std::vector<Turn>& turns) { return Session(turns).Text(); }

}  // namespace lmgate::dialect
