#include "common/contract/provider_preset.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/unit/common/contract/refusal_matcher.h"

namespace lmgate::contract {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::Refuses;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using AuthMode = EffectiveConnection::AuthMode;

// `text` in protobuf text format.
v1::Connection Parse(const std::string& text) {
  v1::Connection connection;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &connection)) << text;
  return connection;
}

absl::StatusOr<EffectiveConnection> Resolve(const std::string& text) {
  return ResolveConnection(Parse(text));
}

absl::Status Refusal(const std::string& text) { return Resolve(text).status(); }

constexpr char kPlain[] = "dialect: 'openai-chat' base_url: 'http://h' ";

TEST(ProviderPresets, AreUniqueAndResolve) {
  std::set<std::string_view> names;
  for (const ProviderPreset& preset : ProviderPresets()) {
    EXPECT_TRUE(names.insert(preset.name).second) << preset.name;
    v1::Connection connection;
    connection.set_provider(std::string(preset.name));
    if (preset.name == "aws-bedrock") connection.mutable_aws()->set_region("us-east-1");
    if (!preset.auth_header.empty()) connection.set_api_key("env:KEY");
    if (preset.base_url.empty()) connection.set_base_url("http://127.0.0.1:9000/v1");
    EXPECT_THAT(ResolveConnection(connection), IsOk()) << preset.name;
  }
  EXPECT_EQ(FindProviderPreset("nobody"), nullptr);
}

TEST(ResolveConnection, FillsInWhatTheOpenAiPresetImplies) {
  const auto effective = Resolve("provider: 'openai' api_key: 'env:K'");

  ASSERT_THAT(effective, IsOk());
  EXPECT_EQ(effective->dialect, kDialectOpenAiChat);
  EXPECT_EQ(effective->base_url.host, "api.openai.com");
  EXPECT_EQ(effective->base_url.path, "/v1");
  EXPECT_EQ(effective->auth_mode, AuthMode::kCredential);
  EXPECT_EQ(effective->auth_header, "authorization");
  EXPECT_EQ(effective->auth_scheme, "Bearer");
}

TEST(ResolveConnection, AnthropicTakesItsKeyInXApiKey) {
  const auto effective = Resolve("provider: 'anthropic' api_key: 'env:K'");

  ASSERT_THAT(effective, IsOk());
  EXPECT_EQ(effective->dialect, kDialectAnthropic);
  EXPECT_EQ(effective->auth_header, "x-api-key");
  EXPECT_EQ(effective->auth_scheme, "");
}

TEST(ResolveConnection, WhatTheConnectionSaysWinsOverThePreset) {
  const auto effective = Resolve(R"(
    provider: 'openai' api_key: 'k' base_url: 'http://127.0.0.1:81/x' dialect: 'anthropic'
    auth { header: 'X-Key' scheme: 'Token' } timeouts { idle { seconds: 7 } })");

  ASSERT_THAT(effective, IsOk());
  EXPECT_EQ(effective->dialect, "anthropic");
  EXPECT_EQ(effective->base_url.port, 81);
  EXPECT_EQ(effective->auth_header, "x-key");
  EXPECT_EQ(effective->auth_scheme, "Token");
  EXPECT_EQ(effective->idle_timeout, absl::Seconds(7));
}

TEST(ResolveConnection, TheSchemeFollowsTheHeader) {
  EXPECT_EQ(Resolve(std::string(kPlain) + "api_key: 'k'")->auth_scheme, "Bearer");
  EXPECT_EQ(
      Resolve(std::string(kPlain) + "api_key: 'k' auth { header: 'AUTHORIZATION' }")->auth_scheme,
      "Bearer");
  EXPECT_EQ(Resolve(std::string(kPlain) + "api_key: 'k' auth { header: 'x-key' }")->auth_scheme,
            "");
  EXPECT_EQ(Resolve(std::string(kPlain) + "api_key: 'k' auth { scheme: '' }")->auth_scheme, "");
}

