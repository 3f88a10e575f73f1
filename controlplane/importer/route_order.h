#pragma once

#include <absl/types/span.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace lmgate::importer {

// Room left between two routes, so that later ones fit between without moving others.
inline constexpr int64_t kRouteOrderGap = 1024;

// Strictly ascending `order`s for routes in their wanted sequence, where current[i] is what the
// i-th has now (nullopt = it is new). As few as possible differ from what is there; if the gaps are
// too narrow for that, all are numbered anew: kRouteOrderGap, 2 * kRouteOrderGap …
std::vector<int64_t> AssignRouteOrders(absl::Span<const std::optional<int64_t>> current);

}  // namespace lmgate::importer
