#include "dataplane/credential/credential_fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "common/base/strings.h"
#include "tests/support/fake_clock.h"
#include "tests/support/scripted_upstream.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/dataplane/credential/test_service_account.h"

namespace lmgate::credential {
namespace {

using ::lmgate::testing::FakeClock;
using ::lmgate::testing::IsOk;
using ::lmgate::testing::ScriptedUpstream;
using ::lmgate::testing::StatusIs;
using ::lmgate::testing::TestServiceAccount;
using ::lmgate::testing::VerifiedClaims;
using ::testing::_;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using AuthMode = CredentialFetcher::AuthMode;

ScriptedUpstream::Answer Json(std::string_view body, std::string_view status = "200 OK") {
  return {.bytes = StrCat("HTTP/1.1 ", status, "\r\nContent-Type: application/json\r\n",
                          "Content-Length: ", body.size(), "\r\n\r\n", body)};
}

constexpr char kToken[] = R"({"access_token":"tok-1","expires_in":3600,"token_type":"Bearer"})";
constexpr char kKeys[] =
    R"({"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"sec","Token":"ses",)"
    R"("Expiration":"2023-11-15T00:00:00Z"})";

class CredentialFetcherTest : public ::testing::Test {
 protected:
  // Begins a fake endpoint; its address has no slash at the end.
  std::string Listen(std::vector<ScriptedUpstream::Answer> answers) {
    endpoint_ = std::make_unique<ScriptedUpstream>(std::move(answers));
    std::string url = endpoint_->base_url();
    return url.substr(0, url.size() - std::string_view("/v1").size());
  }
  absl::StatusOr<Credential> Fetch(AuthMode mode, const snapshot::CloudAccount& account) {
    CredentialFetcher fetcher(
        {.call_timeout = absl::Seconds(5), .instance_timeout = absl::Seconds(5)},
        [this](std::string_view reference) -> absl::StatusOr<std::string> {
          const auto found = surroundings_.find(reference);
          if (found != surroundings_.end()) return found->second;
          return absl::NotFoundError(StrCat(reference, " is not there"));
        },
        clock_);
    return fetcher.Fetch(mode, account);
  }
  absl::StatusOr<Credential> FetchAws() { return Fetch(AuthMode::kAwsSigV4, {}); }
  absl::StatusOr<Credential> FetchEntra(const std::string& authority) {
    return Fetch(AuthMode::kEntra, {.entra_tenant_id = "t",
                                    .entra_client_id = "c",
                                    .entra_client_secret = "hunter2",
                                    .entra_authority = authority,
                                    .entra_scope = "s"});
  }

