#include "controlplane/importer/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "common/contract/config_check.h"
#include "tests/support/status_matchers.h"

namespace lmgate::importer {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// design.md 3 without what its later parts promise (limits, retry, listing …).
constexpr char kDesignExample[] = R"(
connections:
  openai:    {provider: openai, api_key: env:OPENAI_API_KEY}
  anthropic: {provider: anthropic, api_key: env:ANTHROPIC_API_KEY}
  local:     {dialect: openai-chat, base_url: http://127.0.0.1:8080/v1, auth: none}
  claude-eu:
    dialect: anthropic
    base_url: https://llm.example.eu/v1
    api_key: file:/run/secrets/claude
    auth: {header: x-api-key, scheme: ""}          # or: none | passthrough
    headers: {x-team: search}
    timeouts: {connect: 2s, header: 60s, first_token: 90s, idle: 60s, total: 30m}
    tls: {ca: file:/etc/ca.pem, server_name: llm.example.eu}
routes:
  - {model: "gpt-*",    to: openai.*}
  - {model: "claude-*", to: anthropic.*}
  - name: smart
    model: smart
    strategy: fallback
    to:
      - {connection: anthropic, model: claude-opus-4-1}
      - {connection: openai, model: gpt-5}
  - name: coding
    model: ["code-*", "re:^dev-[0-9]+$"]
    path_prefix: /openai                           # also: dialect, group, headers: {x-tier: gold}
    strategy: weighted
    to:
      - {connection: openai, model: gpt-5, weight: 3}
      - {connection: claude-eu, model: "*", weight: 1}
    system:
      replace: [{from: "You are Claude", to: "You are our assistant"}]
      append: "Be brief."
      inject_progress: true
    forward_headers: [x-trace-id, x-tenant-id]
    strip_prefix: "code-"
    model_info: {description: "for programmers"}
  - {model: "*", to: local.llama-3}
groups:
  default: {connections: "*"}
  free:    {connections: [local]}
settings:
  model_listing_mode: as_is
  trusted_proxies: [10.0.0.0/8]
)";

std::string ReadWhole(const std::string& path) {
  const std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The order that a plan would give; the check wants unique ones.
v1::ConfigSet Numbered(v1::ConfigSet config) {
  for (int i = 0; i < config.routes_size(); ++i) config.mutable_routes(i)->set_order(i);
  return config;
}

TEST(ConfigFile, LoadsTheExampleOfTheDesign) {
  const auto parsed = ParseConfigFile(kDesignExample, "design.yaml");

  ASSERT_THAT(parsed, IsOk());
  EXPECT_THAT(contract::CheckConfig(Numbered(parsed->config)), IsOk());
  EXPECT_EQ(parsed->config.connections_size(), 4);
  EXPECT_EQ(parsed->config.routes(0).name(), "gpt-*");
  EXPECT_EQ(parsed->config.routes(0).to(0).connection(), "openai");
  EXPECT_EQ(parsed->config.routes(0).to(0).model(), "*");
  EXPECT_EQ(parsed->config.routes(3).to(0).weight(), 3u);
  EXPECT_EQ(parsed->config.connections(3).timeouts().total().seconds(), 1800);
  EXPECT_TRUE(parsed->config.connections(3).auth().has_scheme());
  EXPECT_THAT(parsed->config.groups(0).connections(), ElementsAre("*"));
  EXPECT_THAT(parsed->warnings, IsEmpty());
}

TEST(ConfigFile, LoadsTheAnnotatedExampleThatIsShipped) {
  const auto parsed = ParseConfigFile(ReadWhole("deploy/examples/lmgate.yaml"), "lmgate.yaml");

  ASSERT_THAT(parsed, IsOk());
  EXPECT_THAT(contract::CheckConfig(Numbered(parsed->config)), IsOk());
}

TEST(ConfigFile, KnowsWhichSectionsItHas) {
  const auto parsed = ParseConfigFile("routes: []\ngroups: ~\nsettings: {}\n", "f");

  ASSERT_THAT(parsed, IsOk());
  EXPECT_FALSE(parsed->has_connections);
  EXPECT_TRUE(parsed->has_routes);
  EXPECT_FALSE(parsed->has_groups);
  EXPECT_TRUE(parsed->has_settings);
}

TEST(ConfigFile, ReportsFileLinePathAndHint) {
  const auto parsed =
      ParseConfigFile("routes:\n- model: m\n  to:\n  - conection: a\n", "config.yaml");

  EXPECT_THAT(parsed, StatusIs(absl::StatusCode::kInvalidArgument,
                               "config.yaml:4: routes[0].to[0].conection: unknown field; "
                               "did you mean \"connection\"?"));
  const auto hint = GetFieldHint(parsed.status());
  ASSERT_TRUE(hint.has_value());
  EXPECT_EQ(hint->field, "routes[0].to[0].conection");
  EXPECT_EQ(hint->hint, "did you mean \"connection\"?");
}

TEST(ConfigFile, ReportsUpTo20ErrorsTogetherAndCountsTheRest) {
  std::string text = "groups:\n";
  for (int i = 0; i < 20; ++i) StrAppend(&text, "  g", i, ": {x", i, ": 1}\n");

  const std::string at_limit(ParseConfigFile(text, "f").status().message());
  EXPECT_THAT(at_limit, HasSubstr("f:21: groups.g19.x19"));
  EXPECT_THAT(at_limit, Not(HasSubstr("more errors")));
  const std::string beyond(ParseConfigFile(text + "  h: {y: 1}\n", "f").status().message());
  EXPECT_THAT(beyond, Not(HasSubstr("groups.h")));
  EXPECT_THAT(beyond, HasSubstr("\nf: and 1 more errors"));
}

TEST(ConfigFile, ShowsWarningsWithTheirPlace) {
  const auto parsed = ParseConfigFile("routes: [{model: m, to: a.b, order: 1}]", "f");

  ASSERT_THAT(parsed, IsOk());
  EXPECT_THAT(parsed->warnings, ElementsAre(HasSubstr("f:1: routes[0].order: ignored")));
}

TEST(ConfigFile, NeverQuotesASecret) {
  const auto parsed = ParseConfigFile(
      "connections: {a: {api_key: [sk-123], auth: sk-123, headers: {x: [sk-123]}}}", "f");

  ASSERT_FALSE(parsed.ok());
  EXPECT_THAT(std::string(parsed.status().message()), Not(HasSubstr("sk-123")));
}

TEST(ConfigFile, ReadsJsonAlike) {
  const auto parsed = ParseConfigFile(R"({"routes":[{"model":"m","to":"a.b"}]})", "f.json");

  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->config.routes(0).to(0).model(), "b");
}

TEST(ConfigFile, TakesAsManyBytesAsTheLimitAndNotOneMore) {
  const std::string head = "groups: {}\n#";
  const std::string text = head + std::string(kFileBytesMax - head.size(), 'x');

  EXPECT_THAT(ParseConfigFile(text, "f"), IsOk());
  EXPECT_THAT(ParseConfigFile(text + "x", "f"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("larger than")));
}

TEST(ConfigFile, TakesTenThousandRoutes) {
  std::string text = "routes:\n";
  for (int i = 0; i < 10000; ++i) StrAppend(&text, "- {model: m", i, ", to: a.b}\n");

  const auto parsed = ParseConfigFile(text, "f");

  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->config.routes_size(), 10000);
}

}  // namespace
}  // namespace lmgate::importer
