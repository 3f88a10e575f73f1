#include "controlplane/admin/config_service.h"

#include "common/base/error_detail.h"
#include "tests/unit/controlplane/admin/admin_fixture.h"

namespace lmgate::admin {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using Stub = v1::ConfigService::Stub;

constexpr char kFile[] = R"(
connections:
  openai: {provider: openai, api_key: sk-literal}
  local: {dialect: openai-chat, base_url: "http://127.0.0.1:1/v1", auth: none}
routes:
  - {model: "gpt-*", to: openai.*}
  - {model: "*", to: local.llama-3}
groups:
  default: {connections: "*"}
)";

class ConfigServiceTest : public AdminFixture {
 protected:
  using AdminFixture::AdminFixture;

  absl::StatusOr<v1::ApplyReply> Apply(const std::string& content) {
    v1::ApplyRequest request;
    request.set_content(content);
    request.set_file_name("lmgate.yaml");
    return Call(&Stub::Apply, request);
  }
  absl::StatusOr<v1::ApplyReply> Diff(const std::string& content) {
    v1::DiffRequest request;
    request.set_content(content);
    request.set_file_name("lmgate.yaml");
    return Call(&Stub::Diff, request);
  }
  absl::StatusOr<v1::ApplyReply> Rollback(uint64_t revision) {
    v1::RollbackRequest request;
    request.set_revision(revision);
    return Call(&Stub::Rollback, request);
  }
  std::string Export() {
    const auto reply = Call(&Stub::Export, v1::ExportRequest());
    EXPECT_THAT(reply, IsOk());
    return reply->content();
  }
};

TEST_F(ConfigServiceTest, ApplyIsOneRevision) {
  const auto applied = Apply(kFile);

  ASSERT_THAT(applied, IsOk());
  EXPECT_EQ(applied->revision(), 1u);
  EXPECT_EQ(applied->plan_size(), 5);
  EXPECT_EQ(applied->plan(0).action(), "create");
  EXPECT_THAT(applied->DebugString(), Not(HasSubstr("sk-literal")));
}

TEST_F(ConfigServiceTest, ApplyingItAgainChangesNothing) {
  ASSERT_THAT(Apply(kFile), IsOk());

  const auto again = Apply(kFile);

  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->revision(), 1u);
  EXPECT_EQ(again->plan_size(), 0);
}

TEST_F(ConfigServiceTest, DiffTellsThePlanAndDoesNothing) {
  const auto planned = Diff(kFile);

  ASSERT_THAT(planned, IsOk());
  EXPECT_EQ(planned->plan_size(), 5);
  EXPECT_EQ(planned->revision(), 0u);
  EXPECT_EQ(Revision(), 0u);
}

TEST_F(ConfigServiceTest, DiffRefusesWhatApplyRefuses) {
  constexpr char kDangling[] = "routes: [{model: a, to: missing.b}]";

  EXPECT_THAT(Apply(kDangling), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("routes[\"a\"].to[0].connection")));
  EXPECT_THAT(Diff(kDangling), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("routes[\"a\"].to[0].connection")));
  EXPECT_EQ(Revision(), 0u);
}

TEST_F(ConfigServiceTest, UnknownFieldNamesFileAndPath) {
  EXPECT_THAT(Apply("connections: {a: {provder: openai}}"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("lmgate.yaml:1"), HasSubstr("provder"))));
}

TEST_F(ConfigServiceTest, ApplyGuardsItsRevision) {
  ASSERT_THAT(Apply(kFile), IsOk());
  v1::ApplyRequest request;
  request.set_content("groups: {}");
  request.set_expected_revision(0);

  EXPECT_EQ(Call(&Stub::Apply, request).status().code(), absl::StatusCode::kAborted);
}

TEST_F(ConfigServiceTest, ExportAppliedAgainIsAnEmptyPlan) {
  ASSERT_THAT(Apply(kFile), IsOk());
  const std::string exported = Export();

  EXPECT_THAT(exported, AllOf(HasSubstr("stored:"), Not(HasSubstr("sk-literal"))));
  const auto again = Apply(exported);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->plan_size(), 0);
}

