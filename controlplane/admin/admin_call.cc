#include "controlplane/admin/admin_call.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <string>

#include "common/base/grpc_status.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"

namespace lmgate::admin {
namespace {

constexpr size_t kActorBytesMax = 128;

// For people to read, in terminals too: printable ASCII, and not for ever.
std::string ActorOf(const grpc::ServerContextBase& context) {
  const auto found = context.client_metadata().find("x-lmgate-actor");
  if (found == context.client_metadata().end() || found->second.empty()) return "unknown";
  std::string actor(found->second.data(), std::min(found->second.size(), kActorBytesMax));
  std::replace_if(
      actor.begin(), actor.end(),
      [](char c) { return !absl::ascii_isprint(static_cast<unsigned char>(c)); }, '?');
  return actor;
}

// Whether the fault is ours: worth a line in the log.
bool IsOurs(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kDataLoss ||
         code == absl::StatusCode::kResourceExhausted || code == absl::StatusCode::kUnavailable;
}

}  // namespace

absl::StatusOr<storage::WriteContext> AdminCalls::Begin(const grpc::ServerContextBase& context,
                                                        std::string_view operation) const {
  LMGATE_RETURN_IF_ERROR(auth_.CheckAdmin(context));
  return storage::WriteContext{.actor = ActorOf(context),
                               .operation = std::string(operation),
                               .expected_revision = std::nullopt};
}

grpc::Status AdminCalls::End(std::string_view operation, const absl::Status& status) const {
  metrics_.CountCall(operation, status.code());
  if (IsOurs(status.code())) LogError(StrCat(operation, ": ", ToStd(status.message())));
  return ToGrpcStatus(status);
}

}  // namespace lmgate::admin
