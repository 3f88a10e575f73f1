#include "common/contract/route_check.h"

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

absl::Status CheckMessage(const v1::Route& route) {
  NameSet connections("connection");
  connections.Add("openai");
  connections.Add("local");
  NameSet groups("group");
  groups.Add("default");
  return CheckRoute(route, connections, groups);
}

v1::Route GoodRoute() {
  v1::Route route;
  route.set_name("gpt-*");
  route.add_model("gpt-*");
  route.add_to()->set_connection("openai");
  return route;
}

// `text` (protobuf text format) on top of a good route.
absl::Status Check(const std::string& text) {
  v1::Route route = GoodRoute();
  EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &route)) << text;
  return CheckMessage(route);
}

TEST(CheckRoute, PassesAFullOne) {
  EXPECT_THAT(Check(R"(
    model: 're:^dev-[0-9]+$' path_prefix: '/team-a/b.c' dialect: 'openai-chat' group: 'default'
    headers { key: 'x-tier' value: 'gold' } to { connection: 'local' model: '*' weight: 1000000 }
    strategy: 'weighted' forward_headers: 'X-Trace-Id' strip_prefix: 'code-'
    system { replace { from: 'Claude' } append: 'Be\tbrief.\n\nAlways.' inject_progress: true }
    model_info { fields { key: 'description' value { string_value: 'x' } } })"),
              IsOk());
}

TEST(CheckRoute, PromptsEndAtTheirLimit) {
  v1::Route route = GoodRoute();
  const std::string longest(kPromptBytesMax, 'a');
  route.mutable_system()->set_append(longest);
  route.mutable_system()->add_replace()->set_from(longest);
  route.mutable_system()->mutable_replace(0)->set_to(longest);
  EXPECT_THAT(CheckMessage(route), IsOk());

  route.mutable_system()->mutable_replace(0)->set_to(longest + "a");
  EXPECT_THAT(CheckMessage(route), Refuses("system.replace[0].to"));
  route.mutable_system()->mutable_replace(0)->set_from(longest + "a");
  EXPECT_THAT(CheckMessage(route), Refuses("system.replace[0].from"));
  route.mutable_system()->clear_replace();
  route.mutable_system()->set_append(longest + "a");
  EXPECT_THAT(CheckMessage(route), Refuses("system.append"));
}

TEST(CheckRoute, ReplacementsEndAtTheirLimit) {
  v1::Route route = GoodRoute();
  for (int i = 0; i < kReplacementsMax; ++i) {
    route.mutable_system()->add_replace()->set_from("a");
  }
  EXPECT_THAT(CheckMessage(route), IsOk());

  route.mutable_system()->add_replace()->set_from("a");
  EXPECT_THAT(CheckMessage(route), Refuses("system.replace"));
}

TEST(CheckRoute, AReplacementNamesItsText) {
  EXPECT_THAT(Check("system { replace { from: 'a' } replace { to: 'b' } }"),
              Refuses("system.replace[1].from"));
}

TEST(CheckRoute, PromptsHaveLinesButNoOtherControlCharacter) {
  EXPECT_THAT(Check("system { append: 'a\\r\\n\\tb' }"), IsOk());
  EXPECT_THAT(Check("system { append: 'a\\033b' }"), Refuses("system.append"));
  EXPECT_THAT(Check("system { replace { from: 'a' to: '\\000' } }"),
              Refuses("system.replace[0].to"));
}

TEST(CheckRoute, NameIsPrintableWithoutWhiteSpace) {
  EXPECT_THAT(Check("name: 'модель-*'"), IsOk());
  EXPECT_THAT(Check("name: ''"), Refuses("name"));
  EXPECT_THAT(Check("name: 'a b'"), Refuses("name"));
  EXPECT_THAT(Check("name: 'a\\tb'"), Refuses("name"));
}

TEST(CheckRoute, NameEndsAt128Characters) {
  std::string name;
  for (int i = 0; i < 128; ++i) name += "é";

  EXPECT_THAT(Check("name: '" + name + "'"), IsOk());
  EXPECT_THAT(Check("name: '" + name + "é'"), Refuses("name"));
}

TEST(CheckRoute, NeedsAModelAndATarget) {
  v1::Route without_model = GoodRoute();
  without_model.clear_model();
  v1::Route without_target = GoodRoute();
  without_target.clear_to();

  EXPECT_THAT(CheckMessage(without_model), Refuses("model"));
  EXPECT_THAT(CheckMessage(without_target), Refuses("to"));
}

TEST(CheckRoute, PatternsMustCompile) {
  EXPECT_THAT(Check("model: 're:a('"), Refuses("model[1]"));
  EXPECT_THAT(Check("model: ''"), Refuses("model[1]"));
}

