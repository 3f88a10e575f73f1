#include "cli/commands/config.h"

#include <absl/strings/numbers.h>

#include <algorithm>

#include "cli/commands/resource_verbs.h"
#include "cli/exit_code.h"
#include "cli/input_file.h"
#include "cli/proto_time.h"
#include "cli/session.h"
#include "common/contract/resource.h"
#include "lmgate/v1/admin.grpc.pb.h"

namespace lmgate::cli {
namespace {

using Stub = v1::ConfigService::Stub;

// Terminal colours (SGR): what came, what changed, what went.
constexpr int kGreen = 32;
constexpr int kYellow = 33;
constexpr int kRed = 31;

std::string PlanLine(const Printer& printer, const v1::PlannedChange& change) {
  const bool created = change.action() == "create";
  const bool deleted = change.action() == "delete";
  const std::string line =
      StrCat(created   ? "+ "
             : deleted ? "- "
                       : "~ ",
             change.action(), " ", contract::KindName(change.kind()), " ", change.name());
  return printer.Colored(Printable(line), created ? kGreen : deleted ? kRed : kYellow);
}

void PrintPlan(Printer& printer, const v1::ApplyReply& reply) {
  if (printer.is_names()) {
    for (const v1::PlannedChange& change : reply.plan()) {
      printer.PrintText(Printable(StrCat(contract::KindName(change.kind()), "/", change.name())) +
                        "\n");
    }
    return;
  }
  if (printer.is_structured()) {
    printer.PrintMessage(reply, JsonFields::kAll);
    return;
  }
  for (const v1::PlannedChange& change : reply.plan()) {
    printer.PrintText(StrCat(PlanLine(printer, change), "\n"));
    for (const std::string& detail : change.details()) {
      printer.PrintText(StrCat("    ", Printable(detail), "\n"));
    }
  }
}

// "3 changes: 1 created, 2 updated".
std::string PlanSummary(const v1::ApplyReply& reply) {
  const auto count = [&reply](std::string_view action) {
    return std::count_if(reply.plan().begin(), reply.plan().end(),
                         [action](const v1::PlannedChange& c) { return c.action() == action; });
  };
  std::string parts;
  const std::pair<std::string_view, std::string_view> kActions[] = {
      {"create", "created"}, {"update", "updated"}, {"delete", "deleted"}};
  for (const auto& [action, done] : kActions) {
    if (count(action) > 0) {
      StrAppend(&parts, parts.empty() ? "" : ", ", static_cast<int64_t>(count(action)), " ", done);
    }
  }
  return StrCat(reply.plan_size(), reply.plan_size() == 1 ? " change: " : " changes: ", parts);
}

// What apply and rollback have in common, after the reply.
ExitCode ReportApplied(Session& session, const v1::ApplyReply& reply) {
  PrintPlan(session.printer(), reply);
  for (const std::string& warning : reply.warnings()) session.Warn(warning);
  if (reply.plan().empty()) {
    session.Say(StrCat("no changes; revision ", reply.revision()));
    return ExitCode::kOk;
  }
  session.Say(PlanSummary(reply));
  return AwaitReplicas(session, reply.revision());
}

struct ConfigFile {
  std::string name;
  std::string content;
};

absl::StatusOr<ConfigFile> ReadConfigFile(Session& session,
                                          const std::optional<std::string>& path) {
  if (!path.has_value())
    return UsageError("which file? -f FILE is missing", "-f - reads standard input");
  ConfigFile file{.name = *path == "-" ? std::string("standard input") : *path, .content = {}};
  LMGATE_ASSIGN_OR_RETURN(file.content,
                          ReadInput(session.console(), *path, ConfigCommands::kFileBytesMax));
  return file;
}

absl::StatusOr<v1::ApplyReply> CallDiff(Session& session, ConfigFile file) {
  v1::DiffRequest request;
  request.set_content(std::move(file.content));
  request.set_file_name(std::move(file.name));
  return session.Call("ConfigService/Diff", &Stub::Diff, request);
}

Columns<v1::ChangeEntry> HistoryColumns(absl::Time now) {
  using C = v1::ChangeEntry;
  return {
      {"REVISION", [](const C& c) { return absl::StrCat(c.revision()); }},
      {"TIME", [](const C& c) { return TimeText(FromProto(c.time())); }},
      {"AGE", [now](const C& c) { return AgeText(now - FromProto(c.time())); }, true},
      {"ACTOR", [](const C& c) { return c.actor(); }},
      {"OPERATION", [](const C& c) { return c.operation(); }},
      {"CHANGES",
       [](const C& c) {
         std::string text;
         for (const v1::PlannedChange& item : c.items()) {
           StrAppend(&text, text.empty() ? "" : ", ", item.action(), " ",
                     contract::KindName(item.kind()), " ", item.name());
         }
         return text;
       }},
  };
}

}  // namespace

ConfigCommands::ConfigCommands(Command& root) {
  root.Add("apply", "Make the configuration equal to a file, all or nothing")
      .Text("-f,--file", {"FILE"}, &apply_.file, "YAML or JSON; - = standard input")
      .Switch("--dry-run", &apply_.dry_run, "Only say what would change")
      .Text("--if-revision", {"N"}, &apply_.if_revision,
            "Only when the configuration is still at this revision")
      .Detail(
          "Sections that the file does not have, and keys, stay as they are. In a section that it\n"
          "has, what the file does not name is deleted.")
      .Example("lmctl apply -f lmgate.yaml --dry-run")
      .Example("lmctl export | sed s/gpt-4/gpt-5/ | lmctl apply -f -")
      .Run([this](Session& session) { return Apply(session); });
  root.Add("diff", "Show what `apply` would change; exit code 0 = nothing, 1 = something")
      .Text("-f,--file", {"FILE"}, &diff_file_, "YAML or JSON; - = standard input")
      .Run([this](Session& session) { return Diff(session); });
  root.Add("export", "Print the configuration as a file that `apply` takes")
      .Detail(
          "-o yaml (default) or -o json. Stored secrets appear as fingerprints, which `apply` to "
          "the\n"
          "same control plane understands. Keys are no part of it.")
      .Run([this](Session& session) { return Export(session); });
  root.Add("history", "List the changes, newest first")
      .Text("--limit", {"N"}, &history_limit_, "How many (default 20, at most 10000)")
      .Run([this](Session& session) { return History(session); });
  root.Add("rollback", "Bring back the configuration of an earlier revision, as a new one")
      .Argument({"REVISION"}, &rollback_.revision)
      .Text("--if-revision", {"N"}, &rollback_.if_revision,
            "Only when the configuration is still at this revision")
      .Detail("Keys stay as they are: a rollback never revives or kills one.")
      .Example("lmctl rollback 41")
      .Run([this](Session& session) { return Rollback(session); });
}

absl::StatusOr<ExitCode> ConfigCommands::Apply(Session& session) const {
  v1::ApplyRequest request;
  LMGATE_RETURN_IF_ERROR(SetExpectedRevision(apply_.if_revision, &request));
  LMGATE_ASSIGN_OR_RETURN(ConfigFile file, ReadConfigFile(session, apply_.file));
  if (apply_.dry_run) {
    LMGATE_ASSIGN_OR_RETURN(const v1::ApplyReply plan, CallDiff(session, std::move(file)));
    PrintPlan(session.printer(), plan);
    for (const std::string& warning : plan.warnings()) session.Warn(warning);
    session.Say(plan.plan().empty() ? std::string("no changes")
                                    : StrCat("dry run, nothing was changed; ", PlanSummary(plan)));
    return ExitCode::kOk;
  }
  request.set_content(std::move(file.content));
  request.set_file_name(std::move(file.name));
  LMGATE_ASSIGN_OR_RETURN(const v1::ApplyReply reply,
                          session.Call("ConfigService/Apply", &Stub::Apply, request));
  return ReportApplied(session, reply);
}

absl::StatusOr<ExitCode> ConfigCommands::Diff(Session& session) const {
  LMGATE_ASSIGN_OR_RETURN(ConfigFile file, ReadConfigFile(session, diff_file_));
  LMGATE_ASSIGN_OR_RETURN(const v1::ApplyReply plan, CallDiff(session, std::move(file)));
  PrintPlan(session.printer(), plan);
  for (const std::string& warning : plan.warnings()) session.Warn(warning);
  return plan.plan().empty() ? ExitCode::kOk : kDiffers;
}

absl::StatusOr<ExitCode> ConfigCommands::Export(Session& session) const {
  const OutputFormat format = session.printer().options().format;
  if (session.output_is_given() && !session.printer().is_structured()) {
    return UsageError("a configuration is exported as yaml or json", "-o yaml or -o json");
  }
  v1::ExportRequest request;
  request.set_format(format == OutputFormat::kJson ? "json" : "yaml");
  LMGATE_ASSIGN_OR_RETURN(const v1::ExportReply reply,
                          session.Call("ConfigService/Export", &Stub::Export, request));
  session.printer().PrintText(reply.content());
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ConfigCommands::History(Session& session) const {
  int limit = kHistoryDefault;
  if (history_limit_.has_value() &&
      (!absl::SimpleAtoi(*history_limit_, &limit) || limit < 1 || limit > kHistoryMax)) {
    return UsageError(
        StrCat("--limit: \"", *history_limit_, "\" is not a number from 1 to ", kHistoryMax));
  }
  std::vector<v1::ChangeEntry> changes;
  v1::ListChangesRequest request;
  while (static_cast<int>(changes.size()) < limit) {
    const uint32_t missing = static_cast<uint32_t>(limit) - static_cast<uint32_t>(changes.size());
    request.set_page_size(std::min(missing, kPageSize));
    LMGATE_ASSIGN_OR_RETURN(v1::ListChangesReply reply,
                            session.Call("ConfigService/ListChanges", &Stub::ListChanges, request));
    if (reply.changes().empty()) break;
    for (v1::ChangeEntry& change : *reply.mutable_changes()) changes.push_back(std::move(change));
    if (reply.next_page_token().empty()) break;
    request.set_page_token(reply.next_page_token());
  }
  if (static_cast<int>(changes.size()) > limit) changes.resize(static_cast<size_t>(limit));
  session.printer().PrintList(changes, HistoryColumns(session.console().clock.Now()),
                              JsonFields::kAll);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ConfigCommands::Rollback(Session& session) const {
  v1::RollbackRequest request;
  LMGATE_ASSIGN_OR_RETURN(const uint64_t revision, ParseRevision("REVISION", rollback_.revision));
  request.set_revision(revision);
  LMGATE_RETURN_IF_ERROR(SetExpectedRevision(rollback_.if_revision, &request));
  LMGATE_ASSIGN_OR_RETURN(const v1::ApplyReply reply,
                          session.Call("ConfigService/Rollback", &Stub::Rollback, request));
  return ReportApplied(session, reply);
}

}  // namespace lmgate::cli
