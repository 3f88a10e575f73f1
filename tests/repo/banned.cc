#include "tests/repo/banned.h"

#include <absl/strings/str_join.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/strings.h"
#include "tests/repo/source_text.h"

namespace lmgate::repo {
namespace {

struct Rule {
  std::string_view check;                         // as allowances.txt names it
  std::vector<std::string_view> words = {};       // in the code, comments and literals aside
  std::vector<std::string_view> includes = {};    // how an include begins
  std::vector<std::string_view> allowed_in = {};  // patterns of MatchesPath
  std::vector<std::string_view> about = {"**"};   // where the rule counts; ** = everywhere
  std::string_view instead;
};

const std::vector<Rule>& Rules() {
  static const auto* const rules = new std::vector<Rule>{
      {.check = "getenv",
       .words = {"getenv", "secure_getenv"},
       .allowed_in = {"common/options/", "dataplane/options.cc", "controlplane/options.cc",
                      "cli/options.cc"},
       .instead = "the environment is handed in: options::ProcessSurroundings().environment"},
      {.check = "beast",
       .includes = {"boost/beast"},
       .allowed_in = {"common/http/", "dataplane/http1/", "tests/**"},
       .instead = "serve by http::AdminServer or dataplane/http1"},
      {.check = "json-tree",
       .includes = {"nlohmann/"},
       .allowed_in = {"dataplane/dialect/", "dataplane/middleware/", "dataplane/log_sink/",
                      "controlplane/importer/", "tests/**"},
       .instead = "splice the bytes, or use proto JSON"},
      {.check = "sqlite",
       .includes = {"sqlite3.h"},
       .allowed_in = {"controlplane/storage/", "tests/unit/controlplane/storage/"},
       .instead = "all SQL is in controlplane/storage: add a verb to a table or to Store"},
      {.check = "regex",
       .words = {"std::regex", "boost::regex"},
       .includes = {"regex>", "regex.h", "boost/regex", "boost/xpressive"},
       .instead = "use RE2: linear time, whatever the pattern"},
      {.check = "thread",
       .words = {"std::thread", "std::jthread", "std::async", "pthread_create"},
       .allowed_in = {"dataplane/app.cc", "dataplane/app.h", "controlplane/app.cc",
                      "controlplane/app.h", "dataplane/control/", "common/http/", "tests/**"},
       .instead = "threads are started in app.cc: give the class a Run() that app.cc calls"},
      {.check = "mutex",
       .includes = {"absl/synchronization/"},
       .allowed_in = {"tests/tsan/"},
       .instead = "ThreadSanitizer does not see Abseil's locks: use common/base/mutex.h"},
      {.check = "sleep",
       .words = {"sleep_for", "sleep_until", "SleepFor", "usleep", "nanosleep"},
       .about = {"tests/**"},
       .instead = "wait for a condition with a deadline, or move a fake clock"},
  };
  return *rules;
}

bool IsAmong(std::string_view path, const std::vector<std::string_view>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](std::string_view pattern) { return MatchesPath(pattern, path); });
}

bool IsAbout(const Rule& rule, std::string_view path) {
  return IsAmong(path, rule.about) && !IsAmong(path, rule.allowed_in);
}

// Where the rule is broken.
std::vector<size_t> FindBreaches(const Rule& rule, std::string_view code) {
  std::vector<size_t> positions;
  for (const std::string_view word : rule.words) {
    for (const size_t position : FindWord(code, word)) {
      // std::thread::hardware_concurrency() and the like start nothing.
      const std::string_view after = code.substr(position + word.size());
      if (rule.check != "thread" || !after.starts_with("::")) positions.push_back(position);
    }
  }
  for (const Include& include : FindIncludes(code)) {
    for (const std::string_view start : rule.includes) {
      if (StrCat(include.path, ">").starts_with(start)) positions.push_back(include.position);
    }
  }
  std::sort(positions.begin(), positions.end());
  return positions;
}

// Written in parts, so that this file does not have what it looks for.
std::string Host(std::initializer_list<const char*> labels) { return absl::StrJoin(labels, "."); }

