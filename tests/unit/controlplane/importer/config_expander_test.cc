#include "controlplane/importer/config_expander.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/base/logging.h"
#include "common/base/strings.h"

namespace lmgate::importer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Expansion Expand(std::string_view text) {
  const auto document =
      Document::Parse(text, "f", {.bytes_max = 1 << 20, .depth_max = 64, .nodes_max = 100000});
  LMGATE_CHECK(document.ok());
  return ExpandConfig(*document);
}

// The JSON of a file without errors.
nlohmann::json Good(std::string_view text) {
  const Expansion expansion = Expand(text);
  for (const Finding& error : expansion.errors) ADD_FAILURE() << error.path << error.message;
  return nlohmann::json::parse(expansion.json, nullptr, false);
}

nlohmann::json Json(std::string_view text) { return nlohmann::json::parse(text, nullptr, false); }

// `path: message; hint` of each error.
std::vector<std::string> Errors(std::string_view text) {
  std::vector<std::string> out;
  for (const Finding& error : Expand(text).errors) {
    out.push_back(
        StrCat(error.path, ": ", error.message, error.hint.empty() ? "" : "; ", error.hint));
  }
  return out;
}

TEST(ConfigExpander, TurnsAMapByNameIntoAList) {
  EXPECT_EQ(Good("groups: {b: {models: [x]}, a: {}}"),
            Json(R"({"groups": [{"name": "b", "models": ["x"]}, {"name": "a"}]})"));
}

TEST(ConfigExpander, TakesAnEmptyEntryOfAMapByNameForAnEmptyMessage) {
  EXPECT_EQ(Good("groups:\n  a:\n"), Json(R"({"groups": [{"name": "a"}]})"));
}

TEST(ConfigExpander, TakesTheListAsWell) {
  EXPECT_EQ(Good("groups: [{name: a, connections: '*'}]"),
            Json(R"({"groups": [{"name": "a", "connections": ["*"]}]})"));
}

TEST(ConfigExpander, TakesOneValueWhereAListMayStand) {
  EXPECT_EQ(Good("routes: [{model: m, to: {connection: c}}]"),
            Json(R"({"routes": [{"name": "m", "model": ["m"], "to": [{"connection": "c"}]}]})"));
}

TEST(ConfigExpander, SplitsTargetTexts) {
  EXPECT_EQ(
      Good("routes: [{model: m, to: [a.b.c, {connection: d, weight: 3}]}]")["routes"][0]["to"],
      Json(R"([{"connection": "a", "model": "b.c"}, {"connection": "d", "weight": 3}])"));
}

TEST(ConfigExpander, TakesAWordForAuth) {
  EXPECT_EQ(Good("connections: {a: {auth: passthrough}}")["connections"][0]["auth"],
            Json(R"({"mode": "passthrough"})"));
  EXPECT_EQ(Good("connections: {a: {auth: {header: x, scheme: ''}}}")["connections"][0]["auth"],
            Json(R"({"header": "x", "scheme": ""})"));
  EXPECT_THAT(
      Errors("connections: {a: {auth: sk-secret}}"),
      ElementsAre("connections.a.auth: must be none, passthrough, credential or a mapping"));
}

TEST(ConfigExpander, ReadsDurations) {
  EXPECT_EQ(
      Good(
          "connections: {a: {timeouts: {idle: 500ms, total: 1.5m}}}")["connections"][0]["timeouts"],
      Json(R"({"idle": "0.500000000s", "total": "90.000000000s"})"));
  EXPECT_THAT(Errors("connections: {a: {timeouts: {idle: 60, total: [1s]}}}"),
              ElementsAre(HasSubstr("connections.a.timeouts.idle: "),
                          HasSubstr("connections.a.timeouts.total: must be a duration")));
}

TEST(ConfigExpander, UnderstandsClaudeAsADialect) {
  EXPECT_EQ(Good("connections: {a: {dialect: claude}}")["connections"][0]["dialect"], "anthropic");
  EXPECT_EQ(Good("routes: [{model: claude, dialect: claude}]")["routes"][0],
            Json(R"({"name": "claude", "model": ["claude"], "dialect": "anthropic"})"));
}

TEST(ConfigExpander, TakesAnyScalarForATextAsItIsWritten) {
  EXPECT_EQ(Good("routes: [{model: [123, 4.10, true]}]")["routes"][0]["model"],
            Json(R"(["123", "4.10", "true"])"));
  EXPECT_EQ(Good("connections: {a: {headers: {x: 1, y: null}}}")["connections"][0]["headers"],
            Json(R"({"x": "1"})"));
}

TEST(ConfigExpander, TakesNullForAbsent) {
  EXPECT_EQ(Good("routes: ~\nsettings: {enabled: null}"), Json(R"({"settings": {}})"));
}

TEST(ConfigExpander, NamesARouteAfterItsFirstModel) {
  EXPECT_EQ(Good("routes: [{model: ['a-*', b]}, {name: c, model: 'a-*'}]")["routes"][0]["name"],
            "a-*");
  EXPECT_THAT(Errors("routes: [{to: a.b}]"), ElementsAre("routes[0]: has neither name nor model"));
}

TEST(ConfigExpander, RefusesTwoOfOneName) {
  EXPECT_THAT(
      Errors("routes:\n- model: a\n- {model: b, name: a}"),
      ElementsAre("routes[1]: the name \"a\" is taken by line 2; give each its own `name`"));
  EXPECT_THAT(Errors("groups: [{}]"), ElementsAre("groups[0]: has no name"));
  EXPECT_THAT(Errors("groups: {a: {name: b}}"),
              ElementsAre("groups.a.name: differs from the key \"a\""));
}

