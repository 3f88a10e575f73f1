#include "cli/propagation.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include "cli/proto_time.h"
#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "lmgate/v1/admin.grpc.pb.h"

namespace lmgate::cli {
namespace {

// Beyond the wait itself, for the way there and back.
constexpr absl::Duration kWaitMargin = absl::Seconds(2);

std::string ReplicasText(const v1::WaitForRevisionReply& reply) {
  return StrCat(reply.active(), "/", reply.replicas(),
                reply.replicas() == 1 ? " replica" : " replicas");
}

}  // namespace

std::string ElapsedText(absl::Duration elapsed) {
  if (elapsed < absl::Milliseconds(1)) {
    return absl::StrFormat("%.1f ms", absl::ToDoubleMilliseconds(elapsed));
  }
  if (elapsed < absl::Seconds(1)) return StrCat(absl::ToInt64Milliseconds(elapsed), " ms");
  return absl::StrFormat("%.1f s", absl::ToDoubleSeconds(elapsed));
}

std::string ComplaintText(const v1::Complaint& complaint) {
  if (complaint.name().empty()) return complaint.message();
  return StrCat(contract::KindName(complaint.kind()), " ", complaint.name(), ": ",
                complaint.message());
}

std::string ReplicaTrouble(const v1::Replica& replica) {
  std::string text =
      StrCat("replica ", replica.id(), ": ", replica.state(), " at revision ", replica.revision());
  for (const v1::Complaint& complaint : replica.complaints()) {
    StrAppend(&text, "; ", ComplaintText(complaint));
  }
  return text;
}

ExitCode AwaitReplicas(Session& session, uint64_t revision) {
  if (session.wait() == absl::ZeroDuration()) {
    session.Say(StrCat("revision ", revision, " stored"));
    return ExitCode::kOk;
  }
  v1::WaitForRevisionRequest request;
  request.set_revision(revision);
  *request.mutable_timeout() = ToProto(session.wait());
  const absl::StatusOr<v1::WaitForRevisionReply> reply =
      session.CallWithin(session.wait() + kWaitMargin, "StatusService/WaitForRevision",
                         &v1::StatusService::Stub::WaitForRevision, request);
  if (!reply.ok()) {
    session.Warn(StrCat("revision ", revision, " stored, but the replicas' answers are not known: ",
                        ToStd(reply.status().message())));
    return ExitCode::kPropagation;
  }
  if (reply->replicas() == 0) {
    session.Say(StrCat("revision ", revision, " stored; no replicas connected"));
    return ExitCode::kOk;
  }
  if (reply->active() >= reply->replicas()) {
    session.Say(StrCat("revision ", revision, " active on ", ReplicasText(*reply), " in ",
                       ElapsedText(FromProto(reply->elapsed()))));
    return ExitCode::kOk;
  }
  session.Warn(StrCat("revision ", revision, " active on ", ReplicasText(*reply), " only",
                      reply->timed_out()
                          ? StrCat(" after ", ElapsedText(session.wait()), "; it is stored")
                          : std::string("; it is stored")));
  for (const v1::Replica& replica : reply->missing()) session.Warn(ReplicaTrouble(replica));
  return ExitCode::kPropagation;
}

}  // namespace lmgate::cli
