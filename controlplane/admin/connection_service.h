#pragma once

#include <string>

#include "controlplane/admin/admin_call.h"
#include "controlplane/admin/resource_edit.h"
#include "controlplane/storage/store.h"
#include "lmgate/v1/admin.grpc.pb.h"

namespace lmgate::admin {

// ConnectionService of admin.proto. Literal secrets go in and never come out. Thread-safe.
class ConnectionService final : public v1::ConnectionService::Service {
 public:
  // Both outlive the service.
  ConnectionService(const AdminCalls& calls, storage::Store& store);

  grpc::Status CreateConnection(grpc::ServerContext* context,
                                const v1::CreateConnectionRequest* request,
                                v1::ConnectionReply* reply) override;
  grpc::Status GetConnection(grpc::ServerContext* context, const v1::GetRequest* request,
                             v1::Connection* reply) override;
  grpc::Status ListConnections(grpc::ServerContext* context, const v1::ListRequest* request,
                               v1::ListConnectionsReply* reply) override;
  grpc::Status UpdateConnection(grpc::ServerContext* context,
                                const v1::UpdateConnectionRequest* request,
                                v1::ConnectionReply* reply) override;
  grpc::Status DeleteConnection(grpc::ServerContext* context, const v1::DeleteRequest* request,
                                v1::DeleteReply* reply) override;

 private:
  v1::Connection Redacted(const v1::Resource& resource) const;
  v1::ConnectionReply MakeReply(const EditedResource& edited) const;

  const AdminCalls& calls_;
  storage::Store& store_;
  const std::string pepper_;
};

}  // namespace lmgate::admin
