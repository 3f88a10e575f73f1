#pragma once

#include <absl/status/status.h>
#include <grpcpp/support/status.h>

namespace lmgate {

// The two ways between absl::Status and gRPC, field hint included. The codes are the same numbers
// by definition (both are google.rpc.Code).
grpc::Status ToGrpcStatus(const absl::Status& status);
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace lmgate
