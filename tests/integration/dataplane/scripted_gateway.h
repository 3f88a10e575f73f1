#pragma once

#include <gmock/gmock.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "tests/fakeprovider/test_client.h"
#include "tests/support/scripted_upstream.h"
#include "tests/support/test_dataplane.h"

namespace lmgate::testing {

// A data plane between a provider that answers as scripted and clients that send what they like.
// Requests without a model go to that provider as well.
class ScriptedGateway : public ::testing::Test {
 protected:
  using Answers = std::vector<ScriptedUpstream::Answer>;

  static std::string Ok(std::string_view body = "{}") {
    return StrCat("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ",
                  body.size(), "\r\n\r\n", body);
  }
  static std::string Auth() {
    return StrCat("Host: x\r\nAuthorization: Bearer ", kTestKey, "\r\n");
  }
  // A whole request; `lines` are its further header lines.
  static std::string Chat(std::string_view body = R"({"model":"a"})", std::string_view lines = {}) {
    return StrCat("POST /v1/chat/completions HTTP/1.1\r\n", Auth(), lines,
                  "Content-Type: application/json\r\nContent-Length: ", body.size(), "\r\n\r\n",
                  body);
  }
  // `body` as it stands: with its framing.
  static std::string ChunkedChat(std::string_view body, std::string_view lines = {}) {
    return StrCat("POST /v1/chat/completions HTTP/1.1\r\n", Auth(), lines,
                  "Transfer-Encoding: chunked\r\n\r\n", body);
  }

  void Start(Answers answers = {}, const std::function<void(dataplane::Options*)>& change = {},
             const std::vector<std::string>& key_models = {}) {
    if (answers.empty()) answers.push_back({.bytes = Ok()});
    upstream_ = std::make_unique<ScriptedUpstream>(std::move(answers));
    SnapshotSource source = BasicSource(upstream_->base_url());
    v1::Group group = TestGroup("default");
    group.set_default_connection("up");
    v1::Key key = TestKey("key1", kTestKey, "default");
    for (const std::string& model : key_models) key.add_models(model);
    source.Change({contract::MakeResource(group), contract::MakeResource(key)});
    dataplane_ = std::make_unique<TestDataplane>(source, change);
    client_ = NewClient();
  }
  std::unique_ptr<fakeprovider::TestClient> NewClient() {
    return std::make_unique<fakeprovider::TestClient>(dataplane_->port());
  }
  // On the connection that all requests of a test share.
  fakeprovider::TestResponse Send(std::string_view bytes, bool has_body = true) {
    client_->Send(bytes);
    return client_->Read(absl::Seconds(10), has_body);
  }
  // On a connection of its own.
  fakeprovider::TestResponse SendAlone(std::string_view bytes) {
    client_ = NewClient();
    return Send(bytes);
  }
  size_t requests() const { return upstream_->requests().size(); }
  std::string last_request() const {
    const std::vector<std::string> all = upstream_->requests();
    return all.empty() ? std::string() : all.back();
  }

  std::unique_ptr<ScriptedUpstream> upstream_;
  std::unique_ptr<TestDataplane> dataplane_;
  std::unique_ptr<fakeprovider::TestClient> client_;
};

}  // namespace lmgate::testing
