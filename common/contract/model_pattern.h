#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace lmgate::contract {

// lm-proxy's pattern language for model names: a shell pattern over the whole string,
// case-sensitive (`*` any run, `?` one character, `[abc]`, `[a-z]`, `[!x]`; a `[` without its `]`
// is itself), as Python's fnmatch.fnmatchcase: no character is special but these, not even '/',
// '.' or a line feed; or `re:` and an RE2 regular expression that must match the whole string.
//
// A character is a Unicode code point; a byte that is not valid UTF-8 is a character of its own.
// A range that runs backwards is empty (`[z-a]` matches nothing, `[!z-a]` any one character).
//
// Immutable, thread-safe, cheap to copy. Matching takes time linear in the model for `re:`, and
// model x pattern at worst for shell patterns; shell patterns do not allocate, RE2 only within a
// cache of at most 1 MiB a pattern.
class ModelPattern {
 public:
  // InvalidArgument: empty, longer than 512 bytes, or a bad or too large regular expression.
  static absl::StatusOr<ModelPattern> Create(std::string_view text);

  bool Matches(std::string_view model) const;

  const std::string& text() const { return text_; }
  // True when only the very same string matches.
  bool is_exact() const { return kind_ == Kind::kExact; }
  // True when every string matches because the pattern is nothing but stars.
  bool is_any() const { return kind_ == Kind::kAny; }

 private:
  enum class Kind { kExact, kAny, kShell, kRegex };
  struct Shell;
  ModelPattern() = default;

  std::string text_;
  Kind kind_ = Kind::kExact;
  // Shared so that patterns can be copied.
  std::shared_ptr<const Shell> shell_;     // kShell only
  std::shared_ptr<const re2::RE2> regex_;  // kRegex only
};

}  // namespace lmgate::contract
