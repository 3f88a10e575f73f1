#pragma once

#include <absl/status/statusor.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "controlplane/options.h"

namespace lmgate::controlplane {

// TLS when the options name a certificate, else none. InvalidArgument names the file that cannot be
// read or holds no PEM.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CreateServerCredentials(
    const Options& options);

}  // namespace lmgate::controlplane
