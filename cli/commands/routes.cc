#include "cli/commands/routes.h"

#include "cli/commands/resource_verbs.h"
#include "cli/exit_code.h"
#include "cli/flag_value.h"
#include "cli/session.h"
#include "common/contract/dialect_feature.h"
#include "lmgate/v1/admin.grpc.pb.h"

namespace lmgate::cli {
namespace {

using Stub = v1::RouteService::Stub;
using google::protobuf::FieldMask;

constexpr char kKind[] = "route";
const Value kName{"NAME", Value::Source::kRoutes};

std::string TargetsText(const v1::Route& route) {
  std::string text;
  for (const v1::Target& target : route.to()) {
    StrAppend(&text, text.empty() ? "" : ", ", target.connection(), ".",
              target.model().empty() ? "*" : target.model());
    if (target.weight() != 0) StrAppend(&text, "=", target.weight());
  }
  return text;
}

// Which edits there are: the texts themselves have lines.
std::string SystemText(const v1::Route& route) {
  const v1::SystemEdits& edits = route.system();
  std::vector<std::string> kinds;
  if (edits.replace_size() > 0) kinds.push_back(StrCat("replace=", edits.replace_size()));
  if (!edits.append().empty()) kinds.push_back("append");
  if (edits.inject_progress()) kinds.push_back("progress");
  return Joined(kinds);
}

// What the request reaches the provider in.
std::string DialectText(const v1::TestedTarget& target) {
  if (target.handling() == "translated") return StrCat(target.dialect(), " (translated)");
  if (target.handling() == "counted") return "(tokens counted by lmgate)";
  return target.dialect();
}

void PrintDecision(Printer& printer, const v1::TestRouteReply& reply) {
  const Table decision{
      .headers = {"CODE", "ROUTE", "STRATEGY", "DIALECT", "MESSAGE"},
      .rows = {{reply.code(), reply.route(), reply.strategy(), reply.dialect(), reply.message()}}};
  printer.PrintText(RecordText(decision, 0));
  if (reply.targets_size() > 0) {
    Table targets{.headers = {"TARGET", "CONNECTION", "MODEL", "DIALECT", "ALLOWED", "WHY NOT"},
                  .rows = {}};
    for (const v1::TestedTarget& target : reply.targets()) {
      targets.rows.push_back({StrCat(targets.rows.size() + 1), target.connection(), target.model(),
                              DialectText(target), target.allowed() ? "yes" : "no",
                              target.reason()});
    }
    printer.PrintText(StrCat("\n", TableText(targets, printer.headers())));
  }
  if (reply.skipped_size() > 0) {
    Table skipped{.headers = {"PASSED OVER", "BECAUSE"}, .rows = {}};
    for (const v1::SkippedRoute& route : reply.skipped()) {
      skipped.rows.push_back({route.route(), route.reason()});
    }
    printer.PrintText(StrCat("\n", TableText(skipped, printer.headers())));
  }
}

// The closed list of codes, as `lmctl help exit-codes` reads it.
ExitCode ExitCodeOfDecision(const std::string& code) {
  if (code == "ok") return ExitCode::kOk;
  if (code == "model_not_found") return ExitCode::kNotFound;
  if (code == "model_not_allowed" || code == "connection_not_allowed" ||
      code == "invalid_api_key" || code.starts_with("key_")) {
    return ExitCode::kAuth;
  }
  return ExitCode::kServer;
}

}  // namespace

Columns<v1::Route> RouteCommands::MakeColumns() {
  return {
      {"NAME", [](const v1::Route& route) { return route.name(); }},
      {"MODEL", [](const v1::Route& route) { return Joined(route.model()); }},
      {"TO", TargetsText},
      {"STRATEGY",
       [](const v1::Route& route) {
         return route.strategy().empty() ? std::string("first") : route.strategy();
       }},
      {"PATH PREFIX", [](const v1::Route& route) { return route.path_prefix(); }, true},
      {"DIALECT", [](const v1::Route& route) { return route.dialect(); }, true},
      {"GROUP", [](const v1::Route& route) { return route.group(); }, true},
      {"HEADERS", [](const v1::Route& route) { return JoinedMap(route.headers()); }, true},
      {"STRIP PREFIX", [](const v1::Route& route) { return route.strip_prefix(); }, true},
      {"FORWARD HEADERS", [](const v1::Route& route) { return Joined(route.forward_headers()); },
       true},
      {"SYSTEM", SystemText, true},
      {"ORDER", [](const v1::Route& route) { return absl::StrCat(route.order()); }, true},
      {"REVISION", [](const v1::Route& route) { return absl::StrCat(route.revision()); }, true},
  };
}

RouteCommands::RouteCommands(Command& root) {
  Command& noun = root.Add("routes", "Which model goes to which connections; the first match wins");
  noun.Alias("route");

  DeclareAdd(noun);
  noun.Add("list", "List routes in the order in which they are tried")
      .OptionalArgument({"PATTERN"}, &list_pattern_)
      .Detail("PATTERN is a shell pattern on the name.")
      .Run([this](Session& session) { return List(session); });
  noun.Add("show", "Show one route").Argument(kName, &show_name_).Run([this](Session& session) {
    return Show(session);
  });
  DeclareUpdate(noun);
  Command& remove = noun.Add("remove", "Remove routes");
  remove.Arguments(kName, &remove_.names).Run([this](Session& session) {
    return RemoveEach(session, kKind, remove_.names, remove_.if_revision,
                      "RouteService/DeleteRoute", &Stub::DeleteRoute);
  });
  DeclareIfRevision(remove, &remove_.if_revision);
  DeclareTest(noun);
}

void RouteCommands::DeclareAdd(Command& noun) {
  Command& add = noun.Add("add", "Add a route, as the last unless told otherwise");
  add.OptionalArgument({"NAME"}, &add_.name);
  DeclareFields(add, &add_.fields);
  DeclarePlace(add, &add_.place);
  add.Detail("Without a NAME the route is called by its first model pattern.")
      .Example("lmctl routes add --model 'gpt-*' --to 'openai.*'")
      .Example("lmctl routes add smart --model smart --strategy weighted \\")
      .Example("    --to openai.gpt-5=3 --to claude.claude-opus-4-1=1 --first")
      .Run([this](Session& session) { return Add(session); });
}

void RouteCommands::DeclareUpdate(Command& noun) {
  Command& update = noun.Add("update", "Change the fields given of a route, or move it");
  update.Argument(kName, &update_.name);
  DeclareFields(update, &update_.fields);
  DeclarePlace(update, &update_.place);
  DeclareClear(update, &update_.clear, "path_prefix");
  DeclareIfRevision(update, &update_.if_revision);
  update
      .Detail(
          "--model, --to, --forward-header and --system-replace replace the whole list; --header\n"
          "sets one, and --clear headers.NAME takes one away.")
      .Example("lmctl routes update smart --to openai.gpt-5 --strategy first")
      .Example("lmctl routes update smart --before 'gpt-*'")
      .Run([this, &update](Session& session) { return Update(session, update); });
}

void RouteCommands::DeclareTest(Command& noun) {
  noun.Add("test", "Say where a request would go, and why")
      .Argument({"MODEL"}, &test_.model)
      .Text("--key", {"KEY", Value::Source::kKeys}, &test_.key,
            "As this key would be served (name or public id)")
      .Text("--group", {"GROUP", Value::Source::kGroups}, &test_.group,
            "As the keys of this group would be served")
      .Text("--path", {"PATH"}, &test_.path, "Request path (default /v1/chat/completions)")
      .List("--header", {"NAME=VALUE"}, &test_.headers, "Header of the request")
      .Detail(
          "Without --key and --group as if everything were allowed. Exit codes: see\n"
          "`lmctl help exit-codes`.")
      .Example("lmctl routes test gpt-5 --key ci-bot")
      .Run([this](Session& session) { return Test(session); });
}

void RouteCommands::DeclareFields(Command& verb, Fields* fields) {
  verb.List("--model", {"PATTERN"}, &fields->models,
            "Model names it matches: a shell pattern, or re: and a regular expression")
      .List("--to", {"TARGET"}, &fields->to,
            "Where to: connection.model[=weight]; the model '*' = the client's own")
      .Text("--strategy",
            {"STRATEGY",
             Value::Source::kWords,
             {"first", "fallback", "random", "weighted", "round-robin"}},
            &fields->strategy, "first, fallback, random, weighted or round-robin")
      .Text("--path-prefix", {"PATH"}, &fields->path_prefix,
            "Matches only requests under it: /team-a serves /team-a/v1/...")
      .Text("--group", {"GROUP", Value::Source::kGroups}, &fields->group,
            "Matches only keys of this group")
      .Text("--dialect",
            {"DIALECT",
             Value::Source::kWords,
             {contract::kDialectNames.begin(), contract::kDialectNames.end()}},
            &fields->dialect, "Matches only callers that speak it")
      .List("--header", {"NAME=VALUE"}, &fields->headers, "Matches only requests with this header")
      .Text("--strip-prefix", {"TEXT"}, &fields->strip_prefix,
            "Taken off the client's model name before it is sent on")
      .List("--forward-header", {"NAME"}, &fields->forward_headers,
            "Request header passed on to the provider")
      .List("--system-replace", {"FROM=TO"}, &fields->system_replace,
            "Replaces a text in system prompts")
      .Text("--system-append", {"TEXT"}, &fields->system_append, "Put behind system prompts")
      .Switch("--inject-progress", &fields->inject_progress,
              "Puts the task, and what an agent has done, behind system prompts");
}

void RouteCommands::DeclarePlace(Command& verb, Place* place) {
  verb.Switch("--first", &place->first, "Put it before all others")
      .Switch("--last", &place->last, "Put it behind all others")
      .Text("--before", {"ROUTE", Value::Source::kRoutes}, &place->before, "Put it before this one")
      .Text("--after", {"ROUTE", Value::Source::kRoutes}, &place->after, "Put it behind this one");
}

absl::Status RouteCommands::Fill(const Fields& fields, v1::Route* route, FieldMask* mask) {
  if (!fields.models.empty()) {
    route->mutable_model()->Assign(fields.models.begin(), fields.models.end());
    mask->add_paths("model");
  }
  for (const std::string& text : fields.to) {
    LMGATE_ASSIGN_OR_RETURN(*route->add_to(), ParseTarget(text));
  }
  if (!fields.to.empty()) mask->add_paths("to");
  SetField(fields.strategy, "strategy", route->mutable_strategy(), mask);
  SetField(fields.path_prefix, "path_prefix", route->mutable_path_prefix(), mask);
  SetField(fields.group, "group", route->mutable_group(), mask);
  SetField(fields.dialect, "dialect", route->mutable_dialect(), mask);
  LMGATE_RETURN_IF_ERROR(
      SetMapField("--header", fields.headers, "headers", route->mutable_headers(), mask));
  SetField(fields.strip_prefix, "strip_prefix", route->mutable_strip_prefix(), mask);
  if (!fields.forward_headers.empty()) {
    route->mutable_forward_headers()->Assign(fields.forward_headers.begin(),
                                             fields.forward_headers.end());
    mask->add_paths("forward_headers");
  }
  return FillSystem(fields, route, mask);
}

absl::Status RouteCommands::FillSystem(const Fields& fields, v1::Route* route, FieldMask* mask) {
  for (const std::string& text : fields.system_replace) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError("--system-replace is FROM=TO; a FROM with a \"=\" needs a file");
    }
    v1::SystemReplacement* const replacement = route->mutable_system()->add_replace();
    replacement->set_from(text.substr(0, equals));
    replacement->set_to(text.substr(equals + 1));
  }
  if (!fields.system_replace.empty()) mask->add_paths("system.replace");
  if (fields.system_append.has_value()) {
    route->mutable_system()->set_append(*fields.system_append);
    mask->add_paths("system.append");
  }
  if (fields.inject_progress) {
    route->mutable_system()->set_inject_progress(true);
    mask->add_paths("system.inject_progress");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<v1::Placement>> RouteCommands::MakePlacement(const Place& place) {
  v1::Placement placement;
  int given = 0;
  if (place.first) {
    placement.set_first(true);
    ++given;
  }
  if (place.last) {
    placement.set_last(true);
    ++given;
  }
  if (place.before.has_value()) {
    placement.set_before(*place.before);
    ++given;
  }
  if (place.after.has_value()) {
    placement.set_after(*place.after);
    ++given;
  }
  if (given > 1) return UsageError("--first, --last, --before and --after exclude each other");
  if (given == 0) return std::optional<v1::Placement>();
  return std::optional<v1::Placement>(placement);
}

absl::StatusOr<ExitCode> RouteCommands::Add(Session& session) const {
  v1::CreateRouteRequest request;
  FieldMask given;
  LMGATE_RETURN_IF_ERROR(Fill(add_.fields, request.mutable_route(), &given));
  request.mutable_route()->set_name(add_.name.value_or(""));
  LMGATE_ASSIGN_OR_RETURN(const std::optional<v1::Placement> placement, MakePlacement(add_.place));
  if (placement.has_value()) *request.mutable_placement() = *placement;
  LMGATE_ASSIGN_OR_RETURN(const v1::RouteReply reply,
                          session.Call("RouteService/CreateRoute", &Stub::CreateRoute, request));
  return ReportChange(session, kKind, "added", reply, reply.route());
}

absl::StatusOr<ExitCode> RouteCommands::List(Session& session) const {
  v1::ListRequest request;
  request.set_filter(list_pattern_.value_or(""));
  LMGATE_ASSIGN_OR_RETURN(
      const std::vector<v1::Route> routes,
      ListAll<v1::Route>(session, "RouteService/ListRoutes", &Stub::ListRoutes, request,
                         [](v1::ListRoutesReply& reply) { return reply.mutable_routes(); }));
  session.printer().PrintList(routes, MakeColumns(), JsonFields::kSet);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RouteCommands::Show(Session& session) const {
  v1::GetRequest request;
  request.set_name(show_name_);
  LMGATE_ASSIGN_OR_RETURN(const v1::Route route,
                          session.Call("RouteService/GetRoute", &Stub::GetRoute, request));
  session.printer().PrintItem(route, MakeColumns(), JsonFields::kSet);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RouteCommands::Update(Session& session, const Command& command) const {
  v1::UpdateRouteRequest request;
  FieldMask* mask = request.mutable_update_mask();
  LMGATE_RETURN_IF_ERROR(Fill(update_.fields, request.mutable_route(), mask));
  for (const std::string& field : update_.clear) mask->add_paths(field);
  LMGATE_ASSIGN_OR_RETURN(const std::optional<v1::Placement> placement,
                          MakePlacement(update_.place));
  if (placement.has_value()) {
    *request.mutable_placement() = *placement;
  } else {
    LMGATE_RETURN_IF_ERROR(CheckSomethingChanges(*mask, command));
  }
  LMGATE_RETURN_IF_ERROR(SetExpectedRevision(update_.if_revision, &request));
  request.mutable_route()->set_name(update_.name);
  LMGATE_ASSIGN_OR_RETURN(const v1::RouteReply reply,
                          session.Call("RouteService/UpdateRoute", &Stub::UpdateRoute, request));
  return ReportChange(session, kKind, mask->paths_size() == 0 ? "moved" : "updated", reply,
                      reply.route());
}

absl::StatusOr<ExitCode> RouteCommands::Test(Session& session) const {
  if (test_.key.has_value() && test_.group.has_value()) {
    return UsageError("--key and --group exclude each other: a key has its group");
  }
  if (test_.key.has_value()) LMGATE_RETURN_IF_ERROR(CheckKeyName(*test_.key));
  v1::TestRouteRequest request;
  request.set_model(test_.model);
  request.set_key(test_.key.value_or(""));
  request.set_group(test_.group.value_or(""));
  request.set_path(test_.path.value_or(""));
  LMGATE_RETURN_IF_ERROR(ParseMap("--header", test_.headers, request.mutable_headers()));
  LMGATE_ASSIGN_OR_RETURN(const v1::TestRouteReply reply,
                          session.Call("RouteService/TestRoute", &Stub::TestRoute, request));
  Printer& printer = session.printer();
  if (printer.is_names()) {
    if (!reply.route().empty()) printer.PrintText(StrCat(reply.route(), "\n"));
  } else if (printer.is_structured()) {
    printer.PrintMessage(reply, JsonFields::kAll);
  } else {
    PrintDecision(printer, reply);
  }
  return ExitCodeOfDecision(reply.code());
}

}  // namespace lmgate::cli
