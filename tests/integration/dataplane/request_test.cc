#include <absl/time/clock.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "tests/fakeprovider/fake_provider.h"
#include "tests/fakeprovider/test_client.h"
#include "tests/support/test_dataplane.h"

namespace lmgate {
namespace {

using fakeprovider::FakeProvider;
using fakeprovider::JournalEntry;
using fakeprovider::Outcome;
using fakeprovider::ReadEnd;
using fakeprovider::TestClient;
using fakeprovider::TestResponse;
using nlohmann::json;
using testing::BasicSource;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::kTestKey;
using ::testing::Not;
using testing::SnapshotSource;
using testing::TestDataplane;

constexpr absl::Duration kPatience = absl::Seconds(10);

std::string AuthHeader() { return StrCat("Authorization: Bearer ", kTestKey, "\r\n"); }

// One provider, one data plane in front of it, one client.
class Request : public ::testing::Test {
 protected:
  Request() {
    auto provider = FakeProvider::Create({});
    EXPECT_TRUE(provider.ok()) << provider.status();
    provider_ = *std::move(provider);
  }

  void Start(const std::function<void(dataplane::Options*)>& change = {}) {
    dataplane_ = std::make_unique<TestDataplane>(BasicSource(provider_->base_url()), change);
    client_ = std::make_unique<TestClient>(dataplane_->port());
  }
  // With other timers on the connection.
  void StartWith(const std::function<void(v1::Connection*)>& change_connection) {
    SnapshotSource source = BasicSource(provider_->base_url());
    v1::Connection connection =
        source.state().Find(v1::RESOURCE_KIND_CONNECTION, "up")->connection();
    change_connection(&connection);
    source.Change({contract::MakeResource(connection)});
    dataplane_ = std::make_unique<TestDataplane>(source);
    client_ = std::make_unique<TestClient>(dataplane_->port());
  }

  static std::string ChatBody(std::string_view model, bool stream) {
    return StrCat("{\"model\": \"", model, "\", \"stream\": ", stream ? "true" : "false",
                  ", \"messages\": [{\"role\": \"user\", \"content\": \"one two three\"}]}");
  }
  TestResponse Chat(std::string_view model, bool stream = false) {
    return client_->Post("/v1/chat/completions", ChatBody(model, stream), AuthHeader());
  }
  JournalEntry OnlyEntry() {
    const std::vector<JournalEntry> entries = provider_->Journal();
    EXPECT_EQ(entries.size(), 1u);
    return entries.empty() ? JournalEntry() : entries.front();
  }
  static std::string CodeOf(const TestResponse& response) {
    const json body = json::parse(response.body, nullptr, /*allow_exceptions=*/false);
    if (!body.is_object() || !body.contains("error")) return "no error in: " + response.body;
    return body["error"].value("code", "none");
  }

  std::unique_ptr<FakeProvider> provider_;
  std::unique_ptr<TestDataplane> dataplane_;
  std::unique_ptr<TestClient> client_;
};

TEST_F(Request, PassesAPlainAnswerAndSwapsTheCredential) {
  Start();

  const TestResponse response = Chat("gpt-4o");

  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.end, ReadEnd::kComplete);
  EXPECT_THAT(response.body, HasSubstr("You said: one two three"));
  EXPECT_THAT(response.FindHeader("x-request-id"), Not(::testing::IsEmpty()));
  const JournalEntry entry = OnlyEntry();
  EXPECT_EQ(entry.FindHeader("authorization"), "Bearer provider-secret");
  for (const auto& [name, value] : entry.headers) EXPECT_THAT(value, Not(HasSubstr(kTestKey)));
  EXPECT_EQ(entry.body, ChatBody("gpt-4o", false));
}

TEST_F(Request, KeepsBothConnectionsAlive) {
  Start();

  for (int i = 0; i < 50; ++i) ASSERT_EQ(Chat("gpt-4o").status, 200);

  EXPECT_EQ(provider_->Stats().total_connections, 1u);
}

TEST_F(Request, StreamsChunkByChunkWithTheBoundariesOfTheProvider) {
  Start();

  const TestResponse response = Chat("gpt-4o", /*stream=*/true);

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.end, ReadEnd::kComplete);
  EXPECT_THAT(response.body, EndsWith("data: [DONE]\n\n"));
  EXPECT_EQ(response.chunks.size(), OnlyEntry().chunks_sent);
}

