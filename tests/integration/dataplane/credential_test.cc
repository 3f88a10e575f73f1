// Whole requests with credentials that a data plane fetches, or signs with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "tests/fakeprovider/fake_provider.h"
#include "tests/fakeprovider/test_client.h"
#include "tests/support/scripted_upstream.h"
#include "tests/support/test_dataplane.h"
#include "tests/unit/dataplane/credential/test_service_account.h"

namespace lmgate {
namespace {

using fakeprovider::FakeProvider;
using fakeprovider::TestClient;
using fakeprovider::TestResponse;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::kTestKey;
using ::testing::Not;
using testing::ScriptedUpstream;
using testing::SnapshotSource;
using testing::TestConnection;
using testing::TestDataplane;
using testing::TestRoute;

constexpr std::string_view kChatBody =
    R"({"model":"m","messages":[{"role":"user","content":"one two three"}]})";

ScriptedUpstream::Answer Token(std::string_view token) {
  const std::string body =
      StrCat(R"({"access_token":")", token, R"(","token_type":"Bearer","expires_in":3600})");
  return {.bytes = StrCat("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ",
                          body.size(), "\r\n\r\n", body)};
}

std::string AddressOf(const ScriptedUpstream& upstream) {
  // base_url ends in /v1.
  const std::string url = upstream.base_url();
  return url.ends_with("/v1") ? url.substr(0, url.size() - 3) : url;
}

class CredentialOfARequest : public ::testing::Test {
 protected:
  CredentialOfARequest() {
    fakeprovider::Options options;
    options.aws_keys = {.access_key_id = "AKIDEXAMPLE",
                        .secret_access_key = "aws-secret-0123456789"};
    auto provider = FakeProvider::Create(options);
    EXPECT_TRUE(provider.ok()) << provider.status();
    provider_ = *std::move(provider);
  }

  // Everything goes to `connection`.
  void Start(const v1::Connection& connection) {
    SnapshotSource source = testing::BasicSource(provider_->base_url());
    source.Change({contract::MakeResource(connection)});
    source.Change({contract::MakeResource(TestRoute("*", 1, {StrCat(connection.name(), ".*")}))});
    dataplane_ = std::make_unique<TestDataplane>(source);
    client_ = std::make_unique<TestClient>(dataplane_->port());
  }
  TestResponse Ask(std::string_view target = "/v1/chat/completions",
                   std::string_view body = kChatBody) {
    return client_->Post(target, body, StrCat("Authorization: Bearer ", kTestKey, "\r\n"));
  }
  std::string ProviderAddress() const {
    const std::string url = provider_->base_url();
    return url.ends_with("/v1") ? url.substr(0, url.size() - 3) : url;
  }

  v1::Connection Bedrock(std::string_view secret) const {
    v1::Connection connection = TestConnection("aws", "");
    connection.clear_auth();
    connection.set_dialect("bedrock");
    connection.set_base_url(ProviderAddress());
    connection.mutable_aws()->set_region("us-east-1");
    connection.mutable_aws()->set_access_key_id("AKIDEXAMPLE");
    connection.mutable_aws()->set_secret_access_key(std::string(secret));
    return connection;
  }

  // A service account whose tokens `tokens` gives, for a provider at `address`.
  static v1::Connection Vertex(const ScriptedUpstream& tokens, const std::string& address) {
    v1::Connection connection = TestConnection("vertex", "");
    connection.clear_auth();
    connection.set_provider("google-vertex");
    connection.clear_dialect();
    connection.set_base_url(StrCat(address, "/v1beta"));
    connection.mutable_google()->set_service_account(
        testing::TestServiceAccount::Make().Json(StrCat(AddressOf(tokens), "/token")));
    return connection;
  }

