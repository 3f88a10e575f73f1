#include "controlplane/admin/config_service.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/config_check.h"
#include "controlplane/admin/config_history.h"
#include "controlplane/admin/list_page.h"
#include "controlplane/admin/resource_edit.h"
#include "controlplane/importer/change_text.h"
#include "controlplane/importer/config_export.h"
#include "controlplane/importer/config_file.h"
#include "controlplane/importer/config_plan.h"
#include "controlplane/storage/change_set.h"

namespace lmgate::admin {
namespace {

using Changes = std::vector<v1::ResourceChange>;

void Describe(const Changes& changes, const contract::SnapshotState& current,
              v1::ApplyReply* reply) {
  for (v1::PlannedChange& change : importer::DescribeChanges(changes, current)) {
    *reply->add_plan() = std::move(change);
  }
}

template <typename Warnings>
void AddWarnings(const Warnings& warnings, v1::ApplyReply* reply) {
  for (const std::string& warning : warnings) reply->add_warnings(warning);
}

}  // namespace

ConfigService::ConfigService(const AdminCalls& calls, storage::Store& store)
    : calls_(calls), store_(store), pepper_(KeyPepper(store)) {}

absl::StatusOr<v1::ApplyReply> ConfigService::CarryOut(const storage::WriteContext& caller,
                                                       Plan plan) {
  v1::ApplyReply reply;
  LMGATE_ASSIGN_OR_RETURN(
      const storage::WriteResult written,
      store_.Write(caller, [&](const contract::SnapshotState& current) -> absl::StatusOr<Changes> {
        LMGATE_ASSIGN_OR_RETURN(Changes changes, plan(current));
        Describe(changes, current, &reply);
        return changes;
      }));
  reply.set_revision(written.revision);
  v1::ConfigSet config;
  store_.ReadIndex([&](const storage::ResourceIndex& index) { config = index.Config(); });
  AddWarnings(contract::FindConfigWarnings(config), &reply);
  return reply;
}

absl::StatusOr<v1::ApplyReply> ConfigService::TryOut(const storage::WriteContext& caller,
                                                     Plan plan) {
  v1::ApplyReply reply;
  // An edit that comes to nothing: it sees one state all the time, and nothing is written.
  LMGATE_ASSIGN_OR_RETURN(
      const storage::WriteResult seen,
      store_.Write(caller, [&](const contract::SnapshotState& current) -> absl::StatusOr<Changes> {
        LMGATE_ASSIGN_OR_RETURN(Changes changes, plan(current));
        Describe(changes, current, &reply);
        LMGATE_ASSIGN_OR_RETURN(const v1::SnapshotDelta delta,
                                storage::MakeDelta(current, std::move(changes)));
        absl::Status status;
        store_.ReadIndex([&](const storage::ResourceIndex& index) {
          status = storage::CheckDelta(delta, index);
          if (status.ok()) {
            AddWarnings(contract::FindConfigWarnings(index.ConfigAfter(delta)), &reply);
          }
        });
        LMGATE_RETURN_IF_ERROR(status);
        return Changes();
      }));
  reply.set_revision(seen.revision);
  return reply;
}

grpc::Status ConfigService::Apply(grpc::ServerContext* context, const v1::ApplyRequest* request,
                                  v1::ApplyReply* reply) {
  return calls_.Serve(*context, "apply", reply,
                      [&](storage::WriteContext& caller) -> absl::StatusOr<v1::ApplyReply> {
                        LMGATE_ASSIGN_OR_RETURN(
                            const importer::ParsedConfig file,
                            importer::ParseConfigFile(request->content(), request->file_name()));
                        caller.expected_revision = ExpectedRevision(*request);
                        LMGATE_ASSIGN_OR_RETURN(
                            v1::ApplyReply applied,
                            CarryOut(caller, [&](const contract::SnapshotState& current) {
                              return importer::PlanApply(file, current);
                            }));
                        AddWarnings(file.warnings, &applied);
                        return applied;
                      });
}

grpc::Status ConfigService::Diff(grpc::ServerContext* context, const v1::DiffRequest* request,
                                 v1::ApplyReply* reply) {
  return calls_.Serve(*context, "diff", reply,
                      [&](const storage::WriteContext& caller) -> absl::StatusOr<v1::ApplyReply> {
                        LMGATE_ASSIGN_OR_RETURN(
                            const importer::ParsedConfig file,
                            importer::ParseConfigFile(request->content(), request->file_name()));
                        LMGATE_ASSIGN_OR_RETURN(
                            v1::ApplyReply planned,
                            TryOut(caller, [&](const contract::SnapshotState& current) {
                              return importer::PlanApply(file, current);
                            }));
                        AddWarnings(file.warnings, &planned);
                        return planned;
                      });
}

grpc::Status ConfigService::Export(grpc::ServerContext* context, const v1::ExportRequest* request,
                                   v1::ExportReply* reply) {
  return calls_.Serve(*context, "export", reply,
                      [&](const storage::WriteContext&) -> absl::StatusOr<v1::ExportReply> {
                        LMGATE_ASSIGN_OR_RETURN(const importer::ExportFormat format,
                                                importer::ParseExportFormat(request->format()));
                        v1::ConfigSet config;
                        v1::ExportReply exported;
                        store_.Read([&](const contract::SnapshotState& state) {
                          config = importer::CollectConfig(state);
                          exported.set_revision(state.revision());
                        });
                        exported.set_content(importer::ExportConfig(config, pepper_, format));
                        return exported;
                      });
}

grpc::Status ConfigService::ListChanges(grpc::ServerContext* context,
                                        const v1::ListChangesRequest* request,
                                        v1::ListChangesReply* reply) {
  return calls_.Serve(
      *context, "history", reply,
      [&](const storage::WriteContext&) -> absl::StatusOr<v1::ListChangesReply> {
        LMGATE_ASSIGN_OR_RETURN(const auto token, ParseNumberToken(request->page_token()));
        const int size = PageSize(request->page_size());
        LMGATE_ASSIGN_OR_RETURN(
            const auto changes,
            store_.ListChanges(static_cast<uint64_t>(std::max<int64_t>(0, token.value_or(0))),
                               size));
        v1::ListChangesReply list;
        for (const storage::Store::LoggedChange& change : changes) {
          v1::ChangeEntry* entry = list.add_changes();
          entry->set_revision(change.revision);
          *entry->mutable_time() = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(
              absl::ToUnixMicros(change.time));
          entry->set_actor(change.actor);
          entry->set_operation(change.operation);
          for (const auto& item : change.items) {
            *entry->add_items() =
                importer::DescribeChange(item.before.has_value() ? &*item.before : nullptr,
                                         item.after.has_value() ? &*item.after : nullptr, pepper_);
          }
        }
        LMGATE_ASSIGN_OR_RETURN(const uint64_t oldest, store_.OldestRevision());
        if (static_cast<int>(changes.size()) == size && changes.back().revision > oldest + 1) {
          list.set_next_page_token(StrCat(changes.back().revision));
        }
        return list;
      });
}

grpc::Status ConfigService::Rollback(grpc::ServerContext* context,
                                     const v1::RollbackRequest* request, v1::ApplyReply* reply) {
  return calls_.Serve(
      *context, "rollback", reply,
      [&](storage::WriteContext& caller) -> absl::StatusOr<v1::ApplyReply> {
        caller.operation = StrCat("rollback ", request->revision());
        caller.expected_revision = ExpectedRevision(*request);
        return CarryOut(
            caller, [&](const contract::SnapshotState& current) -> absl::StatusOr<Changes> {
              LMGATE_ASSIGN_OR_RETURN(const v1::ConfigSet target,
                                      ConfigAtRevision(store_, current, request->revision()));
              return importer::PlanRollback(target, current);
            });
      });
}

}  // namespace lmgate::admin
