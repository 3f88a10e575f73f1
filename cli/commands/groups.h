#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/printer.h"
#include "lmgate/v1/admin.pb.h"

namespace lmgate::cli {

// `lmctl groups ...`: what keys may use. Lives as long as the command tree.
class GroupCommands {
 public:
  explicit GroupCommands(Command& root);

  static Columns<v1::Group> MakeColumns();

 private:
  struct Fields {
    std::vector<std::string> connections;
    std::vector<std::string> models;
    std::optional<std::string> default_connection;
  };
  struct AddArgs {
    std::string name;
    Fields fields;
  };
  struct UpdateArgs {
    std::string name;
    Fields fields;
    std::vector<std::string> clear;
    std::optional<std::string> if_revision;
  };
  struct RemoveArgs {
    std::vector<std::string> names;
    std::optional<std::string> if_revision;
  };

  static void DeclareFields(Command& verb, Fields* fields);
  static void Fill(const Fields& fields, v1::Group* group, google::protobuf::FieldMask* mask);

  absl::StatusOr<ExitCode> Add(Session& session) const;
  absl::StatusOr<ExitCode> List(Session& session) const;
  absl::StatusOr<ExitCode> Show(Session& session) const;
  absl::StatusOr<ExitCode> Update(Session& session, const Command& command) const;

  AddArgs add_;
  std::optional<std::string> list_pattern_;
  std::string show_name_;
  UpdateArgs update_;
  RemoveArgs remove_;
};

}  // namespace lmgate::cli
