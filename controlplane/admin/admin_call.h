#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <string_view>
#include <utility>

#include "controlplane/admin/admin_auth.h"
#include "controlplane/admin/admin_metrics.h"
#include "controlplane/storage/store.h"

namespace lmgate::admin {

// The one way into every admin call: token, then the handler, then status and count. Thread-safe.
class AdminCalls {
 public:
  // Both outlive this.
  AdminCalls(const AdminAuth& auth, AdminMetrics& metrics) : auth_(auth), metrics_(metrics) {}

  // `operation` as "keys block": for the change log and the metrics. `handle` gets it together with
  // the actor that the caller named (metadata `x-lmgate-actor`).
  template <typename Reply, typename Handle>
  grpc::Status Serve(const grpc::ServerContextBase& context, std::string_view operation,
                     Reply* reply, Handle&& handle) const {
    absl::StatusOr<storage::WriteContext> caller = Begin(context, operation);
    if (!caller.ok()) return End(operation, caller.status());
    absl::StatusOr<Reply> result = std::forward<Handle>(handle)(*caller);
    if (result.ok()) *reply = *std::move(result);
    return End(operation, result.status());
  }

 private:
  absl::StatusOr<storage::WriteContext> Begin(const grpc::ServerContextBase& context,
                                              std::string_view operation) const;
  grpc::Status End(std::string_view operation, const absl::Status& status) const;

  const AdminAuth& auth_;
  AdminMetrics& metrics_;
};

}  // namespace lmgate::admin
