#pragma once

#include <absl/time/time.h>

#include "common/base/clock.h"
#include "controlplane/admin/admin_call.h"
#include "controlplane/discovery/replica_registry.h"
#include "controlplane/storage/store.h"
#include "lmgate/v1/admin.grpc.pb.h"

namespace lmgate::admin {

// StatusService of admin.proto: what the replicas serve. Thread-safe.
class StatusService final : public v1::StatusService::Service {
 public:
  static constexpr absl::Duration kWaitDefault = absl::Seconds(2);
  static constexpr absl::Duration kWaitMax = absl::Seconds(60);

  // All outlive the service.
  StatusService(const AdminCalls& calls, const storage::Store& store,
                discovery::ReplicaRegistry& replicas, const Clock& clock);

  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::GetStatusReply* reply) override;
  grpc::Status WaitForRevision(grpc::ServerContext* context,
                               const v1::WaitForRevisionRequest* request,
                               v1::WaitForRevisionReply* reply) override;

 private:
  const AdminCalls& calls_;
  const storage::Store& store_;
  discovery::ReplicaRegistry& replicas_;
  const Clock& clock_;
  const absl::Time started_;
};

}  // namespace lmgate::admin
