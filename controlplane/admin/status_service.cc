#include "controlplane/admin/status_service.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/logging.h"
#include "common/contract/field_error.h"

namespace lmgate::admin {
namespace {

using google::protobuf::util::TimeUtil;

// A caller that went away is noticed after this, and its thread is free again.
constexpr absl::Duration kWaitSlice = absl::Milliseconds(250);

}  // namespace

StatusService::StatusService(const AdminCalls& calls, const storage::Store& store,
                             discovery::ReplicaRegistry& replicas, const Clock& clock)
    : calls_(calls), store_(store), replicas_(replicas), clock_(clock), started_(clock.Now()) {}

grpc::Status StatusService::GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest*,
                                      v1::GetStatusReply* reply) {
  return calls_.Serve(*context, "status", reply,
                      [&](const storage::WriteContext&) -> absl::StatusOr<v1::GetStatusReply> {
                        v1::GetStatusReply status;
                        status.set_version(std::string(Version()));
                        store_.Read([&](const contract::SnapshotState& state) {
                          status.set_revision(state.revision());
                          status.set_hash(state.hash());
                          status.set_lineage(state.lineage());
                        });
                        *status.mutable_started_at() =
                            TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(started_));
                        for (v1::Replica& replica : replicas_.List()) {
                          *status.add_replicas() = std::move(replica);
                        }
                        return status;
                      });
}

grpc::Status StatusService::WaitForRevision(grpc::ServerContext* context,
                                            const v1::WaitForRevisionRequest* request,
                                            v1::WaitForRevisionReply* reply) {
  return calls_.Serve(
      *context, "status wait", reply,
      [&](const storage::WriteContext&) -> absl::StatusOr<v1::WaitForRevisionReply> {
        absl::Duration timeout = kWaitDefault;
        if (request->has_timeout()) {
          timeout = absl::Seconds(request->timeout().seconds()) +
                    absl::Nanoseconds(request->timeout().nanos());
        }
        if (timeout < absl::ZeroDuration() || timeout > kWaitMax) {
          return contract::FieldError("timeout", "must be 0 to 60 s");
        }
        const int64_t deadline = clock_.SteadyNanos() + absl::ToInt64Nanoseconds(timeout);
        while (true) {
          const int64_t begin = clock_.SteadyNanos();
          const absl::Duration left = absl::Nanoseconds(deadline - begin);
          const absl::Duration slice = std::clamp(left, absl::ZeroDuration(), kWaitSlice);
          v1::WaitForRevisionReply answer = replicas_.Wait(request->revision(), slice);
          // The registry ends a wait early when the program stops.
          const bool stopped = absl::Nanoseconds(clock_.SteadyNanos() - begin) < slice / 2;
          if (!answer.timed_out() || left <= slice || stopped || context->IsCancelled()) {
            return answer;
          }
        }
      });
}

}  // namespace lmgate::admin
