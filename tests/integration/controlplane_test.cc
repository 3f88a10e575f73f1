// The control plane as a whole, in this process: what its parts do together over real sockets.
#include <absl/time/clock.h>
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "common/base/grpc_status.h"
#include "controlplane/app.h"
#include "lmgate/v1/admin.grpc.pb.h"
#include "lmgate/v1/snapshot.grpc.pb.h"
#include "tests/integration/controlplane/fake_replica.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace lmgate::controlplane {
namespace {

using ::lmgate::testing::FakeReplica;
using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string FileText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string Line(const std::string& path) {
  const std::string text = FileText(path);
  return text.substr(0, text.find('\n'));
}

class ControlPlaneTest : public ::testing::Test {
 protected:
  Options MakeOptions() const {
    Options options;
    options.grpc_listen.port = 0;
    options.http_listen.port = 0;
    options.state_dir = dir_.File("state");
    return options;
  }
  void Start() { Start(MakeOptions()); }
  void Start(const Options& options) {
    auto app = App::Create(options);
    ASSERT_THAT(app, IsOk());
    app_ = *std::move(app);
    channel_ = Dial();
  }
  // A channel of its own, and not one that gRPC shares between all of the same address.
  std::shared_ptr<grpc::Channel> Dial() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(Address(), grpc::InsecureChannelCredentials(), arguments);
  }
  std::string Address() const { return "127.0.0.1:" + std::to_string(app_->grpc_port()); }
  std::string AdminToken() const { return Line(dir_.File("state/admin.token")); }
  std::string ReplicaToken() const { return Line(dir_.File("state/replica.token")); }

  std::unique_ptr<grpc::ClientContext> AdminContext() const {
    auto context = std::make_unique<grpc::ClientContext>();
    context->AddMetadata("authorization", "Bearer " + AdminToken());
    return context;
  }
  absl::StatusOr<v1::GetStatusReply> GetStatus(const std::shared_ptr<grpc::Channel>& channel) {
    v1::GetStatusReply reply;
    const grpc::Status status = v1::StatusService::NewStub(channel)->GetStatus(
        AdminContext().get(), v1::GetStatusRequest(), &reply);
    if (!status.ok()) return FromGrpcStatus(status);
    return reply;
  }
  absl::StatusOr<uint64_t> Apply(const std::string& content) {
    v1::ApplyRequest request;
    request.set_content(content);
    v1::ApplyReply reply;
    const grpc::Status status =
        v1::ConfigService::NewStub(channel_)->Apply(AdminContext().get(), request, &reply);
    if (!status.ok()) return FromGrpcStatus(status);
    return reply.revision();
  }
  absl::StatusOr<v1::KeyReply> AddKey(const std::string& name) {
    v1::CreateKeyRequest request;
    request.mutable_key()->set_name(name);
    request.mutable_key()->set_group("default");
    v1::KeyReply reply;
    const grpc::Status status =
        v1::KeyService::NewStub(channel_)->CreateKey(AdminContext().get(), request, &reply);
    if (!status.ok()) return FromGrpcStatus(status);
    return reply;
  }

