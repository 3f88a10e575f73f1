#include "common/options/env_file.h"

#include <algorithm>

#include "common/base/status_macros.h"
#include "common/base/strings.h"

// The grammar is that of python-dotenv 1.x, src/dotenv/parser.py and variables.py, but for this:
// what cannot be parsed is an error instead of a warning, and single quotes keep `${VAR}` as it is,
// as in a shell.

namespace lmgate::options {
namespace {

constexpr size_t kFileBytesMax = 1024 * 1024;
constexpr size_t kExpandedBytesMax = 1024 * 1024;

using Variables = std::map<std::string, std::string>;
using Environment = std::function<std::optional<std::string>(std::string_view)>;

bool IsLineEnd(char c) { return c == '\n' || c == '\r'; }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\v' || c == '\f'; }
bool IsSpace(char c) { return IsBlank(c) || IsLineEnd(c); }

// What stands right of the `=`, quotes and escapes taken away.
struct RawValue {
  std::string text;
  bool is_expanded = true;  // `${VAR}` in it means the variable
};

std::string Unescape(std::string_view text, char quote) {
  // Letters after a backslash in double quotes, and the bytes that they stand for.
  constexpr std::string_view kLetters = "abfnrtv";
  constexpr std::string_view kBytes = "\a\b\f\n\r\t\v";
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      result += text[i];
      continue;
    }
    const char next = text[i + 1];
    const size_t letter = quote == '"' ? kLetters.find(next) : std::string_view::npos;
    if (letter != std::string_view::npos) {
      result += kBytes[letter];
    } else if (next == '\\' || next == '\'' || (next == '"' && quote == '"')) {
      result += next;
    } else {
      result += '\\';
      continue;
    }
    ++i;
  }
  return result;
}

// Walks over the text statement by statement.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  // Moves to the next statement; false at the end of the text.
  bool Next() {
    Skip(IsSpace);
    start_ = position_;
    return position_ < text_.size();
  }

  // The key, empty for a comment.
  absl::StatusOr<std::string> Key() {
    if (Peek() == '#') return std::string();
    SkipExport();
    if (Peek() == '\'') {
      const size_t end = text_.find('\'', position_ + 1);
      if (end == std::string_view::npos) return Error("a quote is not closed");
      std::string key(text_.substr(position_ + 1, end - position_ - 1));
      if (key.empty()) return Error("a name is missing");
      if (key.find('=') != std::string::npos) return Error("a name has an equals sign");
      position_ = end + 1;
      return key;
    }
    const size_t begin = position_;
    Skip([](char c) { return c != '=' && c != '#' && !IsSpace(c); });
    if (begin == position_) return Error("a name is missing");
    return std::string(text_.substr(begin, position_ - begin));
  }

  // Nullopt for a bare key.
  absl::StatusOr<std::optional<RawValue>> Value() {
    Skip(IsBlank);
    if (Peek() != '=') return std::optional<RawValue>();
    ++position_;
    Skip(IsBlank);
    const char first = Peek();
    if (first == '\'' || first == '"') {
      LMGATE_ASSIGN_OR_RETURN(std::string text, Quoted(first));
      return RawValue{.text = std::move(text), .is_expanded = first == '"'};
    }
    return RawValue{.text = Unquoted()};
  }

  // Nothing but a comment may follow on the line.
  absl::Status EndOfStatement() {
    Skip(IsBlank);
    if (Peek() == '#') SkipLine();
    if (position_ < text_.size() && !IsLineEnd(Peek())) {
      return Error("something follows the value");
    }
    return absl::OkStatus();
  }

  void SkipLine() {
    Skip([](char c) { return !IsLineEnd(c); });
  }

  // Names the line on which the statement began.
  absl::Status Error(std::string_view what) const {
    const std::string_view before = text_.substr(0, start_);
    size_t line = 1;
    for (size_t i = 0; i < before.size(); ++i) {
      const bool is_first_of_two = before[i] == '\r' && text_.substr(i + 1, 1) == "\n";
      if (IsLineEnd(before[i]) && !is_first_of_two) ++line;
    }
    return absl::InvalidArgumentError(StrCat("line ", line, ": ", what));
  }

 private:
  // NUL at the end: the text itself has none.
  char Peek() const { return position_ < text_.size() ? text_[position_] : '\0'; }

  template <typename Predicate>
  void Skip(Predicate predicate) {
    while (position_ < text_.size() && predicate(text_[position_])) ++position_;
  }

  void SkipExport() {
    constexpr std::string_view kExport = "export";
    if (!text_.substr(position_).starts_with(kExport)) return;
    const size_t after = position_ + kExport.size();
    if (after < text_.size() && IsBlank(text_[after])) {
      position_ = after;
      Skip(IsBlank);
    }
  }

  absl::StatusOr<std::string> Quoted(char quote) {
    const size_t begin = position_ + 1;
    size_t end = begin;
    // An escaped backslash escapes nothing itself: "a\\" is closed. (python-dotenv would look for a
    // later quote first.)
    while (end < text_.size() && text_[end] != quote) {
      const bool is_escape = text_[end] == '\\' && end + 1 < text_.size();
      end += is_escape ? 2 : 1;
    }
    if (end >= text_.size()) return Error("a quote is not closed");
    position_ = end + 1;
    return Unescape(text_.substr(begin, end - begin), quote);
  }

  // To the end of the line or to a `#` after a blank.
  std::string Unquoted() {
    const size_t begin = position_;
    SkipLine();
    std::string_view value = text_.substr(begin, position_ - begin);
    for (size_t i = 1; i < value.size(); ++i) {
      if (value[i] == '#' && IsBlank(value[i - 1])) {
        value = value.substr(0, i);
        break;
      }
    }
    while (!value.empty() && IsBlank(value.back())) value.remove_suffix(1);
    return std::string(value);
  }

  const std::string_view text_;
  size_t position_ = 0;
  size_t start_ = 0;  // of the statement
};