struct BannedText {
  std::string text;
  std::string_view instead;
};

std::vector<BannedText> BannedTexts() {
  constexpr std::string_view kByMachine = "the machine says where packages come from";
  return {{StrCat("FIX", "ME"), "fix it, or open an issue and name its number"},
          {Host({"registry", "npmjs", "org"}), kByMachine},
          {Host({"registry", "yarnpkg", "com"}), kByMachine},
          {Host({"deb", "debian", "org"}), kByMachine},
          {Host({"security", "debian", "org"}), kByMachine},
          {Host({"files", "pythonhosted", "org"}), kByMachine},
          {Host({"pypi", "org"}), kByMachine},
          {Host({"proxy", "golang", "org"}), kByMachine},
          {StrCat("\"resolved", "\": \"http"), "write the lock file without addresses"}};
}

// The folder of this machine, as the beginning of a path.
std::vector<size_t> FindMachinePaths(std::string_view text) {
  const std::string path = StrCat("/", "work", "/");
  std::vector<size_t> positions;
  for (size_t at = text.find(path); at != std::string_view::npos; at = text.find(path, at + 1)) {
    const char before = at == 0 ? ' ' : text[at - 1];
    if (!IsIdentifierByte(before) && before != '.' && before != '-') positions.push_back(at);
  }
  return positions;
}

// Where Asio is configured beside the one place that all targets see.
std::vector<size_t> FindAsioDefinitions(const SourceFile& file) {
  if (file.path.starts_with("tests/repo/") || file.path == "common/cmake/lmgate.cmake") return {};
  std::vector<size_t> positions;
  for (const std::string_view definition :
       {"#define BOOST_ASIO_", "-DBOOST_ASIO_", "PUBLIC BOOST_ASIO_", "PRIVATE BOOST_ASIO_",
        "INTERFACE BOOST_ASIO_"}) {
    const size_t position = file.text.find(definition);
    if (position != std::string::npos) positions.push_back(position);
  }
  return positions;
}

// Notes to oneself without the number of an issue.
std::vector<size_t> FindNotes(std::string_view text) {
  const std::string note = StrCat("TO", "DO");
  std::vector<size_t> positions = FindWord(text, note);
  std::erase_if(positions, [&](size_t position) {
    return text.substr(position + note.size()).starts_with("(issue-");
  });
  return positions;
}

}  // namespace

Complaints CheckBannedCode(const SourceTree& tree, Allowances& allowances) {
  Complaints complaints;
  for (const SourceFile& file : tree) {
    if (!file.IsCpp()) continue;
    const std::string code = CodeOnly(file.text);
    for (const Rule& rule : Rules()) {
      if (!IsAbout(rule, file.path)) continue;
      const std::vector<size_t> breaches = FindBreaches(rule, code);
      if (breaches.empty() || allowances.IsAllowed(rule.check, file.path)) continue;
      for (const size_t position : breaches) {
        complaints.push_back(At(file, position, StrCat(rule.check, ": ", rule.instead)));
      }
    }
  }
  return complaints;
}

Complaints CheckBannedText(const SourceTree& tree) {
  const std::vector<BannedText> banned_texts = BannedTexts();
  Complaints complaints;
  for (const SourceFile& file : tree) {
    for (const BannedText& banned : banned_texts) {
      const size_t position = file.text.find(banned.text);
      if (position == std::string::npos) continue;
      complaints.push_back(At(file, position, StrCat(banned.text, ": ", banned.instead)));
    }
    for (const size_t position : FindMachinePaths(file.text)) {
      complaints.push_back(At(file, position, "a path of one machine: make it relative"));
    }
    for (const size_t position : FindAsioDefinitions(file)) {
      complaints.push_back(At(file, position,
                              "one definition of Asio for all units of a program: add it to "
                              "lmgate_asio in common/cmake/lmgate.cmake"));
    }
    for (const size_t position : FindNotes(file.text)) {
      complaints.push_back(At(file, position, "do it, or name an issue: (issue-12)"));
    }
  }
  return complaints;
}

}  // namespace lmgate::repo
