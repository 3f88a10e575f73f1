#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/printer.h"
#include "lmgate/v1/admin.pb.h"

namespace lmgate::cli {

// `lmctl connections ...`: accounts at providers. Lives as long as the command tree.
class ConnectionCommands {
 public:
  explicit ConnectionCommands(Command& root);

  static Columns<v1::Connection> MakeColumns();

 private:
  struct Fields {
    std::optional<std::string> provider;
    std::optional<std::string> dialect;
    std::optional<std::string> base_url;
    std::optional<std::string> api_key;       // a reference
    std::optional<std::string> api_key_from;  // the same
    std::optional<std::string> api_key_file;  // holds the secret itself
    std::optional<std::string> auth;
    std::optional<std::string> auth_header;
    std::optional<std::string> auth_scheme;
    std::vector<std::string> headers;
    std::vector<std::string> timeouts;
    std::optional<std::string> tls_ca;
    std::optional<std::string> tls_client_cert;
    std::optional<std::string> tls_client_key;
    std::optional<std::string> tls_server_name;
    bool tls_insecure_skip_verify = false;
    std::optional<std::string> aws_region;
    std::optional<std::string> aws_access_key_id;
    std::optional<std::string> aws_secret_access_key;  // a reference, as the next
    std::optional<std::string> aws_session_token;
    std::optional<std::string> aws_profile;
    std::optional<std::string> google_service_account;  // a reference
    std::optional<std::string> google_project;
    std::optional<std::string> google_location;
    std::optional<std::string> azure_api_version;
    bool azure_deployments = false;
    std::optional<std::string> azure_tenant_id;
    std::optional<std::string> azure_client_id;
    std::optional<std::string> azure_client_secret;  // a reference
    std::optional<std::string> azure_authority;
    std::optional<std::string> azure_scope;
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
  static void DeclareCloudFields(Command& verb, Fields* fields);
  static absl::Status Fill(const Fields& fields, Session& session, v1::Connection* connection,
                           google::protobuf::FieldMask* mask);
  static absl::Status FillCredential(const Fields& fields, Session& session,
                                     v1::Connection* connection, google::protobuf::FieldMask* mask);
  static absl::Status FillClouds(const Fields& fields, v1::Connection* connection,
                                 google::protobuf::FieldMask* mask);
  static absl::Status FillTimeouts(const Fields& fields, Session& session,
                                   v1::Connection* connection, google::protobuf::FieldMask* mask);

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
