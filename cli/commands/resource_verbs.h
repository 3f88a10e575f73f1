#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/flag_value.h"
#include "cli/propagation.h"
#include "cli/session.h"
#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "lmgate/v1/admin.pb.h"

// What the four resource nouns have in common, in the order of a command's life.
namespace lmgate::cli {

inline constexpr uint32_t kPageSize = 1000;  // the server's maximum
inline constexpr int kPagesMax = 10000;      // a list that does not end is a fault of the server

// All pages of a list. `items` takes the resources out of one reply.
template <typename Resource, typename Stub, typename Request, typename Reply, typename Items>
absl::StatusOr<std::vector<Resource>> ListAll(Session& session, std::string_view name,
                                              grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                           const Request&, Reply*),
                                              Request request, const Items& items) {
  std::vector<Resource> all;
  request.set_page_size(kPageSize);
  for (int page = 0; page < kPagesMax; ++page) {
    LMGATE_ASSIGN_OR_RETURN(Reply reply, session.Call(name, method, request));
    for (Resource& resource : *items(reply)) all.push_back(std::move(resource));
    if (reply.next_page_token().empty()) return all;
    request.set_page_token(reply.next_page_token());
  }
  return absl::InternalError(
      absl::StrCat(std::string(name), ": the list does not end after ", kPagesMax, " pages"));
}

// --if-revision, when given, into the request.
template <typename Request>
absl::Status SetExpectedRevision(const std::optional<std::string>& text, Request* request) {
  if (!text.has_value()) return absl::OkStatus();
  LMGATE_ASSIGN_OR_RETURN(const uint64_t revision, ParseRevision("--if-revision", *text));
  request->set_expected_revision(revision);
  return absl::OkStatus();
}

// A text flag into its field, and the field's path into the mask, when it was given.
void SetField(const std::optional<std::string>& text, std::string_view path, std::string* field,
              google::protobuf::FieldMask* mask);

// A repeated NAME=VALUE flag into its map, and one path an entry into the mask: an update leaves
// the other entries as they are.
absl::Status SetMapField(std::string_view flag, const std::vector<std::string>& texts,
                         std::string_view path, StringMap* map, google::protobuf::FieldMask* mask);

// An update without a field is a mistake of the user, who must hear of it.
absl::Status CheckSomethingChanges(const google::protobuf::FieldMask& mask, const Command& command);

// After the change of one resource, by the reply to it: the reply in JSON or YAML or the name on
// stdout; `connection "openai" added`, warnings and the replicas on stderr.
template <typename Reply, typename Resource>
ExitCode ReportChange(Session& session, std::string_view kind, std::string_view done,
                      const Reply& reply, const Resource& resource) {
  session.printer().PrintMessage(reply, JsonFields::kSet);
  if (session.printer().is_names()) session.printer().PrintText(StrCat(resource.name(), "\n"));
  session.Say(StrCat(kind, " \"", resource.name(), "\" ", done));
  if constexpr (requires { reply.warnings(); }) {
    for (const std::string& warning : reply.warnings()) session.Warn(warning);
  }
  return AwaitReplicas(session, reply.revision());
}

// One call a name, going on after errors; the code of the first error counts, and the replicas are
// awaited once. `call` gives the revision that the change made.
absl::StatusOr<ExitCode> ChangeEach(
    Session& session, std::string_view kind, std::string_view done,
    const std::vector<std::string>& names,
    const std::function<absl::StatusOr<uint64_t>(const std::string& name)>& call);

// `remove NAME...`: asks first.
template <typename Stub>
absl::StatusOr<ExitCode> RemoveEach(
    Session& session, std::string_view kind, const std::vector<std::string>& names,
    const std::optional<std::string>& if_revision, std::string_view rpc,
    grpc::Status (Stub::*method)(grpc::ClientContext*, const v1::DeleteRequest&, v1::DeleteReply*));
// The question, and that --if-revision goes with one name only.
absl::Status ConfirmEach(Session& session, std::string_view verb, std::string_view kind,
                         const std::vector<std::string>& names,
                         const std::optional<std::string>& if_revision);

template <typename Stub>
absl::StatusOr<ExitCode> RemoveEach(Session& session, std::string_view kind,
                                    const std::vector<std::string>& names,
                                    const std::optional<std::string>& if_revision,
                                    std::string_view rpc,
                                    grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                 const v1::DeleteRequest&,
                                                                 v1::DeleteReply*)) {
  v1::DeleteRequest request;
  LMGATE_RETURN_IF_ERROR(SetExpectedRevision(if_revision, &request));
  LMGATE_RETURN_IF_ERROR(ConfirmEach(session, "remove", kind, names, if_revision));
  return ChangeEach(
      session, kind, "removed", names, [&](const std::string& name) -> absl::StatusOr<uint64_t> {
        request.set_name(name);
        LMGATE_ASSIGN_OR_RETURN(const v1::DeleteReply reply, session.Call(rpc, method, request));
        return reply.revision();
      });
}

// "a, b"; empty = "".
template <typename Texts>
std::string Joined(const Texts& texts) {
  std::string joined;
  for (const std::string& text : texts) StrAppend(&joined, joined.empty() ? "" : ", ", text);
  return joined;
}

// "a=1, b=2", sorted by key.
std::string JoinedMap(const StringMap& map);

// The flags that every update and remove takes.
void DeclareIfRevision(Command& command, std::optional<std::string>* target);
void DeclareClear(Command& command, std::vector<std::string>* target, std::string_view example);

}  // namespace lmgate::cli
