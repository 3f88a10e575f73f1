#include "controlplane/storage/resource_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/unit/controlplane/storage/test_resources.h"

namespace lmgate::storage {
namespace {

using ::testing::ElementsAre;

ResourceIndex::ResourcePtr Share(v1::Resource resource) {
  return std::make_shared<const v1::Resource>(std::move(resource));
}

std::vector<std::string> RouteNames(const v1::ConfigSet& config) {
  std::vector<std::string> names;
  for (const v1::Route& route : config.routes()) names.push_back(route.name());
  return names;
}

TEST(ResourceIndex, FindsAKeyByIdNameAndDigest) {
  ResourceIndex index;
  const v1::Key key = TestKey("id", "ci", "free", "d1");
  const auto shared = Share(contract::MakeResource(key));
  index.Add(shared);

  EXPECT_EQ(index.FindKey(key.id()), shared);
  EXPECT_EQ(index.FindKey("ci"), shared);
  EXPECT_EQ(index.FindKeyByDigest(key.digest()), shared);
  EXPECT_EQ(index.FindKey("other"), nullptr);
  EXPECT_EQ(index.CountKeysOfGroup("free"), 1u);
}

TEST(ResourceIndex, RemovedKeyIsFoundByNothing) {
  ResourceIndex index;
  v1::Key key = TestKey("id", "ci", "free", "d1");
  key.set_previous_digest(std::string(32, 'p'));
  const auto shared = Share(contract::MakeResource(key));
  index.Add(shared);

  index.Remove(shared);

  EXPECT_EQ(index.FindKey(key.id()), nullptr);
  EXPECT_EQ(index.FindKey("ci"), nullptr);
  EXPECT_EQ(index.FindKeyByDigest(key.digest()), nullptr);
  EXPECT_EQ(index.FindKeyByDigest(key.previous_digest()), nullptr);
  EXPECT_EQ(index.CountKeysOfGroup("free"), 0u);
}

TEST(ResourceIndex, ConfigHasRoutesByOrderAndNoKeys) {
  ResourceIndex index;
  index.Add(Share(contract::MakeResource(TestRoute("a", "c", 2))));
  index.Add(Share(contract::MakeResource(TestRoute("b", "c", 1))));
  index.Add(Share(contract::MakeResource(TestKey("id", "ci", "free", "d1"))));

  EXPECT_THAT(RouteNames(index.Config()), ElementsAre("b", "a"));
}

TEST(ResourceIndex, ConfigAfterADeltaHasWhatItAddsAndLacksWhatItRemoves) {
  ResourceIndex index;
  const auto a = Share(contract::MakeResource(TestRoute("a", "c", 1)));
  index.Add(a);
  index.Add(Share(contract::MakeResource(TestRoute("b", "c", 2))));
  v1::SnapshotDelta delta;
  *delta.add_changes() = contract::MakeChange(a.get(), nullptr);
  const v1::Resource c = contract::MakeResource(TestRoute("c", "c", 0));
  *delta.add_changes() = contract::MakeChange(nullptr, &c);

  EXPECT_THAT(RouteNames(index.ConfigAfter(delta)), ElementsAre("c", "b"));
  EXPECT_THAT(RouteNames(index.Config()), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace lmgate::storage
