#pragma once

#include "common/base/clock.h"
#include "controlplane/admin/admin_call.h"
#include "controlplane/admin/resource_edit.h"
#include "controlplane/storage/store.h"
#include "lmgate/v1/admin.grpc.pb.h"

namespace lmgate::admin {

// RouteService of admin.proto. Thread-safe.
class RouteService final : public v1::RouteService::Service {
 public:
  // All outlive the service.
  RouteService(const AdminCalls& calls, storage::Store& store, const Clock& clock)
      : calls_(calls), store_(store), clock_(clock) {}

  grpc::Status CreateRoute(grpc::ServerContext* context, const v1::CreateRouteRequest* request,
                           v1::RouteReply* reply) override;
  grpc::Status GetRoute(grpc::ServerContext* context, const v1::GetRequest* request,
                        v1::Route* reply) override;
  grpc::Status ListRoutes(grpc::ServerContext* context, const v1::ListRequest* request,
                          v1::ListRoutesReply* reply) override;
  grpc::Status UpdateRoute(grpc::ServerContext* context, const v1::UpdateRouteRequest* request,
                           v1::RouteReply* reply) override;
  grpc::Status DeleteRoute(grpc::ServerContext* context, const v1::DeleteRequest* request,
                           v1::DeleteReply* reply) override;
  grpc::Status TestRoute(grpc::ServerContext* context, const v1::TestRouteRequest* request,
                         v1::TestRouteReply* reply) override;

 private:
  v1::RouteReply MakeReply(const EditedResource& edited) const;
  // Gives the route its place and adds what has to move for it.
  absl::StatusOr<ResourceEdit> Place(ResourcePtr before, v1::Route route,
                                     const v1::Placement& placement) const;

  const AdminCalls& calls_;
  storage::Store& store_;
  const Clock& clock_;
};

}  // namespace lmgate::admin
