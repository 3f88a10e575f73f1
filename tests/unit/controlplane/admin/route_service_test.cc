#include "controlplane/admin/route_service.h"

#include "common/base/error_detail.h"
#include "tests/unit/controlplane/admin/admin_fixture.h"

namespace lmgate::admin {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Stub = v1::RouteService::Stub;

class RouteServiceTest : public AdminFixture {
 protected:
  RouteServiceTest() { AddBasics(); }

  absl::StatusOr<v1::RouteReply> Create(const std::string& name, const std::string& rest = "") {
    return Call(&Stub::CreateRoute,
                Text<v1::CreateRouteRequest>("route { name: '" + name + "' model: '" + name +
                                             "' to { connection: 'openai' } } " + rest));
  }
  absl::StatusOr<v1::RouteReply> Update(const std::string& text) {
    return Call(&Stub::UpdateRoute, Text<v1::UpdateRouteRequest>(text));
  }
  std::vector<std::string> Names(const std::string& query = "") {
    const auto list = Call(&Stub::ListRoutes, Text<v1::ListRequest>(query));
    EXPECT_THAT(list, IsOk());
    std::vector<std::string> names;
    for (const v1::Route& route : list->routes()) names.push_back(route.name());
    return names;
  }
};

TEST_F(RouteServiceTest, NewOneGoesLastUnlessPlaced) {
  ASSERT_THAT(Create("b"), IsOk());
  ASSERT_THAT(Create("a", "placement { first: true }"), IsOk());
  ASSERT_THAT(Create("c", "placement { before: '*' }"), IsOk());
  ASSERT_THAT(Create("d", "placement { after: 'a' }"), IsOk());

  EXPECT_THAT(Names(), ElementsAre("a", "d", "c", "*", "b"));
}

TEST_F(RouteServiceTest, NamelessOneIsCalledByItsFirstPattern) {
  const auto created =
      Call(&Stub::CreateRoute,
           Text<v1::CreateRouteRequest>("route { model: 'gpt-*' to { connection: 'openai' } }"));

  ASSERT_THAT(created, IsOk());
  EXPECT_EQ(created->route().name(), "gpt-*");
}

TEST_F(RouteServiceTest, CreatingItTwiceIsAlreadyExists) {
  ASSERT_THAT(Create("a"), IsOk());

  EXPECT_THAT(Create("a", "placement { first: true }"),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("\"a\"")));
}

TEST_F(RouteServiceTest, PlacementMovesNothingElse) {
  ASSERT_THAT(Create("a"), IsOk());
  ASSERT_THAT(Create("b"), IsOk());
  const uint64_t before = Revision();

  const auto moved = Update("route { name: 'b' } placement { first: true }");

  ASSERT_THAT(moved, IsOk());
  EXPECT_THAT(Names(), ElementsAre("b", "*", "a"));
  EXPECT_EQ(moved->revision(), before + 1);
  EXPECT_EQ(store_->ListChanges(0, 1)->at(0).items.size(), 1u);
}

TEST_F(RouteServiceTest, PlacementWhereItIsMakesNoRevision) {
  ASSERT_THAT(Create("a"), IsOk());

  for (const char* placement : {"last: true", "after: '*'"}) {
    const auto moved = Update(std::string("route { name: 'a' } placement { ") + placement + " }");
    ASSERT_THAT(moved, IsOk());
    EXPECT_EQ(moved->revision(), 4u);
  }
}

TEST_F(RouteServiceTest, UsedUpGapRenumbersInTheSameRevision) {
  // Each halves the gap behind the first route: 1024 is used up after ten.
  for (int i = 0; i < 14; ++i) {
    ASSERT_THAT(Create("r" + std::to_string(i),
                       i == 0 ? "placement { last: true }" : "placement { after: '*' }"),
                IsOk());
  }

  std::vector<std::string> expected = {"*"};
  for (int i = 13; i >= 1; --i) expected.push_back("r" + std::to_string(i));
  expected.push_back("r0");
  EXPECT_EQ(Names(), expected);
  EXPECT_EQ(Revision(), 3u + 14u);
}

