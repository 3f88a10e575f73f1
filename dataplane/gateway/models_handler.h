#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dataplane/dialect/error_shape.h"
#include "dataplane/snapshot/snapshot.h"

namespace lmgate::gateway {

// GET /v1/models: what the routes name, as far as this key may use it. Wildcards as
// settings.model_listing_mode says. `path_prefix`: as in RoutingTable::Query.
std::string ListModelsBody(dialect::ErrorShape shape, const snapshot::Snapshot& snapshot,
                           const contract::RoutingTable::Group& group,
                           const snapshot::KeyRecord& key, std::string_view path_prefix);

// GET /v1/models/{id}: any name that routing accepts for this key; nullopt = none such.
std::optional<std::string> GetModelBody(dialect::ErrorShape shape,
                                        const snapshot::Snapshot& snapshot,
                                        const contract::RoutingTable::Group& group,
                                        const snapshot::KeyRecord& key,
                                        const contract::RoutingTable::Query& query);

}  // namespace lmgate::gateway