TEST(ResolveConnection, HasTheDocumentedTimeouts) {
  const auto effective = Resolve("provider: 'ollama'");

  ASSERT_THAT(effective, IsOk());
  EXPECT_EQ(effective->connect_timeout, absl::Seconds(5));
  EXPECT_EQ(effective->header_timeout, absl::Seconds(60));
  EXPECT_EQ(effective->first_token_timeout, absl::Seconds(120));
  EXPECT_EQ(effective->idle_timeout, absl::Seconds(60));
  EXPECT_EQ(effective->total_timeout, absl::Minutes(30));
}

TEST(ResolveConnection, TimeoutsGoFrom1MsTo24H) {
  const std::string plain = "provider: 'ollama' timeouts ";
  EXPECT_EQ(Resolve(plain + "{ connect { nanos: 1000000 } }")->connect_timeout,
            absl::Milliseconds(1));
  EXPECT_EQ(Resolve(plain + "{ total { seconds: 86400 } }")->total_timeout, absl::Hours(24));

  EXPECT_THAT(Refusal(plain + "{ connect { nanos: 999999 } }"), Refuses("timeouts.connect"));
  EXPECT_THAT(Refusal(plain + "{ header { } }"), Refuses("timeouts.header"));
  EXPECT_THAT(Refusal(plain + "{ first_token { seconds: -1 } }"), Refuses("timeouts.first_token"));
  EXPECT_THAT(Refusal(plain + "{ idle { seconds: 1 nanos: -1 } }"), Refuses("timeouts.idle"));
  EXPECT_THAT(Refusal(plain + "{ total { seconds: 86400 nanos: 1 } }"), Refuses("timeouts.total"));
  EXPECT_THAT(Refusal(plain + "{ total { seconds: 9223372036854775807 } }"),
              Refuses("timeouts.total"));
}

TEST(ResolveConnection, SelfHostedOnesNeedNoCredential) {
  const auto ollama = Resolve("provider: 'ollama'");
  const auto with_key = Resolve("provider: 'vllm' base_url: 'http://h:9/v1' api_key: 'k'");

  EXPECT_EQ(ollama->auth_mode, AuthMode::kNone);
  EXPECT_EQ(ollama->auth_header, "");
  EXPECT_EQ(ollama->base_url.port, 11434);
  EXPECT_EQ(with_key->auth_mode, AuthMode::kCredential);
  EXPECT_EQ(with_key->auth_header, "authorization");
}

TEST(ResolveConnection, AnAddressIsNeverGuessed) {
  EXPECT_THAT(Refusal("provider: 'vllm'"), Refuses("base_url"));
  EXPECT_THAT(Refusal("dialect: 'openai-chat' auth { mode: 'none' }"), Refuses("base_url"));
  EXPECT_THAT(Refusal("base_url: 'http://h' auth { mode: 'none' }"), Refuses("dialect"));
}

TEST(ResolveConnection, AnEmptyCredentialIsNeverGuessed) {
  EXPECT_THAT(Refusal("provider: 'openai'"), Refuses("api_key", HasSubstr("auth: none")));
  EXPECT_THAT(Refusal(std::string(kPlain)), Refuses("api_key"));
  EXPECT_THAT(Refusal(std::string(kPlain) + "auth { mode: 'credential' }"), Refuses("api_key"));
  EXPECT_EQ(Resolve(std::string(kPlain) + "auth { mode: 'none' }")->auth_mode, AuthMode::kNone);
}

TEST(ResolveConnection, ACredentialThatIsNeverSentIsRefused) {
  EXPECT_THAT(Refusal("provider: 'openai' api_key: 'k' auth { mode: 'passthrough' }"),
              Refuses("api_key"));
  EXPECT_THAT(Refusal("provider: 'openai' api_key: 'k' auth { mode: 'none' }"), Refuses("api_key"));
}

TEST(ResolveConnection, PassthroughKeepsTheProvidersHeader) {
  const auto effective = Resolve("provider: 'anthropic' auth { mode: 'passthrough' }");

  ASSERT_THAT(effective, IsOk());
  EXPECT_EQ(effective->auth_mode, AuthMode::kPassthrough);
  EXPECT_EQ(effective->auth_header, "x-api-key");
}

