#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/printer.h"
#include "lmgate/v1/admin.pb.h"

namespace lmgate::cli {

// `lmctl routes ...`: which model goes where. Lives as long as the command tree.
class RouteCommands {
 public:
  explicit RouteCommands(Command& root);

  static Columns<v1::Route> MakeColumns();

 private:
  struct Fields {
    std::vector<std::string> models;
    std::vector<std::string> to;
    std::optional<std::string> strategy;
    std::optional<std::string> path_prefix;
    std::optional<std::string> group;
    std::optional<std::string> dialect;
    std::vector<std::string> headers;
    std::optional<std::string> strip_prefix;
    std::vector<std::string> forward_headers;
    std::vector<std::string> system_replace;
    std::optional<std::string> system_append;
    bool inject_progress = false;
  };
  // At most one is given.
  struct Place {
    bool first = false;
    bool last = false;
    std::optional<std::string> before;
    std::optional<std::string> after;
  };
  struct AddArgs {
    std::optional<std::string> name;
    Fields fields;
    Place place;
  };
  struct UpdateArgs {
    std::string name;
    Fields fields;
    Place place;
    std::vector<std::string> clear;
    std::optional<std::string> if_revision;
  };
  struct RemoveArgs {
    std::vector<std::string> names;
    std::optional<std::string> if_revision;
  };
  struct TestArgs {
    std::string model;
    std::optional<std::string> key;
    std::optional<std::string> group;
    std::optional<std::string> path;
    std::vector<std::string> headers;
  };

  void DeclareAdd(Command& noun);
  void DeclareUpdate(Command& noun);
  void DeclareTest(Command& noun);
  static void DeclareFields(Command& verb, Fields* fields);
  static void DeclarePlace(Command& verb, Place* place);
  static absl::Status Fill(const Fields& fields, v1::Route* route,
                           google::protobuf::FieldMask* mask);
  static absl::Status FillSystem(const Fields& fields, v1::Route* route,
                                 google::protobuf::FieldMask* mask);
  // Nullopt = no flag of the four was given.
  static absl::StatusOr<std::optional<v1::Placement>> MakePlacement(const Place& place);

  absl::StatusOr<ExitCode> Add(Session& session) const;
  absl::StatusOr<ExitCode> List(Session& session) const;
  absl::StatusOr<ExitCode> Show(Session& session) const;
  absl::StatusOr<ExitCode> Update(Session& session, const Command& command) const;
  absl::StatusOr<ExitCode> Test(Session& session) const;

  AddArgs add_;
  std::optional<std::string> list_pattern_;
  std::string show_name_;
  UpdateArgs update_;
  RemoveArgs remove_;
  TestArgs test_;
};

}  // namespace lmgate::cli