TEST_F(RouteServiceTest, PlacementBesideAMissingRouteIsNotFound) {
  const auto missing = Create("a", "placement { before: '**' }");

  EXPECT_THAT(missing, StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"**\"")));
  EXPECT_EQ(GetFieldHint(missing.status())->field, "placement");
  EXPECT_THAT(Update("route { name: '*' } placement { after: '*' }"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("itself")));
}

TEST_F(RouteServiceTest, PlacementBesideAMisspeltRouteSuggestsTheOneMeant) {
  ASSERT_THAT(Create("smart"), IsOk());

  for (const char* placement : {"placement { before: 'smrt' }", "placement { after: 'smrt' }"}) {
    const auto missing = Create("a", placement);
    EXPECT_THAT(missing, StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"smrt\"")));
    EXPECT_EQ(GetFieldHint(missing.status())->hint, "did you mean \"smart\"?");
  }
}

TEST_F(RouteServiceTest, UpdateNeedsAMaskOrAPlacement) {
  EXPECT_THAT(Update("route { name: '*' }"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("update_mask")));
  EXPECT_THAT(Update("route { name: '*' order: 7 } update_mask { paths: 'order' }"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"order\"")));
}

TEST_F(RouteServiceTest, UpdateReplacesTargets) {
  const auto updated = Update(
      "route { name: '*' to { connection: 'openai' model: 'gpt-5' } strategy: 'fallback' } "
      "update_mask { paths: 'to' paths: 'strategy' }");

  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->route().to_size(), 1);
  EXPECT_EQ(updated->route().to(0).model(), "gpt-5");
  EXPECT_THAT(updated->route().model(), ElementsAre("*"));
}

TEST_F(RouteServiceTest, MissingConnectionIsRefusedWithTheFieldAndAHint) {
  const auto refused =
      Call(&Stub::CreateRoute,
           Text<v1::CreateRouteRequest>("route { model: 'a' to { connection: 'openia' } }"));

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("routes[\"a\"].to[0].connection")));
  EXPECT_EQ(GetFieldHint(refused.status())->hint, "did you mean \"openai\"?");
}

TEST_F(RouteServiceTest, HiddenRouteIsAWarning) {
  const auto created = Create("gpt-5");

  ASSERT_THAT(created, IsOk());
  EXPECT_THAT(created->warnings(), Contains(HasSubstr("\"gpt-5\" can never match")));
}

TEST_F(RouteServiceTest, ListComesInPagesByOrder) {
  ASSERT_THAT(Create("b"), IsOk());
  ASSERT_THAT(Create("a"), IsOk());
  const auto first = Call(&Stub::ListRoutes, Text<v1::ListRequest>("page_size: 2"));
  ASSERT_THAT(first, IsOk());
  ASSERT_NE(first->next_page_token(), "");

  EXPECT_THAT(Names("page_size: 2"), ElementsAre("*", "b"));
  EXPECT_THAT(Names("page_size: 2 page_token: '" + first->next_page_token() + "'"),
              ElementsAre("a"));
  EXPECT_THAT(Call(&Stub::ListRoutes, Text<v1::ListRequest>("page_token: 'x'")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("page_token")));
}

TEST_F(RouteServiceTest, DeletedOneIsGone) {
  ASSERT_THAT(Create("a"), IsOk());

  EXPECT_THAT(Call(&Stub::DeleteRoute, Text<v1::DeleteRequest>("name: 'a'")), IsOk());

  EXPECT_THAT(Names(), ElementsAre("*"));
}

TEST_F(RouteServiceTest, TestSaysWhatAKeyWouldGet) {
  ASSERT_THAT(Call(&v1::KeyService::Stub::CreateKey,
                   Text<v1::CreateKeyRequest>("key { name: 'ci' group: 'default' }")),
              IsOk());

  const auto tested = Call(&Stub::TestRoute, Text<v1::TestRouteRequest>("model: 'x' key: 'ci'"));

  ASSERT_THAT(tested, IsOk());
  EXPECT_EQ(tested->code(), "ok");
  EXPECT_EQ(tested->route(), "*");
  EXPECT_EQ(Call(&Stub::TestRoute, Text<v1::TestRouteRequest>("key: 'nobody'")).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(Call(&Stub::TestRoute, Text<v1::TestRouteRequest>("key: 'ci' group: 'default'"))
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace lmgate::admin
