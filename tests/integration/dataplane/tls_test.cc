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
    const std::string command = StrCat(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout ",
        KeyFile(), " -out ", CertificateFile(), " 2>/dev/null");
    EXPECT_EQ(std::system(command.c_str()), 0) << "the tests need the openssl command";
    auto provider = FakeProvider::Create({});
    EXPECT_TRUE(provider.ok()) << provider.status();
    provider_ = *std::move(provider);
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
  std::ifstream file(CertificateFile());
  std::ostringstream pem;
  pem << file.rdbuf();
  const http::HttpCall call{
      .tls = true, .host = "127.0.0.1", .port = inner_->port(), .target = "/healthz"};

  http::HttpClient trusting({.ca_pem = pem.str()});
  const auto reply = trusting.Send(call);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->status, 200);

  http::HttpClient strict({});
  const auto refused = strict.Send(call);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("TLS: "));
}

TEST_F(Tls, CallOutsWantTheNameOfTheCertificate) {
  std::ifstream file(CertificateFile());
  std::ostringstream pem;
  pem << file.rdbuf();
  http::HttpClient client({.ca_pem = pem.str()});
  // The certificate is for the address only, once it has a subjectAltName (RFC 6125, 6.4.4).
  const http::HttpCall call{
      .tls = true, .host = "localhost", .port = inner_->port(), .target = "/healthz"};

  EXPECT_EQ(client.Send(call).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(Tls, AClientThatSpeaksNoTlsIsClosed) {
  TestClient client(inner_->port());

  client.Send("GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n");

  EXPECT_NE(client.ReadToClose(), ReadEnd::kTimeout);
}

}  // namespace
}  // namespace lmgate
