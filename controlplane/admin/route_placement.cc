#include "controlplane/admin/route_placement.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "common/base/error_detail.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/field_error.h"
#include "common/contract/resource.h"
#include "controlplane/importer/route_order.h"

namespace lmgate::admin {
namespace {

using storage::ResourceIndex;

absl::Status NoSuchRoute(absl::Span<const ResourceIndex::ResourcePtr> routes,
                         std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& route : routes) names.push_back(contract::NameOf(*route));
  return WithFieldHint(
      absl::NotFoundError(StrCat("placement: route ", contract::Quoted(name), " does not exist")),
      {.field = "placement", .hint = contract::DidYouMean(NearestWord(name, names))});
}

// How many of `others` stand before the placed route.
absl::StatusOr<size_t> FindPlace(absl::Span<const ResourceIndex::ResourcePtr> others,
                                 std::string_view name, const v1::Placement& placement) {
  switch (placement.at_case()) {
    case v1::Placement::kFirst:
      return 0;
    case v1::Placement::kLast:
    case v1::Placement::AT_NOT_SET:
      return others.size();
    case v1::Placement::kBefore:
    case v1::Placement::kAfter:
      break;
  }
  const bool after = placement.at_case() == v1::Placement::kAfter;
  const std::string& neighbour = after ? placement.after() : placement.before();
  if (neighbour == name) {
    return contract::FieldError("placement", "a route cannot stand beside itself");
  }
  const auto found = std::find_if(others.begin(), others.end(), [&](const auto& route) {
    return contract::NameOf(*route) == neighbour;
  });
  if (found == others.end()) return NoSuchRoute(others, neighbour);
  return static_cast<size_t>(found - others.begin()) + (after ? 1 : 0);
}

}  // namespace

absl::StatusOr<PlacedRoute> PlaceRoute(const ResourceIndex& index, std::string_view name,
                                       const v1::Placement& placement) {
  std::vector<ResourceIndex::ResourcePtr> others;
  std::optional<int64_t> order;  // what the route has now
  size_t place_now = 0;
  for (const auto& [at, route] : index.routes_by_order()) {
    if (contract::NameOf(*route) == name) {
      order = at;
      place_now = others.size();
    } else {
      others.push_back(route);
    }
  }
  LMGATE_ASSIGN_OR_RETURN(const size_t place, FindPlace(others, name, placement));
  const bool stays =
      order.has_value() && (placement.at_case() == v1::Placement::AT_NOT_SET || place == place_now);
  if (stays) return PlacedRoute{.order = *order, .renumbered = {}};

  std::vector<std::optional<int64_t>> orders;
  for (const auto& route : others) orders.emplace_back(route->route().order());
  orders.insert(orders.begin() + static_cast<std::ptrdiff_t>(place), std::nullopt);
  std::vector<int64_t> assigned = importer::AssignRouteOrders(orders);
  PlacedRoute placed{.order = assigned[place], .renumbered = {}};
  assigned.erase(assigned.begin() + static_cast<std::ptrdiff_t>(place));
  for (size_t i = 0; i < others.size(); ++i) {
    if (assigned[i] == others[i]->route().order()) continue;
    v1::Route moved = others[i]->route();
    moved.set_order(assigned[i]);
    const v1::Resource after = contract::MakeResource(std::move(moved));
    placed.renumbered.push_back(contract::MakeChange(others[i].get(), &after));
  }
  return placed;
}

}  // namespace lmgate::admin
