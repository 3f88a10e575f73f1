#include "common/contract/config_check.h"

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

constexpr char kGood[] = R"(
  connections { name: 'openai' provider: 'openai' api_key: 'env:OPENAI_API_KEY' }
  connections { name: 'local' dialect: 'openai-chat' base_url: 'http://127.0.0.1:8080/v1'
                auth { mode: 'none' } }
  routes { name: 'gpt-*' order: 1 model: 'gpt-*' to { connection: 'openai' model: '*' } }
  routes { name: '*' order: 2 model: '*' to { connection: 'local' model: 'llama-3' } }
  groups { name: 'default' connections: '*' default_connection: 'local' }
  groups { name: 'free' connections: 'local' models: 'llama-*' }
  settings { model_listing_mode: 'as_is' trusted_proxies: '10.0.0.0/8' })";

v1::ConfigSet Config(const std::string& more = "") {
  v1::ConfigSet config;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kGood, &config));
  EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(more, &config)) << more;
  return config;
}

absl::Status CheckWith(const std::string& more) { return CheckConfig(Config(more)); }

TEST(CheckConfig, PassesTheExampleAndTheEmptyOne) {
  EXPECT_THAT(CheckConfig(Config()), IsOk());
  EXPECT_THAT(CheckConfig(v1::ConfigSet()), IsOk());
}

TEST(CheckConfig, PathsNameTheResourceByName) {
  EXPECT_THAT(CheckWith("routes { name: 'x' order: 3 model: 'x' to { connection: 'opnai' } }"),
              Refuses("routes[\"x\"].to[0].connection", "did you mean \"openai\"?"));
  EXPECT_THAT(CheckWith("connections { name: 'bad' provider: 'openai' }"),
              Refuses("connections[\"bad\"].api_key"));
  EXPECT_THAT(CheckWith("groups { name: 'g' connections: 'x' }"),
              Refuses("groups[\"g\"].connections[0]"));
}

TEST(CheckConfig, WithoutANamePathsGoByPosition) {
  EXPECT_THAT(CheckWith("connections { provider: 'ollama' }"), Refuses("connections[2].name"));
  EXPECT_THAT(CheckWith("groups { }"), Refuses("groups[2].name"));
}

TEST(CheckConfig, NamesAreUniqueWithinAKind) {
  EXPECT_THAT(CheckWith("connections { name: 'local' provider: 'ollama' }"),
              Refuses("connections[\"local\"]"));
  EXPECT_THAT(CheckWith("groups { name: 'free' }"), Refuses("groups[\"free\"]"));
  EXPECT_THAT(CheckWith("routes { name: '*' order: 9 model: 'x' to { connection: 'local' } }"),
              Refuses("routes[\"*\"]"));
  EXPECT_THAT(CheckWith("groups { name: 'openai' }"), IsOk());
}

TEST(CheckConfig, RouteOrderIsUnique) {
  EXPECT_THAT(CheckWith("routes { name: 'x' order: 2 model: 'x' to { connection: 'local' } }"),
              Refuses("routes[\"x\"].order"));
}

TEST(CheckConfig, DefaultConnectionMustBeGranted) {
  EXPECT_THAT(CheckWith("groups { name: 'g' connections: 'local' default_connection: 'openai' }"),
              Refuses("groups[\"g\"].default_connection"));
  EXPECT_THAT(CheckWith("groups { name: 'g' connections: '*' default_connection: 'azure' }"),
              Refuses("groups[\"g\"].default_connection"));
  EXPECT_THAT(CheckWith("groups { name: 'g' connections: 'openai' default_connection: 'openai' }"),
              IsOk());
}

TEST(CheckConfig, GroupPatternsMustCompile) {
  EXPECT_THAT(CheckWith("groups { name: 'g' models: 're:(' }"), Refuses("groups[\"g\"].models[0]"));
}

TEST(CheckConfig, TrustedProxiesAreAddressesOrBlocks) {
  for (const char* good :
       {"10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "2001:db8::/32", "::/128"}) {
    EXPECT_THAT(CheckWith("settings { trusted_proxies: '" + std::string(good) + "' }"), IsOk())
        << good;
  }
  for (const char* bad : {"", "10.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x",
                          "::/129", "example.com", "10.0.0.0/8/8", "[::1]"}) {
    EXPECT_THAT(CheckWith("settings { trusted_proxies: '" + std::string(bad) + "' }"),
                Refuses("settings.trusted_proxies[1]"))
        << bad;
  }
}

TEST(CheckConfig, ListingModeIsOfTheClosedList) {
  EXPECT_THAT(CheckWith("settings { model_listing_mode: 'ignore_wildcards' }"), IsOk());
  EXPECT_THAT(CheckWith("settings { model_listing_mode: 'as_si' }"),
              Refuses("settings.model_listing_mode", "did you mean \"as_is\"?"));
  EXPECT_THAT(
      std::string(CheckWith("settings { model_listing_mode: 'expand_wildcards' }").message()),
      HasSubstr("not supported yet"));
}

TEST(CheckConfig, HasAtMost10000Connections) {
  v1::ConfigSet config;
  for (int i = 0; i < kConnectionsMax; ++i) {
    v1::Connection& connection = *config.add_connections();
    connection.set_name("c" + std::to_string(i));
    connection.set_provider("ollama");
  }
  EXPECT_THAT(CheckConfig(config), IsOk());

  *config.add_connections() = config.connections(0);
  EXPECT_THAT(CheckConfig(config), Refuses("connections"));
}

TEST(CheckConfig, HasAtMost10000Routes) {
  v1::ConfigSet config = Config();
  config.clear_routes();
  for (int i = 0; i < kRoutesMax; ++i) {
    v1::Route& route = *config.add_routes();
    route.set_name("r" + std::to_string(i));
    route.set_order(i);
    route.add_model(route.name());
    route.add_to()->set_connection("local");
  }
  EXPECT_THAT(CheckConfig(config), IsOk());

  config.add_routes();
  EXPECT_THAT(CheckConfig(config), Refuses("routes"));
}

TEST(CheckConfig, HasAtMost10000Groups) {
  v1::ConfigSet config;
  for (int i = 0; i < kGroupsMax; ++i) config.add_groups()->set_name("g" + std::to_string(i));
  EXPECT_THAT(CheckConfig(config), IsOk());

  config.add_groups();
  EXPECT_THAT(CheckConfig(config), Refuses("groups"));
}

v1::Key GoodKey() {
  v1::Key key;
  key.set_id("0123456789AB");
  key.set_name("team-a");
  key.set_group("default");
  key.set_state("active");
  key.set_digest(std::string(32, 'd'));
  return key;
}

absl::Status CheckOf(const v1::Key& key) {
  return CheckKey(key, [](std::string_view group) { return group == "default"; });
}

// `text` (protobuf text format) on top of a good key.
absl::Status CheckKeyWith(const std::string& text) {
  v1::Key key = GoodKey();
  EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &key)) << text;
  return CheckOf(key);
}

