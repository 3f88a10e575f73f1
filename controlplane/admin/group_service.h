#pragma once

#include "controlplane/admin/admin_call.h"
#include "controlplane/admin/resource_edit.h"
#include "controlplane/storage/store.h"
#include "lmgate/v1/admin.grpc.pb.h"

namespace lmgate::admin {

// GroupService of admin.proto. Thread-safe.
class GroupService final : public v1::GroupService::Service {
 public:
  // Both outlive the service.
  GroupService(const AdminCalls& calls, storage::Store& store);

  grpc::Status CreateGroup(grpc::ServerContext* context, const v1::CreateGroupRequest* request,
                           v1::GroupReply* reply) override;
  grpc::Status GetGroup(grpc::ServerContext* context, const v1::GetRequest* request,
                        v1::Group* reply) override;
  grpc::Status ListGroups(grpc::ServerContext* context, const v1::ListRequest* request,
                          v1::ListGroupsReply* reply) override;
  grpc::Status UpdateGroup(grpc::ServerContext* context, const v1::UpdateGroupRequest* request,
                           v1::GroupReply* reply) override;
  grpc::Status DeleteGroup(grpc::ServerContext* context, const v1::DeleteRequest* request,
                           v1::DeleteReply* reply) override;

 private:
  v1::GroupReply MakeReply(const EditedResource& edited) const;

  const AdminCalls& calls_;
  storage::Store& store_;
};

}  // namespace lmgate::admin