TEST_F(Request, PutsTheTargetsModelIntoTheBody) {
  SnapshotSource source = BasicSource(provider_->base_url());
  v1::Route route = testing::TestRoute("alias", 1, {"up.gpt-4o-\"mini\""});
  source.Change({contract::MakeResource(route)});
  dataplane_ = std::make_unique<TestDataplane>(source);
  client_ = std::make_unique<TestClient>(dataplane_->port());

  const TestResponse response =
      client_->Post("/v1/chat/completions",
                    "{\"messages\":[],\"mod\\u0065l\" :\t\"ali\\u0061s\" , \"x\":1}", AuthHeader());

  EXPECT_EQ(response.status, 400) << "no message: the fake provider's own refusal is mirrored";
  EXPECT_EQ(OnlyEntry().body,
            "{\"messages\":[],\"mod\\u0065l\" :\t\"gpt-4o-\\\"mini\\\"\" , \"x\":1}");
}

TEST_F(Request, BodiesOfAllSizesArrive) {
  Start();

  for (const size_t size : {0u, 1u, 1000u, 8000u, 8192u, 9000u, 70000u, 3000000u}) {
    const std::string body = StrCat("{\"model\":\"echo\",\"x_pad\":\"", std::string(size, 'x'),
                                    "\",\"messages\":[{\"role\":\"user\",\"content\":\"c\"}]}");
    const TestResponse response = client_->Post("/v1/chat/completions", body, AuthHeader());
    ASSERT_EQ(response.status, 200) << size;
    ASSERT_EQ(provider_->Journal().back().body_bytes, body.size());
  }
  for (const size_t size : {1u, 1000u, 20000u, 100000u, 5000000u}) {
    const TestResponse response = Chat(StrCat("size-", size));
    ASSERT_EQ(response.end, ReadEnd::kComplete) << size;
    ASSERT_EQ(
        json::parse(response.body)["choices"][0]["message"]["content"].get<std::string>().size(),
        size);
  }
}

TEST_F(Request, ChunkedRequestBodiesAreAccepted) {
  Start();
  const std::string body = ChatBody("gpt-4o", false);

  client_->Send(StrCat("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n", AuthHeader(),
                       "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
                       absl::Hex(10), "\r\n", body.substr(0, 10), "\r\n",
                       absl::Hex(body.size() - 10), "\r\n", body.substr(10), "\r\n0\r\n\r\n"));
  const TestResponse response = client_->Read();

  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(OnlyEntry().body, body);
  EXPECT_EQ(Chat("gpt-4o").status, 200);
}

TEST_F(Request, AnswersExpectContinue) {
  Start();
  const std::string body = ChatBody("gpt-4o", false);
  client_->Send(StrCat("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n", AuthHeader(),
                       "Expect: 100-continue\r\nContent-Length: ", body.size(), "\r\n\r\n"));

  // Only the interim answer comes: the client still owes its body.
  const TestResponse interim = client_->Read(absl::Milliseconds(300));
  client_->Send(body);
  const TestResponse response = client_->Read();

  EXPECT_EQ(interim.interim_answers.size(), 1u);
  EXPECT_EQ(interim.end, ReadEnd::kTimeout);
  EXPECT_EQ(response.status, 200);
}

