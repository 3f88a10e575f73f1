#include "cli/commands/dialects.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/session.h"
#include "cli/table.h"
#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/dialect_feature.h"
#include "common/contract/field_error.h"

namespace lmgate::cli {
namespace {

using contract::DialectColumn;
using contract::FeatureRow;
using contract::kDialectCount;
using contract::kDialectNames;

// What is asked for: rows that `from` can say, in the columns `to`.
struct Question {
  std::optional<size_t> from;
  std::vector<size_t> to;
};

absl::StatusOr<size_t> ParseDialect(std::string_view flag, std::string_view name) {
  const size_t column = DialectColumn(name == "claude" ? std::string_view("anthropic") : name);
  if (column < kDialectCount) return column;
  std::string hint = contract::DidYouMean(NearestWord(name, kDialectNames));
  if (hint.empty()) {
    hint = "dialects:";
    for (const std::string_view known : kDialectNames) StrAppend(&hint, " ", known);
  }
  return UsageError(StrCat(flag, ": there is no dialect ", contract::Quoted(name)), hint);
}

// "unchanged": same dialect on both sides, bytes pass as they are.
std::string_view Treatment(const FeatureRow& row, const Question& question, size_t column) {
  if (question.from == column) return "unchanged";
  if (question.from.has_value()) {
    return contract::TreatmentName(contract::TreatmentBetween(row, *question.from, column));
  }
  return contract::TreatmentName(row.treatment[column]);
}

std::vector<const FeatureRow*> Rows(const Question& question) {
  std::vector<const FeatureRow*> rows;
  for (const FeatureRow& row : contract::DialectFeatures()) {
    if (!question.from.has_value() || !row.field[*question.from].empty()) rows.push_back(&row);
  }
  return rows;
}

// Those of the dialects asked for; with several, each says whose it is.
std::string Notes(const FeatureRow& row, const Question& question) {
  if (question.to.size() == 1) {
    const size_t column = question.to.front();
    return question.from == column ? std::string() : std::string(row.note[column]);
  }
  std::string notes;
  for (size_t i = 0; i < question.to.size(); ++i) {
    const std::string_view note = row.note[question.to[i]];
    const auto same = [&](size_t column) { return row.note[column] == note; };
    const auto begin = question.to.begin();
    if (note.empty() || std::any_of(begin, begin + static_cast<std::ptrdiff_t>(i), same)) continue;
    std::string dialects;
    for (const size_t column : question.to) {
      if (same(column)) StrAppend(&dialects, dialects.empty() ? "" : ", ", kDialectNames[column]);
    }
    StrAppend(&notes, notes.empty() ? "" : "; ", dialects, ": ", note);
  }
  return notes;
}

// Wide: each cell names the dialect's own field, and the notes are there.
Table MakeTable(const Question& question, bool wide) {
  Table table{.headers = {"FEATURE"}, .rows = {}};
  const auto header = [&table](std::string_view name) {
    table.headers.push_back(absl::AsciiStrToUpper(ToAbsl(name)));
  };
  const bool show_note = wide || question.to.size() == 1;
  if (question.from.has_value()) header(StrCat("from ", kDialectNames[*question.from]));
  for (const size_t column : question.to) {
    header(question.from.has_value() ? StrCat("to ", kDialectNames[column])
                                     : std::string(kDialectNames[column]));
  }
  if (show_note) header("note");
  for (const FeatureRow* row : Rows(question)) {
    std::vector<std::string>& cells = table.rows.emplace_back();
    cells.emplace_back(row->name);
    if (question.from.has_value()) cells.emplace_back(row->field[*question.from]);
    for (const size_t column : question.to) {
      const std::string_view field = row->field[column];
      const std::string_view treatment = Treatment(*row, question, column);
      cells.push_back(wide && !field.empty() ? StrCat(treatment, " (", field, ")")
                                             : std::string(treatment));
    }
    if (show_note) cells.push_back(Notes(*row, question));
  }
  return table;
}

std::string MakeJson(const Question& question) {
  std::string json;
  for (const FeatureRow* row : Rows(question)) {
    StrAppend(&json, json.empty() ? "[\n " : ",\n ", "{\"feature\": ", JsonQuote(row->name));
    if (question.from.has_value()) {
      StrAppend(&json, ", \"field\": ", JsonQuote(row->field[*question.from]));
    }
    std::string dialects;
    for (const size_t column : question.to) {
      StrAppend(&dialects, dialects.empty() ? "" : ",", "\n  ", JsonQuote(kDialectNames[column]),
                ": {\"treatment\": ", JsonQuote(Treatment(*row, question, column)),
                ", \"field\": ", JsonQuote(row->field[column]),
                ", \"note\": ", JsonQuote(row->note[column]), "}");
    }
    StrAppend(&json, ", \"dialects\": {", dialects, "}}");
  }
  return StrCat(json.empty() ? "[" : json, "\n]");
}

}  // namespace

DialectsCommand::DialectsCommand(Command& root) {
  const Value dialect{
      "DIALECT", Value::Source::kWords, {kDialectNames.begin(), kDialectNames.end()}};
  root.Add("dialects", "What each dialect can say, and what becomes of the rest")
      .Text("--from", dialect, &from_, "Only what clients of this dialect can ask for")
      .Text("--to", dialect, &to_, "Only targets of this dialect")
      .Detail(
          "A column is the dialect of the target that a request of another dialect goes to:\n"
          "maps       said in the same way\n"
          "emulated   said by other means\n"
          "dropped    a hint that cannot be said: the request is served without it\n"
          "refused    the request gets 400, which names the field\n"
          "-o wide names each dialect's own field, and notes. Beside the table: the data plane "
          "itself\n"
          "knows earlier answers (previous_response_id, item_reference) and estimates tokens\n"
          "(count_tokens, countTokens) for targets of other dialects.")
      .Example("lmctl dialects --from anthropic --to openai-chat")
      .Run([this](Session& session) { return Show(session); });
}

absl::StatusOr<ExitCode> DialectsCommand::Show(Session& session) const {
  Question question;
  if (from_.has_value()) {
    LMGATE_ASSIGN_OR_RETURN(question.from, ParseDialect("--from", *from_));
  }
  if (to_.has_value()) {
    LMGATE_ASSIGN_OR_RETURN(const size_t column, ParseDialect("--to", *to_));
    question.to = {column};
  } else {
    for (size_t column = 0; column < kDialectCount; ++column) {
      if (question.from != column) question.to.push_back(column);
    }
  }
  Printer& printer = session.printer();
  if (printer.is_structured()) {
    printer.PrintJson(MakeJson(question));
  } else if (printer.is_names()) {
    for (const FeatureRow* row : Rows(question)) printer.PrintText(StrCat(row->name, "\n"));
  } else {
    const bool wide = printer.options().format == OutputFormat::kWide;
    printer.PrintText(TableText(MakeTable(question, wide), printer.headers()));
  }
  return ExitCode::kOk;
}

}  // namespace lmgate::cli
