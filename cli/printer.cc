#include "cli/printer.h"

#include "cli/exit_code.h"
#include "common/base/error_detail.h"
#include "common/base/strings.h"

namespace lmgate::cli {

absl::StatusOr<OutputFormat> ParseOutputFormat(std::string_view text) {
  if (text == "table") return OutputFormat::kTable;
  if (text == "wide") return OutputFormat::kWide;
  if (text == "json") return OutputFormat::kJson;
  if (text == "yaml") return OutputFormat::kYaml;
  if (text == "name") return OutputFormat::kName;
  return UsageError(StrCat("unknown output format \"", text, "\""),
                    "formats: table, wide, json, yaml, name");
}

void Printer::PrintText(std::string_view text) { out_ << text << std::flush; }

void Printer::PrintJson(const std::string& json) {
  PrintText(options_.format == OutputFormat::kYaml ? YamlFromJson(json) : StrCat(json, "\n"));
}

void Printer::PrintMessage(const google::protobuf::Message& message, JsonFields fields) {
  if (is_structured() && !is_names()) PrintJson(JsonText(message, fields));
}

std::string Printer::Colored(std::string_view text, int sgr) const {
  if (!options_.color) return std::string(text);
  return StrCat("\x1b[", sgr, "m", text, "\x1b[0m");
}

}  // namespace lmgate::cli
