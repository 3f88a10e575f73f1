#include "common/contract/model_pattern.h"

#include <re2/re2.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "common/contract/field_error.h"

namespace lmgate::contract {
namespace {

constexpr size_t kPatternBytesMax = 512;
constexpr std::string_view kRegexPrefix = "re:";
// Program and DFA cache of one pattern together.
constexpr int64_t kRegexBytesMax = 1 << 20;

// Takes the first character off `text`, which must not be empty. A byte that is not part of valid
// UTF-8 (RFC 3629) becomes a number beyond Unicode, so that it equals only itself.
uint32_t TakeCharacter(std::string_view* text) {
  constexpr uint32_t kInvalidByte = 0x110000;
  const auto at = [text](size_t i) { return static_cast<uint8_t>((*text)[i]); };
  const uint8_t first = at(0);
  size_t size = 1;
  uint32_t code = first;
  uint32_t least = 0;
  if (first >= 0xC2 && first <= 0xDF) {
    size = 2, code = first & 0x1Fu, least = 0x80;
  } else if (first >= 0xE0 && first <= 0xEF) {
    size = 3, code = first & 0x0Fu, least = 0x800;
  } else if (first >= 0xF0 && first <= 0xF4) {
    size = 4, code = first & 0x07u, least = 0x10000;
  } else if (first >= 0x80) {
    code = kInvalidByte + first;
  }
  bool valid = size <= text->size();
  for (size_t i = 1; valid && i < size; ++i) {
    valid = (at(i) & 0xC0) == 0x80;
    code = (code << 6) | (at(i) & 0x3Fu);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (size > 1 && (!valid || code < least || code > 0x10FFFF || surrogate)) {
    size = 1;
    code = kInvalidByte + first;
  }
  text->remove_prefix(size);
  return code;
}

struct Range {
  uint32_t first;
  uint32_t last;
};

// One piece of a shell pattern.
struct Piece {
  enum class Kind : uint8_t { kLiteral, kAnyOne, kAnyRun, kSet, kNotSet };

  Kind kind;
  uint32_t character = 0;     // kLiteral
  uint32_t ranges_begin = 0;  // kSet, kNotSet: [begin, end) of the ranges
  uint32_t ranges_end = 0;
};

// The length of the body of a set, without its brackets; `text` is what follows the '['. A ']'
// that comes first, or first after a '!', belongs to the set. npos = no closing bracket.
size_t FindSetEnd(std::string_view text) {
  size_t from = text.starts_with('!') ? 1 : 0;
  if (from < text.size() && text[from] == ']') ++from;
  return text.find(']', from);
}

// A '-' makes a range when a character stands on each side of it; else it is itself.
void AppendRanges(std::string_view body, std::vector<Range>* ranges) {
  while (!body.empty()) {
    const uint32_t first = TakeCharacter(&body);
    uint32_t last = first;
    if (body.size() > 1 && body[0] == '-') {
      body.remove_prefix(1);
      last = TakeCharacter(&body);
    }
    if (first <= last) ranges->push_back({.first = first, .last = last});
  }
}

}  // namespace

struct ModelPattern::Shell {
  std::vector<Piece> pieces;
  std::vector<Range> ranges;
  // Bytes that each match begins with: tells most models apart from "gpt-*" at once.
  std::string prefix;

  explicit Shell(std::string_view text) : prefix(text.substr(0, text.find_first_of("*?["))) {
    while (!text.empty()) Append(&text);
  }

  void Append(std::string_view* text) {
    const uint32_t character = TakeCharacter(text);
    if (character == '*') {
      // Two stars say no more than one.
      if (pieces.empty() || pieces.back().kind != Piece::Kind::kAnyRun) {
        pieces.push_back({.kind = Piece::Kind::kAnyRun});
      }
      return;
    }
    if (character == '?') {
      pieces.push_back({.kind = Piece::Kind::kAnyOne});
      return;
    }
    const size_t set_end = character == '[' ? FindSetEnd(*text) : std::string_view::npos;
    if (set_end == std::string_view::npos) {
      pieces.push_back({.kind = Piece::Kind::kLiteral, .character = character});
      return;
    }
    std::string_view body = text->substr(0, set_end);
    text->remove_prefix(set_end + 1);
    Piece piece{.kind = Piece::Kind::kSet};
    if (body.starts_with('!')) {
      piece.kind = Piece::Kind::kNotSet;
      body.remove_prefix(1);
    }
    piece.ranges_begin = static_cast<uint32_t>(ranges.size());
    AppendRanges(body, &ranges);
    piece.ranges_end = static_cast<uint32_t>(ranges.size());
    pieces.push_back(piece);
  }

