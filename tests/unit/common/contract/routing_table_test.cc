#include "common/contract/routing_table.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace lmgate::contract {
namespace {

using ::lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Mismatch = RoutingTable::Mismatch;

constexpr char kConfig[] = R"(
  connections { name: 'openai' } connections { name: 'local' } connections { name: 'claude' }
  routes { name: 'catch-all' order: 100 model: '*' to { connection: 'local' model: 'llama-3' } }
  routes { name: 'gpt' order: 1 model: 'gpt-*' to { connection: 'openai' model: '*' } }
  routes { name: 'smart' order: 2 model: 'smart' strategy: 'weighted'
           to { connection: 'claude' model: 'opus' weight: 3 } to { connection: 'openai' }
           system { append: ' Be brief. ' } }
  routes { name: 'team' order: 3 model: 'code-*' model: 'code' path_prefix: '/team-a'
           dialect: 'anthropic' group: 'free' headers { key: 'X-Tier' value: 'gold' }
           strip_prefix: 'code-' forward_headers: 'X-Trace' to { connection: 'local' } }
  routes { name: 'long' order: 4 model: 'z' path_prefix: '/team-a/b' to { connection: 'local' } }
  groups { name: 'all' connections: '*' }
  groups { name: 'free' connections: 'local' }
  groups { name: 'listed' connections: '*' models: 'gpt-4*' models: 'smart' }
  groups { name: 'poor' default_connection: 'local' })";

using Headers = std::map<std::string, std::string, std::less<>>;

class RoutingTableTest : public ::testing::Test {
 protected:
  struct Request {
    std::string model;
    std::string path_prefix = "";
    std::string dialect = "openai-chat";
    Headers headers = {};
  };

  static auto HeaderOf(const Request& request) {
    return [&request](std::string_view name) -> std::optional<std::string_view> {
      const auto found = request.headers.find(name);
      if (found == request.headers.end()) return std::nullopt;
      return found->second;
    };
  }

  static RoutingTable Compile(const std::string& text) {
    v1::ConfigSet config;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &config)) << text;
    return RoutingTable::Create(config).value();
  }

  // The code, and the route if there is one: "ok gpt".
  std::string Decide(const Request& request, std::string_view group,
                     const std::vector<std::string>& key_models = {}) {
    std::vector<ModelPattern> patterns;
    for (const std::string& text : key_models) patterns.push_back(*ModelPattern::Create(text));
    const auto header = HeaderOf(request);
    const RoutingTable::Query query{.model = request.model,
                                    .path_prefix = request.path_prefix,
                                    .dialect = request.dialect,
                                    .header = header};
    const auto decision = table_.Decide(query, *table_.FindGroup(group), patterns);
    std::string text(ErrorCodeName(decision.code));
    return decision.route == nullptr ? text : text + " " + decision.route->name;
  }

  Mismatch Test(const std::string& route, const Request& request, std::string_view group) {
    const auto header = HeaderOf(request);
    const RoutingTable::Query query{.model = request.model,
                                    .path_prefix = request.path_prefix,
                                    .dialect = request.dialect,
                                    .header = header};
    return RoutingTable::Test(RouteOf(route), query, group);
  }

  const RoutingTable::Route& RouteOf(const std::string& name) {
    for (const auto& route : table_.routes()) {
      if (route.name == name) return route;
    }
    ADD_FAILURE() << name;
    return table_.routes()[0];
  }

  RoutingTable table_ = Compile(kConfig);
};

TEST_F(RoutingTableTest, FirstMatchInOrderWins) {
  EXPECT_EQ(Decide({.model = "gpt-4o"}, "all"), "ok gpt");
  EXPECT_EQ(Decide({.model = "smart"}, "all"), "ok smart");
  EXPECT_EQ(Decide({.model = "other"}, "all"), "ok catch-all");
}

