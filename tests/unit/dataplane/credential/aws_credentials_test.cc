#include "dataplane/credential/aws_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace lmgate::credential {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::IsOkAndHolds;
using ::lmgate::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kFile[] = R"(
# the team's
[default]
aws_access_key_id = AKIDEFAULT
aws_secret_access_key = a/b+c#d=   ; rotated in May
[ ci ]
  AWS_ACCESS_KEY_ID=AKICI
aws_secret_access_key  =  s
aws_session_token=t
region = us-east-1
[sso]
sso_session = x
[default]
aws_access_key_id = AKILATER
)";

TEST(ParseSharedCredentials, ReadsAProfile) {
  EXPECT_THAT(ParseSharedCredentials(kFile, "ci"),
              IsOkAndHolds(AwsKeys{
                  .access_key_id = "AKICI", .secret_access_key = "s", .session_token = "t"}));
}

TEST(ParseSharedCredentials, TakesCommentsOffAndTheLastValue) {
  EXPECT_THAT(ParseSharedCredentials(kFile, "default"),
              IsOkAndHolds(AwsKeys{.access_key_id = "AKILATER", .secret_access_key = "a/b+c#d="}));
}

TEST(ParseSharedCredentials, KnowsWindowsLineEnds) {
  EXPECT_THAT(ParseSharedCredentials(
                  "[default]\r\naws_access_key_id=a\r\naws_secret_access_key=b\r\n", "default"),
              IsOkAndHolds(AwsKeys{.access_key_id = "a", .secret_access_key = "b"}));
}

TEST(ParseSharedCredentials, TellsAMissingProfileFromOneWithoutKeys) {
  EXPECT_THAT(ParseSharedCredentials(kFile, "prod").status(),
              StatusIs(absl::StatusCode::kNotFound, "has no profile \"prod\""));
  EXPECT_THAT(ParseSharedCredentials("", "default").status(),
              StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(ParseSharedCredentials(kFile, "sso").status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no access key")));
  EXPECT_THAT(
      ParseSharedCredentials("[default\naws_access_key_id=a\naws_secret_access_key=b", "default")
          .status(),
      StatusIs(absl::StatusCode::kNotFound, _));
}

TEST(ParseSharedCredentials, RefusesWhiteSpaceWithoutRepeatingIt) {
  EXPECT_THAT(
      ParseSharedCredentials("[p]\naws_access_key_id=a\naws_secret_access_key=hun ter2", "p")
          .status(),
      StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("ter2"))));
}

// As the EC2 User Guide shows it.
TEST(ParseAwsKeysAnswer, ReadsTheMetadataServicesAnswer) {
  const auto answer = ParseAwsKeysAnswer(200, R"({
    "Code" : "Success", "LastUpdated" : "2012-04-26T16:39:16Z", "Type" : "AWS-HMAC",
    "AccessKeyId" : "ASIAIOSFODNN7EXAMPLE", "SecretAccessKey" : "wJalr/K7", "Token" : "token",
    "Expiration" : "2017-05-17T15:09:54Z"})");

  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->keys, (AwsKeys{.access_key_id = "ASIAIOSFODNN7EXAMPLE",
                                   .secret_access_key = "wJalr/K7",
                                   .session_token = "token"}));
  EXPECT_EQ(absl::FormatTime(answer->expires_at, absl::UTCTimeZone()), "2017-05-17T15:09:54+00:00");
}

TEST(ParseAwsKeysAnswer, WithoutAnExpirationTheyDoNotEnd) {
  const auto answer = ParseAwsKeysAnswer(200, R"({"AccessKeyId":"a","SecretAccessKey":"b"})");

  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->expires_at, absl::InfiniteFuture());
}

TEST(ParseAwsKeysAnswer, SaysWhatTheEndpointSays) {
  EXPECT_THAT(
      ParseAwsKeysAnswer(200, R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot"})")
          .status(),
      StatusIs(absl::StatusCode::kUnavailable,
               "answered 200 AssumeRoleUnauthorizedAccess: EC2 cannot"));
  EXPECT_THAT(ParseAwsKeysAnswer(403, R"({"message":"no"})").status(),
              StatusIs(absl::StatusCode::kUnavailable, "answered 403: no"));
}

TEST(ParseAwsKeysAnswer, RefusesGarbage) {
  for (const char* body :
       {"", "<html>", "[]", "{}", R"({"AccessKeyId":"a"})",
        R"({"AccessKeyId":"a","SecretAccessKey":"b","Token":"c\r\nd: e"})",
        R"({"AccessKeyId":1,"SecretAccessKey":"b"})",
        R"({"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"tomorrow"})"}) {
    EXPECT_THAT(ParseAwsKeysAnswer(200, body).status(), StatusIs(absl::StatusCode::kUnavailable, _))
        << body;
  }
}

TEST(AwsContainerUrl, PrefersTheRelativeUri) {
  EXPECT_THAT(AwsContainerUrl("/v2/credentials/x", "https://h/y"),
              IsOkAndHolds(std::string("http://169.254.170.2/v2/credentials/x")));
  EXPECT_THAT(AwsContainerUrl("", ""), IsOkAndHolds(std::string()));
}

TEST(AwsContainerUrl, TakesHttpsAndAddressesOfThisMachine) {
  for (const char* url :
       {"https://example.com/x?y=z", "http://127.0.0.1:81/x", "http://localhost/x",
        "http://[::1]/x", "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1"}) {
    EXPECT_THAT(AwsContainerUrl("", url), IsOkAndHolds(std::string(url)));
  }
}

TEST(AwsContainerUrl, RefusesToAskAnybodyElseInTheClear) {
  for (const char* url : {"http://example.com/x", "http://169.254.170.24/x", "ftp://127.0.0.1/",
                          "unix:/x", "127.0.0.1", "http://127.0.0.1@example.com/"}) {
    EXPECT_THAT(AwsContainerUrl("", url).status(),
                StatusIs(absl::StatusCode::kFailedPrecondition, _))
        << url;
  }
  EXPECT_THAT(AwsContainerUrl("@example.com/", "").status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, _));
}

TEST(ParseInstanceRole, IsTheFirstLine) {
  EXPECT_THAT(ParseInstanceRole("my-role\nother"), IsOkAndHolds(std::string("my-role")));
  EXPECT_THAT(ParseInstanceRole("a/../b"), IsOkAndHolds(std::string("a%2F..%2Fb")));
  EXPECT_THAT(ParseInstanceRole("\n").status(), StatusIs(absl::StatusCode::kNotFound, _));
}

}  // namespace
}  // namespace lmgate::credential
