#include "dataplane/dialect/freeform_input.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "common/base/strings.h"
#include "dataplane/dialect/json.h"

namespace lmgate::dialect {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kBlank = " \t\r\n";
// "\uD83D\uDE00": two UTF-16 units.
constexpr size_t kUnitBytes = 6;
constexpr size_t kPairBytes = 12;

enum class HeadMatch : uint8_t { kPart, kWhole, kNot };
struct Head {
  HeadMatch match = HeadMatch::kPart;
  size_t bytes = 0;  // kWhole: up to the first character of the text
};

// {"input":" with white space anywhere between.
Head MatchHead(std::string_view text) {
  size_t at = 0;
  for (const std::string_view token : {"{", "\"input\"", ":", "\""}) {
    at = std::min(text.find_first_not_of(kBlank, at), text.size());
    const std::string_view rest = text.substr(at, token.size());
    if (!token.starts_with(rest)) return {.match = HeadMatch::kNot};
    if (rest.size() < token.size()) return {.match = HeadMatch::kPart};
    at += token.size();
  }
  return {.match = HeadMatch::kWhole, .bytes = at};
}

bool IsHighSurrogate(std::string_view unit) {
  const auto second = static_cast<char>(unit[3] | 0x20);
  return (unit[2] == 'd' || unit[2] == 'D') &&
         (second == '8' || second == '9' || second == 'a' || second == 'b');
}

std::string Unescape(std::string_view escape) {
  const absl::StatusOr<Json> json = ParseJson(StrCat("\"", escape, "\""));
  return json.ok() && json->is_string() ? json->get<std::string>() : std::string(kReplacement);
}

std::string TextOfOther(std::string_view arguments) {
  if (arguments.find_first_not_of(kBlank) == std::string_view::npos) return {};
  const absl::StatusOr<Json> json = ParseJson(arguments);
  if (json.ok() && json->is_string()) return json->get<std::string>();
  if (json.ok() && json->is_object()) {
    if (json->empty()) return {};
    const Json* const input = Find(*json, "input");
    if (input != nullptr && input->is_string()) return input->get<std::string>();
    if (json->size() == 1 && json->front().is_string()) return json->front().get<std::string>();
  }
  return std::string(arguments);
}

}  // namespace

std::string FreeformInput::Feed(std::string_view piece) {
  std::string out;
  if (state_ == State::kHead) {
    held_.append(piece);
    const Head head = MatchHead(held_);
    if (head.match == HeadMatch::kPart) return out;
    if (head.match == HeadMatch::kNot) {
      state_ = State::kOther;
      return out;
    }
    state_ = State::kText;
    const std::string text = held_.substr(head.bytes);
    held_.clear();
    for (const char c : text) AddCharacter(c, &out);
    return out;
  }
  if (state_ == State::kOther) held_.append(piece);
  for (size_t i = 0; i < piece.size() && state_ == State::kText; ++i) AddCharacter(piece[i], &out);
  return out;
}

std::string FreeformInput::Finish() {
  std::string out;
  if (state_ == State::kHead || state_ == State::kOther) out = TextOfOther(held_);
  if (!escape_.empty()) out = kReplacement;
  held_.clear();
  escape_.clear();
  state_ = State::kEnd;
  return out;
}

void FreeformInput::AddCharacter(char c, std::string* out) {
  if (state_ != State::kText) return;
  if (!escape_.empty()) {
    AddEscaped(c, out);
  } else if (c == '\\') {
    escape_ = c;
  } else if (c == '"') {
    state_ = State::kEnd;
  } else {
    out->push_back(c);
  }
}

// A high surrogate waits for the escape behind it.
void FreeformInput::AddEscaped(char c, std::string* out) {
  const bool pair_expected = escape_.size() >= kUnitBytes;
  const bool broken = pair_expected && ((escape_.size() == kUnitBytes && c != '\\') ||
                                        (escape_.size() == kUnitBytes + 1 && c != 'u'));
  if (broken) {
    const bool in_escape = escape_.size() == kUnitBytes + 1;
    out->append(kReplacement);
    escape_ = in_escape ? "\\" : "";
    AddCharacter(c, out);
    return;
  }
  // The quote ends the text even where an escape was cut short.
  if (c == '"' && escape_.size() > 1) {
    out->append(kReplacement);
    escape_.clear();
    state_ = State::kEnd;
    return;
  }
  escape_.push_back(c);
  const bool simple = escape_.size() == 2 && c != 'u';
  const bool unit = escape_.size() == kUnitBytes && !IsHighSurrogate(escape_);
  if (simple || unit || escape_.size() == kPairBytes) {
    out->append(Unescape(escape_));
    escape_.clear();
  }
}

std::string FreeformArguments(std::string_view input) { return DumpJson(Json{{"input", input}}); }

std::string FreeformText(std::string_view arguments) {
  FreeformInput reader;
  std::string text = reader.Feed(arguments);
  text.append(reader.Finish());
  return text;
}

std::string_view FreeformSchema() {
  return R"({"type":"object","properties":{"input":{"type":"string",)"
         R"("description":"The whole input of the tool, as plain text."}},)"
         R"("required":["input"],"additionalProperties":false})";
}

}  // namespace lmgate::dialect