TEST_F(RoutingTableTest, ModelListsComeFirst) {
  EXPECT_EQ(Decide({.model = "gpt-3"}, "listed"), "model_not_allowed");
  EXPECT_EQ(Decide({.model = "gpt-4o"}, "listed"), "ok gpt");
  EXPECT_EQ(Decide({.model = "gpt-4o"}, "all", {"smart"}), "model_not_allowed");
  EXPECT_EQ(Decide({.model = "smart"}, "all", {"gpt-*", "smart"}), "ok smart");
  // The key's list narrows the group's, it does not widen it.
  EXPECT_EQ(Decide({.model = "gpt-3"}, "listed", {"gpt-3"}), "model_not_allowed");
}

TEST_F(RoutingTableTest, OneAllowedTargetIsEnough) {
  EXPECT_EQ(Decide({.model = "gpt-4o"}, "free"), "connection_not_allowed gpt");
  EXPECT_EQ(Decide({.model = "other"}, "free"), "ok catch-all");
  EXPECT_EQ(Decide({.model = "other"}, "poor"), "connection_not_allowed catch-all");
  table_ = Compile(R"(connections { name: 'a' } connections { name: 'b' }
                      routes { model: 'x' to { connection: 'a' } to { connection: 'b' } }
                      groups { name: 'g' connections: 'b' })");
  EXPECT_EQ(Decide({.model = "x"}, "g"), "ok ");
}

TEST_F(RoutingTableTest, WithoutAMatchThereIsNoModel) {
  table_ = Compile("groups { name: 'g' connections: '*' }");

  EXPECT_EQ(Decide({.model = "gpt-4o"}, "g"), "model_not_found");
}

TEST_F(RoutingTableTest, ConditionsMustAllHold) {
  const Request full{.model = "code-x",
                     .path_prefix = "/team-a",
                     .dialect = "anthropic",
                     .headers = {{"x-tier", "gold"}}};
  EXPECT_EQ(Decide(full, "free"), "ok team");
  EXPECT_EQ(Test("team", full, "free"), Mismatch::kNone);

  Request request = full;
  request.model = "x";
  EXPECT_EQ(Test("team", request, "free"), Mismatch::kModel);
  request = full;
  request.path_prefix = "";
  EXPECT_EQ(Test("team", request, "free"), Mismatch::kPathPrefix);
  request = full;
  request.dialect = "openai-chat";
  EXPECT_EQ(Test("team", request, "free"), Mismatch::kDialect);
  EXPECT_EQ(Test("team", full, "all"), Mismatch::kGroup);
  request = full;
  request.headers = {{"x-tier", "Gold"}};
  EXPECT_EQ(Test("team", request, "free"), Mismatch::kHeader);
  request.headers = {};
  EXPECT_EQ(Test("team", request, "free"), Mismatch::kHeader);
}

TEST_F(RoutingTableTest, ARouteWithoutPrefixServesOnlyRequestsWithoutOne) {
  EXPECT_EQ(Decide({.model = "gpt-4o", .path_prefix = "/team-a"}, "all"), "model_not_found");
}

TEST_F(RoutingTableTest, MismatchesReadAsSentences) {
  EXPECT_EQ(RoutingTable::MismatchText(Mismatch::kModel), "its model patterns do not match");
  for (const Mismatch mismatch : {Mismatch::kNone, Mismatch::kPathPrefix, Mismatch::kDialect,
                                  Mismatch::kGroup, Mismatch::kHeader}) {
    EXPECT_NE(RoutingTable::MismatchText(mismatch), "");
  }
}

TEST_F(RoutingTableTest, UpstreamModelIsTheTargetsOrTheClients) {
  const auto model = [this](const std::string& route, size_t target, std::string_view client) {
    return std::string(
        RoutingTable::UpstreamModel(RouteOf(route), RouteOf(route).targets[target], client));
  };

  EXPECT_EQ(model("gpt", 0, "gpt-4o"), "gpt-4o");
  EXPECT_EQ(model("smart", 0, "smart"), "opus");
  EXPECT_EQ(model("smart", 1, "smart"), "smart");
  EXPECT_EQ(model("team", 0, "code-x"), "x");
  EXPECT_EQ(model("team", 0, "code"), "code");
  EXPECT_EQ(model("team", 0, "code-"), "code-");
}