TEST_F(Request, PipelinedRequestsAreAnsweredInOrder) {
  Start();
  const auto request = [&](std::string_view model) {
    const std::string body = ChatBody(model, false);
    return StrCat("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n", AuthHeader(),
                  "Content-Length: ", body.size(), "\r\n\r\n", body);
  };

  client_->Send(StrCat(request("size-11"), request("size-22"), request("size-33")));

  for (const size_t size : {11u, 22u, 33u}) {
    const TestResponse response = client_->Read();
    ASSERT_EQ(response.status, 200);
    EXPECT_EQ(
        json::parse(response.body)["choices"][0]["message"]["content"].get<std::string>().size(),
        size);
  }
}

TEST_F(Request, RefusesBadKeysInTheShapeThatTheSdkKnows) {
  Start();
  const std::string body = ChatBody("gpt-4o", false);

  for (const std::string& header :
       {std::string(), std::string("Authorization: Bearer \r\n"), std::string("x-api-key: \r\n"),
        std::string("Authorization: Bearer wrong\r\n"),
        StrCat("Authorization: Basic ", kTestKey, "\r\n"),
        StrCat("Authorization: Bearer ", kTestKey, "x\r\n")}) {
    const TestResponse response = client_->Post("/v1/chat/completions", body, header);
    EXPECT_EQ(response.status, 401) << header;
    EXPECT_EQ(CodeOf(response), "invalid_api_key") << header;
  }
  EXPECT_TRUE(provider_->Journal().empty());
  for (const std::string& header :
       {StrCat("x-api-key: ", kTestKey, "\r\n"), StrCat("X-Goog-Api-Key: ", kTestKey, "\r\n"),
        StrCat("api-key: ", kTestKey, "\r\n"), StrCat("authorization: bearer ", kTestKey, "\r\n"),
        StrCat("Authorization: Bearer provider-own\r\nx-api-key: ", kTestKey, "\r\n")}) {
    EXPECT_EQ(client_->Post("/v1/chat/completions", body, header).status, 200) << header;
  }
  EXPECT_EQ(client_->Post(StrCat("/v1/chat/completions?key=", kTestKey, "&a=b"), body).status, 200);
  EXPECT_EQ(provider_->Journal().back().target, "/v1/chat/completions?a=b");
}

TEST_F(Request, NoticesAClientThatGoesAway) {
  Start();
  client_->SendRequest("POST", "/v1/chat/completions", ChatBody("silent", false), AuthHeader());
  ASSERT_TRUE(
      provider_->WaitForStats([](const auto& s) { return s.active_requests == 1; }, kPatience));

  client_->Close();

  const auto entry = provider_->WaitForEntry(
      [](const JournalEntry& e) { return e.outcome == Outcome::kClientClosed; }, kPatience);
  EXPECT_TRUE(entry.has_value());
  EXPECT_THAT(dataplane_->AccessLog(1), HasSubstr("\"code\":\"client_closed\""));
}

TEST_F(Request, NoticesAClientThatGoesAwayInTheMiddleOfAStream) {
  Start();
  client_->SendRequest("POST", "/v1/chat/completions", ChatBody("stall-after-3", true),
                       AuthHeader());
  ASSERT_TRUE(
      provider_->WaitForStats([](const auto& s) { return s.active_requests == 1; }, kPatience));

  client_->Close();

  EXPECT_TRUE(provider_->WaitForEntry(
      [](const JournalEntry& e) { return e.outcome == Outcome::kClientClosed; }, kPatience));
}

TEST_F(Request, TheTimersFireEachForItself) {
  StartWith([](v1::Connection* connection) {
    auto* timeouts = connection->mutable_timeouts();
    timeouts->mutable_header()->set_nanos(100'000'000);
    timeouts->mutable_first_token()->set_nanos(200'000'000);
    timeouts->mutable_idle()->set_nanos(150'000'000);
  });

  const TestResponse no_head = Chat("silent");
  EXPECT_EQ(no_head.status, 504);
  EXPECT_EQ(CodeOf(no_head), "upstream_timeout");

  const TestResponse no_token = Chat("silent-after-headers", /*stream=*/true);
  EXPECT_EQ(no_token.status, 200);
  EXPECT_THAT(no_token.body, HasSubstr("\"code\":\"upstream_timeout\""));

  client_ = std::make_unique<TestClient>(dataplane_->port());
  const TestResponse stalled = Chat("stall-after-3", /*stream=*/true);
  EXPECT_EQ(stalled.status, 200);
  EXPECT_THAT(stalled.body, HasSubstr("\"code\":\"upstream_timeout\""));
  EXPECT_THAT(stalled.body, Not(HasSubstr("[DONE]")));
}

