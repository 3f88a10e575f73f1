#include "controlplane/importer/change_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "controlplane/importer/config_file.h"
#include "controlplane/importer/config_plan.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/controlplane/importer/applied_state.h"

namespace lmgate::importer {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

std::vector<v1::PlannedChange> Describe(std::string_view before, std::string_view after) {
  AppliedState state;
  state.Apply(before);
  const auto parsed = ParseConfigFile(after, "f");
  EXPECT_THAT(parsed, lmgate::testing::IsOk());
  const auto changes = PlanApply(*parsed, state.state());
  EXPECT_THAT(changes, lmgate::testing::IsOk());
  return DescribeChanges(*changes, state.state());
}

// The lines of the one update between two files.
std::vector<std::string> Lines(std::string_view before, std::string_view after) {
  const auto plan = Describe(before, after);
  EXPECT_EQ(plan.size(), 1u);
  if (plan.size() != 1) return {};
  EXPECT_EQ(plan[0].action(), "update");
  return {plan[0].details().begin(), plan[0].details().end()};
}

std::vector<std::string> ConnectionLines(std::string_view before, std::string_view after) {
  return Lines(StrCat("connections: {a: {", before, "}}"),
               StrCat("connections: {a: {", after, "}}"));
}

TEST(ChangeText, NamesKindNameAndAction) {
  const auto plan = Describe("groups: {a: {}, b: {}}", "groups: {a: {models: m}, c: {}}");

  ASSERT_EQ(plan.size(), 3u);
  EXPECT_EQ(plan[0].name(), "a");
  EXPECT_EQ(plan[0].action(), "update");
  EXPECT_EQ(plan[1].name(), "c");
  EXPECT_EQ(plan[1].action(), "create");
  EXPECT_EQ(plan[2].name(), "b");
  EXPECT_EQ(plan[2].action(), "delete");
  EXPECT_EQ(plan[2].kind(), v1::RESOURCE_KIND_GROUP);
  EXPECT_THAT(plan[2].details(), IsEmpty());
}

TEST(ChangeText, HasOneLineAField) {
  EXPECT_THAT(ConnectionLines("timeouts: {idle: 60s}, dialect: anthropic",
                              "timeouts: {idle: 90s, connect: 500ms}, dialect: openai-chat"),
              ElementsAre("dialect: anthropic -> openai-chat", "timeouts.connect: (unset) -> 500ms",
                          "timeouts.idle: 1m -> 90s"));
}

TEST(ChangeText, ComparesMapsByKey) {
  EXPECT_THAT(ConnectionLines("headers: {a: env:A, b: env:B}", "headers: {b: env:C, c: env:D}"),
              ElementsAre("headers.a: env:A -> (unset)", "headers.b: env:B -> env:C",
                          "headers.c: (unset) -> env:D"));
}

TEST(ChangeText, TellsAnEmptyPartFromNone) {
  EXPECT_THAT(ConnectionLines("provider: openai", "provider: openai, tls: {}"),
              ElementsAre("tls: (unset) -> {}"));
  EXPECT_THAT(ConnectionLines("auth: {header: x}", "auth: {header: x, scheme: ''}"),
              ElementsAre("auth.scheme: (unset) -> \"\""));
}

TEST(ChangeText, ShowsTargetsInTheShortForm) {
  EXPECT_THAT(Lines("routes: [{model: m, to: a.b}]",
                    "routes: [{model: [m, n], to: [a.b, {connection: c, weight: 2}]}]"),
              ElementsAre("model: [m] -> [m, n]", "to: [a.b] -> [a.b, c.* weight 2]"));
}

TEST(ChangeText, ShowsAMoveAsAnOrder) {
  EXPECT_THAT(Lines("routes: [{model: a, to: x.y}, {model: b, to: x.y}, {model: c, to: x.y}]",
                    "routes: [{model: b, to: x.y}, {model: c, to: x.y}, {model: a, to: x.y}]"),
              ElementsAre("order: 1024 -> 4096"));
}

TEST(ChangeText, ShowsSecretsAsFingerprints) {
  const auto lines = ConnectionLines("api_key: sk-before, headers: {x: plain}",
                                     "api_key: sk-after, headers: {x: other}");

  EXPECT_THAT(lines, ElementsAre(MatchesRegex("api_key: stored:[0-9a-f]+ -> stored:[0-9a-f]+"),
                                 MatchesRegex("headers.x: stored:[0-9a-f]+ -> stored:[0-9a-f]+")));
}

TEST(ChangeText, SaysOnlyThatADigestChanged) {
  v1::Key key;
  key.set_id("abcdefghijkl");
  key.set_state("active");
  key.set_digest(std::string(32, 'd'));
  const v1::Resource before = contract::MakeResource(key);
  key.set_state("blocked");
  key.set_digest(std::string(32, 'e'));
  key.mutable_expires_at()->set_seconds(1'700'000'000);
  (*key.mutable_metadata())["team"] = "x";
  const v1::Resource after = contract::MakeResource(key);

  const v1::PlannedChange change = DescribeChange(&before, &after, "pepper");

  EXPECT_EQ(change.name(), "abcdefghijkl");
  EXPECT_THAT(change.details(),
              ElementsAre("state: active -> blocked", "expires_at: (unset) -> 2023-11-14T22:13:20Z",
                          "metadata.team: (unset) -> x", "digest: changed"));
}

TEST(ChangeText, KeepsEachChangeOnOneLineOfLimitedLength) {
  const auto lines =
      Lines("routes: [{model: m, to: x.y, strip_prefix: \"a\\nb\"}]",
            StrCat("routes: [{model: m, to: x.y, strip_prefix: ", std::string(300, 'z'), "}]"));

  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], AllOf(HasSubstr("a\\nb -> zzz"), HasSubstr("zzz…"), Not(HasSubstr("\n"))));
  EXPECT_LT(lines[0].size(), kChangeValueBytesMax + 40);
}

TEST(ChangeText, SeesADifferenceBeyondTheCut) {
  const std::string long_text(300, 'z');

  EXPECT_THAT(Lines(StrCat("routes: [{model: m, to: x.y, strip_prefix: ", long_text, "a}]"),
                    StrCat("routes: [{model: m, to: x.y, strip_prefix: ", long_text, "b}]")),
              ElementsAre(HasSubstr("strip_prefix: ")));
}

TEST(ChangeText, TellsTheDefaultFromWhatIsNotSet) {
  EXPECT_THAT(Lines("settings: {enabled: false}", "settings: {}"),
              ElementsAre("enabled: false -> (unset)"));
}

}  // namespace
}  // namespace lmgate::importer