TEST_F(RoutingTableTest, CompilesWhatRoutesSay) {
  const RoutingTable::Route& smart = RouteOf("smart");
  const RoutingTable::Route& team = RouteOf("team");

  EXPECT_EQ(smart.strategy, RoutingTable::Strategy::kWeighted);
  EXPECT_EQ(smart.targets[0].connection, 2u);
  EXPECT_EQ(smart.targets[0].weight, 3u);
  EXPECT_EQ(smart.targets[1].weight, 1u);
  ASSERT_TRUE(smart.system_edits.has_value());
  EXPECT_EQ(smart.system_edits->append, "Be brief.");
  EXPECT_FALSE(team.system_edits.has_value());
  EXPECT_THAT(team.forward_headers, ElementsAre("x-trace"));
  EXPECT_EQ(team.headers[0].first, "x-tier");
  EXPECT_EQ(table_.routes().back().name, "catch-all");
  EXPECT_THAT(table_.connection_names(), ElementsAre("openai", "local", "claude"));
}

TEST_F(RoutingTableTest, PathPrefixesComeLongestFirst) {
  EXPECT_THAT(table_.path_prefixes(), ElementsAre("/team-a/b", "/team-a"));
}

TEST_F(RoutingTableTest, GroupsSayWhatTheyGrant) {
  const RoutingTable::Group& free = *table_.FindGroup("free");
  const RoutingTable::Group& poor = *table_.FindGroup("poor");

  EXPECT_TRUE(free.AllowsConnection(1));
  EXPECT_FALSE(free.AllowsConnection(0));
  EXPECT_TRUE(table_.FindGroup("all")->AllowsConnection(0));
  EXPECT_FALSE(poor.AllowsConnection(1));
  EXPECT_EQ(poor.default_connection, 1u);
  EXPECT_EQ(free.default_connection, std::nullopt);
  EXPECT_EQ(table_.FindGroup("nobody"), nullptr);
}

TEST_F(RoutingTableTest, RefusesWhatTheCheckWouldHaveRefused) {
  v1::ConfigSet config;
  v1::Route& route = *config.add_routes();
  route.set_name("r");
  route.add_model("x");
  EXPECT_THAT(RoutingTable::Create(config),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("routes[\"r\"]")));

  route.add_to()->set_connection("gone");
  EXPECT_THAT(RoutingTable::Create(config),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"gone\"")));
}

// The index of exact models must not change which route is the first.
TEST_F(RoutingTableTest, FindsTheSameRouteAsALookAtEachOne) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::vector<std::string> patterns = {"a", "b", "c", "a*", "?", "[bc]", "re:a|c", "*"};
  for (int i = 0; i < 300; ++i) {
    v1::ConfigSet config;
    config.add_connections()->set_name("x");
    v1::Group& group = *config.add_groups();
    group.set_name("g");
    group.add_connections("*");
    for (size_t n = random() % 8; n > 0; --n) {
      v1::Route& route = *config.add_routes();
      route.set_name(std::to_string(n));
      route.set_order(static_cast<int64_t>(n));
      for (size_t m = 1 + random() % 3; m > 0; --m) {
        route.add_model(patterns[random() % patterns.size()]);
      }
      if (random() % 3 == 0) route.set_dialect("anthropic");
      route.add_to()->set_connection("x");
    }
    table_ = RoutingTable::Create(config).value();
    for (const char* model : {"a", "b", "c", "ab", "d"}) {
      std::string expected = "model_not_found";
      for (const auto& route : table_.routes()) {
        if (Test(route.name, {.model = model}, "g") != Mismatch::kNone) continue;
        expected = "ok " + route.name;
        break;
      }
      ASSERT_EQ(Decide({.model = model}, "g"), expected) << model << config.DebugString();
    }
  }
}

}  // namespace
}  // namespace lmgate::contract
