#include "cli/commands/resource_verbs.h"

#include <map>

#include "cli/exit_code.h"

namespace lmgate::cli {

void SetField(const std::optional<std::string>& text, std::string_view path, std::string* field,
              google::protobuf::FieldMask* mask) {
  if (!text.has_value()) return;
  *field = *text;
  mask->add_paths(std::string(path));
}

absl::Status SetMapField(std::string_view flag, const std::vector<std::string>& texts,
                         std::string_view path, StringMap* map, google::protobuf::FieldMask* mask) {
  LMGATE_RETURN_IF_ERROR(ParseMap(flag, texts, map));
  for (const std::string& text : texts) {
    mask->add_paths(StrCat(path, ".", text.substr(0, text.find('='))));
  }
  return absl::OkStatus();
}

absl::Status CheckSomethingChanges(const google::protobuf::FieldMask& mask,
                                   const Command& command) {
  if (mask.paths_size() > 0) return absl::OkStatus();
  return UsageError("nothing to change: no field was given",
                    StrCat("`", command.Path(), " --help` lists the fields"));
}

absl::StatusOr<ExitCode> ChangeEach(
    Session& session, std::string_view kind, std::string_view done,
    const std::vector<std::string>& names,
    const std::function<absl::StatusOr<uint64_t>(const std::string& name)>& call) {
  uint64_t revision = 0;
  ExitCode code = ExitCode::kOk;
  for (const std::string& name : names) {
    const absl::StatusOr<uint64_t> changed = call(name);
    if (!changed.ok()) {
      // One name: the usual way of an error.
      if (names.size() == 1) return changed.status();
      session.ShowError(changed.status());
      if (code == ExitCode::kOk) code = ExitCodeOf(changed.status());
      continue;
    }
    revision = *changed;
    if (session.printer().is_names()) session.printer().PrintText(StrCat(name, "\n"));
    session.Say(StrCat(kind, " \"", name, "\" ", done));
  }
  if (revision == 0) return code;
  const ExitCode propagated = AwaitReplicas(session, revision);
  return code == ExitCode::kOk ? propagated : code;
}

absl::Status ConfirmEach(Session& session, std::string_view verb, std::string_view kind,
                         const std::vector<std::string>& names,
                         const std::optional<std::string>& if_revision) {
  if (if_revision.has_value() && names.size() > 1) {
    return UsageError("--if-revision goes with one name only");
  }
  std::string question = StrCat(verb, " ", kind, names.size() > 1 ? "s" : "");
  for (const std::string& name : names) {
    StrAppend(&question, &name == &names.front() ? " \"" : ", \"", name, "\"");
  }
  return session.Confirm(StrCat(question, "?"));
}

std::string JoinedMap(const StringMap& map) {
  const std::map<std::string, std::string> sorted(map.begin(), map.end());
  std::string joined;
  for (const auto& [key, value] : sorted) {
    StrAppend(&joined, joined.empty() ? "" : ", ", key, "=", value);
  }
  return joined;
}

void DeclareIfRevision(Command& command, std::optional<std::string>* target) {
  command.Text("--if-revision", {"N"}, target,
               "Only when the resource is still at this revision (as `show` says)");
}

void DeclareClear(Command& command, std::vector<std::string>* target, std::string_view example) {
  command.List("--clear", {"FIELD"}, target,
               StrCat("Set a field back to its default, by its name in JSON, such as ", example));
}

}  // namespace lmgate::cli
