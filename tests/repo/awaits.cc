#include "tests/repo/awaits.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "tests/repo/source_text.h"

namespace lmgate::repo {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\n'; }

char LastBefore(std::string_view code, size_t position) {
  while (position > 0 && IsSpace(code[position - 1])) --position;
  return position == 0 ? '\0' : code[position - 1];
}

bool EndsWithWord(std::string_view code, size_t position, std::string_view word) {
  while (position > 0 && IsSpace(code[position - 1])) --position;
  return code.substr(0, position).ends_with(word);
}

// Whether the brace builds a value rather than opening a block; clang-format puts a blank before
// those of blocks.
bool IsAggregate(std::string_view code, size_t brace) {
  const char adjacent = brace == 0 ? '\0' : code[brace - 1];
  if (IsIdentifierByte(adjacent) || adjacent == '>') return true;
  const char before = LastBefore(code, brace);
  return before == '(' || before == ',' || before == '=' || before == '?' ||
         EndsWithWord(code, brace, "return");
}

// Whether the bracket begins a lambda that captures.
bool IsCapture(std::string_view code, size_t bracket) {
  const char before = LastBefore(code, bracket);
  if (IsIdentifierByte(before) || before == ')' || before == ']') {
    // An index, a binding (`auto [a, b]`), an attribute; but `return [x] {...}` is a lambda.
    if (!EndsWithWord(code, bracket, "return")) return false;
  }
  const size_t close = code.find(']', bracket);
  if (close == std::string_view::npos || close == bracket + 1) return false;
  const size_t after = code.find_first_not_of(" \n", close + 1);
  return after != std::string_view::npos && (code[after] == '(' || code[after] == '{');
}

struct Statement {
  size_t begin = 0;
  size_t end = 0;
};

// The expression statement round `position`: between the nearest `;` and braces of blocks.
Statement StatementAround(std::string_view code, size_t position) {
  // Positions after which a statement begins; a block's brace and what stands in it is one level.
  struct Level {
    char bracket;
    size_t statement_begin;
  };
  std::vector<Level> levels{{'{', 0}};
  const auto innermost_block = [&] {
    return std::find_if(levels.rbegin(), levels.rend(),
                        [](const Level& level) { return level.bracket == '{'; });
  };
  for (size_t i = 0; i < position; ++i) {
    const char c = code[i];
    if (c == '(' || c == '[') levels.push_back({c, i});
    if (c == '{') levels.push_back({IsAggregate(code, i) ? 'a' : '{', i + 1});
    if ((c == ')' || c == ']' || c == '}') && levels.size() > 1) {
      const bool is_block = levels.back().bracket == '{';
      levels.pop_back();
      if (is_block && levels.back().bracket == '{') levels.back().statement_begin = i + 1;
    }
    if (c == ';' && levels.back().bracket == '{') levels.back().statement_begin = i + 1;
  }

  size_t depth = 0;
  size_t end = position;
  for (; end < code.size(); ++end) {
    const char c = code[end];
    if (c == ';' && depth == 0) break;
    if (c == '{' && !IsAggregate(code, end) && LastBefore(code, end) == ')') break;
    if (c == '(' || c == '[' || c == '{') ++depth;
    if ((c == ')' || c == ']' || c == '}') && depth > 0) --depth;
  }
  return {.begin = innermost_block()->statement_begin, .end = end};
}

bool BuildsATemporary(std::string_view code, const Statement& statement) {
  for (size_t i = statement.begin; i < statement.end; ++i) {
    if (code[i] == '{' && IsAggregate(code, i)) return true;
    if (code[i] == '[' && IsCapture(code, i)) return true;
  }
  return false;
}

}  // namespace

Complaints CheckAwaits(const SourceTree& tree) {
  Complaints complaints;
  for (const SourceFile& file : tree) {
    if (!file.IsCpp()) continue;
    const std::string code = CodeOnly(file.text);
    for (const size_t position : FindWord(code, "co_await")) {
      if (BuildsATemporary(code, StatementAround(code, position))) {
        complaints.push_back(At(file, position,
                                "an aggregate or a capturing lambda beside co_await: name it, then "
                                "await it (g++ 12 frees it twice)"));
      }
    }
  }
  return complaints;
}

}  // namespace lmgate::repo
