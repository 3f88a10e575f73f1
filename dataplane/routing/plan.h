#pragma once

#include <absl/types/span.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/contract/error_code.h"
#include "common/contract/routing_table.h"
#include "dataplane/snapshot/snapshot.h"

namespace lmgate::routing {

// One place to send the request to. Views point into the snapshot or into the request's model.
struct PlannedTarget {
  uint32_t connection = 0;  // index into snapshot.connections()
  const snapshot::UpstreamConnection* upstream = nullptr;
  std::string_view model;  // what to ask the provider for; empty = the request names no model
};

// Where a request goes, in the order in which the targets are tried. A plain value.
class Plan {
 public:
  // Targets beyond it are never tried.
  static constexpr size_t kTargetsMax = 16;

  Plan() = default;
  explicit Plan(contract::ErrorCode code) : code_(code) {}

  // kOk = at least one target. Else kConnectionNotAllowed, kDialectUnsupported,
  // kConnectionUnavailable, or what the decision said.
  contract::ErrorCode code() const { return code_; }
  absl::Span<const PlannedTarget> targets() const { return {targets_.data(), size_}; }

  // Dropped when full. Makes the code kOk.
  void Add(const PlannedTarget& target);

 private:
  contract::ErrorCode code_ = contract::ErrorCode::kInternalError;
  size_t size_ = 0;
  std::array<PlannedTarget, kTargetsMax> targets_;
};

struct PlanRequest {
  std::string_view model;    // the client's
  // Of the endpoint that was called; empty = any: a path that is passed through as it is.
  std::string_view dialect;
  uint64_t random = 0;       // fresh for each request: strategies random and weighted
  uint64_t turn = 0;         // counts up by one a request: strategy round-robin
};

// The targets of the decision's route that the group may use, that speak the endpoint's dialect
// and that are available on this replica, ordered by the route's strategy:
//   first        the first of them, alone
//   fallback     all, in order
//   random       all, shuffled
//   weighted     all, drawn by weight without putting back
//   round-robin  all, beginning at the turn-th and around
// `decision` and `group` are of `snapshot`. No allocation.
Plan MakePlan(const snapshot::Snapshot& snapshot, const contract::RoutingTable::Group& group,
              const contract::RoutingTable::Decision& decision, const PlanRequest& request);

// For a request that names no model: the group's default connection. kNotFound: it has none.
Plan MakeDefaultPlan(const snapshot::Snapshot& snapshot, const contract::RoutingTable::Group& group,
                     std::string_view dialect);

}  // namespace lmgate::routing
