#include "dataplane/snapshot/compiled_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/contract/resource.h"
#include "tests/support/snapshot_source.h"
#include "tests/support/status_matchers.h"

namespace lmgate::snapshot {
namespace {

using ::lmgate::testing::StatusIs;
using ::lmgate::testing::TestConnection;
using ::lmgate::testing::TestGroup;
using ::lmgate::testing::TestRoute;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::SizeIs;

absl::StatusOr<std::string> NoSecrets(std::string_view) { return absl::NotFoundError("not set"); }

class CompiledConfigTest : public ::testing::Test {
 protected:
  ConfigResources resources_;

  template <typename Message>
  void Put(Message message) {
    v1::Resource resource = contract::MakeResource(std::move(message));
    const std::pair id(contract::KindOf(resource), contract::NameOf(resource));
    resources_[id] = std::make_shared<const v1::Resource>(std::move(resource));
  }
  void Remove(v1::ResourceKind kind, const std::string& name) {
    resources_.erase(std::pair(kind, name));
  }
  std::shared_ptr<const CompiledConfig> Compile(const CompiledConfig* before = nullptr) {
    return CompiledConfig::Create(resources_, before, NoSecrets).value();
  }
};

TEST_F(CompiledConfigTest, RoutesComeInTheirOrder) {
  Put(TestConnection("a"));
  Put(TestRoute("x", 3, {"a"}));
  Put(TestRoute("y", 1, {"a"}));
  Put(TestRoute("z", 2, {"a"}));

  const auto config = Compile();

  std::vector<std::string> names;
  for (const v1::Route& route : config->routes()) names.push_back(route.name());
  EXPECT_THAT(names, ElementsAre("y", "z", "x"));
  EXPECT_EQ(config->routing().routes()[2].name, "x");
}

TEST_F(CompiledConfigTest, UnchangedConnectionsKeepTheirPointer) {
  Put(TestConnection("a"));
  Put(TestConnection("c"));
  const auto before = Compile();
  Put(TestConnection("b"));  // moves the index of c
  Put(TestConnection("a", "another-secret"));

  const auto after = Compile(before.get());

  ASSERT_THAT(after->connections(), SizeIs(3));
  EXPECT_NE(after->connections()[0], before->connections()[0]);
  EXPECT_EQ(after->connections()[2], before->connections()[1]);
}

TEST_F(CompiledConfigTest, AnUnavailableConnectionIsAComplaintAndIsTriedAgain) {
  Put(TestConnection("a", "env:A"));
  const auto before = Compile();
  ASSERT_THAT(before->complaints(), SizeIs(1));
  EXPECT_EQ(before->complaints()[0].name(), "a");

  const auto after = CompiledConfig::Create(
      resources_, before.get(),
      [](std::string_view) -> absl::StatusOr<std::string> { return "sk-1"; });

  EXPECT_THAT((*after)->complaints(), SizeIs(0));
}

TEST_F(CompiledConfigTest, GroupsKeepTheirSlotWhenOthersComeAndGo) {
  Put(TestGroup("b"));
  Put(TestGroup("d"));
  const auto first = Compile();
  Put(TestGroup("a"));
  Put(TestGroup("c"));
  Remove(v1::RESOURCE_KIND_GROUP, "b");
  const auto second = Compile(first.get());

  EXPECT_EQ(second->FindGroupSlot("d"), first->FindGroupSlot("d"));
  EXPECT_EQ(second->FindGroupSlot("b"), std::nullopt);
  const uint32_t slot = *second->FindGroupSlot("d");
  EXPECT_EQ(second->routing().groups()[*second->group_slots()[slot].group].name, "d");
}

// A key may still be moved out of a group in the very delta that removes it.
TEST_F(CompiledConfigTest, ASlotIsGivenAwayOneVersionAfterItsGroupWent) {
  Put(TestGroup("a"));
  const auto first = Compile();
  Remove(v1::RESOURCE_KIND_GROUP, "a");
  Put(TestGroup("b"));
  const auto second = Compile(first.get());
  Put(TestGroup("c"));
  const auto third = Compile(second.get());

  EXPECT_NE(second->FindGroupSlot("b"), first->FindGroupSlot("a"));
  EXPECT_EQ(third->FindGroupSlot("c"), first->FindGroupSlot("a"));
  EXPECT_THAT(third->group_slots(), SizeIs(2));
}

TEST_F(CompiledConfigTest, RefusesWhatTheCheckRefuses) {
  Put(TestRoute("x", 1, {"nowhere"}));

  EXPECT_THAT(CompiledConfig::Create(resources_, nullptr, NoSecrets),
              StatusIs(absl::StatusCode::kInvalidArgument, _));
}

}  // namespace
}  // namespace lmgate::snapshot
