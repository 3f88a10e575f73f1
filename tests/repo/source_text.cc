#include "tests/repo/source_text.h"

#include <algorithm>

namespace lmgate::repo {
namespace {

// The end of the quoted literal that begins at `begin`, past its closing quote.
size_t EndOfLiteral(std::string_view text, size_t begin) {
  const char quote = text[begin];
  size_t end = begin + 1;
  while (end < text.size() && text[end] != quote && text[end] != '\n') {
    end += text[end] == '\\' ? 2 : 1;
  }
  return std::min(end + 1, text.size());
}

// The same for R"x(...)x", whose quote is at `begin`.
size_t EndOfRawLiteral(std::string_view text, size_t begin) {
  const size_t parenthesis = text.find('(', begin);
  if (parenthesis == std::string_view::npos) return text.size();
  const std::string closing =
      ")" + std::string(text.substr(begin + 1, parenthesis - begin - 1)) + "\"";
  const size_t end = text.find(closing, parenthesis);
  return end == std::string_view::npos ? text.size() : end + closing.size();
}

size_t EndOfLine(std::string_view text, size_t begin) {
  return std::min(text.find('\n', begin), text.size());
}

void Blank(std::string& text, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) {
    if (text[i] != '\n') text[i] = ' ';
  }
}

}  // namespace

bool IsIdentifierByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string CodeOnly(std::string_view text) {
  std::string code(text);
  for (size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    const char before = i == 0 ? '\n' : text[i - 1];
    size_t end = i + 1;
    if (rest.starts_with("//")) {
      end = EndOfLine(text, i);
      Blank(code, i, end);
    } else if (rest.starts_with("/*")) {
      const size_t close = text.find("*/", i + 2);
      end = close == std::string_view::npos ? text.size() : close + 2;
      Blank(code, i, end);
    } else if (rest.starts_with("#include")) {
      end = EndOfLine(text, i);
    } else if (text[i] == '"') {
      end = before == 'R' ? EndOfRawLiteral(text, i) : EndOfLiteral(text, i);
      Blank(code, i + 1, end - 1);
    } else if (text[i] == '\'' && !IsIdentifierByte(before)) {  // not the one of 1'000
      end = EndOfLiteral(text, i);
      Blank(code, i + 1, end - 1);
    }
    i = end;
  }
  return code;
}

std::vector<Include> FindIncludes(std::string_view text) {
  constexpr std::string_view kDirective = "#include ";
  std::vector<Include> includes;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = EndOfLine(text, begin);
    std::string_view line = text.substr(begin, end - begin);
    if (line.starts_with(kDirective)) {
      line.remove_prefix(kDirective.size());
      const size_t close = line.find_first_of("\">", 1);
      if (close != std::string_view::npos) {
        includes.push_back({.path = std::string(line.substr(1, close - 1)),
                            .is_quoted = line.front() == '"',
                            .position = begin});
      }
    }
    begin = end + 1;
  }
  return includes;
}

std::vector<size_t> FindWord(std::string_view text, std::string_view word) {
  std::vector<size_t> positions;
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool begins = at == 0 || !IsIdentifierByte(text[at - 1]);
    const bool ends = end == text.size() || !IsIdentifierByte(text[end]);
    if (begins && ends) positions.push_back(at);
  }
  return positions;
}

}  // namespace lmgate::repo
