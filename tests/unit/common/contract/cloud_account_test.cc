#include "common/contract/cloud_account.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"
#include "tests/unit/common/contract/refusal_matcher.h"

namespace lmgate::contract {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::Refuses;
using ::testing::HasSubstr;
using ::testing::Not;

// `text` in protobuf text format.
v1::Connection Parse(const std::string& text) {
  v1::Connection connection;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &connection)) << text;
  return connection;
}

absl::Status CheckAws(const std::string& aws) {
  return CheckCloudAccount(Parse("provider: 'aws-bedrock' aws { " + aws + " }"), "bedrock");
}
absl::Status CheckGoogle(const std::string& google) {
  return CheckCloudAccount(Parse("provider: 'google-vertex' google { " + google + " }"), "gemini");
}
absl::Status CheckAzure(const std::string& azure) {
  return CheckCloudAccount(Parse("provider: 'azure-openai' azure { " + azure + " }"),
                           "openai-chat");
}

TEST(CheckCloudAccount, PassesFullOnes) {
  EXPECT_THAT(CheckAws("region: 'us-gov-west-1' access_key_id: 'env:I' "
                       "secret_access_key: 'file:/s' session_token: 'env:T'"),
              IsOk());
  EXPECT_THAT(CheckAws("region: 'us-east-1' profile: 'llm team'"), IsOk());
  EXPECT_THAT(
      CheckGoogle("service_account: 'env:SA' project: 'example.com:p-1' location: 'global'"),
      IsOk());
  EXPECT_THAT(CheckAzure("api_version: 'preview' tenant_id: 'env:T' client_id: 'file:/c' "
                         "client_secret: 'env:S' authority: 'https://login.microsoftonline.us' "
                         "scope: 'https://cognitiveservices.azure.us/.default'"),
              IsOk());
}

TEST(CheckCloudAccount, EachPartIsForItsProviderOnly) {
  EXPECT_THAT(CheckCloudAccount(Parse("provider: 'openai' aws {}"), "openai-chat"), Refuses("aws"));
  EXPECT_THAT(CheckCloudAccount(Parse("provider: 'openai' google {}"), "openai-chat"),
              Refuses("google"));
  EXPECT_THAT(CheckCloudAccount(Parse("provider: 'openai' azure {}"), "openai-chat"),
              Refuses("azure"));
  EXPECT_THAT(CheckCloudAccount(Parse("dialect: 'bedrock' aws {}"), "bedrock"), IsOk());
  EXPECT_THAT(CheckCloudAccount(Parse("dialect: 'gemini' google {}"), "gemini"), IsOk());
  EXPECT_THAT(CheckCloudAccount(Parse("provider: 'google-vertex' google {}"), "openai-chat"),
              IsOk());
}

TEST(CheckCloudAccount, HalvesOfACredentialAreRefused) {
  EXPECT_THAT(CheckAws("access_key_id: 'i'"), Refuses("aws.secret_access_key"));
  EXPECT_THAT(CheckAws("secret_access_key: 's'"), Refuses("aws.access_key_id"));
  EXPECT_THAT(CheckAws("session_token: 't'"), Refuses("aws.session_token"));
  EXPECT_THAT(CheckAws("access_key_id: 'i' secret_access_key: 's' profile: 'p'"),
              Refuses("aws.profile"));
  EXPECT_THAT(CheckGoogle("project: 'p'"), Refuses("google.location"));
  EXPECT_THAT(CheckGoogle("location: 'l'"), Refuses("google.project"));
  EXPECT_THAT(CheckAzure("tenant_id: 't' client_id: 'c'"), Refuses("azure.client_secret"));
  EXPECT_THAT(CheckAzure("client_secret: 's'"), Refuses("azure.tenant_id"));
  EXPECT_THAT(CheckAzure("tenant_id: 't' client_secret: 's'"), Refuses("azure.client_id"));
}

TEST(CheckCloudAccount, ReferencesMustBeResolvable) {
  EXPECT_THAT(CheckAws("access_key_id: 'env:' secret_access_key: 's'"),
              Refuses("aws.access_key_id"));
  EXPECT_THAT(CheckAws("access_key_id: 'i' secret_access_key: 'file:s'"),
              Refuses("aws.secret_access_key"));
  EXPECT_THAT(CheckAws("access_key_id: 'i' secret_access_key: 's' session_token: 'stored:0a'"),
              Refuses("aws.session_token"));
  EXPECT_THAT(CheckGoogle("service_account: 'file:sa.json'"), Refuses("google.service_account"));
  EXPECT_THAT(CheckAzure("tenant_id: 't' client_id: 'c' client_secret: 'env:'"),
              Refuses("azure.client_secret"));
}