std::string KeyField(const std::string& field) { return "keys[\"0123456789AB\"]." + field; }

TEST(CheckKey, PassesAnActiveARotatedAndARevokedOne) {
  EXPECT_THAT(CheckOf(GoodKey()), IsOk());
  v1::Key rotated = GoodKey();
  rotated.set_previous_digest(std::string(32, 'p'));
  rotated.mutable_previous_expires_at()->set_seconds(1'700'000'000);
  EXPECT_THAT(CheckOf(rotated), IsOk());
  EXPECT_THAT(CheckKeyWith("state: 'revoked' digest: ''"), IsOk());
}

TEST(CheckKey, IdIs12LettersAndDigits) {
  EXPECT_THAT(CheckKeyWith("id: '0123456789A-'"), Refuses("keys[\"0123456789A-\"].id"));
  EXPECT_THAT(CheckKeyWith("id: '0123456789A'"), Refuses("keys[\"0123456789A\"].id"));
  EXPECT_THAT(CheckKeyWith("id: ''"), Refuses("key.id"));
}

TEST(CheckKey, GroupMustExist) {
  EXPECT_THAT(CheckKeyWith("group: 'gone'"), Refuses(KeyField("group")));
  EXPECT_THAT(CheckKeyWith("group: ''"), Refuses(KeyField("group")));
}

TEST(CheckKey, StateIsOfTheClosedList) {
  EXPECT_THAT(CheckKeyWith("state: 'blocked'"), IsOk());
  EXPECT_THAT(CheckKeyWith("state: 'actve'"),
              Refuses(KeyField("state"), "did you mean \"active\"?"));
  EXPECT_THAT(CheckKeyWith("state: ''"), Refuses(KeyField("state")));
}

TEST(CheckKey, DigestsAre32BytesAndForgottenOnceRevoked) {
  EXPECT_THAT(CheckKeyWith("digest: ''"), Refuses(KeyField("digest")));
  EXPECT_THAT(CheckKeyWith("digest: 'short'"), Refuses(KeyField("digest")));
  EXPECT_THAT(CheckKeyWith("state: 'revoked'"), Refuses(KeyField("digest")));
  EXPECT_THAT(CheckKeyWith("previous_digest: 'short'"), Refuses(KeyField("previous_digest")));
  v1::Key revoked = GoodKey();
  revoked.set_state("revoked");
  revoked.clear_digest();
  revoked.set_previous_digest(std::string(32, 'p'));
  EXPECT_THAT(CheckOf(revoked), Refuses(KeyField("previous_digest")));
}

TEST(CheckKey, APreviousDigestNeedsAnEndAndMustDiffer) {
  v1::Key key = GoodKey();
  key.set_previous_digest(std::string(32, 'p'));
  EXPECT_THAT(CheckOf(key), Refuses(KeyField("previous_expires_at")));
  key.set_previous_digest(key.digest());
  EXPECT_THAT(CheckOf(key), Refuses(KeyField("previous_digest")));
}

TEST(CheckKey, TimesAreTimes) {
  EXPECT_THAT(CheckKeyWith("expires_at { nanos: 1000000000 }"), Refuses(KeyField("expires_at")));
  EXPECT_THAT(CheckKeyWith("created_at { seconds: 253402300800 }"),
              Refuses(KeyField("created_at")));
}

TEST(CheckKey, PatternsMustCompile) {
  EXPECT_THAT(CheckKeyWith("models: 'gpt-*' models: 're:('"), Refuses(KeyField("models[1]")));
}

TEST(CheckKey, HasAtMost32Labels) {
  v1::Key key = GoodKey();
  for (int i = 0; i < 32; ++i) (*key.mutable_metadata())[std::to_string(i)] = "x";
  EXPECT_THAT(CheckOf(key), IsOk());

  (*key.mutable_metadata())["one more"] = "x";
  EXPECT_THAT(CheckOf(key), Refuses(KeyField("metadata")));
}

}  // namespace
}  // namespace lmgate::contract
