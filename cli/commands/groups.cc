#include "cli/commands/groups.h"

#include "cli/commands/resource_verbs.h"
#include "cli/session.h"
#include "lmgate/v1/admin.grpc.pb.h"

namespace lmgate::cli {
namespace {

using Stub = v1::GroupService::Stub;
using google::protobuf::FieldMask;

constexpr char kKind[] = "group";
const Value kName{"NAME", Value::Source::kGroups};

}  // namespace

Columns<v1::Group> GroupCommands::MakeColumns() {
  return {
      {"NAME", [](const v1::Group& group) { return group.name(); }},
      {"CONNECTIONS", [](const v1::Group& group) { return Joined(group.connections()); }},
      {"MODELS", [](const v1::Group& group) { return Joined(group.models()); }},
      {"DEFAULT CONNECTION", [](const v1::Group& group) { return group.default_connection(); }},
      {"REVISION", [](const v1::Group& group) { return absl::StrCat(group.revision()); }, true},
  };
}

GroupCommands::GroupCommands(Command& root) {
  Command& noun = root.Add("groups", "What keys may use: connections and models");
  noun.Alias("group");

  Command& add = noun.Add("add", "Add a group");
  add.Argument({"NAME"}, &add_.name);
  DeclareFields(add, &add_.fields);
  add.Detail("Without --connection its keys may use nothing.")
      .Example("lmctl groups add team-a --connection openai --connection local")
      .Example("lmctl groups add everyone --connection '*'")
      .Run([this](Session& session) { return Add(session); });

  noun.Add("list", "List groups")
      .OptionalArgument({"PATTERN"}, &list_pattern_)
      .Detail("PATTERN is a shell pattern on the name, such as 'team-*'.")
      .Run([this](Session& session) { return List(session); });
  noun.Add("show", "Show one group").Argument(kName, &show_name_).Run([this](Session& session) {
    return Show(session);
  });

  Command& update = noun.Add("update", "Change the fields given of a group, and no others");
  update.Argument(kName, &update_.name);
  DeclareFields(update, &update_.fields);
  DeclareClear(update, &update_.clear, "models");
  DeclareIfRevision(update, &update_.if_revision);
  update.Detail("--connection and --model replace the whole list.")
      .Example("lmctl groups update team-a --connection '*' --model 'gpt-*'")
      .Run([this, &update](Session& session) { return Update(session, update); });

  Command& remove = noun.Add("remove", "Remove groups that have no keys");
  remove.Arguments(kName, &remove_.names).Run([this](Session& session) {
    return RemoveEach(session, kKind, remove_.names, remove_.if_revision,
                      "GroupService/DeleteGroup", &Stub::DeleteGroup);
  });
  DeclareIfRevision(remove, &remove_.if_revision);
}

void GroupCommands::DeclareFields(Command& verb, Fields* fields) {
  verb.List("--connection", {"CONNECTION", Value::Source::kConnections}, &fields->connections,
            "A connection that its keys may use; '*' = all")
      .List("--model", {"PATTERN"}, &fields->models,
            "A model pattern that its keys may ask for; none = every model")
      .Text("--default-connection", {"CONNECTION", Value::Source::kConnections},
            &fields->default_connection, "Where requests that name no model go");
}

void GroupCommands::Fill(const Fields& fields, v1::Group* group, FieldMask* mask) {
  if (!fields.connections.empty()) {
    group->mutable_connections()->Assign(fields.connections.begin(), fields.connections.end());
    mask->add_paths("connections");
  }
  if (!fields.models.empty()) {
    group->mutable_models()->Assign(fields.models.begin(), fields.models.end());
    mask->add_paths("models");
  }
  if (fields.default_connection.has_value()) {
    group->set_default_connection(*fields.default_connection);
    mask->add_paths("default_connection");
  }
}

absl::StatusOr<ExitCode> GroupCommands::Add(Session& session) const {
  v1::CreateGroupRequest request;
  FieldMask given;
  Fill(add_.fields, request.mutable_group(), &given);
  request.mutable_group()->set_name(add_.name);
  LMGATE_ASSIGN_OR_RETURN(const v1::GroupReply reply,
                          session.Call("GroupService/CreateGroup", &Stub::CreateGroup, request));
  return ReportChange(session, kKind, "added", reply, reply.group());
}

absl::StatusOr<ExitCode> GroupCommands::List(Session& session) const {
  v1::ListRequest request;
  request.set_filter(list_pattern_.value_or(""));
  LMGATE_ASSIGN_OR_RETURN(
      const std::vector<v1::Group> groups,
      ListAll<v1::Group>(session, "GroupService/ListGroups", &Stub::ListGroups, request,
                         [](v1::ListGroupsReply& reply) { return reply.mutable_groups(); }));
  session.printer().PrintList(groups, MakeColumns(), JsonFields::kSet);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> GroupCommands::Show(Session& session) const {
  v1::GetRequest request;
  request.set_name(show_name_);
  LMGATE_ASSIGN_OR_RETURN(const v1::Group group,
                          session.Call("GroupService/GetGroup", &Stub::GetGroup, request));
  session.printer().PrintItem(group, MakeColumns(), JsonFields::kSet);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> GroupCommands::Update(Session& session, const Command& command) const {
  v1::UpdateGroupRequest request;
  Fill(update_.fields, request.mutable_group(), request.mutable_update_mask());
  for (const std::string& field : update_.clear) request.mutable_update_mask()->add_paths(field);
  LMGATE_RETURN_IF_ERROR(CheckSomethingChanges(request.update_mask(), command));
  LMGATE_RETURN_IF_ERROR(SetExpectedRevision(update_.if_revision, &request));
  request.mutable_group()->set_name(update_.name);
  LMGATE_ASSIGN_OR_RETURN(const v1::GroupReply reply,
                          session.Call("GroupService/UpdateGroup", &Stub::UpdateGroup, request));
  return ReportChange(session, kKind, "updated", reply, reply.group());
}

}  // namespace lmgate::cli
