#include "dataplane/snapshot/upstream_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "common/base/strings.h"
#include "tests/support/snapshot_source.h"
#include "tests/support/status_matchers.h"

namespace lmgate::snapshot {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::TestConnection;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class UpstreamConnectionTest : public ::testing::Test {
 protected:
  // What env: and file: references stand for.
  std::map<std::string, std::string, std::less<>> secrets_;

  std::shared_ptr<const UpstreamConnection> Make(const v1::Connection& connection) {
    auto made = MakeUpstreamConnection(
        connection, [this](std::string_view reference) -> absl::StatusOr<std::string> {
          const auto found = secrets_.find(reference);
          if (found == secrets_.end()) {
            return absl::NotFoundError(
                StrCat("environment variable ", reference.substr(4), " is not set"));
          }
          return found->second;
        });
    EXPECT_THAT(made, IsOk());
    return *std::move(made);
  }
  std::string ReasonFor(const v1::Connection& connection) {
    const auto upstream = Make(connection);
    if (!upstream->unavailable_reason.empty()) {
      EXPECT_THAT(upstream->header_block, IsEmpty());
    }
    return upstream->unavailable_reason;
  }
};

TEST_F(UpstreamConnectionTest, SendsHostAndTheResolvedCredential) {
  secrets_["env:KEY"] = "sk-123";

  const auto upstream = Make(TestConnection("a", "env:KEY"));

  EXPECT_EQ(upstream->header_block, "Host: 127.0.0.1:9\r\nAuthorization: Bearer sk-123\r\n");
  EXPECT_THAT(upstream->own_headers, ElementsAre("host", "authorization"));
  EXPECT_THAT(upstream->unavailable_reason, IsEmpty());
}

TEST_F(UpstreamConnectionTest, ResolvesTheKeysThatSignAndReservesTheirHeaders) {
  secrets_["env:ID"] = "AKID";
  secrets_["file:/secret"] = "s/+=\n";
  v1::Connection connection;
  connection.set_name("bedrock");
  connection.set_provider("aws-bedrock");
  connection.mutable_aws()->set_region("us-east-1");
  connection.mutable_aws()->set_access_key_id("env:ID");
  connection.mutable_aws()->set_secret_access_key("file:/secret");
  connection.mutable_aws()->set_session_token("token");

  const auto upstream = Make(connection);

  EXPECT_EQ(upstream->header_block, "Host: bedrock-runtime.us-east-1.amazonaws.com\r\n");
  EXPECT_THAT(upstream->own_headers, ElementsAre("host", "authorization", "x-amz-date",
                                                 "x-amz-security-token", "x-amz-content-sha256"));
  EXPECT_EQ(upstream->account, (CloudAccount{.aws_access_key_id = "AKID",
                                             .aws_secret_access_key = "s/+=",
                                             .aws_session_token = "token"}));
}

TEST_F(UpstreamConnectionTest, ResolvesAServiceAccount) {
  secrets_["file:/sa.json"] = "{\n}\n";
  v1::Connection connection;
  connection.set_name("vertex");
  connection.set_provider("google");
  connection.mutable_google()->set_service_account("file:/sa.json");

  const auto upstream = Make(connection);

  EXPECT_EQ(upstream->account, CloudAccount{.google_service_account = "{\n}"});
  EXPECT_THAT(upstream->own_headers, ElementsAre("host", "authorization"));
}

TEST_F(UpstreamConnectionTest, ResolvesAnEntraApplicationWithItsDefaults) {
  secrets_["env:S"] = "secret";
  v1::Connection connection;
  connection.set_name("azure");
  connection.set_provider("azure-openai");
  connection.set_base_url("https://n.openai.azure.com/openai/v1");
  connection.mutable_azure()->set_tenant_id("t");
  connection.mutable_azure()->set_client_id("c");
  connection.mutable_azure()->set_client_secret("env:S");

  const auto upstream = Make(connection);

  EXPECT_EQ(upstream->account,
            (CloudAccount{.entra_tenant_id = "t",
                          .entra_client_id = "c",
                          .entra_client_secret = "secret",
                          .entra_authority = "https://login.microsoftonline.com",
                          .entra_scope = "https://cognitiveservices.azure.com/.default"}));
}

TEST_F(UpstreamConnectionTest, AMissingPartOfAnAccountMakesItUnavailable) {
  v1::Connection connection;
  connection.set_name("azure");
  connection.set_provider("azure-openai");
  connection.set_base_url("https://n.openai.azure.com/openai/v1");
  connection.mutable_azure()->set_tenant_id("t");
  connection.mutable_azure()->set_client_id("c");
  connection.mutable_azure()->set_client_secret("env:MISSING");

  const auto upstream = Make(connection);

  EXPECT_EQ(upstream->unavailable_reason, "environment variable MISSING is not set");
  EXPECT_EQ(upstream->account, CloudAccount());
}

TEST_F(UpstreamConnectionTest, AStaticHeaderCannotStandInForASignature) {
  v1::Connection connection;
  connection.set_name("bedrock");
  connection.set_provider("aws-bedrock");
  connection.mutable_aws()->set_region("us-east-1");
  (*connection.mutable_headers())["X-Amz-Date"] = "now";

  EXPECT_EQ(ReasonFor(connection), "header x-amz-date cannot be set");
}

TEST_F(UpstreamConnectionTest, SendsNoCredentialForAuthNoneAndPassthrough) {
  v1::Connection passthrough = TestConnection("a", "");
  passthrough.mutable_auth()->set_mode("passthrough");

  EXPECT_EQ(Make(TestConnection("a", ""))->header_block, "Host: 127.0.0.1:9\r\n");
  EXPECT_EQ(Make(passthrough)->header_block, "Host: 127.0.0.1:9\r\n");
}

TEST_F(UpstreamConnectionTest, SendsStaticHeadersSortedByName) {
  secrets_["file:/run/team"] = "search\n";
  v1::Connection connection = TestConnection("a", "");
  (*connection.mutable_headers())["x-team"] = "file:/run/team";
  (*connection.mutable_headers())["X-App"] = "lmgate";

  const auto upstream = Make(connection);

  EXPECT_EQ(upstream->header_block, "Host: 127.0.0.1:9\r\nX-App: lmgate\r\nx-team: search\r\n");
  EXPECT_THAT(upstream->own_headers, ElementsAre("host", "x-app", "x-team"));
}

TEST_F(UpstreamConnectionTest, AnUnsetVariableMakesItUnavailableAndNamesIt) {
  EXPECT_EQ(ReasonFor(TestConnection("a", "env:MISSING")),
            "environment variable MISSING is not set");
}

TEST_F(UpstreamConnectionTest, AnEmptySecretMakesItUnavailable) {
  secrets_["env:EMPTY"] = "";
  secrets_["file:/empty"] = "\n";

  EXPECT_EQ(ReasonFor(TestConnection("a", "env:EMPTY")), "environment variable EMPTY is empty");
  EXPECT_EQ(ReasonFor(TestConnection("a", "file:/empty")), "file /empty is empty");
}

TEST_F(UpstreamConnectionTest, AStoredSecretThatWasNotSentMakesItUnavailable) {
  v1::Connection connection = TestConnection("a", "");
  (*connection.mutable_headers())["x-secret"] = "stored:0123456789ab";

  EXPECT_THAT(ReasonFor(connection), HasSubstr("was not sent"));
}

TEST_F(UpstreamConnectionTest, RefusesLineBreaksAndNulAndNeverShowsTheSecret) {
  for (const std::string& bad : {std::string("sk-1\r\nx: y"), std::string("sk-1\nx"),
                                 std::string("sk-1\0x", 6), std::string("sk-1\n\n")}) {
    secrets_["env:BAD"] = bad;
    secrets_["file:/bad"] = bad;

    EXPECT_THAT(ReasonFor(TestConnection("a", "env:BAD")),
                AllOf(HasSubstr("environment variable BAD holds"), Not(HasSubstr("sk-1"))));
    EXPECT_THAT(ReasonFor(TestConnection("a", "file:/bad")),
                AllOf(HasSubstr("file /bad holds"), Not(HasSubstr("sk-1"))));
  }
}

TEST_F(UpstreamConnectionTest, TrimsOneNewlineOfAFileButNotOfAVariable) {
  secrets_["file:/key"] = "sk-1\r\n";
  secrets_["env:KEY"] = "sk-1\n";

  EXPECT_THAT(Make(TestConnection("a", "file:/key"))->header_block, HasSubstr("Bearer sk-1\r\n"));
  EXPECT_THAT(ReasonFor(TestConnection("a", "env:KEY")), Not(IsEmpty()));
}

TEST_F(UpstreamConnectionTest, AStaticHeaderCannotReplaceTheCredentialOrTheFraming) {
  for (const char* name : {"Authorization", "Host", "Content-Length", "Transfer-Encoding"}) {
    v1::Connection connection = TestConnection("a");
    (*connection.mutable_headers())[name] = "x";

    const auto made = MakeUpstreamConnection(connection, nullptr);

    // Refused as a whole or unavailable: in no case sent.
    EXPECT_TRUE(!made.ok() || (*made)->header_block.empty()) << name;
  }
}

TEST_F(UpstreamConnectionTest, ReadsPemFilesAndKeepsTheirNewlines) {
  secrets_["file:/ca.pem"] = "-----BEGIN-----\n";
  secrets_["file:/cert.pem"] = "cert\n";
  secrets_["file:/key.pem"] = "key\n";
  v1::Connection connection = TestConnection("a", "");
  connection.set_base_url("https://llm.example/v1");
  connection.mutable_tls()->set_ca("/ca.pem");
  connection.mutable_tls()->set_client_cert("file:/cert.pem");
  connection.mutable_tls()->set_client_key("/key.pem");

  const auto upstream = Make(connection);

  EXPECT_THAT(upstream->tls_ca_pem, HasSubstr("-----BEGIN-----"));
  EXPECT_THAT(upstream->tls_client_cert_pem, HasSubstr("cert"));
  EXPECT_THAT(upstream->tls_client_key_pem, HasSubstr("key"));
  EXPECT_EQ(upstream->tls_server_name, "llm.example");
  EXPECT_TRUE(upstream->tls_verify);
}

TEST_F(UpstreamConnectionTest, AMissingAuthorityFileNeverMeansTheSystemsAuthorities) {
  v1::Connection connection = TestConnection("a", "");
  connection.set_base_url("https://llm.example/v1");
  connection.mutable_tls()->set_ca("/gone.pem");

  EXPECT_THAT(ReasonFor(connection), Not(IsEmpty()));
}

}  // namespace
}  // namespace lmgate::snapshot