TEST(ResolveConnection, AllFiveDialectsExist) {
  for (const char* dialect :
       {"openai-chat", "openai-responses", "anthropic", "gemini", "bedrock"}) {
    EXPECT_THAT(CheckDialect("dialect", dialect), IsOk()) << dialect;
  }
  EXPECT_THAT(CheckDialect("dialect", "cohere"), Refuses("dialect", HasSubstr("gemini")));
}

TEST(ResolveConnection, OpenAiSpeaksBothOfItsDialectsUnlessOneIsStated) {
  const auto both = Resolve("provider: 'openai' api_key: 'k'");
  const auto one = Resolve("provider: 'openai' dialect: 'openai-responses' api_key: 'k'");
  const auto azure =
      Resolve("provider: 'azure-openai' base_url: 'https://n/openai/v1' api_key: 'k'");
  const auto groq = Resolve("provider: 'groq' api_key: 'k'");

  EXPECT_THAT(both->dialects, ElementsAre("openai-chat", "openai-responses"));
  EXPECT_EQ(both->dialect, "openai-chat");
  EXPECT_TRUE(both->Speaks("openai-responses"));
  EXPECT_FALSE(both->Speaks("anthropic"));
  EXPECT_THAT(one->dialects, ElementsAre("openai-responses"));
  EXPECT_THAT(azure->dialects, ElementsAre("openai-chat", "openai-responses"));
  EXPECT_THAT(groq->dialects, ElementsAre("openai-chat"));
}

TEST(ResolveConnection, OnlySomeKnowTheNewNameOfTheTokenLimit) {
  std::set<std::string_view> current;
  for (const ProviderPreset& preset : ProviderPresets()) {
    if (!preset.legacy_max_tokens) current.insert(preset.name);
  }

  EXPECT_THAT(current, ElementsAre("azure-openai", "cerebras", "groq", "openai", "xai"));
  EXPECT_FALSE(Resolve("provider: 'openai' api_key: 'k'")->legacy_max_tokens);
  EXPECT_TRUE(Resolve("provider: 'ollama'")->legacy_max_tokens);
  EXPECT_TRUE(Resolve(std::string(kPlain) + "api_key: 'k'")->legacy_max_tokens);
}

TEST(ResolveConnection, KeepsTheProvidersName) {
  EXPECT_EQ(Resolve("provider: 'ollama'")->provider, "ollama");
  EXPECT_EQ(Resolve(std::string(kPlain) + "api_key: 'k'")->provider, "");
}

TEST(ResolveConnection, GoogleTakesItsKeyInXGoogApiKey) {
  const auto effective = Resolve("provider: 'google' api_key: 'env:K'");

  ASSERT_THAT(effective, IsOk());
  EXPECT_EQ(effective->dialect, "gemini");
  EXPECT_EQ(effective->base_url.host, "generativelanguage.googleapis.com");
  EXPECT_EQ(effective->base_url.path, "/v1beta");
  EXPECT_EQ(effective->auth_mode, AuthMode::kCredential);
  EXPECT_EQ(effective->auth_header, "x-goog-api-key");
  EXPECT_EQ(effective->auth_scheme, "");
}

TEST(ResolveConnection, VertexMakesItsAddressOfProjectAndLocation) {
  const auto effective = Resolve(R"(provider: 'google-vertex' google {
    service_account: 'file:/sa.json' project: 'p-1' location: 'europe-west4' })");
  const auto global = Resolve(R"(provider: 'google-vertex' google {
    service_account: 'file:/sa.json' project: 'p-1' location: 'global' })");

  ASSERT_THAT(effective, IsOk());
  EXPECT_EQ(effective->base_url.host, "europe-west4-aiplatform.googleapis.com");
  EXPECT_EQ(effective->base_url.path, "/v1/projects/p-1/locations/europe-west4/publishers/google");
  EXPECT_EQ(effective->auth_mode, AuthMode::kGoogleServiceAccount);
  EXPECT_EQ(effective->auth_header, "authorization");
  EXPECT_EQ(effective->auth_scheme, "Bearer");
  EXPECT_EQ(global->base_url.host, "aiplatform.googleapis.com");
}

