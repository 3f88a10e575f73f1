#include "cli/commands/connections.h"

#include <absl/strings/match.h>

#include <algorithm>

#include "cli/commands/resource_verbs.h"
#include "cli/exit_code.h"
#include "cli/flag_value.h"
#include "cli/input_file.h"
#include "cli/proto_time.h"
#include "cli/session.h"
#include "common/contract/dialect_feature.h"
#include "common/options/option_table.h"
#include "lmgate/v1/admin.grpc.pb.h"

namespace lmgate::cli {
namespace {

using Stub = v1::ConnectionService::Stub;
using google::protobuf::FieldMask;

constexpr char kKind[] = "connection";
const Value kName{"NAME", Value::Source::kConnections};

std::string CredentialText(const v1::Connection& connection) {
  const std::string& mode = connection.auth().mode();
  if (mode == "none" || mode == "passthrough") return mode;
  if (!connection.api_key().empty()) return connection.api_key();
  if (!connection.google().service_account().empty()) {
    return connection.google().service_account();
  }
  if (!connection.azure().client_secret().empty()) return connection.azure().client_secret();
  if (!connection.aws().access_key_id().empty()) return connection.aws().access_key_id();
  if (!connection.aws().profile().empty()) return StrCat("profile ", connection.aws().profile());
  // What the data plane finds itself, of a signed connection; of others there is none.
  return connection.provider() == "aws-bedrock" || connection.dialect() == "bedrock" ? "aws" : "";
}

// What the clouds have beside a credential.
std::string CloudText(const v1::Connection& connection) {
  std::string text;
  const auto append = [&text](std::string_view name, const std::string& value) {
    if (!value.empty()) StrAppend(&text, text.empty() ? "" : ", ", name, "=", value);
  };
  append("region", connection.aws().region());
  append("project", connection.google().project());
  append("location", connection.google().location());
  append("api_version", connection.azure().api_version());
  append("deployments", connection.azure().deployments() ? "true" : "");
  append("tenant_id", connection.azure().tenant_id());
  append("client_id", connection.azure().client_id());
  append("authority", connection.azure().authority());
  append("scope", connection.azure().scope());
  return text;
}

std::string TimeoutsText(const v1::Timeouts& timeouts) {
  std::string text;
  const auto append = [&text](std::string_view name, bool is_set,
                              const google::protobuf::Duration& value) {
    if (!is_set) return;
    StrAppend(&text, text.empty() ? "" : ", ", name, "=",
              options::FormatFriendlyDuration(FromProto(value)));
  };
  append("connect", timeouts.has_connect(), timeouts.connect());
  append("header", timeouts.has_header(), timeouts.header());
  append("first_token", timeouts.has_first_token(), timeouts.first_token());
  append("idle", timeouts.has_idle(), timeouts.idle());
  append("total", timeouts.has_total(), timeouts.total());
  return text;
}

std::string TlsText(const v1::Tls& tls) {
  std::string text;
  const auto append = [&text](std::string_view name, const std::string& value) {
    if (!value.empty()) StrAppend(&text, text.empty() ? "" : ", ", name, "=", value);
  };
  append("ca", tls.ca());
  append("client_cert", tls.client_cert());
  append("client_key", tls.client_key());
  append("server_name", tls.server_name());
  append("insecure_skip_verify", tls.insecure_skip_verify() ? "true" : "");
  return text;
}

// Header values may be credentials; a literal that the server did not blank stays off the screen.
std::string HeadersText(const v1::Connection& connection) {
  StringMap shown;
  for (const auto& [name, value] : connection.headers()) {
    const bool is_reference = absl::StartsWith(value, "env:") || absl::StartsWith(value, "file:") ||
                              absl::StartsWith(value, "stored:");
    shown[name] = is_reference || !IsCredentialHeader(name) ? value : "***";
  }
  return JoinedMap(shown);
}

}  // namespace

Columns<v1::Connection> ConnectionCommands::MakeColumns() {
  using C = v1::Connection;
  return {
      {"NAME", [](const C& c) { return c.name(); }},
      {"PROVIDER", [](const C& c) { return c.provider(); }},
      {"DIALECT", [](const C& c) { return c.dialect(); }},
      {"BASE URL", [](const C& c) { return c.base_url(); }},
      {"CREDENTIAL", CredentialText},
      {"AUTH HEADER", [](const C& c) { return c.auth().header(); }, true},
      {"AUTH SCHEME", [](const C& c) { return c.auth().scheme(); }, true},
      {"HEADERS", HeadersText, true},
      {"TIMEOUTS", [](const C& c) { return TimeoutsText(c.timeouts()); }, true},
      {"TLS", [](const C& c) { return TlsText(c.tls()); }, true},
      {"CLOUD", CloudText, true},
      {"REVISION", [](const C& c) { return absl::StrCat(c.revision()); }, true},
  };
}

ConnectionCommands::ConnectionCommands(Command& root) {
  Command& noun = root.Add("connections", "Accounts at providers: address, credential, timeouts");
  noun.Alias("connection");

  Command& add = noun.Add("add", "Add a connection");
  add.Argument({"NAME"}, &add_.name);
  DeclareFields(add, &add_.fields);
  add.Detail(
         "A reference (env:NAME, file:/path) is resolved by each data plane, from its own\n"
         "environment or file; the secret never travels. --api-key-file reads the secret itself\n"
         "here, and the control plane keeps it encrypted.")
      .Example("lmctl connections add openai --provider openai --api-key-from env:OPENAI_API_KEY")
      .Example(
          "lmctl connections add bedrock --provider aws-bedrock --aws-region us-east-1 "
          "--aws-access-key-id env:AWS_ID --aws-secret-access-key env:AWS_SECRET")
      .Example(
          "lmctl connections add vertex --provider google-vertex --google-project my-project "
          "--google-location global --google-service-account file:/run/secrets/sa.json")
      .Example(
          "lmctl connections add local --dialect openai-chat --base-url http://127.0.0.1:8080/v1 "
          "--auth none")
      .Run([this](Session& session) { return Add(session); });

  noun.Add("list", "List connections")
      .OptionalArgument({"PATTERN"}, &list_pattern_)
      .Detail("PATTERN is a shell pattern on the name, such as 'eu-*'.")
      .Run([this](Session& session) { return List(session); });
  noun.Add("show", "Show one connection")
      .Argument(kName, &show_name_)
      .Run([this](Session& session) { return Show(session); });

  Command& update = noun.Add("update", "Change the fields given of a connection, and no others");
  update.Argument(kName, &update_.name);
  DeclareFields(update, &update_.fields);
  DeclareClear(update, &update_.clear, "timeouts.idle");
  DeclareIfRevision(update, &update_.if_revision);
  update
      .Detail("--header sets one header; --clear headers.NAME takes one away, --clear headers all.")
      .Example("lmctl connections update openai --timeout idle=90s --timeout total=1h")
      .Run([this, &update](Session& session) { return Update(session, update); });

  Command& remove = noun.Add("remove", "Remove connections that no route uses");
  remove.Arguments(kName, &remove_.names).Run([this](Session& session) {
    return RemoveEach(session, kKind, remove_.names, remove_.if_revision,
                      "ConnectionService/DeleteConnection", &Stub::DeleteConnection);
  });
  DeclareIfRevision(remove, &remove_.if_revision);
}

void ConnectionCommands::DeclareFields(Command& verb, Fields* fields) {
  verb.Text("--provider", {"PROVIDER"}, &fields->provider,
            "A preset that implies dialect, base URL and auth: openai, anthropic, google ...")
      .Text("--dialect",
            {"DIALECT",
             Value::Source::kWords,
             {contract::kDialectNames.begin(), contract::kDialectNames.end()}},
            &fields->dialect,
            "Wire format: openai-chat, openai-responses, anthropic, gemini or bedrock")
      .Text("--base-url", {"URL"}, &fields->base_url,
            "All before the dialect's own path, version included")
      .Text("--api-key-from", {"REFERENCE"}, &fields->api_key_from,
            "The provider's key by reference: env:NAME or file:/path")
      .Text("--api-key", {"REFERENCE"}, &fields->api_key, "The same as --api-key-from")
      .Text("--api-key-file", {"FILE"}, &fields->api_key_file,
            "The provider's key itself, read from a file, or from standard input with -")
      .Text("--auth", {"MODE", Value::Source::kWords, {"credential", "none", "passthrough"}},
            &fields->auth, "credential, none, or passthrough (the client's own credential)")
      .Text("--auth-header", {"NAME"}, &fields->auth_header, "Header that carries the credential")
      .Text("--auth-scheme", {"WORD"}, &fields->auth_scheme,
            "Word before the credential; \"\" = none")
      .List("--header", {"NAME=VALUE"}, &fields->headers, "Header sent with every request")
      .List("--timeout", {"NAME=DURATION"}, &fields->timeouts,
            "connect, header, first_token, idle or total, as connect=2s")
      .Text("--tls-ca", {"FILE"}, &fields->tls_ca,
            "PEM file of the authorities to trust, on the data plane's host")
      .Text("--tls-client-cert", {"FILE"}, &fields->tls_client_cert, "Client certificate, PEM")
      .Text("--tls-client-key", {"FILE"}, &fields->tls_client_key, "Its key, PEM")
      .Text("--tls-server-name", {"NAME"}, &fields->tls_server_name,
            "Name to send and to verify instead of the URL's host")
      .Switch("--tls-insecure-skip-verify", &fields->tls_insecure_skip_verify,
              "Accept any certificate: for laboratories only");
  DeclareCloudFields(verb, fields);
}

void ConnectionCommands::DeclareCloudFields(Command& verb, Fields* fields) {
  verb.Text("--aws-region", {"REGION"}, &fields->aws_region,
            "Region to sign for; it makes the URL of aws-bedrock")
      .Text("--aws-access-key-id", {"ID"}, &fields->aws_access_key_id,
            "Access key, or a reference; without one the data plane's own credentials are used")
      .Text("--aws-secret-access-key", {"REFERENCE"}, &fields->aws_secret_access_key,
            "Its secret by reference: env:NAME or file:/path")
      .Text("--aws-session-token", {"REFERENCE"}, &fields->aws_session_token,
            "Its session token, if it is temporary")
      .Text("--aws-profile", {"NAME"}, &fields->aws_profile,
            "Profile of the data plane's ~/.aws/credentials")
      .Text("--google-service-account", {"REFERENCE"}, &fields->google_service_account,
            "Key file of a service account: file:/path or env:NAME")
      .Text("--google-project", {"PROJECT"}, &fields->google_project,
            "Makes the URL of google-vertex, with --google-location")
      .Text("--google-location", {"LOCATION"}, &fields->google_location,
            "As europe-west4, or global")
      .Text("--azure-api-version", {"VERSION"}, &fields->azure_api_version,
            "Sent as ?api-version=; the v1 API needs none")
      .Switch("--azure-deployments", &fields->azure_deployments,
              "Use the paths before the v1 API: /openai/deployments/MODEL/...")
      .Text("--azure-tenant-id", {"ID"}, &fields->azure_tenant_id, "Entra tenant, or a reference")
      .Text("--azure-client-id", {"ID"}, &fields->azure_client_id,
            "Entra application, or a reference")
      .Text("--azure-client-secret", {"REFERENCE"}, &fields->azure_client_secret,
            "Its secret by reference: env:NAME or file:/path")
      .Text("--azure-authority", {"URL"}, &fields->azure_authority,
            "Where tokens come from instead of https://login.microsoftonline.com")
      .Text("--azure-scope", {"SCOPE"}, &fields->azure_scope, "What the tokens are for");
}

// Parts that no flag names stay absent.
absl::Status ConnectionCommands::FillClouds(const Fields& fields, v1::Connection* connection,
                                            FieldMask* mask) {
  const std::pair<std::string_view, const std::optional<std::string>*> kSecrets[] = {
      {"--aws-secret-access-key", &fields.aws_secret_access_key},
      {"--aws-session-token", &fields.aws_session_token},
      {"--google-service-account", &fields.google_service_account},
      {"--azure-client-secret", &fields.azure_client_secret}};
  for (const auto& [flag, text] : kSecrets) {
    if (!text->has_value()) continue;
    LMGATE_RETURN_IF_ERROR(ParseSecretReference(flag, **text).status());
  }
  v1::Aws aws;
  SetField(fields.aws_region, "aws.region", aws.mutable_region(), mask);
  SetField(fields.aws_access_key_id, "aws.access_key_id", aws.mutable_access_key_id(), mask);
  SetField(fields.aws_secret_access_key, "aws.secret_access_key", aws.mutable_secret_access_key(),
           mask);
  SetField(fields.aws_session_token, "aws.session_token", aws.mutable_session_token(), mask);
  SetField(fields.aws_profile, "aws.profile", aws.mutable_profile(), mask);
  if (aws.ByteSizeLong() > 0) *connection->mutable_aws() = std::move(aws);

  v1::Google google;
  SetField(fields.google_service_account, "google.service_account",
           google.mutable_service_account(), mask);
  SetField(fields.google_project, "google.project", google.mutable_project(), mask);
  SetField(fields.google_location, "google.location", google.mutable_location(), mask);
  if (google.ByteSizeLong() > 0) *connection->mutable_google() = std::move(google);

  v1::Azure azure;
  SetField(fields.azure_api_version, "azure.api_version", azure.mutable_api_version(), mask);
  if (fields.azure_deployments) {
    azure.set_deployments(true);
    mask->add_paths("azure.deployments");
  }
  SetField(fields.azure_tenant_id, "azure.tenant_id", azure.mutable_tenant_id(), mask);
  SetField(fields.azure_client_id, "azure.client_id", azure.mutable_client_id(), mask);
  SetField(fields.azure_client_secret, "azure.client_secret", azure.mutable_client_secret(), mask);
  SetField(fields.azure_authority, "azure.authority", azure.mutable_authority(), mask);
  SetField(fields.azure_scope, "azure.scope", azure.mutable_scope(), mask);
  if (azure.ByteSizeLong() > 0) *connection->mutable_azure() = std::move(azure);
  return absl::OkStatus();
}

absl::Status ConnectionCommands::FillCredential(const Fields& fields, Session& session,
                                                v1::Connection* connection, FieldMask* mask) {
  const int given = (fields.api_key.has_value() ? 1 : 0) +
                    (fields.api_key_from.has_value() ? 1 : 0) +
                    (fields.api_key_file.has_value() ? 1 : 0);
  if (given == 0) return absl::OkStatus();
  if (given > 1) {
    return UsageError("--api-key, --api-key-from and --api-key-file exclude each other");
  }
  mask->add_paths("api_key");
  if (fields.api_key_file.has_value()) {
    LMGATE_ASSIGN_OR_RETURN(*connection->mutable_api_key(),
                            ReadSecret(session.console(), *fields.api_key_file));
    return absl::OkStatus();
  }
  const std::string_view flag = fields.api_key.has_value() ? "--api-key" : "--api-key-from";
  LMGATE_ASSIGN_OR_RETURN(
      *connection->mutable_api_key(),
      ParseSecretReference(flag,
                           fields.api_key.has_value() ? *fields.api_key : *fields.api_key_from));
  return absl::OkStatus();
}

// `--timeout 30s` without a timer's name is the deadline of lmctl's own calls, as elsewhere.
absl::Status ConnectionCommands::FillTimeouts(const Fields& fields, Session& session,
                                              v1::Connection* connection, FieldMask* mask) {
  v1::Timeouts* timeouts = connection->mutable_timeouts();
  const std::pair<std::string_view, google::protobuf::Duration* (v1::Timeouts::*)()> kTimers[] = {
      {"connect", &v1::Timeouts::mutable_connect},
      {"header", &v1::Timeouts::mutable_header},
      {"first_token", &v1::Timeouts::mutable_first_token},
      {"idle", &v1::Timeouts::mutable_idle},
      {"total", &v1::Timeouts::mutable_total}};
  for (const std::string& text : fields.timeouts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) {
      LMGATE_RETURN_IF_ERROR(session.SetTimeout(text));
      continue;
    }
    std::string name = text.substr(0, equals);
    std::replace(name.begin(), name.end(), '-', '_');
    const auto timer = std::find_if(std::begin(kTimers), std::end(kTimers),
                                    [&name](const auto& entry) { return entry.first == name; });
    if (timer == std::end(kTimers)) {
      return UsageError(StrCat("--timeout: there is no timer \"", name, "\""),
                        "timers: connect, header, first_token, idle, total");
    }
    LMGATE_ASSIGN_OR_RETURN(const absl::Duration duration,
                            ParseDurationFlag("--timeout", text.substr(equals + 1)));
    *(timeouts->*timer->second)() = ToProto(duration);
    mask->add_paths(StrCat("timeouts.", name));
  }
  if (timeouts->ByteSizeLong() == 0) connection->clear_timeouts();
  return absl::OkStatus();
}