TEST_F(ConfigServiceTest, ExportKnowsItsFormats) {
  EXPECT_THAT(Call(&Stub::Export, Text<v1::ExportRequest>("format: 'json'"))->content(),
              HasSubstr("{"));
  EXPECT_EQ(Call(&Stub::Export, Text<v1::ExportRequest>("format: 'toml'")).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ConfigServiceTest, HistorySaysWhoDidWhatInPages) {
  ASSERT_THAT(Apply(kFile), IsOk());
  ASSERT_THAT(Call(&v1::KeyService::Stub::CreateKey,
                   Text<v1::CreateKeyRequest>("key { name: 'ci' group: 'default' }")),
              IsOk());
  ASSERT_THAT(Call(&v1::KeyService::Stub::BlockKey, Text<v1::KeyStateRequest>("name: 'ci'")),
              IsOk());

  const auto first = Call(&Stub::ListChanges, Text<v1::ListChangesRequest>("page_size: 2"));

  ASSERT_THAT(first, IsOk());
  ASSERT_EQ(first->changes_size(), 2);
  EXPECT_EQ(first->changes(0).operation(), "keys block");
  EXPECT_EQ(first->changes(0).actor(), "ann");
  EXPECT_EQ(first->changes(0).items(0).action(), "update");
  EXPECT_THAT(first->changes(0).items(0).details(), Contains(HasSubstr("blocked")));
  v1::ListChangesRequest request;
  request.set_page_token(first->next_page_token());
  const auto second = Call(&Stub::ListChanges, request);
  ASSERT_THAT(second, IsOk());
  ASSERT_EQ(second->changes_size(), 1);
  EXPECT_EQ(second->changes(0).operation(), "apply");
  EXPECT_THAT(second->DebugString(), Not(HasSubstr("sk-literal")));
  EXPECT_EQ(second->next_page_token(), "");
}

TEST_F(ConfigServiceTest, RollbackBringsBackTheConfigurationButNoKey) {
  ASSERT_THAT(Apply(kFile), IsOk());
  const std::string before = Export();
  ASSERT_THAT(Call(&v1::KeyService::Stub::CreateKey,
                   Text<v1::CreateKeyRequest>("key { name: 'ci' group: 'default' }")),
              IsOk());
  ASSERT_THAT(Apply("connections: {other: {provider: openai, api_key: env:K}}\n"
                    "routes: []\nsettings: {enabled: false}"),
              IsOk());

  const auto rolled = Rollback(1);

  ASSERT_THAT(rolled, IsOk());
  EXPECT_EQ(rolled->revision(), 4u);
  EXPECT_EQ(Export(), before);
  EXPECT_THAT(FindResource(*store_, v1::RESOURCE_KIND_KEY, "ci"), IsOk());
  const auto restored = *FindResource(*store_, v1::RESOURCE_KIND_CONNECTION, "openai");
  EXPECT_EQ(restored->connection().api_key(), "sk-literal");
  EXPECT_EQ(store_->ListChanges(0, 1)->at(0).operation, "rollback 1");
}

TEST_F(ConfigServiceTest, RollbackToNowChangesNothing) {
  ASSERT_THAT(Apply(kFile), IsOk());

  EXPECT_EQ(Rollback(1)->revision(), 1u);
}

TEST_F(ConfigServiceTest, RollbackThatWouldOrphanAKeyIsRefused) {
  ASSERT_THAT(Apply(kFile), IsOk());
  ASSERT_THAT(Call(&v1::KeyService::Stub::CreateKey,
                   Text<v1::CreateKeyRequest>("key { name: 'ci' group: 'default' }")),
              IsOk());

  EXPECT_THAT(Rollback(0),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("\"default\"")));
}

class ShortHistoryTest : public ConfigServiceTest {
 protected:
  ShortHistoryTest() : ConfigServiceTest(/*changes_max=*/2) {}
};

TEST_F(ShortHistoryTest, RollbackLeadsBackAsFarAsChangesAreKept) {
  ASSERT_THAT(Apply("connections: {a: {provider: openai, api_key: env:K}}"), IsOk());
  ASSERT_THAT(Apply("connections: {b: {provider: openai, api_key: env:K}}"), IsOk());
  const std::string second = Export();
  ASSERT_THAT(Apply("connections: {c: {provider: openai, api_key: env:K}}"), IsOk());
  ASSERT_THAT(Apply("connections: {d: {provider: openai, api_key: env:K}}"), IsOk());

  const auto pruned = Rollback(1);
  EXPECT_THAT(pruned, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not kept any more")));
  EXPECT_EQ(GetFieldHint(pruned.status())->hint, "the oldest revision that is kept is 2");
  const auto page = Call(&Stub::ListChanges, Text<v1::ListChangesRequest>("page_size: 2"));
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->changes_size(), 2);
  EXPECT_EQ(page->next_page_token(), "");
  EXPECT_THAT(Rollback(2), IsOk());
  EXPECT_EQ(Export(), second);
}

TEST_F(ConfigServiceTest, RevisionToComeCannotBeRolledBackTo) {
  EXPECT_THAT(Rollback(1), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("to come")));
}

}  // namespace
}  // namespace lmgate::admin
