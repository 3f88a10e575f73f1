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

TEST(ResolveConnection, SaysWhichProvidersAndDialectsComeLater) {
  for (const char* provider : {"google", "google-vertex", "aws-bedrock", "azure-openai"}) {
    const absl::Status status = Refusal("api_key: 'k' provider: '" + std::string(provider) + "'");
    EXPECT_THAT(status, Refuses("provider"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("is not supported yet"));
    EXPECT_THAT(std::string(status.message()), HasSubstr(provider));
  }
  for (const char* dialect : {"openai-responses", "gemini", "bedrock"}) {
    EXPECT_THAT(std::string(CheckDialect("dialect", dialect).message()),
                HasSubstr("is not supported yet"));
  }
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
