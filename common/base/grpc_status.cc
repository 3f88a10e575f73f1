#include "common/base/grpc_status.h"

#include <string>

#include "common/base/error_detail.h"
#include "lmgate/v1/admin.pb.h"

namespace lmgate {

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  std::string detail;
  if (const auto hint = GetFieldHint(status)) {
    v1::ErrorDetail message;
    message.set_field(hint->field);
    message.set_hint(hint->hint);
    detail = message.SerializeAsString();
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
                      detail);
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  v1::ErrorDetail message;
  if (!status.error_details().empty() && message.ParseFromString(status.error_details())) {
    result = WithFieldHint(std::move(result), {.field = message.field(), .hint = message.hint()});
  }
  return result;
}

}  // namespace lmgate