std::string Lookup(std::string_view name, std::string_view fallback, const Variables& earlier,
                   const Environment& environment) {
  if (std::optional<std::string> value = environment(name)) return *std::move(value);
  const auto found = earlier.find(std::string(name));
  return std::string(found != earlier.end() ? std::string_view(found->second) : fallback);
}

// `${VAR}` and `${VAR:-default}` replaced; anything else, an unclosed `${` included, stays.
std::string Expand(std::string_view text, const Variables& earlier,
                   const Environment& environment) {
  std::string result;
  while (!text.empty() && result.size() <= kExpandedBytesMax) {
    const size_t begin = text.find("${");
    const size_t end = begin == std::string_view::npos ? begin : text.find('}', begin);
    if (end == std::string_view::npos) break;
    result += text.substr(0, begin);
    const std::string_view inside = text.substr(begin + 2, end - begin - 2);
    const size_t colon = inside.find(':');
    if (colon == std::string_view::npos) {
      result += Lookup(inside, "", earlier, environment);
    } else if (inside.substr(colon).starts_with(":-")) {
      result += Lookup(inside.substr(0, colon), inside.substr(colon + 2), earlier, environment);
    } else {
      result += text.substr(begin, end - begin + 1);
    }
    text.remove_prefix(end + 1);
  }
  return result.append(text);
}

}  // namespace

absl::StatusOr<Variables> ParseEnvFile(std::string_view text, const Environment& environment) {
  if (text.size() > kFileBytesMax) return absl::InvalidArgumentError("is larger than 1 MiB");
  if (text.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError("has a NUL byte: it is no text");
  }

  Variables variables;
  size_t expanded_bytes = 0;
  for (Reader reader(text); reader.Next();) {
    LMGATE_ASSIGN_OR_RETURN(const std::string key, reader.Key());
    if (key.empty()) {
      reader.SkipLine();
      continue;
    }
    LMGATE_ASSIGN_OR_RETURN(std::optional<RawValue> value, reader.Value());
    LMGATE_RETURN_IF_ERROR(reader.EndOfStatement());
    if (!value) continue;
    if (value->is_expanded) value->text = Expand(value->text, variables, environment);
    expanded_bytes += value->text.size();
    if (expanded_bytes > kExpandedBytesMax) {
      return reader.Error("the values are larger than 1 MiB with their variables filled in");
    }
    variables[key] = std::move(value->text);
  }
  return variables;
}

}  // namespace lmgate::options
