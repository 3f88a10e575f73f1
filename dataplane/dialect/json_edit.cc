#include "dataplane/dialect/json_edit.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "dataplane/dialect/json.h"

namespace lmgate::dialect {
namespace {

constexpr size_t kNowhere = std::string_view::npos;

size_t SkipBlank(std::string_view text, size_t at) {
  return std::min(text.find_first_not_of(" \t\r\n", at), text.size());
}

// `at`: of the opening quote. Gives what follows the closing one.
size_t SkipString(std::string_view text, size_t at) {
  for (++at; at < text.size();) {
    at = text.find_first_of("\"\\", at);
    if (at == kNowhere) break;
    if (text[at] == '"') return at + 1;
    at += 2;
  }
  return kNowhere;
}

// Counts brackets, so that no nesting is too deep.
size_t SkipNested(std::string_view text, size_t at) {
  size_t depth = 0;
  while (at < text.size()) {
    at = text.find_first_of("\"{}[]", at);
    if (at == kNowhere) break;
    const char c = text[at];
    if (c == '"') {
      at = SkipString(text, at);
      if (at == kNowhere) break;
      continue;
    }
    ++at;
    if (c == '{' || c == '[') {
      ++depth;
    } else if (--depth == 0) {
      return at;
    }
  }
  return kNowhere;
}

size_t SkipValue(std::string_view text, size_t at) {
  if (at >= text.size()) return kNowhere;
  if (text[at] == '"') return SkipString(text, at);
  if (text[at] == '{' || text[at] == '[') return SkipNested(text, at);
  const size_t end = std::min(text.find_first_of(",:{}[]\" \t\r\n", at), text.size());
  return end == at ? kNowhere : end;
}

std::optional<std::vector<JsonItem>> Items(std::string_view text, char open, char close) {
  if (text.size() < 2 || text.front() != open || text.back() != close) return std::nullopt;
  std::vector<JsonItem> items;
  size_t at = SkipBlank(text, 1);
  if (at + 1 == text.size()) return items;
  for (;;) {
    JsonItem item;
    if (open == '{') {
      if (at >= text.size() || text[at] != '"') return std::nullopt;
      const size_t end = SkipString(text, at);
      if (end == kNowhere) return std::nullopt;
      item.name = text.substr(at, end - at);
      at = SkipBlank(text, end);
      if (at >= text.size() || text[at] != ':') return std::nullopt;
      at = SkipBlank(text, at + 1);
    }
    const size_t end = SkipValue(text, at);
    if (end == kNowhere) return std::nullopt;
    item.value = text.substr(at, end - at);
    items.push_back(item);
    at = SkipBlank(text, end);
    if (at + 1 == text.size()) return items;  // the closing bracket
    if (at >= text.size() || text[at] != ',') return std::nullopt;
    at = SkipBlank(text, at + 1);
  }
}

// Four hexadecimal digits; -1 = they are none.
int32_t HexOf(std::string_view digits) {
  if (digits.size() != 4) return -1;
  int32_t value = 0;
  for (const char c : digits) {
    const bool number = c >= '0' && c <= '9';
    const char lower = static_cast<char>(c | 0x20);
    if (!number && (lower < 'a' || lower > 'f')) return -1;
    value = value * 16 + (number ? c - '0' : lower - 'a' + 10);
  }
  return value;
}

void AppendUtf8(uint32_t point, std::string* out) {
  const auto add = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  const auto rest = [&](int shift) { add(0x80 | ((point >> shift) & 0x3F)); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xC0 | (point >> 6));
    rest(0);
  } else if (point < 0x10000) {
    add(0xE0 | (point >> 12));
    rest(6);
    rest(0);
  } else {
    add(0xF0 | (point >> 18));
    rest(12);
    rest(6);
    rest(0);
  }
}

// `at`: behind "\u". Gives what follows the escape, or the second of a pair.
size_t DecodeUnicode(std::string_view text, size_t at, std::string* out) {
  constexpr uint32_t kReplacement = 0xFFFD;
  const int32_t first = HexOf(text.substr(at, 4));
  if (first < 0) return kNowhere;
  at += 4;
  auto point = static_cast<uint32_t>(first);
  if (point >= 0xD800 && point <= 0xDFFF) {
    const bool paired = point <= 0xDBFF && text.substr(at, 2) == "\\u";
    const int32_t second = paired ? HexOf(text.substr(at + 2, 4)) : -1;
    if (second >= 0xDC00 && second <= 0xDFFF) {
      point = 0x10000 + ((point - 0xD800) << 10) + (static_cast<uint32_t>(second) - 0xDC00);
      at += 6;
    } else {
      point = kReplacement;
    }
  }
  AppendUtf8(point, out);
  return at;
}

}  // namespace