TEST_F(Request, TheTotalTimerBoundsAStreamThatDrips) {
  StartWith([](v1::Connection* connection) {
    connection->mutable_timeouts()->mutable_total()->set_nanos(300'000'000);
  });

  const TestResponse response = Chat("drip-50", /*stream=*/true);

  EXPECT_THAT(response.body, HasSubstr("\"code\":\"upstream_timeout\""));
}

TEST_F(Request, ACutStreamIsNeverACleanEnd) {
  Start();

  const TestResponse between = Chat("cut-after-3", /*stream=*/true);
  EXPECT_THAT(between.body, HasSubstr("\"code\":\"upstream_truncated\""));
  EXPECT_THAT(between.body, Not(HasSubstr("[DONE]")));

  client_ = std::make_unique<TestClient>(dataplane_->port());
  const TestResponse within = Chat("cut-mid-chunk-3", /*stream=*/true);
  EXPECT_NE(within.end, ReadEnd::kComplete);

  client_ = std::make_unique<TestClient>(dataplane_->port());
  const TestResponse plain = Chat("cut-after-10");
  EXPECT_NE(plain.end, ReadEnd::kComplete);
  EXPECT_THAT(dataplane_->AccessLog(3), HasSubstr("\"code\":\"upstream_truncated\""));
}

TEST_F(Request, FaultsOfTheProviderBecomeItsErrors) {
  Start();

  EXPECT_EQ(CodeOf(Chat("refuse")), "upstream_reset");
  EXPECT_EQ(CodeOf(Chat("huge-header-100")), "upstream_invalid_response");
  const TestResponse limited = Chat("status-429-retry-after-7");
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.FindHeader("retry-after"), "7");
  EXPECT_EQ(Chat("status-500").status, 500);
  EXPECT_EQ(Chat("status-400").status, 400);
  const TestResponse refused = Chat("status-401");
  EXPECT_EQ(refused.status, 502);
  EXPECT_EQ(CodeOf(refused), "upstream_auth_failed");
  EXPECT_EQ(refused.FindHeader("x-should-retry"), "false");
}

TEST_F(Request, OddButLegalAnswersPass) {
  Start();

  for (const char* model : {"early-hints", "trailers", "close", "chunked", "bytewise", "gzip",
                            "no-usage", "half-close", "extra-bytes", "odd-chunks"}) {
    for (const bool stream : {false, true}) {
      client_ = std::make_unique<TestClient>(dataplane_->port());
      const TestResponse response = Chat(model, stream);
      EXPECT_EQ(response.status, 200) << model << stream;
      EXPECT_EQ(response.end, ReadEnd::kComplete) << model << stream;
      EXPECT_EQ(Chat("gpt-4o").status, 200) << "after " << model << stream;
    }
  }
}

TEST_F(Request, AStalePooledSocketIsReplacedUnseen) {
  Start();

  for (const char* model : {"idle-close-0", "idle-reset-0", "half-close"}) {
    for (int i = 0; i < 20; ++i) ASSERT_EQ(Chat(model).status, 200) << model << i;
  }
}

TEST_F(Request, Http10ClientsGetPlainBytesAndAClose) {
  Start();
  const std::string body = ChatBody("gpt-4o", true);

  client_->Send(StrCat("POST /v1/chat/completions HTTP/1.0\r\n", AuthHeader(),
                       "Content-Length: ", body.size(), "\r\n\r\n", body));
  const TestResponse response = client_->Read();

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.FindHeader("transfer-encoding"), "");
  EXPECT_THAT(response.body, EndsWith("data: [DONE]\n\n"));
}

