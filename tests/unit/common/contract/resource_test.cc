#include "common/contract/resource.h"

#include <gtest/gtest.h>

#include <string>

namespace lmgate::contract {
namespace {

v1::Connection ConnectionWithHeaders() {
  v1::Connection connection;
  connection.set_name("openai");
  for (int i = 0; i < 50; ++i) {
    (*connection.mutable_headers())["x-" + std::to_string(i)] = std::to_string(i);
  }
  return connection;
}

TEST(Resource, KnowsItsKindAndName) {
  v1::Connection connection;
  connection.set_name("c");
  v1::Route route;
  route.set_name("r");
  v1::Group group;
  group.set_name("g");
  v1::Key key;
  key.set_id("k");
  key.set_name("label");

  EXPECT_EQ(NameOf(MakeResource(connection)), "c");
  EXPECT_EQ(NameOf(MakeResource(route)), "r");
  EXPECT_EQ(NameOf(MakeResource(group)), "g");
  EXPECT_EQ(NameOf(MakeResource(key)), "k");
  EXPECT_EQ(NameOf(MakeResource(v1::Settings())), "");
  EXPECT_EQ(KindOf(MakeResource(connection)), v1::RESOURCE_KIND_CONNECTION);
  EXPECT_EQ(KindOf(MakeResource(route)), v1::RESOURCE_KIND_ROUTE);
  EXPECT_EQ(KindOf(MakeResource(group)), v1::RESOURCE_KIND_GROUP);
  EXPECT_EQ(KindOf(MakeResource(key)), v1::RESOURCE_KIND_KEY);
  EXPECT_EQ(KindOf(MakeResource(v1::Settings())), v1::RESOURCE_KIND_SETTINGS);
}

TEST(Resource, OfNoKindHasNoName) {
  EXPECT_EQ(KindOf(v1::Resource()), v1::RESOURCE_KIND_UNSPECIFIED);
  EXPECT_EQ(NameOf(v1::Resource()), "");
}

TEST(KindName, IsTheWordThatPeopleType) {
  EXPECT_EQ(KindName(v1::RESOURCE_KIND_CONNECTION), "connection");
  EXPECT_EQ(KindName(v1::RESOURCE_KIND_ROUTE), "route");
  EXPECT_EQ(KindName(v1::RESOURCE_KIND_GROUP), "group");
  EXPECT_EQ(KindName(v1::RESOURCE_KIND_KEY), "key");
  EXPECT_EQ(KindName(v1::RESOURCE_KIND_SETTINGS), "settings");
}

// Also after a trip over the wire, which fills maps in another order.
TEST(HashResource, DependsOnTheContentOnly) {
  const v1::Resource resource = MakeResource(ConnectionWithHeaders());
  v1::Resource copy;
  ASSERT_TRUE(copy.ParseFromString(resource.SerializeAsString()));

  EXPECT_EQ(HashResource(copy), resource.hash());
  copy.set_hash(42);
  EXPECT_EQ(HashResource(copy), resource.hash());
}

TEST(HashResource, ChangesWithAnyField) {
  const uint64_t before = MakeResource(ConnectionWithHeaders()).hash();
  v1::Connection revised = ConnectionWithHeaders();
  revised.set_revision(1);
  v1::Connection edited = ConnectionWithHeaders();
  (*edited.mutable_headers())["x-7"] = "8";

  EXPECT_NE(MakeResource(revised).hash(), before);
  EXPECT_NE(MakeResource(edited).hash(), before);
  EXPECT_NE(before, 0u);
}

TEST(HashResource, TellsKindsApart) {
  v1::Connection connection;
  connection.set_name("x");
  v1::Group group;
  group.set_name("x");

  EXPECT_NE(MakeResource(connection).hash(), MakeResource(group).hash());
}

// A change of this number makes every stored hash and every replica's state wrong at once.
TEST(HashResource, IsStable) {
  v1::Group group;
  group.set_name("default");
  group.add_connections("*");

  EXPECT_EQ(MakeResource(group).hash(), 0x926c9abc84d8a1au);
}

}  // namespace
}  // namespace lmgate::contract