  FakeClock clock_;
  // The environment and the files, by reference. No metadata service is asked unless a test says
  // so.
  std::map<std::string, std::string, std::less<>> surroundings_ = {
      {"env:AWS_EC2_METADATA_DISABLED", "true"}};
  std::unique_ptr<ScriptedUpstream> endpoint_;
};

TEST_F(CredentialFetcherTest, ExchangesAServiceAccountForAToken) {
  const TestServiceAccount account = TestServiceAccount::Make();
  const std::string address = Listen({Json(kToken)});

  const auto credential = Fetch(AuthMode::kGoogleServiceAccount,
                                {.google_service_account = account.Json(address + "/token")});

  ASSERT_THAT(credential, IsOk());
  EXPECT_EQ(credential->header_line, "Authorization: Bearer tok-1\r\n");
  EXPECT_EQ(credential->expires_at, clock_.Now() + absl::Hours(1));
  const std::string request = endpoint_->requests().at(0);
  EXPECT_THAT(request, StartsWith("POST /token HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Content-Type: application/x-www-form-urlencoded\r\n"));
  const std::string jwt = request.substr(request.find("assertion=") + 10);
  EXPECT_THAT(
      VerifiedClaims(jwt, account.public_key_pem),
      AllOf(HasSubstr(StrCat("\"aud\":\"", address, "/token\"")), HasSubstr("\"iat\":1700000000")));
}

TEST_F(CredentialFetcherTest, ABadKeyFileIsSaidWithoutAskingAnybody) {
  EXPECT_THAT(Fetch(AuthMode::kGoogleServiceAccount, {.google_service_account = "{}"}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       StartsWith("google.service_account: is no key file")));
}

TEST_F(CredentialFetcherTest, ExchangesAnEntraSecretForAToken) {
  const auto credential = FetchEntra(Listen({Json(kToken)}));

  ASSERT_THAT(credential, IsOk());
  EXPECT_EQ(credential->header_line, "Authorization: Bearer tok-1\r\n");
  EXPECT_THAT(
      endpoint_->requests().at(0),
      AllOf(StartsWith("POST /t/oauth2/v2.0/token HTTP/1.1\r\n"),
            HasSubstr("client_id=c&client_secret=hunter2&scope=s&grant_type=client_credentials")));
}

TEST_F(CredentialFetcherTest, SaysWhatATokenEndpointRefusesAndNeverTheSecret) {
  const auto credential = FetchEntra(Listen(
      {Json(R"({"error":"invalid_client","error_description":"wrong"})", "401 Unauthorized")}));

  EXPECT_THAT(credential.status(),
              StatusIs(absl::StatusCode::kUnavailable,
                       "the token endpoint 127.0.0.1: answered 401 invalid_client: wrong"));
}

TEST_F(CredentialFetcherTest, SurvivesGarbage) {
  for (const std::string& bytes :
       {std::string("\xff\xff\xff\xff"), std::string("HTTP/1.1 200 OK\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}"), std::string(),
        std::string(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
        StrCat("HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n", std::string(100'000, 'x'))}) {
    EXPECT_THAT(FetchEntra(Listen({{.bytes = bytes, .close = true}})).status(),
                StatusIs(absl::StatusCode::kUnavailable, Not(HasSubstr("hunter2"))))
        << bytes.substr(0, 40);
  }
}

TEST_F(CredentialFetcherTest, NobodyThereIsSaid) {
  EXPECT_THAT(FetchEntra("http://127.0.0.1:1").status(),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("the token endpoint 127.0.0.1: connect: Connection refused")));
}

TEST_F(CredentialFetcherTest, KeysOfTheConfigurationComeFirst) {
  surroundings_["env:AWS_BEARER_TOKEN_BEDROCK"] = "bearer";
  surroundings_["env:AWS_ACCESS_KEY_ID"] = "env";
  surroundings_["env:AWS_SECRET_ACCESS_KEY"] = "env";

  const auto credential =
      Fetch(AuthMode::kAwsSigV4,
            {.aws_access_key_id = "AKI", .aws_secret_access_key = "s", .aws_session_token = "t"});

  EXPECT_EQ(credential->aws_keys,
            (AwsKeys{.access_key_id = "AKI", .secret_access_key = "s", .session_token = "t"}));
}

TEST_F(CredentialFetcherTest, AProfileOfTheConfigurationIsLookedForInTheFileOnly) {
  surroundings_["env:AWS_ACCESS_KEY_ID"] = "env";
  surroundings_["env:AWS_SECRET_ACCESS_KEY"] = "env";
  surroundings_["env:HOME"] = "/home/u";
  surroundings_["file:/home/u/.aws/credentials"] =
      "[llm]\naws_access_key_id=file\naws_secret_access_key=x\n";

  EXPECT_EQ(Fetch(AuthMode::kAwsSigV4, {.aws_profile = "llm"})->aws_keys->access_key_id, "file");
  EXPECT_THAT(Fetch(AuthMode::kAwsSigV4, {.aws_profile = "other"}).status(),
              StatusIs(absl::StatusCode::kNotFound,
                       "file /home/u/.aws/credentials: has no profile \"other\""));
}

TEST_F(CredentialFetcherTest, ABedrockKeyOfTheEnvironmentIsABearerToken) {
  surroundings_["env:AWS_BEARER_TOKEN_BEDROCK"] = "bedrock-key\n";
  surroundings_["env:AWS_ACCESS_KEY_ID"] = "env";
  surroundings_["env:AWS_SECRET_ACCESS_KEY"] = "env";

  const auto credential = FetchAws();

  ASSERT_THAT(credential, IsOk());
  EXPECT_EQ(credential->header_line, "Authorization: Bearer bedrock-key\r\n");
  EXPECT_FALSE(credential->aws_keys.has_value());
}

TEST_F(CredentialFetcherTest, ThenTheEnvironment) {
  surroundings_["env:AWS_ACCESS_KEY_ID"] = "env";
  surroundings_["env:AWS_SECRET_ACCESS_KEY"] = "s";
  surroundings_["env:AWS_SESSION_TOKEN"] = "t";
  surroundings_["env:AWS_SHARED_CREDENTIALS_FILE"] = "/c";
  surroundings_["file:/c"] = "[default]\naws_access_key_id=file\naws_secret_access_key=x\n";

  EXPECT_EQ(FetchAws()->aws_keys,
            (AwsKeys{.access_key_id = "env", .secret_access_key = "s", .session_token = "t"}));
}

TEST_F(CredentialFetcherTest, HalfOfAnAccessKeyIsAMistakeAndNotTheNextSource) {
  surroundings_["env:AWS_ACCESS_KEY_ID"] = "env";

  EXPECT_THAT(FetchAws().status(), StatusIs(absl::StatusCode::kFailedPrecondition, _));
}

TEST_F(CredentialFetcherTest, ThenTheSharedFileWithTheProfileOfTheEnvironment) {
  surroundings_["env:AWS_SHARED_CREDENTIALS_FILE"] = "/c";
  surroundings_["file:/c"] =
      "[default]\naws_access_key_id=d\naws_secret_access_key=x\n"
      "[p]\naws_access_key_id=p\naws_secret_access_key=x\n";
  EXPECT_EQ(FetchAws()->aws_keys->access_key_id, "d");

  surroundings_["env:AWS_PROFILE"] = "p";
  EXPECT_EQ(FetchAws()->aws_keys->access_key_id, "p");

  surroundings_["env:AWS_PROFILE"] = "q";
  EXPECT_THAT(FetchAws().status(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"q\"")));
}

TEST_F(CredentialFetcherTest, ThenTheContainer) {
  surroundings_["env:AWS_CONTAINER_CREDENTIALS_FULL_URI"] = Listen({Json(kKeys)}) + "/get?a=b";
  surroundings_["env:AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "old";
  surroundings_["env:AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = "/token";
  surroundings_["file:/token"] = "pod-token\n";

  const auto credential = FetchAws();

  ASSERT_THAT(credential, IsOk());
  EXPECT_EQ(credential->aws_keys->session_token, "ses");
  EXPECT_EQ(credential->expires_at, absl::FromUnixSeconds(1'700'006'400));
  EXPECT_THAT(endpoint_->requests().at(0), AllOf(StartsWith("GET /get?a=b HTTP/1.1\r\n"),
                                                 HasSubstr("Authorization: pod-token\r\n")));
}

TEST_F(CredentialFetcherTest, LastTheInstanceByASession) {
  surroundings_["env:AWS_EC2_METADATA_DISABLED"] = "false";
  surroundings_["env:AWS_EC2_METADATA_SERVICE_ENDPOINT"] =
      Listen({Json("session-1"), Json("my-role"), Json(kKeys)}) + "/";

  const auto credential = FetchAws();

  ASSERT_THAT(credential, IsOk());
  EXPECT_EQ(credential->aws_keys->access_key_id, "ASIA");
  const auto requests = endpoint_->requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_THAT(requests[0], AllOf(StartsWith("PUT /latest/api/token HTTP/1.1\r\n"),
                                 HasSubstr("X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"),
                                 HasSubstr("Content-Length: 0\r\n")));
  EXPECT_THAT(requests[1],
              AllOf(StartsWith("GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\n"),
                    HasSubstr("X-aws-ec2-metadata-token: session-1\r\n")));
  EXPECT_THAT(
      requests[2],
      AllOf(StartsWith("GET /latest/meta-data/iam/security-credentials/my-role HTTP/1.1\r\n"),
            HasSubstr("X-aws-ec2-metadata-token: session-1\r\n")));
}

TEST_F(CredentialFetcherTest, AnInstanceWithoutARoleIsSaid) {
  surroundings_["env:AWS_EC2_METADATA_DISABLED"] = "";
  surroundings_["env:AWS_EC2_METADATA_SERVICE_ENDPOINT"] =
      Listen({Json("session-1"), Json("", "404 Not Found")});

  EXPECT_THAT(FetchAws().status(),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(StartsWith("no AWS credentials in"), HasSubstr("has no role"))));
}

TEST_F(CredentialFetcherTest, NoSourceIsSaid) {
  EXPECT_THAT(FetchAws().status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("AWS_EC2_METADATA_DISABLED")));
}

}  // namespace
}  // namespace lmgate::credential
