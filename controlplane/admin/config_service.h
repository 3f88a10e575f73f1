#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "controlplane/admin/admin_call.h"
#include "controlplane/storage/store.h"
#include "lmgate/v1/admin.grpc.pb.h"

namespace lmgate::admin {

// ConfigService of admin.proto: the configuration as a whole. Thread-safe.
class ConfigService final : public v1::ConfigService::Service {
 public:
  // Both outlive the service.
  ConfigService(const AdminCalls& calls, storage::Store& store);

  grpc::Status Apply(grpc::ServerContext* context, const v1::ApplyRequest* request,
                     v1::ApplyReply* reply) override;
  grpc::Status Diff(grpc::ServerContext* context, const v1::DiffRequest* request,
                    v1::ApplyReply* reply) override;
  grpc::Status Export(grpc::ServerContext* context, const v1::ExportRequest* request,
                      v1::ExportReply* reply) override;
  grpc::Status ListChanges(grpc::ServerContext* context, const v1::ListChangesRequest* request,
                           v1::ListChangesReply* reply) override;
  grpc::Status Rollback(grpc::ServerContext* context, const v1::RollbackRequest* request,
                        v1::ApplyReply* reply) override;

 private:
  using Plan = absl::FunctionRef<absl::StatusOr<std::vector<v1::ResourceChange>>(
      const contract::SnapshotState& current)>;

  // Carries the plan out and tells what it was.
  absl::StatusOr<v1::ApplyReply> CarryOut(const storage::WriteContext& caller, Plan plan);
  // Tells what CarryOut would do or refuse, and does nothing.
  absl::StatusOr<v1::ApplyReply> TryOut(const storage::WriteContext& caller, Plan plan);

  const AdminCalls& calls_;
  storage::Store& store_;
  const std::string pepper_;
};

}  // namespace lmgate::admin