TEST_F(Request, LimitsHoldAtTheirEdges) {
  Start([](dataplane::Options* options) {
    options->max_body_bytes = 2000;
    options->max_header_bytes = 1024;
    options->header_timeout = absl::Milliseconds(150);
    options->body_timeout = absl::Milliseconds(150);
  });
  const std::string start = "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"";
  const std::string end = "\"}]}";
  const size_t fill = 2000 - start.size() - end.size();

  const TestResponse at_limit = client_->Post(
      "/v1/chat/completions", StrCat(start, std::string(fill, 'x'), end), AuthHeader());
  EXPECT_EQ(at_limit.status, 200);
  const TestResponse past_limit = client_->Post(
      "/v1/chat/completions", StrCat(start, std::string(fill + 1, 'x'), end), AuthHeader());
  EXPECT_EQ(past_limit.status, 413);

  const std::string line = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n";
  const auto head_of = [&](size_t bytes) {
    return StrCat(line, "x-pad: ", std::string(bytes - line.size() - 7 - 4, 'p'), "\r\n\r\n");
  };
  TestClient at_head(dataplane_->port());
  at_head.Send(head_of(1024));
  EXPECT_EQ(at_head.Read().status, 401);
  TestClient past_head(dataplane_->port());
  past_head.Send(head_of(1025));
  EXPECT_EQ(past_head.Read().status, 431);

  TestClient slow_head(dataplane_->port());
  slow_head.Send("POST /v1/chat");
  EXPECT_EQ(slow_head.Read().status, 408);
  TestClient slow_body(dataplane_->port());
  slow_body.Send(StrCat("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n", AuthHeader(),
                        "Content-Length: 100\r\n\r\n{"));
  EXPECT_EQ(slow_body.Read().status, 408);
}

TEST_F(Request, ConnectionsPastTheLimitAreToldSo) {
  Start([](dataplane::Options* options) { options->max_connections = 2; });
  ASSERT_EQ(Chat("gpt-4o").status, 200);
  TestClient second(dataplane_->port());
  ASSERT_EQ(second.Get("/healthz").status, 200);

  TestClient third(dataplane_->port());
  const TestResponse refused = third.Read();
  second.Close();

  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(CodeOf(refused), "overloaded");
  const absl::Time deadline = absl::Now() + kPatience;
  int status = 0;
  while (status != 200 && absl::Now() < deadline) {
    TestClient again(dataplane_->port());
    again.Send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    status = again.Read().status;
  }
  EXPECT_EQ(status, 200) << "room again after one has gone";
}

TEST_F(Request, HeadsThatTwoReadersMayReadDifferentlyAreRefused) {
  Start();

  for (const char* head :
       {"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "POST /v1/x HTTP/1.1\r\nHost : x\r\n\r\n", "POST /v1/x HTTP/1.1\nHost: x\n\n",
        "POST /v1/x HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
        "POST /v1/x HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "POST /v1/x HTTP/1.1\r\n\r\n",
        "GET http://other/v1/x HTTP/1.1\r\nHost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        "POST /v1/../admin HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        "POST /v1/%2e%2E/admin HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"}) {
    TestClient client(dataplane_->port());
    client.Send(head);
    EXPECT_EQ(client.Read().status, 400) << head;
  }
}

TEST_F(Request, ListsAndFindsModels) {
  SnapshotSource source = BasicSource(provider_->base_url());
  source.Change({contract::MakeResource(testing::TestRoute("gpt-4o", 1, {"up.gpt-4o"}))});
  dataplane_ = std::make_unique<TestDataplane>(source);
  client_ = std::make_unique<TestClient>(dataplane_->port());

  const json list = json::parse(client_->Get("/v1/models", AuthHeader()).body);
  const json one = json::parse(client_->Get("/v1/models/any-name", AuthHeader()).body);

  ASSERT_EQ(list["data"].size(), 2u);
  EXPECT_EQ(list["data"][0]["id"], "gpt-4o");
  EXPECT_EQ(list["data"][0]["owned_by"], "up");
  EXPECT_EQ(list["data"][1]["id"], "*");
  EXPECT_EQ(one["id"], "any-name");
  EXPECT_EQ(client_->Get("/v1/models").status, 401);
}