  // One unary call without any token, of bytes.
  absl::StatusOr<std::string> CallRaw(const std::string& method, const std::string& request) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const grpc::Slice slice(request);
    const grpc::ByteBuffer bytes(&slice, 1);
    const auto call = stub.PrepareUnaryCall(&context, method, bytes, &queue);
    grpc::ByteBuffer reply;
    grpc::Status status;
    call->StartCall();
    call->Finish(&reply, &status, this);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    if (!status.ok()) return FromGrpcStatus(status);
    grpc::Slice answer;
    if (!reply.DumpToSingleSlice(&answer).ok()) return absl::InternalError("no bytes");
    return std::string(reinterpret_cast<const char*>(answer.begin()), answer.size());
  }

  std::string HttpGet(const std::string& path) {
    const int file = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(app_->http_port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(file, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    EXPECT_EQ(send(file, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
    std::string response;
    std::array<char, 4096> buffer;
    for (ssize_t count = 0; (count = recv(file, buffer.data(), buffer.size(), 0)) > 0;) {
      response.append(buffer.data(), static_cast<size_t>(count));
    }
    close(file);
    return response;
  }

  testing::TempDir dir_;
  std::unique_ptr<App> app_;
  std::shared_ptr<grpc::Channel> channel_;
};

constexpr char kConfig[] =
    "connections: {openai: {provider: openai, api_key: sk-literal}}\n"
    "routes: [{model: '*', to: 'openai.*'}]\n"
    "groups: {default: {connections: '*'}}\n";

TEST_F(ControlPlaneTest, ChangeReachesTheReplicaWithItsSecret) {
  Start();
  FakeReplica replica(channel_, "r1");
  replica.Connect(ReplicaToken());
  replica.SayHello();

  ASSERT_THAT(Apply(kConfig), IsOk());
  const auto key = AddKey("ci");
  ASSERT_THAT(key, IsOk());
  replica.CatchUp(key->revision());

  const auto connection = replica.state().Find(v1::RESOURCE_KIND_CONNECTION, "openai");
  ASSERT_NE(connection, nullptr);
  EXPECT_EQ(connection->connection().api_key(), "sk-literal");
  const auto pushed = replica.state().Find(v1::RESOURCE_KIND_KEY, key->key().id());
  ASSERT_NE(pushed, nullptr);
  EXPECT_EQ(pushed->key().digest().size(), 32u);
}

TEST_F(ControlPlaneTest, WaitReturnsWhenTheReplicaHasAcked) {
  Start();
  FakeReplica replica(channel_, "r1");
  replica.Connect(ReplicaToken());
  replica.SayHello();
  ASSERT_THAT(Apply(kConfig), IsOk());
  std::thread client([&] { replica.CatchUp(1); });

  v1::WaitForRevisionRequest request;
  request.set_revision(1);
  request.mutable_timeout()->set_seconds(30);
  v1::WaitForRevisionReply reply;
  const grpc::Status status =
      v1::StatusService::NewStub(channel_)->WaitForRevision(AdminContext().get(), request, &reply);
  client.join();

  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_FALSE(reply.timed_out());
  EXPECT_EQ(reply.active(), reply.replicas());
}

TEST_F(ControlPlaneTest, EachTokenOpensItsOwnDoorOnly) {
  Start();

  FakeReplica with_admin_token(channel_, "r1");
  with_admin_token.Connect(AdminToken());
  EXPECT_THAT(FromGrpcStatus(with_admin_token.AwaitEnd()),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("replica.token")));

  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer " + ReplicaToken());
  v1::GetStatusReply reply;
  EXPECT_THAT(FromGrpcStatus(v1::StatusService::NewStub(channel_)->GetStatus(
                  &context, v1::GetStatusRequest(), &reply)),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("admin.token")));
}

TEST_F(ControlPlaneTest, HealthNeedsNoToken) {
  Start();

  // grpc.health.v1.HealthCheckResponse{status: SERVING}.
  EXPECT_THAT(CallRaw("/grpc.health.v1.Health/Check", ""),
              testing::IsOkAndHolds(std::string("\x08\x01", 2)));
}

TEST_F(ControlPlaneTest, ReflectionNeedsNoTokenAndListsTheServices) {
  Start();
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool ok = false;
  const auto call = stub.PrepareCall(
      &context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  call->StartCall(this);
  queue.Next(&tag, &ok);
  // ServerReflectionRequest{list_services: ""}: field 7, empty.
  const grpc::Slice slice(std::string("\x3a\x00", 2));
  call->Write(grpc::ByteBuffer(&slice, 1), this);
  queue.Next(&tag, &ok);
  grpc::ByteBuffer reply;
  call->Read(&reply, this);
  queue.Next(&tag, &ok);
  ASSERT_TRUE(ok);
  grpc::Slice answer;
  ASSERT_TRUE(reply.DumpToSingleSlice(&answer).ok());
  context.TryCancel();
  grpc::Status status;
  call->Finish(&status, this);
  queue.Next(&tag, &ok);

  const std::string text(reinterpret_cast<const char*>(answer.begin()), answer.size());
  for (const char* service :
       {"lmgate.v1.ConnectionService", "lmgate.v1.RouteService", "lmgate.v1.GroupService",
        "lmgate.v1.KeyService", "lmgate.v1.ConfigService", "lmgate.v1.StatusService",
        "lmgate.v1.SnapshotService", "grpc.health.v1.Health"}) {
    EXPECT_THAT(text, HasSubstr(service));
  }
}

TEST_F(ControlPlaneTest, HttpSaysHealthReadinessAndMetrics) {
  Start();
  ASSERT_THAT(Apply(kConfig), IsOk());

  EXPECT_THAT(HttpGet("/healthz"), HasSubstr("200 OK"));
  EXPECT_THAT(HttpGet("/readyz"), HasSubstr("200 OK"));
  EXPECT_THAT(HttpGet("/other"), HasSubstr("404"));
  EXPECT_THAT(HttpGet("/metrics"),
              AllOf(HasSubstr("200 OK"), HasSubstr("lmgate_controlplane_revision 1"),
                    HasSubstr("lmgate_controlplane_changes_total 1"),
                    HasSubstr("{code=\"OK\",method=\"apply\"} 1")));
}

TEST_F(ControlPlaneTest, RestartGoesOnWhereItWasAndTheReplicaCatchesUpByDelta) {
  Start();
  ASSERT_THAT(Apply(kConfig), IsOk());
  const auto before = GetStatus(channel_);
  ASSERT_THAT(before, IsOk());
  FakeReplica replica(channel_, "r1");
  replica.Connect(ReplicaToken());
  replica.SayHello();
  replica.CatchUp(1);

  app_.reset();
  Start();

  const auto after = GetStatus(channel_);
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->revision(), before->revision());
  EXPECT_EQ(after->hash(), before->hash());
  EXPECT_EQ(after->lineage(), before->lineage());
  FakeReplica again(channel_, "r1");
  again.state() = replica.state();
  again.Connect(ReplicaToken());
  again.SayHello();
  ASSERT_THAT(AddKey("ci"), IsOk());
  const FakeReplica::Push push = again.Take();
  EXPECT_TRUE(push.delta.has_value());
  EXPECT_TRUE(again.Accept(push));
}

TEST_F(ControlPlaneTest, PortInUseIsOneClearLine) {
  Start();
  Options second = MakeOptions();
  second.state_dir = dir_.File("second");
  second.grpc_listen.port = app_->grpc_port();
  EXPECT_THAT(App::Create(second),
              StatusIs(absl::StatusCode::kUnavailable, Address() + ": address already in use"));

  second.grpc_listen.port = 0;
  second.http_listen.port = app_->http_port();
  EXPECT_THAT(App::Create(second),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("address already in use")));
}

