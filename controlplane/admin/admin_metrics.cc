#include "controlplane/admin/admin_metrics.h"

#include <absl/strings/ascii.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

#include "common/base/strings.h"

namespace lmgate::admin {
namespace {

// The states of v1::Replica; each has a line, be it 0.
constexpr std::string_view kReplicaStates[] = {"SYNCED", "STALE", "NACKED", "DISCONNECTED",
                                               "DRAINING"};

}  // namespace

AdminMetrics::AdminMetrics()
    : calls_(prometheus::BuildCounter()
                 .Name("lmgate_controlplane_admin_calls_total")
                 .Help("Admin calls by method and gRPC status code.")
                 .Register(registry_)),
      changes_(prometheus::BuildCounter()
                   .Name("lmgate_controlplane_changes_total")
                   .Help("Changes committed since the start.")
                   .Register(registry_)
                   .Add({})),
      revision_(prometheus::BuildGauge()
                    .Name("lmgate_controlplane_revision")
                    .Help("Revision of the configuration.")
                    .Register(registry_)
                    .Add({})),
      replicas_(prometheus::BuildGauge()
                    .Name("lmgate_controlplane_replicas")
                    .Help("Data-plane replicas by state.")
                    .Register(registry_)) {}

void AdminMetrics::CountCall(std::string_view method, absl::StatusCode code) {
  calls_.Add({{"method", std::string(method)}, {"code", absl::StatusCodeToString(code)}})
      .Increment();
}

std::string AdminMetrics::Page(uint64_t revision, const std::vector<v1::Replica>& replicas) {
  revision_.Set(static_cast<double>(revision));
  for (const std::string_view state : kReplicaStates) {
    const auto count =
        std::count_if(replicas.begin(), replicas.end(),
                      [state](const v1::Replica& replica) { return replica.state() == state; });
    replicas_.Add({{"state", absl::AsciiStrToLower(ToAbsl(state))}})
        .Set(static_cast<double>(count));
  }
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace lmgate::admin
