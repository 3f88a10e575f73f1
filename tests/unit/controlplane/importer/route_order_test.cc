#include "controlplane/importer/route_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace lmgate::importer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Orders = std::vector<std::optional<int64_t>>;

int CountKept(const Orders& current, const std::vector<int64_t>& assigned) {
  int kept = 0;
  for (size_t i = 0; i < current.size(); ++i) kept += current[i] == assigned[i];
  return kept;
}

// Longest strictly ascending subsequence, the slow and obvious way.
int LongestRun(const Orders& current) {
  std::vector<int> best(current.size(), 0);
  int longest = 0;
  for (size_t i = 0; i < current.size(); ++i) {
    if (!current[i]) continue;
    best[i] = 1;
    for (size_t j = 0; j < i; ++j) {
      if (current[j] && *current[j] < *current[i]) best[i] = std::max(best[i], best[j] + 1);
    }
    longest = std::max(longest, best[i]);
  }
  return longest;
}

TEST(RouteOrder, NumbersNewRoutesInGapsOf1024) {
  EXPECT_THAT(AssignRouteOrders(Orders{{}, {}, {}}), ElementsAre(1024, 2048, 3072));
  EXPECT_THAT(AssignRouteOrders(Orders{}), IsEmpty());
}

TEST(RouteOrder, KeepsWhatAscends) {
  EXPECT_THAT(AssignRouteOrders(Orders{5, 6, 900}), ElementsAre(5, 6, 900));
}

TEST(RouteOrder, PutsANewRouteBetweenWithoutMovingOthers) {
  EXPECT_THAT(AssignRouteOrders(Orders{1024, {}, 2048}), ElementsAre(1024, 1536, 2048));
  EXPECT_THAT(AssignRouteOrders(Orders{{}, 1024, {}}), ElementsAre(0, 1024, 2048));
}

TEST(RouteOrder, MovesOnlyTheRouteThatMoved) {
  EXPECT_THAT(AssignRouteOrders(Orders{3072, 1024, 2048}), ElementsAre(0, 1024, 2048));
}

TEST(RouteOrder, NumbersAnewWhenAGapIsTooNarrow) {
  EXPECT_THAT(AssignRouteOrders(Orders{1, {}, 3}), ElementsAre(1, 2, 3));
  EXPECT_THAT(AssignRouteOrders(Orders{1, {}, 2}), ElementsAre(1024, 2048, 3072));
}

TEST(RouteOrder, SurvivesExtremeOrders) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

  EXPECT_THAT(AssignRouteOrders(Orders{kMin, {}, kMax}), ElementsAre(1024, 2048, 3072));
  const int64_t edge = int64_t{1} << 60;
  EXPECT_THAT(AssignRouteOrders(Orders{-edge, {}, {}, {}, edge}),
              ElementsAre(-edge, -edge / 2, 0, edge / 2, edge));
}

TEST(RouteOrder, AscendsAndKeepsTheMostForAnySequence) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    Orders current(random() % 12);
    for (auto& order : current) {
      if (random() % 4 != 0) order = static_cast<int64_t>(random() % 20) * 1024;
    }

    const std::vector<int64_t> assigned = AssignRouteOrders(current);

    ASSERT_EQ(assigned.size(), current.size());
    ASSERT_TRUE(std::is_sorted(assigned.begin(), assigned.end()));
    ASSERT_EQ(std::adjacent_find(assigned.begin(), assigned.end()), assigned.end());
    ASSERT_GE(CountKept(current, assigned), LongestRun(current));
  }
}

}  // namespace
}  // namespace lmgate::importer
