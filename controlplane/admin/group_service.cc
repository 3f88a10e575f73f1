#include "controlplane/admin/group_service.h"

#include <utility>

#include "common/base/status_macros.h"
#include "common/contract/field_error.h"
#include "common/contract/resource.h"
#include "controlplane/admin/field_mask.h"
#include "controlplane/admin/list_page.h"

namespace lmgate::admin {
namespace {

constexpr v1::ResourceKind kKind = v1::RESOURCE_KIND_GROUP;
constexpr std::string_view kFixed[] = {"name", "revision"};

}  // namespace

GroupService::GroupService(const AdminCalls& calls, storage::Store& store)
    : calls_(calls), store_(store) {}

v1::GroupReply GroupService::MakeReply(const EditedResource& edited) const {
  v1::GroupReply reply;
  *reply.mutable_group() = edited.resource.group();
  reply.set_revision(edited.revision);
  for (std::string& warning : FindWarnings(store_, edited.resource.group().name())) {
    reply.add_warnings(std::move(warning));
  }
  return reply;
}

grpc::Status GroupService::CreateGroup(grpc::ServerContext* context,
                                       const v1::CreateGroupRequest* request,
                                       v1::GroupReply* reply) {
  return calls_.Serve(
      *context, "groups add", reply,
      [&](const storage::WriteContext& caller) -> absl::StatusOr<v1::GroupReply> {
        LMGATE_ASSIGN_OR_RETURN(
            const EditedResource created,
            WriteResource(store_, caller, [&]() -> absl::StatusOr<ResourceEdit> {
              return ResourceEdit{nullptr, contract::MakeResource(request->group()), {}};
            }));
        return MakeReply(created);
      });
}

grpc::Status GroupService::GetGroup(grpc::ServerContext* context, const v1::GetRequest* request,
                                    v1::Group* reply) {
  return calls_.Serve(*context, "groups get", reply,
                      [&](const storage::WriteContext&) -> absl::StatusOr<v1::Group> {
                        LMGATE_ASSIGN_OR_RETURN(const auto found,
                                                FindResource(store_, kKind, request->name()));
                        return found->group();
                      });
}

grpc::Status GroupService::ListGroups(grpc::ServerContext* context, const v1::ListRequest* request,
                                      v1::ListGroupsReply* reply) {
  return calls_.Serve(*context, "groups list", reply,
                      [&](const storage::WriteContext&) -> absl::StatusOr<v1::ListGroupsReply> {
                        absl::StatusOr<ListPage> page;
                        store_.ReadIndex([&](const storage::ResourceIndex& index) {
                          page = ListByName(index.OfKind(kKind),
                                            {.filter = request->filter(),
                                             .page_size = request->page_size(),
                                             .page_token = request->page_token()},
                                            [](const v1::Resource&) { return true; });
                        });
                        if (!page.ok()) return page.status();
                        v1::ListGroupsReply list;
                        for (const auto& resource : page->resources)
                          *list.add_groups() = resource->group();
                        list.set_next_page_token(page->next_page_token);
                        return list;
                      });
}

grpc::Status GroupService::UpdateGroup(grpc::ServerContext* context,
                                       const v1::UpdateGroupRequest* request,
                                       v1::GroupReply* reply) {
  return calls_.Serve(
      *context, "groups update", reply,
      [&](const storage::WriteContext& caller) -> absl::StatusOr<v1::GroupReply> {
        if (request->update_mask().paths().empty()) {
          return contract::FieldError("update_mask", "is required: name the fields to change");
        }
        LMGATE_ASSIGN_OR_RETURN(
            const EditedResource changed,
            WriteResource(store_, caller, [&]() -> absl::StatusOr<ResourceEdit> {
              LMGATE_ASSIGN_OR_RETURN(auto before,
                                      FindResource(store_, kKind, request->group().name()));
              LMGATE_RETURN_IF_ERROR(CheckRevision(*before, ExpectedRevision(*request)));
              v1::Group group = before->group();
              LMGATE_RETURN_IF_ERROR(
                  CopyFields(request->update_mask(), request->group(), &group, kFixed));
              return ResourceEdit{std::move(before), contract::MakeResource(std::move(group)), {}};
            }));
        return MakeReply(changed);
      });
}

grpc::Status GroupService::DeleteGroup(grpc::ServerContext* context,
                                       const v1::DeleteRequest* request, v1::DeleteReply* reply) {
  return calls_.Serve(*context, "groups remove", reply, [&](const storage::WriteContext& caller) {
    return DeleteResource(store_, caller, kKind, *request);
  });
}

}  // namespace lmgate::admin
