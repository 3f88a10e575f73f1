#include "controlplane/importer/route_order.h"

#include <algorithm>

namespace lmgate::importer {
namespace {

// Beyond this an order is not kept: no sum below can overflow.
constexpr int64_t kOrderMagnitudeMax = int64_t{1} << 60;

// Indices of a longest strictly ascending subsequence, by patience sorting.
std::vector<size_t> LongestAscending(absl::Span<const std::optional<int64_t>> current) {
  std::vector<size_t> tails;  // tails[k]: index that ends the best run of k + 1
  std::vector<std::optional<size_t>> previous(current.size());
  for (size_t i = 0; i < current.size(); ++i) {
    if (!current[i]) continue;
    if (*current[i] > kOrderMagnitudeMax || *current[i] < -kOrderMagnitudeMax) continue;
    const auto at =
        std::lower_bound(tails.begin(), tails.end(), *current[i],
                         [&](size_t tail, int64_t order) { return *current[tail] < order; });
    if (at != tails.begin()) previous[i] = *(at - 1);
    if (at == tails.end()) {
      tails.push_back(i);
    } else {
      *at = i;
    }
  }
  std::vector<size_t> kept;
  std::optional<size_t> at = tails.empty() ? std::nullopt : std::optional(tails.back());
  for (; at; at = previous[*at]) kept.push_back(*at);
  std::reverse(kept.begin(), kept.end());
  return kept;
}

std::vector<int64_t> NumberAnew(size_t count) {
  std::vector<int64_t> orders(count);
  for (size_t i = 0; i < count; ++i) orders[i] = static_cast<int64_t>(i + 1) * kRouteOrderGap;
  return orders;
}

}  // namespace

std::vector<int64_t> AssignRouteOrders(absl::Span<const std::optional<int64_t>> current) {
  const std::vector<size_t> kept = LongestAscending(current);
  if (kept.empty()) return NumberAnew(current.size());

  std::vector<int64_t> orders(current.size());
  for (const size_t i : kept) orders[i] = *current[i];
  for (size_t i = kept.front(); i > 0; --i) orders[i - 1] = orders[i] - kRouteOrderGap;
  for (size_t i = kept.back() + 1; i < orders.size(); ++i) {
    orders[i] = orders[i - 1] + kRouteOrderGap;
  }
  for (size_t k = 1; k < kept.size(); ++k) {
    const size_t begin = kept[k - 1];
    const size_t end = kept[k];
    const int64_t room = orders[end] - orders[begin];
    const auto steps = static_cast<int64_t>(end - begin);
    if (room < steps) return NumberAnew(current.size());
    for (size_t i = begin + 1; i < end; ++i) {
      // Evenly, without the product room * step, which could overflow.
      const auto step = static_cast<int64_t>(i - begin);
      orders[i] = orders[begin] + room / steps * step + room % steps * step / steps;
    }
  }
  return orders;
}

}  // namespace lmgate::importer
