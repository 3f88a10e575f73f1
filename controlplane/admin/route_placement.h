#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "controlplane/storage/resource_index.h"
#include "lmgate/v1/admin.pb.h"

namespace lmgate::admin {

struct PlacedRoute {
  int64_t order = 0;
  // Other routes that had to be numbered anew to make room.
  std::vector<v1::ResourceChange> renumbered;
};

// Where the route goes: its `order` among the others, with a gap to the next, so that seldom
// another one changes. `name` may be a new route's. Without a placement: last, or where it is.
// NotFound: the route to stand before or after. InvalidArgument: that is itself.
absl::StatusOr<PlacedRoute> PlaceRoute(const storage::ResourceIndex& index, std::string_view name,
                                       const v1::Placement& placement);

}  // namespace lmgate::admin