TEST_F(Request, OtherPathsPassByTheirModelOrTheDefaultConnection) {
  SnapshotSource source = BasicSource(provider_->base_url());
  v1::Group group = testing::TestGroup("default");
  group.set_default_connection("up");
  source.Change({contract::MakeResource(group)});
  dataplane_ = std::make_unique<TestDataplane>(source);
  client_ = std::make_unique<TestClient>(dataplane_->port());

  const TestResponse files = client_->Get("/v1/files?limit=2", AuthHeader());
  EXPECT_EQ(files.status, 200);
  EXPECT_EQ(provider_->Journal().back().target, "/v1/files?limit=2");
  const std::string form =
      "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\n"
      "Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nbytes\r\n--b--\r\n";
  client_->Send(StrCat("POST /v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\n", AuthHeader(),
                       "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: ",
                       form.size(), "\r\n\r\n", form));
  EXPECT_EQ(client_->Read().status, 200);
  EXPECT_EQ(provider_->Journal().back().model, "whisper-1");
  EXPECT_EQ(provider_->Journal().back().body, form);
}

TEST_F(Request, FallsBackBeforeTheFirstByteOnly) {
  SnapshotSource source = BasicSource(provider_->base_url());
  source.Change({contract::MakeResource(
                     testing::TestRoute("try", 1, {"up.status-503", "up.refuse", "up.ok"})),
                 contract::MakeResource(testing::TestRoute("cut", 2, {"up.cut-after-2", "up.ok"})),
                 contract::MakeResource(testing::TestRoute("bad", 3, {"up.status-400", "up.ok"}))});
  dataplane_ = std::make_unique<TestDataplane>(source);
  client_ = std::make_unique<TestClient>(dataplane_->port());

  EXPECT_EQ(Chat("try").status, 200);
  EXPECT_EQ(provider_->Journal().size(), 3u);
  EXPECT_EQ(Chat("bad").status, 400);
  const TestResponse cut = Chat("cut", /*stream=*/true);
  EXPECT_EQ(cut.status, 200);
  EXPECT_THAT(cut.body, HasSubstr("upstream_truncated"));
}

TEST_F(Request, UsageReachesLogAndMetrics) {
  Start();

  ASSERT_EQ(Chat("gpt-4o").status, 200);
  const std::string streamed =
      "{\"model\":\"gpt-4o\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
      "\"messages\":[{\"role\":\"user\",\"content\":\"one two three\"}]}";
  ASSERT_EQ(client_->Post("/v1/chat/completions", streamed, AuthHeader()).status, 200);

  const std::string log = dataplane_->AccessLog(2);
  std::vector<json> lines;
  for (size_t at = 0; at < log.size();) {
    const size_t end = log.find('\n', at);
    lines.push_back(json::parse(log.substr(at, end - at)));
    at = end + 1;
  }
  ASSERT_EQ(lines.size(), 2u);
  for (const json& line : lines) {
    EXPECT_GT(line["prompt_tokens"], 0) << line;
    EXPECT_GT(line["completion_tokens"], 0) << line;
    EXPECT_EQ(line["connection"], "up");
    EXPECT_EQ(line["key"], testing::TestKeyId("key1"));
  }
  EXPECT_THAT(log, Not(HasSubstr("one two three")));
  EXPECT_THAT(log, Not(HasSubstr(kTestKey)));
  const std::string metrics = dataplane_->Metrics();
  EXPECT_THAT(metrics, HasSubstr("lmgate_requests_total{connection=\"up\",code=\"ok\"} 2"));
  EXPECT_THAT(metrics, HasSubstr("lmgate_active_requests 0"));
}

