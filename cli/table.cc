#include "cli/table.h"

#include <algorithm>
#include <cstdint>

#include "common/base/strings.h"

namespace lmgate::cli {
namespace {

struct Range {
  uint32_t first;
  uint32_t last;
};

// Blocks, not single characters: Unicode 15, EastAsianWidth (W, F) and combining marks (Mn).
constexpr Range kWide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},  {0x3041, 0xa4cf},
                           {0xac00, 0xd7a3},   {0xf900, 0xfaff},  {0xfe30, 0xfe6f},
                           {0xff00, 0xff60},   {0xffe0, 0xffe6},  {0x1f300, 0x1f64f},
                           {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
constexpr Range kCombining[] = {
    {0x0300, 0x036f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};

template <size_t N>
bool IsIn(uint32_t code_point, const Range (&ranges)[N]) {
  return std::any_of(std::begin(ranges), std::end(ranges), [code_point](const Range& range) {
    return code_point >= range.first && code_point <= range.last;
  });
}

std::string Cell(const std::string& text) { return text.empty() ? "-" : Printable(text); }

std::string Padded(const std::string& text, size_t width) {
  const size_t used = DisplayWidth(text);
  return used < width ? StrCat(text, std::string(width - used, ' ')) : text;
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string safe(text);
  for (size_t i = 0; i < safe.size(); ++i) {
    const auto byte = static_cast<unsigned char>(safe[i]);
    if (byte < 0x20 || byte == 0x7f) safe[i] = '?';
    // C1 controls are two bytes: C2 80..9F.
    if (byte == 0xc2 && i + 1 < safe.size() && static_cast<unsigned char>(safe[i + 1]) < 0xa0) {
      safe[i] = '?';
      safe[i + 1] = '?';
    }
  }
  return safe;
}

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t code_point = length == 1 ? lead : lead & (0xffu >> (length + 1));
    for (size_t k = 1; k < length && i + k < text.size(); ++k) {
      code_point = code_point << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3f);
    }
    if (!IsIn(code_point, kCombining)) width += IsIn(code_point, kWide) ? 2 : 1;
    i += length;
  }
  return width;
}

std::string TableText(const Table& table, TableHeaders headers) {
  std::vector<std::vector<std::string>> lines;
  if (headers == TableHeaders::kShow) lines.push_back(table.headers);
  for (const auto& row : table.rows) {
    std::vector<std::string>& line = lines.emplace_back();
    for (const std::string& text : row) line.push_back(Cell(text));
  }
  std::vector<size_t> widths(table.headers.size(), 0);
  for (const auto& line : lines) {
    for (size_t i = 0; i < widths.size(); ++i)
      widths[i] = std::max(widths[i], DisplayWidth(line[i]));
  }
  std::string text;
  for (const auto& line : lines) {
    for (size_t i = 0; i < widths.size(); ++i) {
      StrAppend(&text, i + 1 < widths.size() ? Padded(line[i], widths[i] + 2) : line[i]);
    }
    StrAppend(&text, "\n");
  }
  return text;
}

std::string RecordText(const Table& table, size_t row) {
  size_t width = 0;
  for (const std::string& header : table.headers) width = std::max(width, header.size());
  std::string text;
  for (size_t i = 0; i < table.headers.size(); ++i) {
    StrAppend(&text, Padded(table.headers[i], width + 2), Cell(table.rows[row][i]), "\n");
  }
  return text;
}

}  // namespace lmgate::cli
