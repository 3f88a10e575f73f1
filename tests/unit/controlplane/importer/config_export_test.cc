#include "controlplane/importer/config_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "common/base/strings.h"
#include "controlplane/importer/config_file.h"
#include "controlplane/importer/config_plan.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/controlplane/importer/applied_state.h"

namespace lmgate::importer {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::IsOkAndHolds;
using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string Export(const AppliedState& state, ExportFormat format = ExportFormat::kYaml) {
  return ExportConfig(CollectConfig(state.state()), state.state().key_pepper(), format);
}

// The law: what is exported, applied to where it came from, changes nothing.
void ExpectAppliesToNothing(const AppliedState& state) {
  for (const ExportFormat format : {ExportFormat::kYaml, ExportFormat::kJson}) {
    const std::string file = Export(state, format);
    const auto parsed = ParseConfigFile(file, "export");
    ASSERT_THAT(parsed, IsOk()) << file;
    EXPECT_TRUE(parsed->has_connections && parsed->has_routes && parsed->has_groups);
    const auto changes = PlanApply(*parsed, state.state());
    ASSERT_THAT(changes, IsOk()) << file;
    EXPECT_THAT(*changes, IsEmpty()) << file;
  }
}

TEST(ConfigExport, KnowsTheCloudsAndShowsNoSecretOfThem) {
  AppliedState state;
  state.Apply(R"(
connections:
  bedrock:
    provider: aws-bedrock
    aws: {region: us-east-1, access_key_id: AKIDEXAMPLE, secret_access_key: hunter2}
  instance: {provider: aws-bedrock, aws: {region: us-east-1}}
  vertex:
    provider: google-vertex
    google: {service_account: "file:/sa.json", project: p, location: global}
  azure:
    provider: azure-openai
    base_url: https://n.openai.azure.com
    azure:
      {api_version: 2024-10-21, deployments: true, tenant_id: t, client_id: env:C,
       client_secret: hunter3}
)");

  EXPECT_THAT(Export(state), Not(HasSubstr("hunter")));
  EXPECT_THAT(Export(state), HasSubstr("service_account: file:/sa.json"));
  ExpectAppliesToNothing(state);
}

TEST(ConfigExport, WritesTheShorthands) {
  AppliedState state;
  state.Apply(R"(
connections:
  b: {provider: openai, api_key: env:KEY, timeouts: {idle: 90s, connect: 500ms}}
  a: {base_url: http://127.0.0.1:1/v1, dialect: claude, auth: none}
routes:
  - {model: "z-*", to: b.*}
  - name: smart
    model: [s, t]
    strategy: weighted
    to: [{connection: a, model: m, weight: 2}, b.n]
groups: {default: {connections: "*"}, none: {}}
settings: {enabled: true, trusted_proxies: 10.0.0.0/8}
)");

  EXPECT_EQ(Export(state), R"(connections:
  a:
    dialect: anthropic
    base_url: http://127.0.0.1:1/v1
    auth: none
  b:
    provider: openai
    api_key: env:KEY
    timeouts:
      connect: 500ms
      idle: 90s
routes:
  - model: z-*
    to: b.*
  - name: smart
    model: [s, t]
    to:
      - connection: a
        model: m
        weight: 2
      - b.n
    strategy: weighted
groups:
  default:
    connections: "*"
  none: {}
settings:
  trusted_proxies: "10.0.0.0/8"
  enabled: true
)");
  ExpectAppliesToNothing(state);
}

TEST(ConfigExport, WritesAnEmptyInstallationAsEmptySections) {
  const AppliedState state;

  EXPECT_EQ(Export(state), "connections: {}\nroutes: []\ngroups: {}\n");
  ExpectAppliesToNothing(state);
}

TEST(ConfigExport, BlanksLiteralSecrets) {
  AppliedState state;
  state.Apply("connections: {a: {provider: openai, api_key: sk-literal, headers: {x: h-literal}}}");

  const std::string file = Export(state);

  EXPECT_THAT(file, Not(HasSubstr("literal")));
  EXPECT_THAT(file, HasSubstr("stored:"));
  ExpectAppliesToNothing(state);
}

TEST(ConfigExport, AppliesToNothingForTheShippedExample) {
  const std::ifstream file("deploy/examples/lmgate.yaml");
  std::ostringstream text;
  text << file.rdbuf();
  AppliedState state;

  EXPECT_GT(state.Apply(text.str()), 0u);

  ExpectAppliesToNothing(state);
}

TEST(ConfigExport, KeepsWhatIsEasilyLost) {
  AppliedState state;
  state.Apply(R"(
connections:
  "null": {auth: {header: x, scheme: ""}, tls: {}, timeouts: {}, headers: {a: "", "b c": ":"}}
  "123": {auth: {mode: credential}, timeouts: {idle: 1.000000001s, total: 30d}}
  y: {auth: {}, base_url: "", api_key: "# no comment"}
routes:
  - {model: "*", to: [{connection: a}]}
  - to: a.b.c
    model: [123, "true", "~", "", "- x", "a: b", "é😀", "tab\tnew\nline", " lead", "x'y\"z\\"]
  - name: n
    system: {replace: [{from: "- x\n y: ", to: ""}, {from: "null", to: "~"}], append: "\n# b\n\n"}
    model: m
    to: []
    model_info: {n: 1, s: "1", t: true, x: null, l: [], m: {}, f: 0.1, b: "true"}
  - {name: o, model: o, to: {connection: "a.b", model: c}, model_info: {}}
  - {name: p, model: p, to: {connection: a, model: ""}}
)");

  ExpectAppliesToNothing(state);
}

TEST(ConfigExport, MarksKeysThatAreTooLongForYamlOtherwise) {
  AppliedState state;
  state.Apply(StrCat("routes: [{model: m, to: a.b, model_info: {? ", std::string(3000, 'k'),
                     " : v, ? \"", std::string(3000, ' '), "\" : w, '", std::string(900, '"'),
                     "': x}}]"));

  const auto parsed = ParseConfigFile(Export(state), "export");

  ASSERT_THAT(parsed, IsOk());
  EXPECT_THAT(PlanApply(*parsed, state.state()), IsOkAndHolds(IsEmpty()));
}

TEST(ConfigExport, AppliesToNothingForAnyText) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string alphabet = "aZ09 -_.:,*&!|>'\"%@`#{}[]?\\/\n\t~=<\x7f";
  AppliedState state;
  for (int round = 0; round < 300; ++round) {
    v1::ConfigSet target;
    v1::Route* route = target.add_routes();
    route->set_name("r");
    route->set_order(1024);
    for (std::string* text : {route->add_model(), route->add_model(), route->mutable_group(),
                              route->add_to()->mutable_model(),
                              &(*route->mutable_headers())[StrCat("h", random() % 3)]}) {
      const size_t length = random() % 8;
      while (text->size() < length) *text += alphabet[random() % alphabet.size()];
    }
    state.Carry(PlanRollback(target, state.state()));

    ExpectAppliesToNothing(state);
    if (HasFailure()) return;
  }
}

TEST(ConfigExport, KnowsItsFormats) {
  EXPECT_THAT(ParseExportFormat(""), IsOkAndHolds(ExportFormat::kYaml));
  EXPECT_THAT(ParseExportFormat("yaml"), IsOkAndHolds(ExportFormat::kYaml));
  EXPECT_THAT(ParseExportFormat("json"), IsOkAndHolds(ExportFormat::kJson));
  EXPECT_THAT(ParseExportFormat("toml"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("toml")));
}

}  // namespace
}  // namespace lmgate::importer
