// Both programs in this process, TLS between them: who trusts the control plane is served by it.
#include <absl/time/clock.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>

#include "common/base/grpc_status.h"
#include "common/base/mutex.h"
#include "common/base/strings.h"
#include "controlplane/app.h"
#include "dataplane/control/control_channel.h"
#include "lmgate/v1/snapshot.grpc.pb.h"
#include "tests/fakeprovider/test_client.h"
#include "tests/support/snapshot_source.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_dataplane.h"

namespace lmgate {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr absl::Duration kPatience = absl::Seconds(20);

// False when it never was so.
bool Await(const std::function<bool()>& condition) {
  const absl::Time deadline = absl::Now() + kPatience;
  Mutex mutex;
  CondVar next_look;
  const MutexLock lock(&mutex);
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    next_look.WaitWithTimeout(&mutex, absl::Milliseconds(5));
  }
  return true;
}

class ControlPlaneTls : public ::testing::Test {
 protected:
  ControlPlaneTls() {
    MakeCertificate("server");
    MakeCertificate("other");
  }

  // `name`.pem, which is its own authority, and `name`.key.
  void MakeCertificate(const std::string& name) {
    const std::string command = StrCat(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=",
        name, " -addext subjectAltName=IP:127.0.0.1 -keyout ", dir_.File(name + ".key"), " -out ",
        dir_.File(name + ".pem"), " 2>/dev/null");
    EXPECT_EQ(std::system(command.c_str()), 0) << "the tests need the openssl command";
  }

  // `client_ca`: whose client certificates it insists on; empty = nobody's.
  void StartControlPlane(const std::string& client_ca = "") {
    controlplane::Options options;
    options.grpc_listen.port = 0;
    options.http_listen.port = 0;
    options.state_dir = dir_.File("control");
    options.tls_cert = dir_.File("server.pem");
    options.tls_key = dir_.File("server.key");
    if (!client_ca.empty()) options.tls_client_ca = dir_.File(client_ca);
    auto app = controlplane::App::Create(options);
    ASSERT_THAT(app, IsOk());
    control_plane_ = *std::move(app);
  }

  // Trusting the authority in the file `ca`; `client`: the certificate that it shows, if any.
  void StartReplica(const std::string& ca, const std::string& client = "") {
    replica_ = std::make_unique<testing::TestDataplane>(
        testing::SnapshotSource(), [&](dataplane::Options* options) {
          options->control_plane = Target();
          options->control_plane_tls = true;
          options->control_plane_ca = dir_.File(ca);
          options->token_file = dir_.File("control/replica.token");
          if (client.empty()) return;
          options->control_plane_cert = dir_.File(client + ".pem");
          options->control_plane_key = dir_.File(client + ".key");
        });
  }

  std::string Target() const { return StrCat("127.0.0.1:", control_plane_->grpc_port()); }

  bool Says(std::string_view metric) const {
    return replica_->Metrics().find(metric) != std::string::npos;
  }
  bool HasSynced() const { return Says("\nlmgate_snapshot_applies_total 1\n"); }
  // Tried, and was turned away before a stream began.
  bool WasRefused() const {
    return !Says("\nlmgate_control_plane_stream_ends_total 0\n") &&
           Says("\nlmgate_control_plane_connected 0\n") &&
           Says("\nlmgate_snapshot_applies_total 0\n");
  }

  // What a stream over the replica's channel ends with, which is what it logs.
  absl::Status StreamError(const std::string& ca) {
    control::ControlPlaneAddress address;
    address.target = Target();
    address.token_file = dir_.File("control/replica.token");
    address.tls = true;
    address.tls_ca_file = dir_.File(ca);
    const auto channel = control::CreateControlChannel(address);
    EXPECT_THAT(channel, IsOk());
    const auto stub = v1::SnapshotService::NewStub(channel->channel);
    grpc::ClientContext context;
    const auto stream = stub->Subscribe(&context);
    v1::SubscribeResponse response;
    EXPECT_FALSE(stream->Read(&response));
    return FromGrpcStatus(stream->Finish());
  }

  testing::TempDir dir_;
  std::unique_ptr<controlplane::App> control_plane_;
  std::unique_ptr<testing::TestDataplane> replica_;
};

TEST_F(ControlPlaneTls, ReplicaWithTheRightAuthoritySyncs) {
  StartControlPlane();

  StartReplica("server.pem");

  EXPECT_TRUE(Await([&] { return HasSynced(); })) << replica_->Metrics();
  EXPECT_TRUE(replica_->app().ready());
}

TEST_F(ControlPlaneTls, ReplicaWithAnotherAuthorityDoesNot) {
  StartControlPlane();

  StartReplica("other.pem");

  EXPECT_TRUE(Await([&] { return WasRefused(); })) << replica_->Metrics();
}

TEST_F(ControlPlaneTls, RefusalNamesTheCertificate) {
  StartControlPlane();

  EXPECT_THAT(StreamError("other.pem"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("certificate verify failed")));
}

TEST_F(ControlPlaneTls, ClientCertificateIsShownToWhoInsistsOnIt) {
  StartControlPlane("other.pem");

  StartReplica("server.pem", "other");

  EXPECT_TRUE(Await([&] { return HasSynced(); })) << replica_->Metrics();
}

TEST_F(ControlPlaneTls, ReplicaWithoutTheClientCertificateDoesNotSync) {
  StartControlPlane("other.pem");

  StartReplica("server.pem");

  EXPECT_TRUE(Await([&] { return WasRefused(); })) << replica_->Metrics();
}

}  // namespace
}  // namespace lmgate