TEST_F(ControlPlaneTest, SecondOneOnADatabaseIsRefused) {
  Start();

  EXPECT_THAT(App::Create(MakeOptions()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("in use by another")));
}

TEST_F(ControlPlaneTest, StopsWithinTwoSecondsWhateverIsUnderWay) {
  Start();
  ASSERT_THAT(Apply(kConfig), IsOk());
  FakeReplica replica(channel_, "r1");
  replica.Connect(ReplicaToken());
  replica.SayHello();
  ASSERT_TRUE(replica.ReadMessage().has_value());  // never acked: it is waited for
  std::atomic<bool> waiting = false;
  std::thread waiter([&] {
    v1::WaitForRevisionRequest request;
    request.set_revision(1);
    request.mutable_timeout()->set_seconds(60);
    v1::WaitForRevisionReply reply;
    waiting = true;
    (void)v1::StatusService::NewStub(channel_)->WaitForRevision(AdminContext().get(), request,
                                                                &reply);
  });
  while (!waiting) std::this_thread::yield();

  const absl::Time start = absl::Now();
  app_->Stop();
  const absl::Duration took = absl::Now() - start;
  waiter.join();

  EXPECT_LT(took, absl::Seconds(2));
}

TEST_F(ControlPlaneTest, OptionsAreCheckedTogether) {
  Options options = MakeOptions();
  options.grpc_listen.host = "0.0.0.0";
  options.http_listen.host = "192.0.2.1";
  options.tls_client_ca = "ca.pem";

  EXPECT_THAT(CheckOptions(options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("--grpc-listen 0.0.0.0:0"), HasSubstr("--http-listen"),
                             HasSubstr("--tls-client-ca"))));
  options.insecure = true;
  options.tls_client_ca.clear();
  EXPECT_THAT(CheckOptions(options), IsOk());
}

TEST_F(ControlPlaneTest, TlsServesWhoTrustsItAndNobodyElse) {
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
      "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout " +
      dir_.File("key.pem") + " -out " + dir_.File("cert.pem") + " 2>/dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
  Options options = MakeOptions();
  options.tls_cert = dir_.File("cert.pem");
  options.tls_key = dir_.File("key.pem");
  Start(options);

  grpc::SslCredentialsOptions trust;
  trust.pem_root_certs = FileText(dir_.File("cert.pem"));
  EXPECT_THAT(GetStatus(grpc::CreateChannel(Address(), grpc::SslCredentials(trust))), IsOk());
  EXPECT_EQ(GetStatus(Dial()).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ControlPlaneTest, TlsInsistsOnAClientCertificateWhenToldTo) {
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
      "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout " +
      dir_.File("key.pem") + " -out " + dir_.File("cert.pem") + " 2>/dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
  Options options = MakeOptions();
  options.tls_cert = dir_.File("cert.pem");
  options.tls_key = dir_.File("key.pem");
  options.tls_client_ca = dir_.File("cert.pem");
  Start(options);

  grpc::SslCredentialsOptions trust;
  trust.pem_root_certs = FileText(dir_.File("cert.pem"));
  EXPECT_FALSE(GetStatus(grpc::CreateChannel(Address(), grpc::SslCredentials(trust))).ok());
  trust.pem_cert_chain = trust.pem_root_certs;
  trust.pem_private_key = FileText(dir_.File("key.pem"));
  EXPECT_THAT(GetStatus(grpc::CreateChannel(Address(), grpc::SslCredentials(trust))), IsOk());
}

TEST_F(ControlPlaneTest, TlsFileThatCannotBeReadIsNamed) {
  Options options = MakeOptions();
  options.tls_cert = dir_.File("missing.pem");
  options.tls_key = dir_.File("missing.key");
  EXPECT_THAT(App::Create(options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("missing.key: No such file")));

  std::ofstream(dir_.File("missing.key")) << "no pem";
  EXPECT_THAT(App::Create(options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("holds no PEM")));
}

}  // namespace
}  // namespace lmgate::controlplane