TEST_F(Request, DrainLetsStreamsFinishAndRefusesNewOnes) {
  Start();
  client_->SendRequest("POST", "/v1/chat/completions", ChatBody("stream-20-10-20000", true),
                       AuthHeader());
  ASSERT_TRUE(
      provider_->WaitForStats([](const auto& s) { return s.active_requests == 1; }, kPatience));

  std::thread shutdown([&] { EXPECT_TRUE(dataplane_->app().Shutdown(kPatience)); });
  const TestResponse response = client_->Read();
  shutdown.join();

  EXPECT_EQ(response.end, ReadEnd::kComplete);
  EXPECT_THAT(response.body, EndsWith("data: [DONE]\n\n"));
}

TEST_F(Request, DrainEndsIdleConnectionsAtOnce) {
  Start();
  client_.reset();  // never asked anything: it would be given a second for its first request
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<TestClient>(dataplane_->port()));
    ASSERT_EQ(clients.back()->Get("/healthz").status, 200);
  }
  const absl::Time begin = absl::Now();

  EXPECT_TRUE(dataplane_->app().Shutdown(kPatience));

  EXPECT_LT(absl::Now() - begin, absl::Milliseconds(900));
  for (const auto& client : clients) EXPECT_EQ(client->ReadToClose(), ReadEnd::kFin);
}

TEST_F(Request, DrainServesARequestThatHasBegun) {
  Start();
  ASSERT_EQ(Chat("gpt-4o").status, 200);
  const std::string body = ChatBody("gpt-4o", false);
  client_->Send("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n");
  const absl::Time deadline = absl::Now() + kPatience;
  while (dataplane_->Metrics().find("lmgate_active_requests 1\n") == std::string::npos) {
    ASSERT_LT(absl::Now(), deadline);
  }

  std::thread shutdown([&] { EXPECT_TRUE(dataplane_->app().Shutdown(kPatience)); });
  while (dataplane_->app().ready()) std::this_thread::yield();
  client_->Send(StrCat(AuthHeader(), "Content-Length: ", body.size(), "\r\n\r\n", body));
  const TestResponse response = client_->Read();
  shutdown.join();

  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(client_->ReadToClose(), ReadEnd::kFin);
}

// Each client asks again as soon as it is answered. Until an answer says that it is the last one,
// no request may be lost, wherever the drain meets it.
TEST_F(Request, DrainLosesNoRequestOfAConversation) {
  Start();
  constexpr int kClients = 4;
  std::atomic<int> answered = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      TestClient client(dataplane_->port());
      absl::Time last_answer = absl::Now();
      for (bool more = true; more; ++answered, last_answer = absl::Now()) {
        const TestResponse response =
            client.Post("/v1/chat/completions", ChatBody("gpt-4o", false), AuthHeader());
        // The machine kept this thread from asking as long as an idle client.
        if (response.status == 0 && absl::Now() - last_answer > absl::Milliseconds(50)) return;
        ASSERT_EQ(response.status, 200) << response.body;
        ASSERT_EQ(response.end, ReadEnd::kComplete);
        more = response.FindHeader("connection") != "close";
      }
    });
  }
  while (answered < 10 * kClients) std::this_thread::yield();

  EXPECT_TRUE(dataplane_->app().Shutdown(kPatience));
  for (std::thread& client : clients) client.join();
}

TEST_F(Request, ASlowReaderHoldsBackTheProvider) {
  Start();
  client_->SendRequest("POST", "/v1/chat/completions", ChatBody("stream-2000-65536-0", true),
                       AuthHeader());
  ASSERT_TRUE(
      provider_->WaitForStats([](const auto& s) { return s.active_requests == 1; }, kPatience));

  // 131 MB are on offer; the client takes nothing yet, so most of it must stay at the provider.
  EXPECT_FALSE(provider_->WaitForEntry([](const JournalEntry& e) { return e.chunks_sent >= 500; },
                                       absl::Milliseconds(300)));
  const TestResponse response = client_->Read();

  EXPECT_EQ(response.end, ReadEnd::kComplete);
}

}  // namespace
}  // namespace lmgate
