#include "cli/commands/contexts.h"

#include <algorithm>
#include <filesystem>

#include "cli/context_file.h"
#include "cli/endpoint.h"
#include "cli/exit_code.h"
#include "cli/session.h"
#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::cli {
namespace {

const Value kName{"NAME", Value::Source::kContexts};

struct ShownContext {
  Context context;
  bool current = false;
};

std::string Json(const ShownContext& shown) {
  const Context& context = shown.context;
  return StrCat("{\n \"name\": ", JsonQuote(context.name),
                ",\n \"current\": ", shown.current ? "true" : "false",
                ",\n \"server\": ", JsonQuote(context.server),
                ",\n \"token_file\": ", JsonQuote(context.token_file),
                ",\n \"ca\": ", JsonQuote(context.ca),
                ",\n \"client_cert\": ", JsonQuote(context.client_cert),
                ",\n \"client_key\": ", JsonQuote(context.client_key), "\n}");
}

Columns<ShownContext> MakeColumns() {
  return {
      {"NAME", [](const ShownContext& shown) { return shown.context.name; }},
      {"CURRENT", [](const ShownContext& shown) { return std::string(shown.current ? "*" : ""); }},
      {"SERVER", [](const ShownContext& shown) { return shown.context.server; }},
      {"TOKEN FILE", [](const ShownContext& shown) { return shown.context.token_file; }},
      {"CA", [](const ShownContext& shown) { return shown.context.ca; }},
      {"CLIENT CERT", [](const ShownContext& shown) { return shown.context.client_cert; }, true},
      {"CLIENT KEY", [](const ShownContext& shown) { return shown.context.client_key; }, true},
  };
}

absl::Status UnknownContext(const ContextFile& file, const std::string& name) {
  std::vector<std::string> names;
  for (const Context& context : file.contexts) names.push_back(context.name);
  const std::string nearest = NearestWord(name, names);
  return UsageError(StrCat("there is no context \"", name, "\""),
                    nearest.empty() ? std::string("`lmctl context list` shows them")
                                    : StrCat("did you mean \"", nearest, "\"?"));
}

// The file is read from any folder later on.
std::string Absolute(const std::optional<std::string>& path) {
  if (!path.has_value() || path->empty()) return "";
  std::error_code failed;
  const std::filesystem::path absolute = std::filesystem::absolute(*path, failed);
  return failed ? *path : absolute.lexically_normal().string();
}

}  // namespace

ContextCommands::ContextCommands(Command& root) {
  Command& noun = root.Add("context", "Places to administer: server, token file, certificate");
  noun.Alias("contexts")
      .Detail(
          "They are kept in $XDG_CONFIG_HOME/lmctl/config.yaml (mode 0600). A flag or a variable\n"
          "beats the context.");
  noun.Add("list", "List contexts").Run([this](Session& session) { return List(session); });
  noun.Add("show", "Show one context, or the one in use")
      .OptionalArgument(kName, &show_name_)
      .Run([this](Session& session) { return Show(session); });
  noun.Add("add", "Add a context from the flags --server, --token-file, --ca ..., or replace it")
      .Argument({"NAME"}, &add_name_)
      .Switch("--use", &add_use_, "Use it from now on; the first one always is")
      .Example("lmctl context add prod --server gw.example.com:8400 --token-file ~/prod.token \\")
      .Example("    --ca ~/prod-ca.pem --use")
      .Run([this](Session& session) { return Add(session); });
  noun.Add("use", "Use a context from now on")
      .Argument(kName, &use_name_)
      .Run([this](Session& session) { return Use(session); });
  noun.Add("remove", "Forget contexts")
      .Arguments(kName, &remove_names_)
      .Run([this](Session& session) { return Remove(session); });
}

