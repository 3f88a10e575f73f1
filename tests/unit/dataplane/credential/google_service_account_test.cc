#include "dataplane/credential/google_service_account.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_replace.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/dataplane/credential/test_service_account.h"

namespace lmgate::credential {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::lmgate::testing::TestServiceAccount;
using ::lmgate::testing::VerifiedClaims;
using ::testing::HasSubstr;
using ::testing::Not;

class GoogleServiceAccountTest : public ::testing::Test {
 protected:
  // The key file with one text put in the place of another.
  std::string With(std::string_view before, std::string_view after) {
    return absl::StrReplaceAll(test_.Json("https://oauth2.googleapis.com/token"),
                               {{absl::string_view(before.data(), before.size()),
                                 absl::string_view(after.data(), after.size())}});
  }

  static const TestServiceAccount test_;
};
const TestServiceAccount GoogleServiceAccountTest::test_ = TestServiceAccount::Make();

TEST_F(GoogleServiceAccountTest, ReadsAKeyFile) {
  const auto account = ParseGoogleServiceAccount(test_.Json("https://token.example/t"));

  ASSERT_THAT(account, IsOk());
  EXPECT_EQ(account->client_email, "sa@p.iam.gserviceaccount.com");
  EXPECT_EQ(account->private_key_id, "kid-1");
  EXPECT_EQ(account->private_key, test_.private_key_pem);
  EXPECT_EQ(account->token_uri, "https://token.example/t");
}

TEST_F(GoogleServiceAccountTest, GooglesTokenEndpointIsTheDefault) {
  EXPECT_EQ(ParseGoogleServiceAccount(With("token_uri", "other"))->token_uri,
            "https://oauth2.googleapis.com/token");
}

TEST_F(GoogleServiceAccountTest, RefusesWhatIsNoKeyFile) {
  EXPECT_THAT(ParseGoogleServiceAccount("").status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not JSON")));
  EXPECT_THAT(ParseGoogleServiceAccount("[1]").status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not JSON")));
  EXPECT_THAT(ParseGoogleServiceAccount("{}").status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has no type")));
  EXPECT_THAT(
      ParseGoogleServiceAccount(With("\"service_account\"", "\"authorized_user\"")).status(),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("type is authorized_user")));
  EXPECT_THAT(ParseGoogleServiceAccount(With("client_email", "x")).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no client_email")));
  EXPECT_THAT(ParseGoogleServiceAccount(With("sa@p", "sa\\\"@p")).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("client_email")));
  EXPECT_THAT(ParseGoogleServiceAccount(With("\"private_key\"", "\"x\"")).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no private_key")));
  EXPECT_THAT(ParseGoogleServiceAccount(With("BEGIN PRIVATE", "BEGIN ANY")).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("RSA key")));
}

TEST_F(GoogleServiceAccountTest, AnAssertionGoesToHttpsOrLoopback) {
  for (const char* uri : {"http://token.example/t", "ftp://x", "token", "unix:/x"}) {
    EXPECT_THAT(ParseGoogleServiceAccount(test_.Json(uri)).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("token_uri")))
        << uri;
  }
  EXPECT_THAT(ParseGoogleServiceAccount(test_.Json("http://127.0.0.1:1/t")), IsOk());
}

TEST_F(GoogleServiceAccountTest, NeverRepeatsTheKey) {
  const std::string key = test_.private_key_pem.substr(60, 20);
  EXPECT_THAT(ParseGoogleServiceAccount(With("BEGIN PRIVATE", "BEGIN ANY")).status().ToString(),
              Not(HasSubstr(key)));
}

TEST_F(GoogleServiceAccountTest, SignsAnAssertionThatThePublicKeyVerifies) {
  const auto account = ParseGoogleServiceAccount(test_.Json("https://token.example/t"));

  const auto jwt = SignGoogleAssertion(*account, absl::FromUnixSeconds(1'700'000'000));

  ASSERT_THAT(jwt, IsOk());
  std::string header;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(jwt->substr(0, jwt->find('.')), &header));
  EXPECT_EQ(header, R"({"alg":"RS256","typ":"JWT","kid":"kid-1"})");
  EXPECT_EQ(VerifiedClaims(*jwt, test_.public_key_pem),
            R"({"iss":"sa@p.iam.gserviceaccount.com",)"
            R"("scope":"https://www.googleapis.com/auth/cloud-platform",)"
            R"("aud":"https://token.example/t","iat":1700000000,"exp":1700003600})");
  EXPECT_EQ(VerifiedClaims(*jwt, TestServiceAccount::Make().public_key_pem), "");
}

TEST_F(GoogleServiceAccountTest, TheFormNamesItsGrant) {
  EXPECT_EQ(GoogleTokenForm("a.b-c_d.e"),
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b-c_d.e");
}

}  // namespace
}  // namespace lmgate::credential
