#pragma once

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "common/base/grpc_status.h"
#include "controlplane/admin/admin_auth.h"
#include "controlplane/admin/admin_call.h"
#include "controlplane/admin/admin_metrics.h"
#include "controlplane/admin/config_service.h"
#include "controlplane/admin/connection_service.h"
#include "controlplane/admin/group_service.h"
#include "controlplane/admin/key_service.h"
#include "controlplane/admin/route_service.h"
#include "controlplane/admin/status_service.h"
#include "controlplane/discovery/replica_registry.h"
#include "controlplane/storage/store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace lmgate::admin {

// Protobuf text as a message: Text<v1::Group>("name: 'free'").
template <typename Message>
Message Text(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

// The services on a real store, called through a real gRPC server on loopback.
class AdminFixture : public ::testing::Test {
 protected:
  // `changes_max`: kept in the change log; 0 = all.
  explicit AdminFixture(uint64_t changes_max = 0) : changes_max_(changes_max) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&connection_service_);
    builder.RegisterService(&route_service_);
    builder.RegisterService(&group_service_);
    builder.RegisterService(&key_service_);
    builder.RegisterService(&config_service_);
    builder.RegisterService(&status_service_);
    server_ = builder.BuildAndStart();
    channel_ = grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                   grpc::InsecureChannelCredentials());
    std::getline(std::ifstream(dir_.File("admin.token")), token_);
  }
  ~AdminFixture() override { server_->Shutdown(); }

  // One call with the admin token: Call(&v1::KeyService::Stub::GetKey, request).
  template <typename Stub, typename Request, typename Reply>
  absl::StatusOr<Reply> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                          Reply*),
                             const Request& request) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token_);
    context.AddMetadata("x-lmgate-actor", "ann");
    Stub stub(channel_);
    Reply reply;
    const grpc::Status status = (stub.*method)(&context, request, &reply);
    if (!status.ok()) return FromGrpcStatus(status);
    return reply;
  }

  // A connection "openai", a group "default" that may use everything, a route "*" to it.
  void AddBasics() {
    using testing::IsOk;
    EXPECT_THAT(Call(&v1::ConnectionService::Stub::CreateConnection,
                     Text<v1::CreateConnectionRequest>("connection { name: 'openai' "
                                                       "provider: 'openai' api_key: 'env:K' }")),
                IsOk());
    EXPECT_THAT(Call(&v1::GroupService::Stub::CreateGroup,
                     Text<v1::CreateGroupRequest>("group { name: 'default' connections: '*' }")),
                IsOk());
    EXPECT_THAT(Call(&v1::RouteService::Stub::CreateRoute,
                     Text<v1::CreateRouteRequest>("route { model: '*' to { connection: 'openai' "
                                                  "model: '*' } }")),
                IsOk());
  }

  uint64_t Revision() {
    uint64_t revision = 0;
    store_->Read([&](const contract::SnapshotState& state) { revision = state.revision(); });
    return revision;
  }

  const uint64_t changes_max_;
  testing::TempDir dir_;
  testing::FakeClock clock_;
  AdminAuth auth_ = *AdminAuth::Create(dir_.path());
  AdminMetrics metrics_;
  AdminCalls calls_{auth_, metrics_};
  std::unique_ptr<storage::Store> store_ =
      *storage::Store::Create({.database = "sqlite:" + dir_.File("lmgate.db"),
                               .state_dir = dir_.path(),
                               .changes_max = changes_max_},
                              clock_);
  discovery::ReplicaRegistry replicas_{clock_};
  ConnectionService connection_service_{calls_, *store_};
  RouteService route_service_{calls_, *store_, clock_};
  GroupService group_service_{calls_, *store_};
  KeyService key_service_{calls_, *store_, clock_};
  ConfigService config_service_{calls_, *store_};
  StatusService status_service_{calls_, *store_, replicas_, clock_};
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::string token_;
};

}  // namespace lmgate::admin