TEST(CheckRoute, NamesWhatItCannotFind) {
  EXPECT_THAT(Check("to { connection: 'locla' }"),
              Refuses("to[1].connection", "did you mean \"local\"?"));
  EXPECT_THAT(Check("group: 'defualt'"), Refuses("group", "did you mean \"default\"?"));
}

TEST(CheckRoute, WeightEndsAtAMillion) {
  EXPECT_THAT(Check("to { connection: 'local' weight: 1000001 }"), Refuses("to[1].weight"));
}

TEST(CheckRoute, StrategyIsOfTheClosedList) {
  for (const char* strategy : {"", "first", "fallback", "random", "weighted", "round-robin"}) {
    EXPECT_THAT(Check("strategy: '" + std::string(strategy) + "'"), IsOk()) << strategy;
  }
  EXPECT_THAT(Check("strategy: 'falback'"), Refuses("strategy", "did you mean \"fallback\"?"));
  EXPECT_THAT(Check("strategy: 'hedge'"), Refuses("strategy", HasSubstr("round-robin")));
  EXPECT_THAT(std::string(Check("strategy: 'least-busy'").message()),
              HasSubstr("not supported yet"));
}

TEST(CheckRoute, DialectIsOfTheClosedList) {
  EXPECT_THAT(Check("dialect: 'gemini'"), IsOk());
  EXPECT_THAT(Check("dialect: 'cohere'"), Refuses("dialect"));
  EXPECT_THAT(Check("dialect: 'antropic'"), Refuses("dialect", "did you mean \"anthropic\"?"));
}

TEST(CheckRoute, PathPrefixIsAPlainPath) {
  for (const char* prefix : {"team", "/", "/team/", "//team", "/a//b", "/a/../b", "/./a", "/..",
                             "/a b", "/a?b", "/a%20b", "/größe"}) {
    EXPECT_THAT(Check("path_prefix: '" + std::string(prefix) + "'"), Refuses("path_prefix"))
        << prefix;
  }
}

TEST(CheckRoute, PathPrefixHidesNoneOfTheGatewaysPaths) {
  for (const char* prefix : {"/v1", "/v1/chat", "/v1beta", "/model", "/healthz"}) {
    EXPECT_THAT(Check("path_prefix: '" + std::string(prefix) + "'"), Refuses("path_prefix"))
        << prefix;
  }
  EXPECT_THAT(Check("path_prefix: '/v1x'"), IsOk());
  EXPECT_THAT(Check("path_prefix: '/models'"), IsOk());
}

TEST(CheckRoute, MatchesOnNoCredential) {
  EXPECT_THAT(Check("headers { key: 'Authorization' value: 'x' }"),
              Refuses("headers[\"Authorization\"]"));
  EXPECT_THAT(Check("headers { key: 'x y' value: 'x' }"), Refuses("headers[\"x y\"]"));
  EXPECT_THAT(Check("headers { key: 'x' value: ' x' }"), Refuses("headers[\"x\"]"));
}

TEST(CheckRoute, ForwardsNeitherCredentialsNorFraming) {
  for (const char* name :
       {"authorization", "X-Api-Key", "x-goog-api-key", "api-key", "proxy-authorization", "cookie",
        "Host", "content-length", "transfer-encoding", "connection", "x y", ""}) {
    EXPECT_THAT(Check("forward_headers: '" + std::string(name) + "'"),
                Refuses("forward_headers[0]"))
        << name;
  }
}

TEST(CheckRoute, ModelInfoEndsAt64KiB) {
  v1::Route route = GoodRoute();
  google::protobuf::Value& text = (*route.mutable_model_info()->mutable_fields())["d"];
  text.set_string_value(std::string(kModelInfoBytesMax - 100, 'a'));
  text.mutable_string_value()->append(kModelInfoBytesMax - route.model_info().ByteSizeLong(), 'a');
  ASSERT_EQ(route.model_info().ByteSizeLong(), kModelInfoBytesMax);
  EXPECT_THAT(CheckMessage(route), IsOk());

  text.mutable_string_value()->push_back('a');
  EXPECT_THAT(CheckMessage(route), Refuses("model_info"));
}

TEST(CheckRoute, ModelInfoEndsAtDepth16) {
  const auto nested = [](int depth) {
    v1::Route route = GoodRoute();
    google::protobuf::Value* value = &(*route.mutable_model_info()->mutable_fields())["a"];
    for (int i = 1; i < depth; ++i) {
      value = i % 2 == 0 ? value->mutable_list_value()->add_values()
                         : &(*value->mutable_struct_value()->mutable_fields())["a"];
    }
    value->set_bool_value(true);
    return CheckMessage(route);
  };

  EXPECT_THAT(nested(16), IsOk());
  EXPECT_THAT(nested(17), Refuses("model_info"));
}

}  // namespace
}  // namespace lmgate::contract