  std::unique_ptr<FakeProvider> provider_;
  std::unique_ptr<TestDataplane> dataplane_;
  std::unique_ptr<TestClient> client_;
};

TEST_F(CredentialOfARequest, AwsRequestsAreSigned) {
  Start(Bedrock("aws-secret-0123456789"));

  const TestResponse translated = Ask();

  EXPECT_EQ(translated.status, 200) << translated.body;
  EXPECT_THAT(translated.body, HasSubstr("You said: one two three"));

  // A model whose name is encoded in the path, passed through, with its body untouched.
  const TestResponse passed =
      Ask("/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Amodel%2Fm%3A0/converse",
          R"({ "messages": [{"role": "user", "content": [{"text": "hello"}]}] })");

  EXPECT_EQ(passed.status, 200) << passed.body;
  EXPECT_THAT(passed.body, HasSubstr("You said: hello"));
}

TEST_F(CredentialOfARequest, WrongAwsSecretIsOurFaultNotTheClients) {
  Start(Bedrock("another-secret-0123"));

  const TestResponse response = Ask();

  EXPECT_EQ(response.status, 502) << response.body;
  EXPECT_THAT(response.body, HasSubstr("upstream_auth_failed"));
  EXPECT_THAT(response.body, Not(HasSubstr("another-secret-0123")));
}

TEST_F(CredentialOfARequest, GoogleServiceAccountIsExchangedOnce) {
  ScriptedUpstream tokens({Token("ya29.first")});
  Start(Vertex(tokens, ProviderAddress()));

  for (int i = 0; i < 3; ++i) {
    const TestResponse response = Ask();
    EXPECT_EQ(response.status, 200) << response.body;
  }

  ASSERT_EQ(provider_->Journal().size(), 3u);
  EXPECT_EQ(provider_->Journal()[2].FindHeader("authorization"), "Bearer ya29.first");
  EXPECT_EQ(tokens.requests().size(), 1u);
}

TEST_F(CredentialOfARequest, EntraApplicationAndAzuresPaths) {
  ScriptedUpstream tokens({Token("entra-token")});
  v1::Connection connection = TestConnection("azure", "");
  connection.clear_auth();
  connection.set_provider("azure-openai");
  connection.clear_dialect();
  connection.set_base_url(StrCat(ProviderAddress(), "/openai"));
  v1::Azure* const azure = connection.mutable_azure();
  azure->set_deployments(true);
  azure->set_api_version("2024-10-21");
  azure->set_tenant_id("tenant");
  azure->set_client_id("client");
  azure->set_client_secret("entra-secret-0123456789");
  azure->set_authority(AddressOf(tokens));
  Start(connection);

  Ask();

  ASSERT_EQ(provider_->Journal().size(), 1u);
  const fakeprovider::JournalEntry entry = provider_->Journal()[0];
  EXPECT_EQ(entry.FindHeader("authorization"), "Bearer entra-token");
  EXPECT_THAT(entry.target,
              EndsWith("/openai/deployments/m/chat/completions?api-version=2024-10-21"));
  ASSERT_EQ(tokens.requests().size(), 1u);
  EXPECT_THAT(tokens.requests()[0], HasSubstr("grant_type=client_credentials"));
}

TEST_F(CredentialOfARequest, RevokedTokenIsReplacedBeforeItsEnd) {
  constexpr std::string_view kAnswer =
      R"({"candidates":[{"content":{"role":"model","parts":[{"text":"hello"}]},)"
      R"("finishReason":"STOP"}]})";
  ScriptedUpstream tokens({Token("ya29.revoked"), Token("ya29.fresh")});
  ScriptedUpstream provider(
      {{.bytes = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"},
       {.bytes = StrCat("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ",
                        kAnswer.size(), "\r\n\r\n", kAnswer)}});
  Start(Vertex(tokens, AddressOf(provider)));

  const TestResponse refused = Ask();

  EXPECT_EQ(refused.status, 502) << refused.body;
  EXPECT_THAT(refused.body, HasSubstr("upstream_auth_failed"));
  EXPECT_THAT(provider.requests().back(), HasSubstr("Bearer ya29.revoked"));
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  bool replaced = false;
  while (!replaced && absl::Now() < deadline) {
    EXPECT_EQ(Ask().status, 200);
    replaced = provider.requests().back().find("Bearer ya29.fresh") != std::string::npos;
  }
  EXPECT_TRUE(replaced);
  EXPECT_EQ(tokens.requests().size(), 2u);
}

TEST_F(CredentialOfARequest, TokenThatCannotBeHadIsOurs503) {
  ScriptedUpstream tokens({{.bytes = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"}});
  Start(Vertex(tokens, ProviderAddress()));

  const TestResponse response = Ask();

  EXPECT_EQ(response.status, 503) << response.body;
  EXPECT_THAT(response.body, HasSubstr("connection_unavailable"));
  EXPECT_THAT(response.FindHeader("retry-after"), Not(::testing::IsEmpty()));
}

}  // namespace
}  // namespace lmgate
