#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/printer.h"
#include "lmgate/v1/admin.pb.h"

namespace lmgate::cli {

// `lmctl keys ...`: virtual API keys. Lives as long as the command tree.
class KeyCommands {
 public:
  explicit KeyCommands(Command& root);

  // "lm-<id>-****"; "imported <id>" for a secret that was brought along.
  static std::string MaskedKey(const v1::Key& key);
  // active, blocked or revoked as stored; "expired" for an active one past its time.
  static std::string EffectiveState(const v1::Key& key, absl::Time now);
  static Columns<v1::Key> MakeColumns(absl::Time now);

 private:
  struct Fields {
    std::optional<std::string> name_flag;
    std::optional<std::string> group;
    std::optional<std::string> expires;
    std::vector<std::string> models;
    std::vector<std::string> metadata;
  };
  struct AddArgs {
    std::optional<std::string> name;
    Fields fields;
    std::optional<std::string> secret_file;
  };
  struct ListArgs {
    std::optional<std::string> pattern;
    std::optional<std::string> group;
    std::optional<std::string> state;
  };
  struct UpdateArgs {
    std::string name;
    Fields fields;
    std::vector<std::string> clear;
    std::optional<std::string> if_revision;
  };
  struct RotateArgs {
    std::string name;
    std::optional<std::string> grace;
    std::optional<std::string> if_revision;
  };
  struct NamesArgs {
    std::vector<std::string> names;
    std::optional<std::string> if_revision;
  };

  void DeclareAdd(Command& noun);
  void DeclareUpdate(Command& noun);
  void DeclareFields(Command& verb, Fields* fields);
  void DeclareStates(Command& noun);
  void DeclareRotate(Command& noun);

  absl::StatusOr<ExitCode> Add(Session& session) const;
  absl::StatusOr<ExitCode> List(Session& session) const;
  absl::StatusOr<ExitCode> Show(Session& session) const;
  absl::StatusOr<ExitCode> Update(Session& session, const Command& command) const;
  absl::StatusOr<ExitCode> Remove(Session& session) const;
  absl::StatusOr<ExitCode> Rotate(Session& session) const;

  AddArgs add_;
  ListArgs list_;
  std::string show_name_;
  UpdateArgs update_;
  NamesArgs remove_;
  NamesArgs block_;
  NamesArgs unblock_;
  NamesArgs revoke_;
  RotateArgs rotate_;
};

}  // namespace lmgate::cli
