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
// is itself), exactly as Python's fnmatch.fnmatchcase; or `re:` and an RE2 regular expression that
// must match the whole string. Immutable, thread-safe; matching is linear in the length of the
// model for `re:`, and length x stars at worst for shell patterns; no allocation.
class ModelPattern {
 public:
  // InvalidArgument: empty, longer than 512 bytes, or a bad or too large regular expression.
  static absl::StatusOr<ModelPattern> Create(std::string_view text);

  bool Matches(std::string_view model) const;

  const std::string& text() const { return text_; }
  // True when only the very same string matches.
  bool is_exact() const { return kind_ == Kind::kExact; }
  // True when every string matches.
  bool is_any() const { return kind_ == Kind::kAny; }

 private:
  enum class Kind { kExact, kAny, kShell, kRegex };
  ModelPattern() = default;

  std::string text_;
  Kind kind_ = Kind::kExact;
  std::shared_ptr<const re2::RE2> regex_;  // kRegex only; shared so that patterns can be copied
};

}  // namespace lmgate::contract
