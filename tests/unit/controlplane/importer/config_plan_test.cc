#include "controlplane/importer/config_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "common/contract/secret_ref.h"
#include "controlplane/importer/config_export.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/controlplane/importer/applied_state.h"

namespace lmgate::importer {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// `+kind name`, `~kind name` or `-kind name`.
std::vector<std::string> Summary(absl::Span<const v1::ResourceChange> changes) {
  std::vector<std::string> out;
  for (const v1::ResourceChange& change : changes) {
    const char* sign = !change.has_resource() ? "-" : change.old_hash() == 0 ? "+" : "~";
    out.push_back(StrCat(sign, contract::KindName(change.kind()), " ", change.name()));
  }
  return out;
}

class ConfigPlan : public ::testing::Test {
 protected:
  std::vector<std::string> Plan(std::string_view file) {
    const auto parsed = ParseConfigFile(file, "f");
    EXPECT_THAT(parsed, IsOk());
    const auto changes = PlanApply(*parsed, state_.state());
    EXPECT_THAT(changes, IsOk());
    return Summary(*changes);
  }

  const v1::Route& Route(const std::string& name) {
    return state_.state().Find(v1::RESOURCE_KIND_ROUTE, name)->route();
  }

  AppliedState state_;
};

constexpr char kFile[] = R"(
connections: {a: {provider: openai, api_key: sk-literal}, b: {base_url: http://x, auth: none}}
routes: [{model: m1, to: a.x}, {model: m2, to: b.y}]
groups: {g: {connections: "*"}}
settings: {enabled: false}
)";

TEST_F(ConfigPlan, CreatesEverythingInAnEmptyInstallation) {
  EXPECT_THAT(Plan(kFile), ElementsAre("+connection a", "+connection b", "+group g", "+route m1",
                                       "+route m2", "+settings "));
}

TEST_F(ConfigPlan, IsEmptyForWhatIsThereAlready) {
  state_.Apply(kFile);

  EXPECT_THAT(Plan(kFile), IsEmpty());
}

TEST_F(ConfigPlan, LeavesAbsentSectionsAndKeysAlone) {
  state_.Apply(kFile);
  v1::Key key;
  key.set_id("abcdefghijkl");
  key.set_name("k");
  const v1::Resource resource = contract::MakeResource(key);
  state_.Carry({contract::MakeChange(nullptr, &resource)});

  EXPECT_THAT(Plan("groups: {g: {connections: '*'}}"), IsEmpty());
  EXPECT_THAT(Plan("groups: {}"), ElementsAre("-group g"));
  EXPECT_THAT(Plan("connections: {}\nroutes: []\ngroups: {}\nsettings: {}"),
              ElementsAre("-connection a", "-connection b", "-group g", "-route m1", "-route m2",
                          "~settings "));
}

TEST_F(ConfigPlan, ChangesOnlyWhatDiffers) {
  state_.Apply(kFile);

  EXPECT_THAT(Plan("connections: {a: {provider: openai, api_key: sk-literal},\n"
                   "  b: {base_url: http://y, auth: none}, c: {provider: mistral}}"),
              ElementsAre("~connection b", "+connection c"));
}

TEST_F(ConfigPlan, TakesAbsentSettingsForTheDefaults) {
  EXPECT_THAT(Plan("settings: {}"), IsEmpty());
}

TEST_F(ConfigPlan, KeepsAStoredSecret) {
  state_.Apply(kFile);
  const std::string stored = contract::RedactSecret("sk-literal", state_.state().key_pepper());

  EXPECT_THAT(Plan(StrCat("connections: {a: {provider: openai, api_key: '", stored,
                          "'}, b: {base_url: http://x, auth: none}}")),
              IsEmpty());
}

TEST_F(ConfigPlan, RefusesAFingerprintOfAnotherSecret) {
  state_.Apply(kFile);
  const auto parsed =
      ParseConfigFile("connections: {a: {provider: openai, api_key: 'stored:000000000000'}}", "f");
  ASSERT_THAT(parsed, IsOk());

  const auto changes = PlanApply(*parsed, state_.state());

  EXPECT_THAT(changes, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a")));
  EXPECT_THAT(std::string(changes.status().message()), Not(HasSubstr("sk-literal")));
}

TEST_F(ConfigPlan, NumbersRoutesInTheOrderOfTheFile) {
  state_.Apply(kFile);

  EXPECT_LT(Route("m1").order(), Route("m2").order());
}

TEST_F(ConfigPlan, ChangesOneRouteWhenOneMoves) {
  state_.Apply("routes: [{model: a, to: x.y}, {model: b, to: x.y}, {model: c, to: x.y}]");

  EXPECT_THAT(Plan("routes: [{model: c, to: x.y}, {model: a, to: x.y}, {model: b, to: x.y}]"),
              ElementsAre("~route c"));
  EXPECT_THAT(Plan("routes: [{model: a, to: x.y}, {model: n, to: x.y}, {model: b, to: x.y}, "
                   "{model: c, to: x.y}]"),
              ElementsAre("+route n"));
}

TEST_F(ConfigPlan, RenamingARouteIsACreationAndADeletion) {
  state_.Apply("routes: [{model: a, to: x.y}]");

  EXPECT_THAT(Plan("routes: [{model: b, to: x.y}]"), ElementsAre("+route b", "-route a"));
}

TEST_F(ConfigPlan, CanBeCarriedOutOnTheState) {
  state_.Apply(kFile);
  const uint64_t revision = state_.state().revision();

  EXPECT_EQ(state_.Apply("groups: {h: {connections: a}}\nroutes: []"), 4u);

  EXPECT_EQ(state_.state().revision(), revision + 1);
  EXPECT_EQ(state_.state().Find(v1::RESOURCE_KIND_GROUP, "g"), nullptr);
  EXPECT_EQ(state_.state().Find(v1::RESOURCE_KIND_GROUP, "h")->group().revision(), revision + 1);
}

TEST_F(ConfigPlan, RollsBackToWhatWas) {
  state_.Apply(kFile);
  const v1::ConfigSet target = CollectConfig(state_.state());
  state_.Apply(
      "connections: {c: {provider: xai}}\nroutes: [{model: m2, to: c.z}]\n"
      "groups: {g: {}}\nsettings: {model_listing_mode: as_is}");

  const auto changes = PlanRollback(target, state_.state());
  state_.Carry(changes);

  EXPECT_THAT(Summary(changes), ElementsAre("+connection a", "+connection b", "-connection c",
                                            "~group g", "+route m1", "~route m2", "~settings "));
  EXPECT_THAT(PlanRollback(target, state_.state()), IsEmpty());
  EXPECT_THAT(Plan(kFile), IsEmpty());
}

TEST_F(ConfigPlan, RollsBackToNoSettings) {
  state_.Apply("settings: {enabled: true}");

  EXPECT_THAT(Summary(PlanRollback(v1::ConfigSet(), state_.state())), ElementsAre("-settings "));
}

}  // namespace
}  // namespace lmgate::importer
