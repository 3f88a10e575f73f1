#include "controlplane/admin/connection_service.h"

#include <utility>

#include "common/base/status_macros.h"
#include "common/contract/field_error.h"
#include "common/contract/resource.h"
#include "common/contract/secret_ref.h"
#include "controlplane/admin/field_mask.h"
#include "controlplane/admin/list_page.h"

namespace lmgate::admin {
namespace {

constexpr v1::ResourceKind kKind = v1::RESOURCE_KIND_CONNECTION;
constexpr std::string_view kFixed[] = {"name", "revision"};

}  // namespace

ConnectionService::ConnectionService(const AdminCalls& calls, storage::Store& store)
    : calls_(calls), store_(store), pepper_(KeyPepper(store)) {}

v1::Connection ConnectionService::Redacted(const v1::Resource& resource) const {
  v1::Connection connection = resource.connection();
  contract::RedactConnection(&connection, pepper_);
  return connection;
}

v1::ConnectionReply ConnectionService::MakeReply(const EditedResource& edited) const {
  v1::ConnectionReply reply;
  *reply.mutable_connection() = Redacted(edited.resource);
  reply.set_revision(edited.revision);
  for (std::string& warning : FindWarnings(store_, edited.resource.connection().name())) {
    reply.add_warnings(std::move(warning));
  }
  return reply;
}

grpc::Status ConnectionService::CreateConnection(grpc::ServerContext* context,
                                                 const v1::CreateConnectionRequest* request,
                                                 v1::ConnectionReply* reply) {
  return calls_.Serve(
      *context, "connections add", reply,
      [&](const storage::WriteContext& caller) -> absl::StatusOr<v1::ConnectionReply> {
        LMGATE_ASSIGN_OR_RETURN(
            const EditedResource created,
            WriteResource(store_, caller, [&]() -> absl::StatusOr<ResourceEdit> {
              v1::Connection connection = request->connection();
              LMGATE_RETURN_IF_ERROR(contract::RestoreStoredSecrets(&connection, nullptr, pepper_));
              return ResourceEdit{nullptr, contract::MakeResource(std::move(connection)), {}};
            }));
        return MakeReply(created);
      });
}

grpc::Status ConnectionService::GetConnection(grpc::ServerContext* context,
                                              const v1::GetRequest* request,
                                              v1::Connection* reply) {
  return calls_.Serve(*context, "connections get", reply,
                      [&](const storage::WriteContext&) -> absl::StatusOr<v1::Connection> {
                        LMGATE_ASSIGN_OR_RETURN(const auto found,
                                                FindResource(store_, kKind, request->name()));
                        return Redacted(*found);
                      });
}

grpc::Status ConnectionService::ListConnections(grpc::ServerContext* context,
                                                const v1::ListRequest* request,
                                                v1::ListConnectionsReply* reply) {
  return calls_.Serve(
      *context, "connections list", reply,
      [&](const storage::WriteContext&) -> absl::StatusOr<v1::ListConnectionsReply> {
        absl::StatusOr<ListPage> page;
        store_.ReadIndex([&](const storage::ResourceIndex& index) {
          page = ListByName(index.OfKind(kKind),
                            {.filter = request->filter(),
                             .page_size = request->page_size(),
                             .page_token = request->page_token()},
                            [](const v1::Resource&) { return true; });
        });
        if (!page.ok()) return page.status();
        v1::ListConnectionsReply list;
        for (const auto& resource : page->resources) *list.add_connections() = Redacted(*resource);
        list.set_next_page_token(page->next_page_token);
        return list;
      });
}

grpc::Status ConnectionService::UpdateConnection(grpc::ServerContext* context,
                                                 const v1::UpdateConnectionRequest* request,
                                                 v1::ConnectionReply* reply) {
  return calls_.Serve(
      *context, "connections update", reply,
      [&](const storage::WriteContext& caller) -> absl::StatusOr<v1::ConnectionReply> {
        if (request->update_mask().paths().empty()) {
          return contract::FieldError("update_mask", "is required: name the fields to change");
        }
        LMGATE_ASSIGN_OR_RETURN(
            const EditedResource changed,
            WriteResource(store_, caller, [&]() -> absl::StatusOr<ResourceEdit> {
              LMGATE_ASSIGN_OR_RETURN(auto before,
                                      FindResource(store_, kKind, request->connection().name()));
              LMGATE_RETURN_IF_ERROR(CheckRevision(*before, ExpectedRevision(*request)));
              v1::Connection connection = before->connection();
              LMGATE_RETURN_IF_ERROR(
                  CopyFields(request->update_mask(), request->connection(), &connection, kFixed));
              LMGATE_RETURN_IF_ERROR(
                  contract::RestoreStoredSecrets(&connection, &before->connection(), pepper_));
              return ResourceEdit{
                  std::move(before), contract::MakeResource(std::move(connection)), {}};
            }));
        return MakeReply(changed);
      });
}

grpc::Status ConnectionService::DeleteConnection(grpc::ServerContext* context,
                                                 const v1::DeleteRequest* request,
                                                 v1::DeleteReply* reply) {
  return calls_.Serve(*context, "connections remove", reply,
                      [&](const storage::WriteContext& caller) {
                        return DeleteResource(store_, caller, kKind, *request);
                      });
}

}  // namespace lmgate::admin
