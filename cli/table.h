#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lmgate::cli {

// Aligned columns for people; not stable, scripts read JSON.
struct Table {
  std::vector<std::string> headers;
  // Each as long as headers. An empty cell is shown as "-".
  std::vector<std::vector<std::string>> rows;
};

enum class TableHeaders { kShow, kHide };

// Columns two spaces apart; nothing after the last cell of a line. Without rows only the headers.
std::string TableText(const Table& table, TableHeaders headers);

// One "HEADER  cell" line a column of one row: how `show` prints.
std::string RecordText(const Table& table, size_t row);

// Columns on a terminal, near enough: one for each code point, none for combining marks, two for
// East Asian wide characters and emoji.
size_t DisplayWidth(std::string_view text);

// Text from elsewhere, safe for a terminal: control characters become '?'.
std::string Printable(std::string_view text);

}  // namespace lmgate::cli
