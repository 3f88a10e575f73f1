#include "cli/commands/keys.h"

#include "cli/commands/resource_verbs.h"
#include "cli/exit_code.h"
#include "cli/flag_value.h"
#include "cli/input_file.h"
#include "cli/proto_time.h"
#include "cli/session.h"
#include "lmgate/v1/admin.grpc.pb.h"

namespace lmgate::cli {
namespace {

using Stub = v1::KeyService::Stub;

constexpr char kKind[] = "key";
const Value kName{"NAME", Value::Source::kKeys};

// Fills the key from the flags given, and says which those were.
absl::Status FillKey(const std::optional<std::string>& group,
                     const std::optional<std::string>& expires,
                     const std::vector<std::string>& models,
                     const std::vector<std::string>& metadata, absl::Time now, v1::Key* key,
                     google::protobuf::FieldMask* mask) {
  if (group.has_value()) {
    key->set_group(*group);
    mask->add_paths("group");
  }
  if (expires.has_value()) {
    LMGATE_ASSIGN_OR_RETURN(const std::optional<absl::Time> time, ParseExpiry(*expires, now));
    if (time.has_value()) *key->mutable_expires_at() = ToProto(*time);
    mask->add_paths("expires_at");
  }
  if (!models.empty()) {
    key->mutable_models()->Assign(models.begin(), models.end());
    mask->add_paths("models");
  }
  LMGATE_RETURN_IF_ERROR(
      SetMapField("--metadata", metadata, "metadata", key->mutable_metadata(), mask));
  return absl::OkStatus();
}

// The one moment in which a secret is shown.
void PrintNewKey(Session& session, const v1::KeyReply& reply, std::string_view done) {
  Printer& printer = session.printer();
  if (printer.options().quiet) {
    printer.PrintText(StrCat(reply.secret().empty() ? reply.key().name() : reply.secret(), "\n"));
    return;
  }
  if (printer.is_structured()) {
    printer.PrintMessage(reply, JsonFields::kSet);
    return;
  }
  if (printer.is_names()) {
    printer.PrintText(StrCat(reply.key().name(), "\n"));
    return;
  }
  Table table{.headers = {"NAME", "ID", "GROUP", "EXPIRES"},
              .rows = {{reply.key().name(), reply.key().id(), reply.key().group(),
                        reply.key().has_expires_at() ? TimeText(FromProto(reply.key().expires_at()))
                                                     : std::string("never")}}};
  if (!reply.secret().empty()) {
    table.headers.insert(table.headers.begin(), "KEY");
    table.rows[0].insert(table.rows[0].begin(), reply.secret());
  }
  printer.PrintText(RecordText(table, 0));
  session.Say(StrCat("key \"", reply.key().name(), "\" ", done));
  if (!reply.secret().empty()) session.Say("this key is shown only now and cannot be shown again");
}

absl::StatusOr<ExitCode> ChangeState(
    Session& session, const std::vector<std::string>& names,
    const std::optional<std::string>& if_revision, std::string_view verb, std::string_view done,
    std::string_view rpc,
    grpc::Status (Stub::*method)(grpc::ClientContext*, const v1::KeyStateRequest&, v1::KeyReply*)) {
  for (const std::string& name : names) LMGATE_RETURN_IF_ERROR(CheckKeyName(name));
  v1::KeyStateRequest request;
  LMGATE_RETURN_IF_ERROR(SetExpectedRevision(if_revision, &request));
  if (names.size() > 1) {
    LMGATE_RETURN_IF_ERROR(ConfirmEach(session, verb, kKind, names, if_revision));
  }
  return ChangeEach(
      session, kKind, done, names, [&](const std::string& name) -> absl::StatusOr<uint64_t> {
        request.set_name(name);
        LMGATE_ASSIGN_OR_RETURN(const v1::KeyReply reply, session.Call(rpc, method, request));
        session.printer().PrintMessage(reply, JsonFields::kSet);
        return reply.revision();
      });
}

}  // namespace

std::string KeyCommands::MaskedKey(const v1::Key& key) {
  return key.imported() ? StrCat("imported ", key.id()) : StrCat("lm-", key.id(), "-****");
}

std::string KeyCommands::EffectiveState(const v1::Key& key, absl::Time now) {
  const bool expired = key.has_expires_at() && FromProto(key.expires_at()) <= now;
  return key.state() == "active" && expired ? "expired" : key.state();
}

Columns<v1::Key> KeyCommands::MakeColumns(absl::Time now) {
  return {
      {"NAME", [](const v1::Key& key) { return key.name(); }},
      {"KEY", [](const v1::Key& key) { return MaskedKey(key); }},
      {"GROUP", [](const v1::Key& key) { return key.group(); }},
      {"STATE", [now](const v1::Key& key) { return EffectiveState(key, now); }},
      {"EXPIRES",
       [](const v1::Key& key) {
         return key.has_expires_at() ? TimeText(FromProto(key.expires_at())) : std::string();
       }},
      {"AGE",
       [now](const v1::Key& key) {
         return key.has_created_at() ? AgeText(now - FromProto(key.created_at())) : std::string();
       },
       true},
      {"MODELS", [](const v1::Key& key) { return Joined(key.models()); }, true},
      {"METADATA", [](const v1::Key& key) { return JoinedMap(key.metadata()); }, true},
      {"OLD KEY UNTIL",
       [now](const v1::Key& key) {
         const bool overlaps =
             key.has_previous_expires_at() && FromProto(key.previous_expires_at()) > now;
         return overlaps ? TimeText(FromProto(key.previous_expires_at())) : std::string();
       },
       true},
      {"REVISION", [](const v1::Key& key) { return absl::StrCat(key.revision()); }, true},
  };
}

KeyCommands::KeyCommands(Command& root) {
  Command& noun = root.Add("keys", "Virtual API keys: what applications present to the gateway");
  noun.Alias("key");

  DeclareAdd(noun);
  noun.Add("list", "List keys, without their secrets")
      .OptionalArgument({"PATTERN"}, &list_.pattern)
      .Text("--group", {"GROUP", Value::Source::kGroups}, &list_.group, "Only keys of this group")
      .Text("--state",
            {"STATE", Value::Source::kWords, {"active", "blocked", "revoked", "expired"}},
            &list_.state, "Only keys in this state: active, blocked, revoked or expired")
      .Detail("PATTERN is a shell pattern on the name, such as 'ci-*'.")
      .Run([this](Session& session) { return List(session); });
  noun.Add("show", "Show one key, without its secret")
      .Argument(kName, &show_name_)
      .Detail("NAME is the key's name or its public id.")
      .Run([this](Session& session) { return Show(session); });
  DeclareUpdate(noun);
  Command& remove = noun.Add("remove", "Remove keys and forget them");
  remove.Arguments(kName, &remove_.names).Run([this](Session& session) { return Remove(session); });
  DeclareIfRevision(remove, &remove_.if_revision);
  DeclareStates(noun);
  DeclareRotate(noun);
}

void KeyCommands::DeclareFields(Command& verb, Fields* fields) {
  verb.Text("--group", {"GROUP", Value::Source::kGroups}, &fields->group,
            "The group whose connections and models it may use")
      .Text("--expires", {"WHEN"}, &fields->expires,
            "From then on it is refused: 30d, an RFC 3339 time, or never")
      .List("--model", {"PATTERN"}, &fields->models,
            "Only these models, within what the group grants")
      .List("--metadata", {"NAME=VALUE"}, &fields->metadata, "Free labels");
}

void KeyCommands::DeclareAdd(Command& noun) {
  Command& add = noun.Add("add", "Add a key and show its secret, once");
  add.OptionalArgument({"NAME"}, &add_.name)
      .Text("--name", {"NAME"}, &add_.fields.name_flag, "The same as the argument NAME");
  DeclareFields(add, &add_.fields);
  add.Text("--secret-file", {"FILE"}, &add_.secret_file,
           "Bring an existing secret from a file, or from standard input with -")
      .Detail("Without a NAME the key is called by its public id. With -q only the key is printed.")
      .Example("lmctl keys add ci-bot --group team-a --expires 30d")
      .Example("K=$(lmctl keys add demo --group default -q)")
      .Run([this](Session& session) { return Add(session); });
}

void KeyCommands::DeclareUpdate(Command& noun) {
  Command& update = noun.Add("update", "Change the fields given of a key, and no others");
  update.Argument(kName, &update_.name)
      .Text("--name", {"NEW"}, &update_.fields.name_flag, "Rename it");
  DeclareFields(update, &update_.fields);
  DeclareClear(update, &update_.clear, "models");
  DeclareIfRevision(update, &update_.if_revision);
  update.Example("lmctl keys update ci-bot --expires never --clear models")
      .Run([this, &update](Session& session) { return Update(session, update); });
}

void KeyCommands::DeclareStates(Command& noun) {
  Command& block = noun.Add("block", "Refuse a key until it is unblocked");
  block.Arguments(kName, &block_.names).Run([this](Session& session) {
    return ChangeState(session, block_.names, block_.if_revision, "block", "blocked",
                       "KeyService/BlockKey", &Stub::BlockKey);
  });
  DeclareIfRevision(block, &block_.if_revision);
  Command& unblock = noun.Add("unblock", "Let a blocked key in again");
  unblock.Arguments(kName, &unblock_.names).Run([this](Session& session) {
    return ChangeState(session, unblock_.names, unblock_.if_revision, "unblock", "unblocked",
                       "KeyService/UnblockKey", &Stub::UnblockKey);
  });
  DeclareIfRevision(unblock, &unblock_.if_revision);
  Command& revoke = noun.Add("revoke", "Refuse a key for good; the entry stays for the record");
  revoke.Arguments(kName, &revoke_.names).Run([this](Session& session) {
    return ChangeState(session, revoke_.names, revoke_.if_revision, "revoke", "revoked",
                       "KeyService/RevokeKey", &Stub::RevokeKey);
  });
  DeclareIfRevision(revoke, &revoke_.if_revision);
}

void KeyCommands::DeclareRotate(Command& noun) {
  Command& rotate = noun.Add("rotate", "Give a key a new secret and show it, once");
  rotate.Argument(kName, &rotate_.name)
      .Text("--grace", {"DURATION"}, &rotate_.grace,
            "How long the old secret stays valid, at most 90d (default: it ends at once)")
      .Example("K=$(lmctl keys rotate ci-bot --grace 24h -q)")
      .Run([this](Session& session) { return Rotate(session); });
  DeclareIfRevision(rotate, &rotate_.if_revision);
}

absl::StatusOr<ExitCode> KeyCommands::Add(Session& session) const {
  if (add_.name.has_value() && add_.fields.name_flag.has_value()) {
    return UsageError("the name is given twice: as NAME and as --name");
  }
  v1::CreateKeyRequest request;
  google::protobuf::FieldMask given;
  LMGATE_RETURN_IF_ERROR(FillKey(add_.fields.group, add_.fields.expires, add_.fields.models,
                                 add_.fields.metadata, session.console().clock.Now(),
                                 request.mutable_key(), &given));
  const std::string name = add_.name.value_or(add_.fields.name_flag.value_or(""));
  LMGATE_RETURN_IF_ERROR(CheckKeyName(name));
  request.mutable_key()->set_name(name);
  if (add_.secret_file.has_value()) {
    LMGATE_ASSIGN_OR_RETURN(*request.mutable_secret(),
                            ReadSecret(session.console(), *add_.secret_file));
  }
  LMGATE_ASSIGN_OR_RETURN(const v1::KeyReply reply,
                          session.Call("KeyService/CreateKey", &Stub::CreateKey, request));
  // Before the wait: an interrupted wait must not lose the secret.
  PrintNewKey(session, reply, "added");
  return AwaitReplicas(session, reply.revision());
}

absl::StatusOr<ExitCode> KeyCommands::List(Session& session) const {
  v1::ListKeysRequest request;
  request.set_filter(list_.pattern.value_or(""));
  request.set_group(list_.group.value_or(""));
  request.set_state(list_.state.value_or(""));
  LMGATE_ASSIGN_OR_RETURN(
      const std::vector<v1::Key> keys,
      ListAll<v1::Key>(session, "KeyService/ListKeys", &Stub::ListKeys, request,
                       [](v1::ListKeysReply& reply) { return reply.mutable_keys(); }));
  session.printer().PrintList(keys, MakeColumns(session.console().clock.Now()), JsonFields::kSet);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> KeyCommands::Show(Session& session) const {
  LMGATE_RETURN_IF_ERROR(CheckKeyName(show_name_));
  v1::GetRequest request;
  request.set_name(show_name_);
  LMGATE_ASSIGN_OR_RETURN(const v1::Key key,
                          session.Call("KeyService/GetKey", &Stub::GetKey, request));
  session.printer().PrintItem(key, MakeColumns(session.console().clock.Now()), JsonFields::kSet);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> KeyCommands::Update(Session& session, const Command& command) const {
  LMGATE_RETURN_IF_ERROR(CheckKeyName(update_.name));
  v1::UpdateKeyRequest request;
  v1::Key* key = request.mutable_key();
  google::protobuf::FieldMask* mask = request.mutable_update_mask();
  LMGATE_RETURN_IF_ERROR(FillKey(update_.fields.group, update_.fields.expires,
                                 update_.fields.models, update_.fields.metadata,
                                 session.console().clock.Now(), key, mask));
  for (const std::string& field : update_.clear) mask->add_paths(field);
  LMGATE_RETURN_IF_ERROR(SetExpectedRevision(update_.if_revision, &request));
  key->set_name(update_.name);
  if (update_.fields.name_flag.has_value()) {
    // A rename says by the id which key it means.
    LMGATE_RETURN_IF_ERROR(CheckKeyName(*update_.fields.name_flag));
    v1::GetRequest get;
    get.set_name(update_.name);
    LMGATE_ASSIGN_OR_RETURN(const v1::Key current,
                            session.Call("KeyService/GetKey", &Stub::GetKey, get));
    key->set_id(current.id());
    key->set_name(*update_.fields.name_flag);
    mask->add_paths("name");
  }
  LMGATE_RETURN_IF_ERROR(CheckSomethingChanges(*mask, command));
  LMGATE_ASSIGN_OR_RETURN(const v1::KeyReply reply,
                          session.Call("KeyService/UpdateKey", &Stub::UpdateKey, request));
  return ReportChange(session, kKind, "updated", reply, reply.key());
}

absl::StatusOr<ExitCode> KeyCommands::Remove(Session& session) const {
  for (const std::string& name : remove_.names) LMGATE_RETURN_IF_ERROR(CheckKeyName(name));
  return RemoveEach(session, kKind, remove_.names, remove_.if_revision, "KeyService/DeleteKey",
                    &Stub::DeleteKey);
}

absl::StatusOr<ExitCode> KeyCommands::Rotate(Session& session) const {
  LMGATE_RETURN_IF_ERROR(CheckKeyName(rotate_.name));
  v1::RotateKeyRequest request;
  request.set_name(rotate_.name);
  if (rotate_.grace.has_value()) {
    LMGATE_ASSIGN_OR_RETURN(const absl::Duration grace,
                            ParseDurationFlag("--grace", *rotate_.grace));
    *request.mutable_grace() = ToProto(grace);
  }
  LMGATE_RETURN_IF_ERROR(SetExpectedRevision(rotate_.if_revision, &request));
  LMGATE_ASSIGN_OR_RETURN(const v1::KeyReply reply,
                          session.Call("KeyService/RotateKey", &Stub::RotateKey, request));
  PrintNewKey(session, reply, "rotated");
  return AwaitReplicas(session, reply.revision());
}

}  // namespace lmgate::cli
