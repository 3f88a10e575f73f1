#include "controlplane/admin/route_service.h"

#include <string>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/strings.h"
#include "common/contract/field_error.h"
#include "common/contract/resource.h"
#include "controlplane/admin/field_mask.h"
#include "controlplane/admin/list_page.h"
#include "controlplane/admin/route_explanation.h"
#include "controlplane/admin/route_placement.h"

namespace lmgate::admin {
namespace {

constexpr v1::ResourceKind kKind = v1::RESOURCE_KIND_ROUTE;
constexpr std::string_view kFixed[] = {"name", "revision", "order"};

}  // namespace

v1::RouteReply RouteService::MakeReply(const EditedResource& edited) const {
  v1::RouteReply reply;
  *reply.mutable_route() = edited.resource.route();
  reply.set_revision(edited.revision);
  for (std::string& warning : FindWarnings(store_, edited.resource.route().name())) {
    reply.add_warnings(std::move(warning));
  }
  return reply;
}

absl::StatusOr<ResourceEdit> RouteService::Place(ResourcePtr before, v1::Route route,
                                                 const v1::Placement& placement) const {
  absl::StatusOr<PlacedRoute> placed;
  store_.ReadIndex([&](const storage::ResourceIndex& index) {
    placed = PlaceRoute(index, route.name(), placement);
  });
  if (!placed.ok()) return placed.status();
  route.set_order(placed->order);
  return ResourceEdit{std::move(before), contract::MakeResource(std::move(route)),
                      std::move(placed->renumbered)};
}

grpc::Status RouteService::CreateRoute(grpc::ServerContext* context,
                                       const v1::CreateRouteRequest* request,
                                       v1::RouteReply* reply) {
  return calls_.Serve(*context, "routes add", reply,
                      [&](const storage::WriteContext& caller) -> absl::StatusOr<v1::RouteReply> {
                        LMGATE_ASSIGN_OR_RETURN(
                            const EditedResource created,
                            WriteResource(store_, caller, [&]() -> absl::StatusOr<ResourceEdit> {
                              v1::Route route = request->route();
                              if (route.name().empty() && !route.model().empty())
                                route.set_name(route.model(0));
                              if (FindResource(store_, kKind, route.name()).ok()) {
                                // Before it is placed: the place of a route that is there already
                                // is another matter.
                                return absl::AlreadyExistsError(StrCat(
                                    "route ", contract::Quoted(route.name()), " exists already"));
                              }
                              return Place(nullptr, std::move(route), request->placement());
                            }));
                        return MakeReply(created);
                      });
}

grpc::Status RouteService::GetRoute(grpc::ServerContext* context, const v1::GetRequest* request,
                                    v1::Route* reply) {
  return calls_.Serve(*context, "routes get", reply,
                      [&](const storage::WriteContext&) -> absl::StatusOr<v1::Route> {
                        LMGATE_ASSIGN_OR_RETURN(const auto found,
                                                FindResource(store_, kKind, request->name()));
                        return found->route();
                      });
}

grpc::Status RouteService::ListRoutes(grpc::ServerContext* context, const v1::ListRequest* request,
                                      v1::ListRoutesReply* reply) {
  return calls_.Serve(*context, "routes list", reply,
                      [&](const storage::WriteContext&) -> absl::StatusOr<v1::ListRoutesReply> {
                        absl::StatusOr<ListPage> page;
                        store_.ReadIndex([&](const storage::ResourceIndex& index) {
                          page = ListRoutesByOrder(index, {.filter = request->filter(),
                                                           .page_size = request->page_size(),
                                                           .page_token = request->page_token()});
                        });
                        if (!page.ok()) return page.status();
                        v1::ListRoutesReply list;
                        for (const auto& resource : page->resources) {
                          *list.add_routes() = resource->route();
                        }
                        list.set_next_page_token(page->next_page_token);
                        return list;
                      });
}

grpc::Status RouteService::UpdateRoute(grpc::ServerContext* context,
                                       const v1::UpdateRouteRequest* request,
                                       v1::RouteReply* reply) {
  return calls_.Serve(
      *context, "routes update", reply,
      [&](const storage::WriteContext& caller) -> absl::StatusOr<v1::RouteReply> {
        const bool moves = request->placement().at_case() != v1::Placement::AT_NOT_SET;
        if (request->update_mask().paths().empty() && !moves) {
          return contract::FieldError("update_mask",
                                      "is required: name the fields to change, or a placement");
        }
        LMGATE_ASSIGN_OR_RETURN(
            const EditedResource changed,
            WriteResource(store_, caller, [&]() -> absl::StatusOr<ResourceEdit> {
              LMGATE_ASSIGN_OR_RETURN(auto before,
                                      FindResource(store_, kKind, request->route().name()));
              LMGATE_RETURN_IF_ERROR(CheckRevision(*before, ExpectedRevision(*request)));
              v1::Route route = before->route();
              LMGATE_RETURN_IF_ERROR(
                  CopyFields(request->update_mask(), request->route(), &route, kFixed));
              return Place(std::move(before), std::move(route), request->placement());
            }));
        return MakeReply(changed);
      });
}

grpc::Status RouteService::DeleteRoute(grpc::ServerContext* context,
                                       const v1::DeleteRequest* request, v1::DeleteReply* reply) {
  return calls_.Serve(*context, "routes remove", reply, [&](const storage::WriteContext& caller) {
    return DeleteResource(store_, caller, kKind, *request);
  });
}

grpc::Status RouteService::TestRoute(grpc::ServerContext* context,
                                     const v1::TestRouteRequest* request,
                                     v1::TestRouteReply* reply) {
  return calls_.Serve(
      *context, "routes test", reply,
      [&](const storage::WriteContext&) -> absl::StatusOr<v1::TestRouteReply> {
        if (!request->key().empty() && !request->group().empty()) {
          return contract::FieldError("key", "cannot stand together with a group: a key has one");
        }
        ResourcePtr key;
        if (!request->key().empty()) {
          LMGATE_ASSIGN_OR_RETURN(key, FindResource(store_, v1::RESOURCE_KIND_KEY, request->key()));
        }
        v1::ConfigSet config;
        store_.ReadIndex([&](const storage::ResourceIndex& index) { config = index.Config(); });
        return ExplainRoute(config, *request, key == nullptr ? nullptr : &key->key(), clock_.Now());
      });
}

}  // namespace lmgate::admin