TEST(ConfigExpander, KeepsTypesInModelInfo) {
  EXPECT_EQ(Good("routes: [{model: m, model_info: {a: 1, b: '1', c: true, d: null, e: [1.5, x], "
                 "f: .inf, g: 1e999, h: -2, i: 0x10}}]")["routes"][0]["model_info"],
            Json(R"({"a": 1, "b": "1", "c": true, "d": null, "e": [1.5, "x"],
                     "f": ".inf", "g": "1e999", "h": -2, "i": "0x10"})"));
}

TEST(ConfigExpander, TakesModelInfoAsDeepAsTheLimitAndNotOneDeeper) {
  const auto nested = [](int levels) {
    return StrCat("routes: [{model: m, model_info: {a: ", std::string(levels, '['),
                  std::string(levels, ']'), "}}]");
  };

  EXPECT_THAT(Errors(nested(16)), IsEmpty());
  EXPECT_THAT(Errors(nested(17)), ElementsAre(HasSubstr("nested deeper than 16 levels")));
}

TEST(ConfigExpander, SuggestsTheFieldThatWasMeant) {
  EXPECT_THAT(
      Errors("routes: [{model: m, to: [{conection: a}]}]"),
      ElementsAre("routes[0].to[0].conection: unknown field; did you mean \"connection\"?"));
  EXPECT_THAT(Errors("conections: {}"),
              ElementsAre("conections: unknown field; did you mean \"connections\"?"));
  EXPECT_THAT(Errors("connections: {a: {baseUrl: x}}"),
              ElementsAre("connections.a.baseUrl: unknown field; did you mean \"base_url\"?"));
  EXPECT_THAT(Errors("zzz: 1"), ElementsAre("zzz: unknown field"));
}

TEST(ConfigExpander, SaysWhatLaterVersionsWillHave) {
  EXPECT_THAT(Errors("connections: {a: {max_concurrent: 1, listing: {}}}\n"
                     "routes: [{model: m, retry: {attempts: 3}}]\ngroups: {g: {limits: []}}"),
              ElementsAre("connections.a.max_concurrent: not supported yet in this version",
                          "connections.a.listing: not supported yet in this version",
                          "routes[0].retry: not supported yet in this version",
                          "groups.g.limits: not supported yet in this version"));
  EXPECT_THAT(Errors("keys: []"),
              ElementsAre("keys: keys are issued, not configured; see lmctl keys add"));
}

TEST(ConfigExpander, WritesPathsAsTheUserWroteThem) {
  EXPECT_THAT(Errors("routes: {'gpt-*': {x: 1}, b: {to: a}}"),
              ElementsAre("routes[\"gpt-*\"].x: unknown field",
                          "routes.b.to: \"a\" is not connection.model; "
                          "connection.* stands for the client's model name"));
}

TEST(ConfigExpander, NamesTheLineOfTheField) {
  const Expansion expansion = Expand("groups:\n  a:\n    models: x\n    nope: 1\n");

  ASSERT_EQ(expansion.errors.size(), 1u);
  EXPECT_EQ(expansion.errors[0].line, 4);
}

TEST(ConfigExpander, RefusesTheWrongKindOfValue) {
  EXPECT_THAT(Errors("[]"), ElementsAre(": must be a mapping"));
  EXPECT_THAT(Errors("connections: x"),
              ElementsAre("connections: must be a mapping by name or a list"));
  EXPECT_THAT(Errors("connections: [x]"), ElementsAre("connections[0]: must be a mapping"));
  EXPECT_THAT(Errors("connections: {a: {api_key: [x], headers: [y], tls: z}}"),
              ElementsAre("connections.a.api_key: must be a text",
                          "connections.a.headers: must be a mapping",
                          "connections.a.tls: must be a mapping"));
  EXPECT_THAT(
      Errors("routes: [{model: [~, [a]]}]"),
      ElementsAre("routes[0].model[0]: must not be null", "routes[0].model[1]: must be a text"));
  EXPECT_THAT(Errors("settings: {enabled: 'yes'}"),
              ElementsAre("settings.enabled: must be true or false"));
  EXPECT_THAT(Errors(""), ElementsAre(HasSubstr("the file is empty")));
}

TEST(ConfigExpander, TakesWeightsUpToTheirType) {
  EXPECT_EQ(Good("routes: [{model: m, to: {weight: 4294967295}}]")["routes"][0]["to"][0]["weight"],
            4294967295u);
  for (const char* weight : {"4294967296", "-1", "1.5", "x", "''"}) {
    EXPECT_THAT(Errors(StrCat("routes: [{model: m, to: {weight: ", weight, "}}]")),
                ElementsAre(HasSubstr("routes[0].to.weight: must be a whole number")))
        << weight;
  }
}

TEST(ConfigExpander, DropsWhatTheControlPlaneSets) {
  const Expansion expansion = Expand("routes: [{model: m, order: 7, revision: 3}]");

  EXPECT_THAT(expansion.errors, IsEmpty());
  EXPECT_EQ(Json(expansion.json), Json(R"({"routes": [{"name": "m", "model": ["m"]}]})"));
  ASSERT_EQ(expansion.warnings.size(), 1u);
  EXPECT_EQ(expansion.warnings[0].path, "routes[0].order");
}

}  // namespace
}  // namespace lmgate::importer
