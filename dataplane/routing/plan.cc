#include "dataplane/routing/plan.h"

#include <algorithm>

#include "common/contract/config_check.h"

namespace lmgate::routing {
namespace {

using contract::ErrorCode;
using contract::RoutingTable;
using Strategy = RoutingTable::Strategy;

// Fits every route that contract::CheckConfig lets through; on the stack, since a plan must not
// allocate.
constexpr size_t kCandidatesMax = static_cast<size_t>(contract::kListEntriesMax);

struct Candidates {
  std::array<uint16_t, kCandidatesMax> targets;  // indices into Route::targets
  size_t size = 0;
  // The refusal when there are none; a later reason is nearer to success.
  ErrorCode code = ErrorCode::kConnectionNotAllowed;
};

// Why `upstream` cannot serve the request; kOk = it can.
ErrorCode CheckUpstream(const snapshot::UpstreamConnection& upstream, std::string_view dialect) {
  if (!dialect.empty() && !upstream.config.Speaks(dialect)) {
    return ErrorCode::kDialectUnsupported;
  }
  if (!upstream.unavailable_reason.empty()) return ErrorCode::kConnectionUnavailable;
  return ErrorCode::kOk;
}

// Orders the refusals by how far the target got.
int Progress(ErrorCode code) {
  if (code == ErrorCode::kConnectionUnavailable) return 2;
  return code == ErrorCode::kDialectUnsupported ? 1 : 0;
}

Candidates FindCandidates(const snapshot::Snapshot& snapshot, const RoutingTable::Group& group,
                          const RoutingTable::Route& route, std::string_view dialect) {
  Candidates candidates;
  for (size_t i = 0; i < route.targets.size() && i < kCandidatesMax; ++i) {
    const uint32_t connection = route.targets[i].connection;
    const ErrorCode code = group.AllowsConnection(connection)
                               ? CheckUpstream(*snapshot.connections()[connection], dialect)
                               : ErrorCode::kConnectionNotAllowed;
    if (code == ErrorCode::kOk) {
      candidates.targets[candidates.size++] = static_cast<uint16_t>(i);
    } else if (Progress(code) > Progress(candidates.code)) {
      candidates.code = code;
    }
  }
  return candidates;
}

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): as many
// numbers of the one that the request brings.
uint64_t NextRandom(uint64_t* state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// Puts at position `at` what is drawn from the positions from `at` on. The bias of the modulo is
// below 2^-33: weights sum up to at most 1000 * 1000000.
template <typename WeightOf>
void Draw(size_t at, uint64_t* random, Candidates* candidates, const WeightOf& weight_of) {
  auto& targets = candidates->targets;
  uint64_t sum = 0;
  for (size_t i = at; i < candidates->size; ++i) sum += weight_of(targets[i]);
  uint64_t point = NextRandom(random) % sum;
  size_t drawn = at;
  while (point >= weight_of(targets[drawn])) point -= weight_of(targets[drawn++]);
  // The others keep their order.
  const uint16_t target = targets[drawn];
  for (size_t i = drawn; i > at; --i) targets[i] = targets[i - 1];
  targets[at] = target;
}

}  // namespace

void Plan::Add(const PlannedTarget& target) {
  code_ = ErrorCode::kOk;
  if (size_ < kTargetsMax) targets_[size_++] = target;
}

Plan MakePlan(const snapshot::Snapshot& snapshot, const RoutingTable::Group& group,
              const RoutingTable::Decision& decision, const PlanRequest& request) {
  if (decision.code != ErrorCode::kOk) return Plan(decision.code);
  const RoutingTable::Route& route = *decision.route;
  Candidates candidates = FindCandidates(snapshot, group, route, request.dialect);
  if (candidates.size == 0) return Plan(candidates.code);

  const auto one = [](uint16_t) -> uint64_t { return 1; };
  const auto weight = [&route](uint16_t target) -> uint64_t {
    return std::max<uint64_t>(route.targets[target].weight, 1);
  };
  const size_t count =
      route.strategy == Strategy::kFirst ? 1 : std::min(candidates.size, Plan::kTargetsMax);
  uint64_t random = request.random;
  Plan plan;
  for (size_t i = 0; i < count; ++i) {
    size_t at = i;
    switch (route.strategy) {
      case Strategy::kFirst:
      case Strategy::kFallback:
        break;
      case Strategy::kRandom:
        Draw(i, &random, &candidates, one);
        break;
      case Strategy::kWeighted:
        Draw(i, &random, &candidates, weight);
        break;
      case Strategy::kRoundRobin:
        at = (request.turn % candidates.size + i) % candidates.size;
        break;
    }
    const RoutingTable::Target& target = route.targets[candidates.targets[at]];
    plan.Add({.connection = target.connection,
              .upstream = snapshot.connections()[target.connection].get(),
              .model = RoutingTable::UpstreamModel(route, target, request.model)});
  }
  return plan;
}

Plan MakeDefaultPlan(const snapshot::Snapshot& snapshot, const RoutingTable::Group& group,
                     std::string_view dialect) {
  if (!group.default_connection.has_value()) return Plan(ErrorCode::kNotFound);
  const uint32_t connection = *group.default_connection;
  if (!group.AllowsConnection(connection)) return Plan(ErrorCode::kConnectionNotAllowed);
  const snapshot::UpstreamConnection& upstream = *snapshot.connections()[connection];
  const ErrorCode code = CheckUpstream(upstream, dialect);
  if (code != ErrorCode::kOk) return Plan(code);
  Plan plan;
  plan.Add({.connection = connection, .upstream = &upstream, .model = {}});
  return plan;
}

}  // namespace lmgate::routing
