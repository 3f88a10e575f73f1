#pragma once

#include <absl/status/statusor.h>
#include <google/protobuf/message.h>

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/json_text.h"
#include "cli/table.h"

namespace lmgate::cli {

enum class OutputFormat { kTable, kWide, kJson, kYaml, kName };

// InvalidArgument (a usage error) names the five.
absl::StatusOr<OutputFormat> ParseOutputFormat(std::string_view text);

// A column of a table of T.
template <typename T>
struct Column {
  std::string_view header;
  std::function<std::string(const T&)> cell;
  bool only_wide = false;
};

// How a kind of resource is shown. columns[0] is its name.
template <typename T>
using Columns = std::vector<Column<T>>;

// Writes results to stdout in the format that the user asked for; nothing else writes there.
class Printer {
 public:
  struct Options {
    OutputFormat format = OutputFormat::kTable;
    bool show_headers = true;
    bool quiet = false;  // names only
    bool color = false;
  };
  Printer(Options options, std::ostream& out) : options_(options), out_(out) {}

  // A list: rows, an array, or one name a line. Empty: `[]` in JSON and YAML, the headers in a
  // table.
  template <typename T>
  void PrintList(const std::vector<T>& items, const Columns<T>& columns, JsonFields fields);
  // One resource: a line a field (all columns), an object, or its name.
  template <typename T>
  void PrintItem(const T& item, const Columns<T>& columns, JsonFields fields);
  // A reply as JSON or YAML; nothing in the other formats.
  void PrintMessage(const google::protobuf::Message& message, JsonFields fields);
  // As it is.
  void PrintText(std::string_view text);
  void PrintJson(const std::string& json);

  // True when a machine reads: JSON or YAML.
  bool is_structured() const {
    return options_.format == OutputFormat::kJson || options_.format == OutputFormat::kYaml;
  }
  // True when only names are wanted.
  bool is_names() const { return options_.quiet || options_.format == OutputFormat::kName; }
  const Options& options() const { return options_; }

  // The text in a terminal colour (SGR number), when colours are on.
  std::string Colored(std::string_view text, int sgr) const;
  TableHeaders headers() const {
    return options_.show_headers ? TableHeaders::kShow : TableHeaders::kHide;
  }

 private:
  const Options options_;
  std::ostream& out_;
};

template <typename T>
Table MakeTable(const std::vector<T>& items, const Columns<T>& columns, bool wide) {
  Table table;
  for (const Column<T>& column : columns) {
    if (wide || !column.only_wide) table.headers.emplace_back(column.header);
  }
  for (const T& item : items) {
    std::vector<std::string>& row = table.rows.emplace_back();
    for (const Column<T>& column : columns) {
      if (wide || !column.only_wide) row.push_back(column.cell(item));
    }
  }
  return table;
}

template <typename T>
void Printer::PrintList(const std::vector<T>& items, const Columns<T>& columns, JsonFields fields) {
  if (is_names()) {
    for (const T& item : items) PrintText(Printable(columns[0].cell(item)) + "\n");
    return;
  }
  if (is_structured()) {
    std::string json = "[";
    for (const T& item : items) {
      json += (json.size() == 1 ? "\n " : ",\n ") + JsonNested(JsonText(item, fields));
    }
    PrintJson(json + (items.empty() ? "]" : "\n]"));
    return;
  }
  PrintText(
      TableText(MakeTable(items, columns, options_.format == OutputFormat::kWide), headers()));
}

template <typename T>
void Printer::PrintItem(const T& item, const Columns<T>& columns, JsonFields fields) {
  if (is_names()) {
    PrintText(Printable(columns[0].cell(item)) + "\n");
  } else if (is_structured()) {
    PrintMessage(item, fields);
  } else {
    PrintText(RecordText(MakeTable(std::vector<T>{item}, columns, true), 0));
  }
}

}  // namespace lmgate::cli