std::optional<std::string_view> JsonValueIn(std::string_view text) {
  const size_t begin = SkipBlank(text, 0);
  const size_t end = SkipValue(text, begin);
  if (end == kNowhere || SkipBlank(text, end) != text.size()) return std::nullopt;
  return text.substr(begin, end - begin);
}

std::optional<std::vector<JsonItem>> JsonMembers(std::string_view object) {
  return Items(object, '{', '}');
}

std::optional<std::vector<JsonItem>> JsonElements(std::string_view list) {
  return Items(list, '[', ']');
}

std::optional<std::string> JsonText(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::nullopt;
  const std::string_view inner = value.substr(1, value.size() - 2);
  std::string text;
  for (size_t at = 0; at < inner.size();) {
    const size_t plain = std::min(inner.find('\\', at), inner.size());
    text.append(inner.substr(at, plain - at));
    if (plain == inner.size()) break;
    if (plain + 1 == inner.size()) return std::nullopt;
    constexpr std::string_view kEscapes = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char c = inner[plain + 1];
    at = plain + 2;
    if (c == 'u') {
      at = DecodeUnicode(inner, at, &text);
      if (at == kNowhere) return std::nullopt;
      continue;
    }
    const size_t escape = kEscapes.find(c);
    if (escape == kNowhere) return std::nullopt;
    text.push_back(kMeanings[escape]);
  }
  return text;
}

bool JsonSays(std::string_view value, std::string_view text) {
  if (value.size() < text.size() + 2) return false;
  if (value.find('\\') == kNowhere)
    return value.front() == '"' && value.substr(1, value.size() - 2) == text;
  return JsonText(value) == text;
}

std::string_view FindMember(const std::vector<JsonItem>& members, std::string_view name) {
  for (auto member = members.rbegin(); member != members.rend(); ++member) {
    if (member->value != "null" && JsonSays(member->name, name)) return member->value;
  }
  return {};
}

std::string_view FindMember(std::string_view object, std::string_view name) {
  const auto members = JsonMembers(object);
  return members.has_value() ? FindMember(*members, name) : std::string_view();
}

std::string JsonStringOf(std::string_view text) { return DumpJson(Json(text)); }

void JsonEdit::Add(const char* begin, const char* end, std::string with) {
  changes_.push_back({.begin = static_cast<size_t>(begin - text_.data()),
                      .end = static_cast<size_t>(end - text_.data()),
                      .with = std::move(with)});
}

void JsonEdit::Replace(std::string_view range, std::string with) {
  Add(range.data(), range.data() + range.size(), std::move(with));
}

void JsonEdit::Insert(const char* at, std::string text) { Add(at, at, std::move(text)); }

void JsonEdit::Remove(const std::vector<JsonItem>& items, const std::vector<bool>& removed) {
  const size_t count = items.size();
  for (size_t first = 0; first < count; ++first) {
    if (!removed[first]) continue;
    size_t next = first + 1;
    while (next < count && removed[next]) ++next;
    // With the comma behind, or at the end the one before.
    if (next < count) {
      Add(items[first].begin(), items[next].begin(), {});
    } else {
      Add(first > 0 ? items[first - 1].end() : items[first].begin(), items[next - 1].end(), {});
    }
    first = next;
  }
}

void JsonEdit::Prepend(std::string_view container, const std::vector<JsonItem>& items,
                       std::string text) {
  if (!items.empty()) text.push_back(',');
  Insert(container.data() + 1, std::move(text));
}

void JsonEdit::Append(std::string_view container, const std::vector<JsonItem>& items,
                      const std::vector<bool>& removed, std::string text) {
  const bool alone = std::find(removed.begin(), removed.end(), false) == removed.end();
  if (!alone) text.insert(text.begin(), ',');
  Insert(items.empty() ? container.data() + 1 : items.back().end(), std::move(text));
}

std::string JsonEdit::Apply() const {
  std::vector<Change> changes = changes_;
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) {
                     return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
                   });
  std::string out;
  size_t at = 0;
  for (const Change& change : changes) {
    out.append(text_.substr(at, change.begin - at)).append(change.with);
    at = change.end;
  }
  return out.append(text_.substr(at));
}

}  // namespace lmgate::dialect
