#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "common/http/http_client.h"
#include "tests/fakeprovider/fake_provider.h"
#include "tests/fakeprovider/test_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_dataplane.h"

namespace lmgate {
namespace {

using fakeprovider::FakeProvider;
using fakeprovider::ReadEnd;
using fakeprovider::TestClient;
using fakeprovider::TestResponse;
using testing::BasicSource;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::kTestKey;
using testing::SnapshotSource;
using testing::TestDataplane;

// A data plane that speaks TLS to its clients stands as the provider behind another one: both
// sides of TLS are ours, and the bytes cross both.
class Tls : public ::testing::Test {
 protected:
  Tls() {
    auto provider = FakeProvider::Create({});
    EXPECT_TRUE(provider.ok()) << provider.status();
    provider_ = *std::move(provider);
    StartInner("IP:127.0.0.1");
  }

  // With a new certificate for `name`, as subjectAltName has it.
  void StartInner(std::string_view name) {
    const std::string command = StrCat(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=localhost -addext subjectAltName=",
        name, " -keyout ", KeyFile(), " -out ", CertificateFile(), " 2>/dev/null");
    EXPECT_EQ(std::system(command.c_str()), 0) << "the tests need the openssl command";
    inner_ = std::make_unique<TestDataplane>(BasicSource(provider_->base_url()),
                                             [this](dataplane::Options* options) {
                                               options->tls_cert = CertificateFile();
                                               options->tls_key = KeyFile();
                                             });
  }

  // In front of the TLS listener, trusting `ca` (empty = the system's authorities).
  void StartOuter(const std::string& ca, bool skip_verify = false) {
    SnapshotSource source = BasicSource(StrCat("https://127.0.0.1:", inner_->port(), "/v1"));
    v1::Connection connection =
        source.state().Find(v1::RESOURCE_KIND_CONNECTION, "up")->connection();
    connection.set_api_key(std::string(kTestKey));
    connection.mutable_tls()->set_ca(ca);
    connection.mutable_tls()->set_insecure_skip_verify(skip_verify);
    source.Change({contract::MakeResource(connection)});
    outer_ = std::make_unique<TestDataplane>(source);
    client_ = std::make_unique<TestClient>(outer_->port());
  }

  TestResponse Chat(std::string_view model, bool stream) {
    return client_->Post("/v1/chat/completions",
                         StrCat("{\"model\":\"", model, "\",\"stream\":", stream ? "true" : "false",
                                ",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}"),
                         StrCat("Authorization: Bearer ", kTestKey, "\r\n"));
  }

  http::HttpCall CallOut() const {
    return {.tls = true, .host = "127.0.0.1", .port = inner_->port(), .target = "/healthz"};
  }
  std::string Certificate() const {
    std::ifstream file(CertificateFile());
    std::ostringstream pem;
    pem << file.rdbuf();
    return pem.str();
  }
  std::string CertificateFile() const { return directory_.File("cert.pem"); }
  std::string KeyFile() const { return directory_.File("key.pem"); }

  testing::TempDir directory_;
  std::unique_ptr<FakeProvider> provider_;
  std::unique_ptr<TestDataplane> inner_;
  std::unique_ptr<TestDataplane> outer_;
  std::unique_ptr<TestClient> client_;
};

TEST_F(Tls, PlainAndStreamedAnswersCrossBothSides) {
  StartOuter(StrCat("file:", CertificateFile()));

  for (int i = 0; i < 5; ++i) {
    const TestResponse plain = Chat("size-200000", /*stream=*/false);
    ASSERT_EQ(plain.status, 200) << plain.body;
    ASSERT_EQ(plain.end, ReadEnd::kComplete);
    const TestResponse streamed = Chat("gpt-4o", /*stream=*/true);
    ASSERT_EQ(streamed.status, 200);
    EXPECT_THAT(streamed.body, EndsWith("data: [DONE]\n\n"));
  }

  EXPECT_EQ(provider_->Stats().total_connections, 1u) << "keep-alive on all three legs";
}

TEST_F(Tls, AnUntrustedCertificateIsRefused) {
  StartOuter("");

  const TestResponse response = Chat("gpt-4o", /*stream=*/false);

  EXPECT_EQ(response.status, 502);
  EXPECT_THAT(response.body, HasSubstr("upstream_connect_failed"));
  EXPECT_TRUE(provider_->Journal().empty());
}

TEST_F(Tls, VerificationCanBeTurnedOff) {
  StartOuter("", /*skip_verify=*/true);

  EXPECT_EQ(Chat("gpt-4o", /*stream=*/false).status, 200);
}

// http::HttpClient, of tokens and key sets, with the same peer.
TEST_F(Tls, CallOutsTrustWhomTheyAreTold) {
  http::HttpClient trusting({.ca_pem = Certificate()});
  http::HttpClient strict({});

  const auto reply = trusting.Send(CallOut());
  const auto refused = strict.Send(CallOut());

  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("TLS: "));
}

TEST_F(Tls, CallOutsWantTheirPeersNameInTheCertificate) {
  StartInner("DNS:other.example");
  http::HttpClient client({.ca_pem = Certificate()});

  const auto refused = client.Send(CallOut());

  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("TLS: "));
}

TEST_F(Tls, AClientThatSpeaksNoTlsIsClosed) {
  TestClient client(inner_->port());

  client.Send("GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n");

  EXPECT_NE(client.ReadToClose(), ReadEnd::kTimeout);
}

}  // namespace
}  // namespace lmgate