TEST(ResolveConnection, VertexNeedsAnAddressAndACredential) {
  EXPECT_THAT(Refusal("provider: 'google-vertex' google { service_account: 'file:/sa.json' }"),
              Refuses("base_url", HasSubstr("google.project")));
  EXPECT_THAT(Refusal("provider: 'google-vertex' google { project: 'p' location: 'l' }"),
              Refuses("api_key", HasSubstr("google.service_account")));
}

TEST(ResolveConnection, BedrockIsSignedForItsRegion) {
  const auto by_region = Resolve("provider: 'aws-bedrock' aws { region: 'eu-west-1' }");
  const auto by_host =
      Resolve("dialect: 'bedrock' base_url: 'https://bedrock-runtime.us-east-2.amazonaws.com'");

  ASSERT_THAT(by_region, IsOk());
  EXPECT_EQ(by_region->dialect, "bedrock");
  EXPECT_EQ(by_region->base_url.host, "bedrock-runtime.eu-west-1.amazonaws.com");
  EXPECT_EQ(by_region->auth_mode, AuthMode::kAwsSigV4);
  EXPECT_EQ(by_region->auth_header, "authorization");
  EXPECT_EQ(by_region->aws_region, "eu-west-1");
  ASSERT_THAT(by_host, IsOk());
  EXPECT_EQ(by_host->auth_mode, AuthMode::kAwsSigV4);
  EXPECT_EQ(by_host->aws_region, "us-east-2");
}

TEST(ResolveConnection, BedrockIsSignedInItsOtherDialectsAsWell) {
  const auto effective = Resolve(
      "provider: 'aws-bedrock' dialect: 'openai-chat' "
      "base_url: 'https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1'");

  ASSERT_THAT(effective, IsOk());
  EXPECT_EQ(effective->auth_mode, AuthMode::kAwsSigV4);
  EXPECT_EQ(effective->aws_region, "us-west-2");
  EXPECT_THAT(effective->dialects, ElementsAre("openai-chat"));
}

TEST(ResolveConnection, ARegionIsNeverGuessed) {
  EXPECT_THAT(Refusal("provider: 'aws-bedrock'"), Refuses("base_url", HasSubstr("aws.region")));
  EXPECT_THAT(Refusal("dialect: 'bedrock' base_url: 'http://127.0.0.1:9'"), Refuses("aws.region"));
}

TEST(ResolveConnection, ABedrockApiKeyIsSentAsItIs) {
  const auto effective =
      Resolve("provider: 'aws-bedrock' aws { region: 'us-east-1' } api_key: 'k'");
  const auto elsewhere = Resolve("dialect: 'bedrock' base_url: 'http://h' api_key: 'k'");

  EXPECT_EQ(effective->auth_mode, AuthMode::kCredential);
  EXPECT_EQ(effective->auth_header, "authorization");
  EXPECT_EQ(effective->auth_scheme, "Bearer");
  EXPECT_EQ(elsewhere->auth_mode, AuthMode::kCredential);
}

TEST(ResolveConnection, AzureTakesItsKeyInApiKeyOrAnEntraApplication) {
  const std::string azure =
      "provider: 'azure-openai' base_url: 'https://n.openai.azure.com/openai/v1' ";
  const auto by_key = Resolve(azure + "api_key: 'k'");
  const auto by_entra =
      Resolve(azure + "azure { tenant_id: 't' client_id: 'c' client_secret: 'env:S' }");

  EXPECT_EQ(by_key->auth_header, "api-key");
  EXPECT_EQ(by_key->auth_scheme, "");
  EXPECT_EQ(by_entra->auth_mode, AuthMode::kEntra);
  EXPECT_EQ(by_entra->auth_header, "authorization");
  EXPECT_THAT(Refusal(azure), Refuses("api_key", HasSubstr("azure.client_secret")));
  EXPECT_THAT(Refusal("provider: 'azure-openai' api_key: 'k'"),
              Refuses("base_url", HasSubstr("openai.azure.com")));
}

