#include "dataplane/routing/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "tests/support/snapshot_source.h"

namespace lmgate::routing {
namespace {

using contract::ErrorCode;
using contract::RoutingTable;
using ::lmgate::testing::SnapshotSource;
using ::lmgate::testing::TestConnection;
using ::lmgate::testing::TestGroup;
using ::lmgate::testing::TestRoute;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PlanTest : public ::testing::Test {
 protected:
  v1::Group group_ = TestGroup("default");
  v1::Route route_ = TestRoute("m*", 1, {"a.one", "b.two", "c"});
  std::vector<v1::Connection> connections_ = {TestConnection("a"), TestConnection("b"),
                                              TestConnection("c")};
  PlanRequest request_{.model = "my-model", .dialect = "openai-chat"};
  std::shared_ptr<const snapshot::Snapshot> snapshot_;

  Plan Make() {
    SnapshotSource source;
    std::vector<v1::Resource> resources = {contract::MakeResource(group_),
                                           contract::MakeResource(route_)};
    for (const v1::Connection& connection : connections_) {
      resources.push_back(contract::MakeResource(connection));
    }
    source.Change(std::move(resources));
    snapshot_ = snapshot::Snapshot::Compile(source.Parts(), [](std::string_view) {
                  return absl::StatusOr<std::string>(absl::NotFoundError("not set"));
                })->snapshot;
    return Again();
  }
  // With the snapshot of the last Make.
  Plan Again() {
    const RoutingTable& routing = snapshot_->routing();
    const RoutingTable::Decision decision{.code = ErrorCode::kOk, .route = &routing.routes()[0]};
    return MakePlan(*snapshot_, *routing.FindGroup("default"), decision, request_);
  }
  Plan MakeDefault() {
    Make();
    return MakeDefaultPlan(*snapshot_, *snapshot_->routing().FindGroup("default"),
                           request_.dialect);
  }
  // "connection.model" of each target.
  static std::vector<std::string> Names(const Plan& plan) {
    std::vector<std::string> names;
    for (const PlannedTarget& target : plan.targets()) {
      names.push_back(StrCat(target.upstream->name, ".", target.model));
    }
    EXPECT_EQ(plan.code() == ErrorCode::kOk, !names.empty());
    return names;
  }
  void SetAnthropic(size_t connection) { connections_[connection].set_dialect("anthropic"); }
  void SetUnavailable(size_t connection) { connections_[connection].set_api_key("env:MISSING"); }
};

TEST_F(PlanTest, FallbackTriesAllInTheirOrder) {
  EXPECT_THAT(Names(Make()), ElementsAre("a.one", "b.two", "c.my-model"));
}

TEST_F(PlanTest, FirstTriesTheFirstAlone) {
  route_.set_strategy("first");
  EXPECT_THAT(Names(Make()), ElementsAre("a.one"));

  SetUnavailable(0);
  EXPECT_THAT(Names(Make()), ElementsAre("b.two"));
}

TEST_F(PlanTest, TheIndexOfATargetIsThatOfTheSnapshotsConnection) {
  const Plan plan = Make();

  for (const PlannedTarget& target : plan.targets()) {
    EXPECT_EQ(snapshot_->connections()[target.connection].get(), target.upstream);
  }
}

TEST_F(PlanTest, TakesThePrefixOffTheClientsModel) {
  route_.set_strip_prefix("my-");

  EXPECT_THAT(Names(Make()), ElementsAre("a.one", "b.two", "c.model"));
}

TEST_F(PlanTest, SkipsWhatTheGroupMayNotUse) {
  group_.clear_connections();
  group_.add_connections("b");

  EXPECT_THAT(Names(Make()), ElementsAre("b.two"));
}

TEST_F(PlanTest, SkipsOtherDialectsAndUnavailableConnections) {
  SetAnthropic(0);
  SetUnavailable(1);

  EXPECT_THAT(Names(Make()), ElementsAre("c.my-model"));
}

TEST_F(PlanTest, APathWithoutADialectGoesToConnectionsOfAny) {
  SetAnthropic(0);
  request_.dialect = "";

  EXPECT_THAT(Names(Make()), ElementsAre("a.one", "b.two", "c.my-model"));
}

TEST_F(PlanTest, SaysWhyNothingIsLeft) {
  group_.clear_connections();
  EXPECT_EQ(Make().code(), ErrorCode::kConnectionNotAllowed);

  group_ = TestGroup("default");
  for (size_t i = 0; i < 3; ++i) SetAnthropic(i);
  EXPECT_EQ(Make().code(), ErrorCode::kDialectUnsupported);

  connections_[1].set_dialect("openai-chat");
  SetUnavailable(1);
  EXPECT_EQ(Make().code(), ErrorCode::kConnectionUnavailable);
}

TEST_F(PlanTest, HandsOnTheCodeOfADecisionThatRefuses) {
  Make();
  const RoutingTable::Decision decision{.code = ErrorCode::kModelNotFound, .route = nullptr};

  const Plan plan =
      MakePlan(*snapshot_, *snapshot_->routing().FindGroup("default"), decision, request_);

  EXPECT_EQ(plan.code(), ErrorCode::kModelNotFound);
  EXPECT_THAT(plan.targets(), IsEmpty());
}

TEST_F(PlanTest, RoundRobinBeginsWithTheNextOneEachTurn) {
  route_.set_strategy("round-robin");
  Make();

  request_.turn = 0;
  EXPECT_THAT(Names(Again()), ElementsAre("a.one", "b.two", "c.my-model"));
  request_.turn = 1;
  EXPECT_THAT(Names(Again()), ElementsAre("b.two", "c.my-model", "a.one"));
  request_.turn = 3;
  EXPECT_THAT(Names(Again()), ElementsAre("a.one", "b.two", "c.my-model"));
  request_.turn = UINT64_MAX;
  EXPECT_THAT(Names(Again()), SizeIs(3));
}

TEST_F(PlanTest, RandomGivesEachOrderItsShare) {
  route_.set_strategy("random");
  Make();
  std::map<std::vector<std::string>, int> orders;
  constexpr int kRounds = 6000;

  for (uint64_t i = 0; i < kRounds; ++i) {
    request_.random = i * 0x2545f4914f6cdd1d;
    ++orders[Names(Again())];
  }

  EXPECT_THAT(orders, SizeIs(6));
  for (const auto& [order, count] : orders) EXPECT_NEAR(count, kRounds / 6, 150);
}

TEST_F(PlanTest, WeightedBeginsByWeightAndThenTriesTheRest) {
  route_.set_strategy("weighted");
  route_.mutable_to(0)->set_weight(7);
  route_.mutable_to(1)->set_weight(2);  // c has the default, 1
  Make();
  std::map<std::string, int> first;
  constexpr int kRounds = 10000;

  for (uint64_t i = 0; i < kRounds; ++i) {
    request_.random = i * 0x2545f4914f6cdd1d;
    const std::vector<std::string> names = Names(Again());
    EXPECT_THAT(std::set<std::string>(names.begin(), names.end()), SizeIs(3));
    ++first[names[0]];
  }

  EXPECT_NEAR(first["a.one"], kRounds * 7 / 10, 250);
  EXPECT_NEAR(first["b.two"], kRounds * 2 / 10, 250);
  EXPECT_NEAR(first["c.my-model"], kRounds / 10, 250);
}

TEST_F(PlanTest, NeverHoldsMoreThanTheMaximum) {
  const auto count_for = [this](size_t targets, const char* strategy) {
    route_ = TestRoute("m*", 1, std::vector<std::string>(targets, "a"));
    route_.set_strategy(strategy);
    return Make().targets().size();
  };

  for (const char* strategy : {"fallback", "random", "weighted", "round-robin"}) {
    EXPECT_EQ(count_for(Plan::kTargetsMax, strategy), Plan::kTargetsMax) << strategy;
    EXPECT_EQ(count_for(Plan::kTargetsMax + 1, strategy), Plan::kTargetsMax) << strategy;
  }
}

TEST_F(PlanTest, RequestsWithoutAModelGoToTheDefaultConnection) {
  group_.set_default_connection("b");

  EXPECT_THAT(Names(MakeDefault()), ElementsAre("b."));
}

TEST_F(PlanTest, TheDefaultConnectionMustExistFitAndBeAvailable) {
  EXPECT_EQ(MakeDefault().code(), ErrorCode::kNotFound);

  group_.set_default_connection("b");
  SetUnavailable(1);
  EXPECT_EQ(MakeDefault().code(), ErrorCode::kConnectionUnavailable);

  SetAnthropic(1);
  EXPECT_EQ(MakeDefault().code(), ErrorCode::kDialectUnsupported);
}

}  // namespace
}  // namespace lmgate::routing