absl::Status ConnectionCommands::Fill(const Fields& fields, Session& session,
                                      v1::Connection* connection, FieldMask* mask) {
  SetField(fields.provider, "provider", connection->mutable_provider(), mask);
  SetField(fields.dialect, "dialect", connection->mutable_dialect(), mask);
  SetField(fields.base_url, "base_url", connection->mutable_base_url(), mask);
  LMGATE_RETURN_IF_ERROR(FillCredential(fields, session, connection, mask));
  if (fields.auth.has_value() || fields.auth_header.has_value() || fields.auth_scheme.has_value()) {
    v1::Auth* auth = connection->mutable_auth();
    SetField(fields.auth, "auth.mode", auth->mutable_mode(), mask);
    SetField(fields.auth_header, "auth.header", auth->mutable_header(), mask);
    if (fields.auth_scheme.has_value()) {
      SetField(fields.auth_scheme, "auth.scheme", auth->mutable_scheme(), mask);
    }
  }
  LMGATE_RETURN_IF_ERROR(
      SetMapField("--header", fields.headers, "headers", connection->mutable_headers(), mask));
  for (const auto& [name, value] : connection->headers()) {
    if (!IsCredentialHeader(name)) continue;
    LMGATE_RETURN_IF_ERROR(ParseSecretReference(StrCat("--header ", name), value).status());
  }
  LMGATE_RETURN_IF_ERROR(FillTimeouts(fields, session, connection, mask));
  LMGATE_RETURN_IF_ERROR(FillClouds(fields, connection, mask));
  if (fields.tls_ca || fields.tls_client_cert || fields.tls_client_key || fields.tls_server_name ||
      fields.tls_insecure_skip_verify) {
    v1::Tls* tls = connection->mutable_tls();
    SetField(fields.tls_ca, "tls.ca", tls->mutable_ca(), mask);
    SetField(fields.tls_client_cert, "tls.client_cert", tls->mutable_client_cert(), mask);
    SetField(fields.tls_client_key, "tls.client_key", tls->mutable_client_key(), mask);
    SetField(fields.tls_server_name, "tls.server_name", tls->mutable_server_name(), mask);
    if (fields.tls_insecure_skip_verify) {
      tls->set_insecure_skip_verify(true);
      mask->add_paths("tls.insecure_skip_verify");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> ConnectionCommands::Add(Session& session) const {
  v1::CreateConnectionRequest request;
  FieldMask given;
  LMGATE_RETURN_IF_ERROR(Fill(add_.fields, session, request.mutable_connection(), &given));
  request.mutable_connection()->set_name(add_.name);
  LMGATE_ASSIGN_OR_RETURN(
      const v1::ConnectionReply reply,
      session.Call("ConnectionService/CreateConnection", &Stub::CreateConnection, request));
  return ReportChange(session, kKind, "added", reply, reply.connection());
}

absl::StatusOr<ExitCode> ConnectionCommands::List(Session& session) const {
  v1::ListRequest request;
  request.set_filter(list_pattern_.value_or(""));
  LMGATE_ASSIGN_OR_RETURN(
      const std::vector<v1::Connection> connections,
      ListAll<v1::Connection>(
          session, "ConnectionService/ListConnections", &Stub::ListConnections, request,
          [](v1::ListConnectionsReply& reply) { return reply.mutable_connections(); }));
  session.printer().PrintList(connections, MakeColumns(), JsonFields::kSet);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ConnectionCommands::Show(Session& session) const {
  v1::GetRequest request;
  request.set_name(show_name_);
  LMGATE_ASSIGN_OR_RETURN(
      const v1::Connection connection,
      session.Call("ConnectionService/GetConnection", &Stub::GetConnection, request));
  session.printer().PrintItem(connection, MakeColumns(), JsonFields::kSet);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> ConnectionCommands::Update(Session& session,
                                                    const Command& command) const {
  v1::UpdateConnectionRequest request;
  FieldMask* mask = request.mutable_update_mask();
  LMGATE_RETURN_IF_ERROR(Fill(update_.fields, session, request.mutable_connection(), mask));
  for (const std::string& field : update_.clear) mask->add_paths(field);
  LMGATE_RETURN_IF_ERROR(CheckSomethingChanges(*mask, command));
  LMGATE_RETURN_IF_ERROR(SetExpectedRevision(update_.if_revision, &request));
  request.mutable_connection()->set_name(update_.name);
  LMGATE_ASSIGN_OR_RETURN(
      const v1::ConnectionReply reply,
      session.Call("ConnectionService/UpdateConnection", &Stub::UpdateConnection, request));
  return ReportChange(session, kKind, "updated", reply, reply.connection());
}

}  // namespace lmgate::cli