TEST(ResolveConnection, AzuresOldPathsServeOpenAiChatOnly) {
  const auto effective = Resolve(R"(provider: 'azure-openai' base_url: 'https://n.openai.azure.com'
    api_key: 'k' azure { api_version: '2024-10-21' deployments: true })");

  ASSERT_THAT(effective, IsOk());
  EXPECT_TRUE(effective->azure_deployments);
  EXPECT_EQ(effective->azure_api_version, "2024-10-21");
  EXPECT_EQ(effective->base_url.path, "/openai");
  EXPECT_THAT(effective->dialects, ElementsAre("openai-chat"));
}

TEST(ResolveConnection, OneCredentialOnly) {
  EXPECT_THAT(Refusal(R"(provider: 'aws-bedrock' api_key: 'k' aws {
                region: 'r' access_key_id: 'i' secret_access_key: 's' })"),
              Refuses("api_key"));
  EXPECT_THAT(Refusal(R"(provider: 'google' api_key: 'k' google { service_account: '{}' })"),
              Refuses("api_key"));
  EXPECT_THAT(
      Refusal(R"(provider: 'google' auth { mode: 'none' } google { service_account: '{}' })"),
      Refuses("google.service_account"));
  EXPECT_THAT(Refusal(R"(provider: 'aws-bedrock' auth { mode: 'passthrough' }
                aws { region: 'r' profile: 'p' })"),
              Refuses("aws.profile"));
}

TEST(ResolveConnection, AFetchedCredentialHasAHeaderOfItsOwn) {
  EXPECT_THAT(Refusal("provider: 'aws-bedrock' aws { region: 'r' } auth { header: 'x-key' }"),
              Refuses("auth.header"));
  EXPECT_THAT(Refusal("provider: 'google' google { service_account: '{}' } auth { scheme: 'X' }"),
              Refuses("auth.scheme"));
}

TEST(ResolveConnection, HelpsWithMisspeltWords) {
  EXPECT_THAT(Refusal("provider: 'opnai' api_key: 'k'"),
              Refuses("provider", "did you mean \"openai\"?"));
  EXPECT_THAT(Refusal("provider: 'somebody' api_key: 'k'"),
              Refuses("provider", HasSubstr("dialect and base_url")));
  EXPECT_THAT(CheckDialect("dialect", "openai-chats"),
              Refuses("dialect", "did you mean \"openai-chat\"?"));
  EXPECT_THAT(CheckDialect("dialect", "claude"), Refuses("dialect", "did you mean \"anthropic\"?"));
  EXPECT_THAT(Refusal("provider: 'openai' auth { mode: 'passthru' }"),
              Refuses("auth.mode", "did you mean \"passthrough\"?"));
}

TEST(ResolveConnection, RefusesWhatCannotBeSentAsAHeader) {
  const std::string openai = "provider: 'openai' ";
  EXPECT_THAT(Refusal(openai + "api_key: 'sk\\r\\nx: y'"), Refuses("api_key"));
  EXPECT_THAT(Refusal(openai + "api_key: 'sk-trailing '"), Refuses("api_key"));
  EXPECT_THAT(Refusal(openai + "api_key: 'env:'"), Refuses("api_key"));
  EXPECT_THAT(Refusal(openai + "api_key: 'stored:0123456789ab'"), Refuses("api_key"));
  EXPECT_THAT(Refusal(openai + "api_key: 'k' auth { header: 'x y' }"), Refuses("auth.header"));
  EXPECT_THAT(Refusal(openai + "api_key: 'k' auth { header: 'Host' }"), Refuses("auth.header"));
  EXPECT_THAT(Refusal(openai + "api_key: 'k' auth { scheme: 'a b' }"), Refuses("auth.scheme"));
}

TEST(ResolveConnection, NeverRepeatsTheKey) {
  EXPECT_THAT(Refusal("provider: 'openai' api_key: 'sk-hunter2\\n'").ToString(),
              Not(HasSubstr("hunter2")));
  EXPECT_THAT(Refusal("provider: 'openai' api_key: 'sk-hunter2' auth { mode: 'none' }").ToString(),
              Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace lmgate::contract
