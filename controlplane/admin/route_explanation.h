#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include "lmgate/v1/admin.pb.h"
#include "lmgate/v1/config.pb.h"

namespace lmgate::admin {

// What would happen to a request, by the data plane's own functions: which route, which targets,
// and why not the others. `key` null = none is named. NotFound: the group.
absl::StatusOr<v1::TestRouteReply> ExplainRoute(const v1::ConfigSet& config,
                                                const v1::TestRouteRequest& request,
                                                const v1::Key* key, absl::Time now);

}  // namespace lmgate::admin