TEST(CheckCloudAccount, ALiteralServiceAccountIsJson) {
  EXPECT_THAT(CheckGoogle("service_account: '{\"type\":\"service_account\"}'"), IsOk());
  EXPECT_THAT(CheckGoogle("service_account: '/run/sa.json'"),
              Refuses("google.service_account", HasSubstr("file:/")));
}

TEST(CheckCloudAccount, NothingCanBreakOutOfAnAddress) {
  EXPECT_THAT(CheckAws("region: 'evil.example/'"), Refuses("aws.region"));
  EXPECT_THAT(CheckAws("region: 'us.east'"), Refuses("aws.region"));
  EXPECT_THAT(CheckGoogle("project: 'p/../q' location: 'l'"), Refuses("google.project"));
  EXPECT_THAT(CheckGoogle("project: 'p' location: 'l.evil'"), Refuses("google.location"));
  EXPECT_THAT(CheckAzure("api_version: '1&x=y'"), Refuses("azure.api_version"));
  EXPECT_THAT(CheckAzure("tenant_id: 'a/b' client_id: 'c' client_secret: 's'"),
              Refuses("azure.tenant_id"));
}

TEST(CheckCloudAccount, WhatWouldDoNothingIsRefused) {
  EXPECT_THAT(CheckCloudAccount(Parse("provider: 'google' google { project: 'p' location: 'l' }"),
                                "gemini"),
              Refuses("google.project"));
  EXPECT_THAT(CheckCloudAccount(Parse("provider: 'google-vertex' base_url: 'https://h' "
                                      "google { project: 'p' location: 'l' }"),
                                "gemini"),
              Refuses("google.project"));
  EXPECT_THAT(CheckAzure("authority: 'https://a'"), Refuses("azure.authority"));
  EXPECT_THAT(CheckAzure("scope: 's'"), Refuses("azure.scope"));
}

TEST(CheckCloudAccount, AClientSecretGoesToHttpsOrLoopback) {
  const std::string entra = "tenant_id: 't' client_id: 'c' client_secret: 's' authority: ";
  EXPECT_THAT(CheckAzure(entra + "'http://login.example'"), Refuses("azure.authority"));
  EXPECT_THAT(CheckAzure(entra + "'unix:/x'"), Refuses("azure.authority"));
  EXPECT_THAT(CheckAzure(entra + "'http://127.0.0.1:81'"), IsOk());
}

TEST(CheckCloudAccount, DeploymentsNeedAVersionAndTheOldAddress) {
  EXPECT_THAT(CheckAzure("deployments: true"), Refuses("azure.api_version"));
  EXPECT_THAT(CheckCloudAccount(Parse("provider: 'azure-openai' base_url: 'https://n/openai/v1/' "
                                      "azure { deployments: true api_version: '2024-10-21' }"),
                                "openai-chat"),
              Refuses("base_url"));
  EXPECT_THAT(CheckCloudAccount(Parse("provider: 'azure-openai' "
                                      "azure { deployments: true api_version: '2024-10-21' }"),
                                "openai-responses"),
              Refuses("azure.deployments"));
}

TEST(CheckCloudAccount, NeverRepeatsASecret) {
  EXPECT_THAT(CheckAws("access_key_id: 'i' secret_access_key: ' hunter2'").ToString(),
              Not(HasSubstr("hunter2")));
  EXPECT_THAT(CheckGoogle("service_account: 'hunter2'").ToString(), Not(HasSubstr("hunter2")));
}

TEST(MakeCloudBaseUrl, KnowsThePartitionOfChina) {
  EXPECT_EQ(MakeCloudBaseUrl(Parse("provider: 'aws-bedrock' aws { region: 'cn-north-1' }")),
            "https://bedrock-runtime.cn-north-1.amazonaws.com.cn");
}

TEST(AwsRegion, IsReadFromTheHostWhenNoneIsStated) {
  const v1::Connection none;
  EXPECT_EQ(AwsRegion(none, "bedrock-runtime-fips.us-gov-west-1.amazonaws.com"), "us-gov-west-1");
  EXPECT_EQ(AwsRegion(none, "vpce-1-a.bedrock-runtime.eu-west-3.vpce.amazonaws.com"), "eu-west-3");
  EXPECT_EQ(AwsRegion(none, "bedrock-runtime.cn-north-1.amazonaws.com.cn"), "cn-north-1");
  EXPECT_EQ(AwsRegion(none, "bedrock-runtime.us-east-1.example.com"), "");
  EXPECT_EQ(AwsRegion(none, "amazonaws.com"), "");
  EXPECT_EQ(AwsRegion(Parse("aws { region: 'r-1' }"), "bedrock-runtime.x.amazonaws.com"), "r-1");
}

}  // namespace
}  // namespace lmgate::contract