  bool InRanges(const Piece& piece, uint32_t character) const {
    for (uint32_t i = piece.ranges_begin; i < piece.ranges_end; ++i) {
      if (ranges[i].first <= character && character <= ranges[i].last) return true;
    }
    return false;
  }

  bool MatchesOne(const Piece& piece, uint32_t character) const {
    switch (piece.kind) {
      case Piece::Kind::kLiteral:
        return character == piece.character;
      case Piece::Kind::kSet:
        return InRanges(piece, character);
      case Piece::Kind::kNotSet:
        return !InRanges(piece, character);
      case Piece::Kind::kAnyOne:
      case Piece::Kind::kAnyRun:
        break;
    }
    return true;
  }

  // On a mismatch only the last star is tried again, one character later: an earlier star that
  // took more could not help, for what stands between two stars is best found as early as it goes.
  bool Matches(std::string_view model) const {
    if (!model.starts_with(prefix)) return false;
    size_t next = 0;
    size_t after_star = 0;  // 0 = no star yet
    std::string_view star_rest;
    while (!model.empty()) {
      if (next < pieces.size() && pieces[next].kind == Piece::Kind::kAnyRun) {
        after_star = ++next;
        star_rest = model;
        if (next == pieces.size()) return true;
        continue;
      }
      if (next < pieces.size()) {
        std::string_view rest = model;
        if (MatchesOne(pieces[next], TakeCharacter(&rest))) {
          model = rest;
          ++next;
          continue;
        }
      }
      if (after_star == 0) return false;
      TakeCharacter(&star_rest);
      model = star_rest;
      next = after_star;
    }
    while (next < pieces.size() && pieces[next].kind == Piece::Kind::kAnyRun) ++next;
    return next == pieces.size();
  }

  // No piece is more than itself: the text matches itself only.
  bool IsExact() const {
    for (const Piece& piece : pieces) {
      if (piece.kind != Piece::Kind::kLiteral) return false;
    }
    return true;
  }
  bool IsAny() const { return pieces.size() == 1 && pieces[0].kind == Piece::Kind::kAnyRun; }
};

absl::StatusOr<ModelPattern> ModelPattern::Create(std::string_view text) {
  if (text.empty()) return absl::InvalidArgumentError("a model pattern must not be empty");
  if (text.size() > kPatternBytesMax) {
    return absl::InvalidArgumentError(
        StrCat("model pattern ", Quoted(text), " is longer than ", kPatternBytesMax, " bytes"));
  }
  ModelPattern pattern;
  pattern.text_ = text;
  if (text.starts_with(kRegexPrefix)) {
    const std::string_view expression = text.substr(kRegexPrefix.size());
    if (expression.empty()) {
      return absl::InvalidArgumentError("model pattern \"re:\" has no regular expression");
    }
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kRegexBytesMax);
    auto regex = std::make_shared<const re2::RE2>(
        re2::StringPiece(expression.data(), expression.size()), options);
    if (!regex->ok()) {
      return absl::InvalidArgumentError(
          StrCat("model pattern ", Quoted(text), ": ", regex->error()));
    }
    pattern.kind_ = Kind::kRegex;
    pattern.regex_ = std::move(regex);
    return pattern;
  }
  auto shell = std::make_shared<const Shell>(text);
  if (shell->IsExact()) return pattern;
  if (shell->IsAny()) {
    pattern.kind_ = Kind::kAny;
    return pattern;
  }
  pattern.kind_ = Kind::kShell;
  pattern.shell_ = std::move(shell);
  return pattern;
}

bool ModelPattern::Matches(std::string_view model) const {
  switch (kind_) {
    case Kind::kExact:
      return model == text_;
    case Kind::kAny:
      return true;
    case Kind::kShell:
      return shell_->Matches(model);
    case Kind::kRegex:
      return regex_->Match(re2::StringPiece(model.data(), model.size()), 0, model.size(),
                           re2::RE2::ANCHOR_BOTH, nullptr, 0);
  }
  return false;
}

}  // namespace lmgate::contract