absl::StatusOr<ExitCode> ContextCommands::List(Session& session) const {
  LMGATE_ASSIGN_OR_RETURN(const ContextFile file, LoadContexts(session.console()));
  std::vector<ShownContext> shown;
  std::string json = "[";
  for (const Context& context : file.contexts) {
    shown.push_back({context, context.name == file.current});
    StrAppend(&json, json.size() == 1 ? "\n " : ",\n ", JsonNested(Json(shown.back())));
  }
  Printer& printer = session.printer();
  if (printer.is_names()) {
    for (const ShownContext& entry : shown) printer.PrintText(StrCat(entry.context.name, "\n"));
  } else if (printer.is_structured()) {
    printer.PrintJson(StrCat(json, shown.empty() ? "]" : "\n]"));
  } else {
    printer.PrintText(
        TableText(MakeTable(shown, MakeColumns(), printer.options().format == OutputFormat::kWide),
                  printer.headers()));
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ContextCommands::Show(Session& session) const {
  LMGATE_ASSIGN_OR_RETURN(const ContextFile file, LoadContexts(session.console()));
  ShownContext shown;
  if (show_name_.has_value()) {
    const Context* context = file.Find(*show_name_);
    if (context == nullptr) return UnknownContext(file, *show_name_);
    shown.context = *context;
  } else {
    LMGATE_ASSIGN_OR_RETURN(shown.context, FindContext(file, session.flags(), session.console()));
    if (shown.context.name.empty()) {
      return UsageError("no context is in use",
                        "`lmctl context add NAME --server HOST:PORT` makes one");
    }
  }
  shown.current = shown.context.name == file.current;
  Printer& printer = session.printer();
  if (printer.is_names()) {
    printer.PrintText(StrCat(shown.context.name, "\n"));
  } else if (printer.is_structured()) {
    printer.PrintJson(Json(shown));
  } else {
    printer.PrintText(
        RecordText(MakeTable(std::vector<ShownContext>{shown}, MakeColumns(), true), 0));
  }
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ContextCommands::Add(Session& session) const {
  LMGATE_RETURN_IF_ERROR(CheckContextName(add_name_));
  LMGATE_ASSIGN_OR_RETURN(ContextFile file, LoadContexts(session.console()));
  const GlobalFlags& flags = session.flags();
  if (!flags.server && !flags.token_file && !flags.ca) {
    return UsageError("a context without --server, --token-file and --ca says nothing");
  }
  std::erase_if(file.contexts,
                [this](const Context& context) { return context.name == add_name_; });
  file.contexts.push_back(Context{.name = add_name_,
                                  .server = flags.server.value_or(""),
                                  .token_file = Absolute(flags.token_file),
                                  .ca = Absolute(flags.ca),
                                  .client_cert = Absolute(flags.client_cert),
                                  .client_key = Absolute(flags.client_key)});
  if (add_use_ || file.contexts.size() == 1) file.current = add_name_;
  LMGATE_RETURN_IF_ERROR(WriteContextFile(file));
  session.Say(StrCat("context \"", add_name_, "\" added",
                     file.current == add_name_ ? " and in use" : "", " (", file.path, ")"));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ContextCommands::Use(Session& session) const {
  LMGATE_ASSIGN_OR_RETURN(ContextFile file, LoadContexts(session.console()));
  if (file.Find(use_name_) == nullptr) return UnknownContext(file, use_name_);
  file.current = use_name_;
  LMGATE_RETURN_IF_ERROR(WriteContextFile(file));
  session.Say(StrCat("context \"", use_name_, "\" in use"));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ContextCommands::Remove(Session& session) const {
  LMGATE_ASSIGN_OR_RETURN(ContextFile file, LoadContexts(session.console()));
  for (const std::string& name : remove_names_) {
    if (file.Find(name) == nullptr) return UnknownContext(file, name);
  }
  for (const std::string& name : remove_names_) {
    std::erase_if(file.contexts, [&name](const Context& context) { return context.name == name; });
    if (file.current == name) file.current.clear();
  }
  LMGATE_RETURN_IF_ERROR(WriteContextFile(file));
  for (const std::string& name : remove_names_)
    session.Say(StrCat("context \"", name, "\" removed"));
  return ExitCode::kOk;
}

}  // namespace lmgate::cli
