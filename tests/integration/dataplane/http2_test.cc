#include <absl/time/clock.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "tests/fakeprovider/fake_provider.h"
#include "tests/fakeprovider/test_client.h"
#include "tests/support/http2_client.h"
#include "tests/support/scripted_upstream.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_dataplane.h"

namespace lmgate {
namespace {

using fakeprovider::FakeProvider;
using fakeprovider::JournalEntry;
using fakeprovider::Outcome;
using fakeprovider::ReadEnd;
using fakeprovider::TestClient;
using nlohmann::json;
using testing::BasicSource;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::Http2Answer;
using testing::Http2Client;
using testing::Http2Fields;
using testing::Http2Peer;
using testing::kTestKey;
using ::testing::Not;
using testing::ScriptedUpstream;
using testing::SnapshotSource;
using testing::TestDataplane;

constexpr absl::Duration kPatience = absl::Seconds(10);
// RFC 9113, 7.
constexpr uint32_t kNoError = 0;
constexpr uint32_t kProtocolError = 1;
constexpr uint32_t kInternalError = 2;
constexpr uint32_t kEnhanceYourCalm = 11;

Http2Fields ChatFields(Http2Fields more = {}) {
  Http2Fields fields = {{"authorization", StrCat("Bearer ", kTestKey)},
                        {"content-type", "application/json"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return Http2Peer::Post("/v1/chat/completions", fields);
}

std::string ChatBody(std::string_view model, bool stream = false) {
  return StrCat("{\"model\": \"", model, "\", \"stream\": ", stream ? "true" : "false",
                ", \"messages\": [{\"role\": \"user\", \"content\": \"one two three\"}]}");
}

std::string CodeOf(const Http2Answer& answer) {
  const json body = json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object() || !body.contains("error")) return "no error in: " + answer.body;
  return body["error"].value("code", "none");
}

// One provider, one data plane in front of it, one client that speaks HTTP/2 with it.
class Http2 : public ::testing::Test {
 protected:
  Http2() {
    auto provider = FakeProvider::Create({});
    EXPECT_TRUE(provider.ok()) << provider.status();
    provider_ = *std::move(provider);
  }
  void Start(const std::function<void(dataplane::Options*)>& change = {},
             Http2Peer::Options options = {true, 1 << 20}) {
    StartAt(provider_->base_url(), change, options);
  }
  void StartAt(std::string_view base_url,
               const std::function<void(dataplane::Options*)>& change = {},
               Http2Peer::Options options = {true, 1 << 20}) {
    SnapshotSource source = BasicSource(base_url);
    v1::Group group = testing::TestGroup("default");
    group.set_default_connection("up");
    source.Change({contract::MakeResource(group)});
    dataplane_ = std::make_unique<TestDataplane>(source, change);
    client_ = std::make_unique<Http2Client>(dataplane_->port(), options);
  }
  const Http2Answer& Chat(std::string_view model, bool stream = false) {
    return client_->Exchange(ChatFields(), ChatBody(model, stream));
  }
  Http2Peer& peer() { return client_->peer(); }
  // Of a metric of the data plane.
  bool MetricBecomes(std::string_view line) {
    const absl::Time deadline = absl::Now() + kPatience;
    do {
      if (dataplane_->Metrics().find(StrCat("\n", line, "\n")) != std::string::npos) return true;
    } while (absl::Now() < deadline);
    return false;
  }

  std::unique_ptr<FakeProvider> provider_;
  std::unique_ptr<TestDataplane> dataplane_;
  std::unique_ptr<Http2Client> client_;
};

TEST_F(Http2, PlainAndStreamedAnswersComeBack) {
  Start();

  const Http2Answer plain = Chat("gpt-4o");
  const Http2Answer streamed = Chat("gpt-4o", /*stream=*/true);

  EXPECT_EQ(plain.status, 200) << plain.body;
  EXPECT_TRUE(plain.ended);
  EXPECT_THAT(plain.body, HasSubstr("You said: one two three"));
  EXPECT_EQ(plain.headers.count("x-request-id"), 1u);
  EXPECT_EQ(plain.headers.count("connection"), 0u);
  EXPECT_EQ(streamed.status, 200);
  EXPECT_TRUE(streamed.ended);
  EXPECT_THAT(streamed.body, EndsWith("data: [DONE]\n\n"));
  EXPECT_THAT(streamed.headers.at("content-type"), HasSubstr("text/event-stream"));
  EXPECT_EQ(streamed.headers.count("transfer-encoding"), 0u);
}

TEST_F(Http2, ErrorsAreTheSameAsOfHttp1) {
  Start();

  Http2Fields fields = Http2Peer::Post("/v1/chat/completions");
  const Http2Answer no_key = client_->Exchange(fields, ChatBody("gpt-4o"));
  const Http2Answer no_path = client_->Exchange(Http2Peer::Post("/nowhere"));
  const Http2Answer no_json = client_->Exchange(ChatFields(), "{");
  const Http2Answer no_answer = Chat("refuse");

  EXPECT_EQ(no_key.status, 401);
  EXPECT_EQ(CodeOf(no_key), "invalid_api_key");
  EXPECT_EQ(no_path.status, 404);
  EXPECT_EQ(no_json.status, 400);
  EXPECT_EQ(no_answer.status, 502);
  EXPECT_TRUE(no_key.ended && no_path.ended && no_json.ended && no_answer.ended);
  EXPECT_EQ(Chat("gpt-4o").status, 200) << "the connection goes on";
}

TEST_F(Http2, BodiesOfAllSizesArriveInBothDirections) {
  Start();
  for (const size_t size : {0u, 1u, 16384u, 70000u, 3000000u}) {
    const std::string body =
        StrCat("{\"model\":\"gpt-4o\",\"x\":\"", std::string(size, 'x'), "\"}");
    for (const bool with_length : {true, false}) {
      provider_->ClearJournal();
      Http2Fields more = {{"authorization", StrCat("Bearer ", kTestKey)},
                          {"content-type", "application/json"}};
      if (with_length) more.emplace_back("content-length", StrCat(body.size()));
      const Http2Answer answer = client_->Exchange(Http2Peer::Post("/v1/other", more), body);
      EXPECT_EQ(answer.status, 200) << answer.body;
      ASSERT_EQ(provider_->Journal().size(), 1u);
      EXPECT_EQ(provider_->Journal().front().body_bytes, body.size());
    }
    const Http2Answer answer = Chat(StrCat("size-", size));
    EXPECT_TRUE(answer.ended);
    EXPECT_GE(answer.body.size(), size);
  }
}

TEST_F(Http2, ManyStreamsAtOnceAreServedAtOnce) {
  Start();
  std::vector<int32_t> streams;

  for (int i = 0; i < 100; ++i) {
    streams.push_back(peer().Send(ChatFields(), ChatBody("delay-200", /*stream=*/true)));
  }
  const absl::Time start = absl::Now();
  const bool all = client_->Until([&] {
    for (const int32_t stream : streams) {
      if (!peer().answer(stream).over()) return false;
    }
    return true;
  });

  EXPECT_TRUE(all);
  EXPECT_LT(absl::Now() - start, absl::Seconds(8)) << "one after another they take 20 s";
  for (const int32_t stream : streams) {
    EXPECT_THAT(peer().answer(stream).body, EndsWith("data: [DONE]\n\n"));
  }
}

TEST_F(Http2, AStreamTooManyIsRefusedAndTheLimitIsTold) {
  Start([](dataplane::Options* options) { options->http2_max_streams = 2; });

  // Sent before the settings have come.
  const int32_t first = peer().Send(ChatFields(), ChatBody("gpt-4o"));
  const int32_t second = peer().Send(ChatFields(), ChatBody("gpt-4o"));
  const int32_t third = peer().Send(ChatFields(), ChatBody("gpt-4o"));
  client_->Until([&] {
    return peer().answer(first).over() && peer().answer(second).over() &&
           peer().answer(third).over();
  });

  EXPECT_EQ(peer().streams_max(), 2u);
  EXPECT_EQ(peer().answer(first).status, 200);
  EXPECT_EQ(peer().answer(second).status, 200);
  EXPECT_EQ(peer().answer(third).reset, 7u) << "REFUSED_STREAM";
}

TEST_F(Http2, AStreamIsAClientConnectionForTheLimitOnly) {
  Start([](dataplane::Options* options) { options->max_connections = 2; });

  const int32_t one = peer().Send(ChatFields(), ChatBody("delay-300"));
  const int32_t two = peer().Send(ChatFields(), ChatBody("gpt-4o"));
  client_->Until([&] { return peer().answer(two).over(); });

  EXPECT_EQ(peer().answer(two).status, 503);
  EXPECT_EQ(CodeOf(peer().answer(two)), "overloaded");
  EXPECT_THAT(dataplane_->Metrics(), HasSubstr("\nlmgate_client_connections 1\n"));
  client_->Until([&] { return peer().answer(one).over(); });
  EXPECT_EQ(peer().answer(one).status, 200);
  EXPECT_EQ(Chat("gpt-4o").status, 200) << "there is room again";
}

TEST_F(Http2, ACancelledStreamCancelsTheProviderAndNoOther) {
  Start();
  const int32_t cancelled = peer().Send(ChatFields(), ChatBody("stall-after-2", /*stream=*/true));
  const int32_t other = peer().Send(ChatFields(), ChatBody("delay-300", /*stream=*/true));
  ASSERT_TRUE(client_->Until([&] { return !peer().answer(cancelled).body.empty(); }));

  peer().Reset(cancelled);
  ASSERT_TRUE(client_->Until([&] { return peer().answer(other).over(); }));

  const auto entry = provider_->WaitForEntry(
      [](const JournalEntry& e) { return e.outcome == Outcome::kClientClosed; }, kPatience);
  ASSERT_TRUE(entry.has_value());
  EXPECT_THAT(entry->body, HasSubstr("stall-after-2"));
  EXPECT_THAT(peer().answer(other).body, EndsWith("data: [DONE]\n\n"));
  EXPECT_THAT(dataplane_->AccessLog(2), HasSubstr("client_closed"));
}

TEST_F(Http2, AClientThatGoesAwayCancelsAllItsStreams) {
  Start();
  for (int i = 0; i < 3; ++i) peer().Send(ChatFields(), ChatBody("silent"));
  ASSERT_TRUE(client_->Until([&] { return provider_->Journal().size() == 3; }));

  client_->Close();

  EXPECT_TRUE(provider_->WaitForStats([](const auto& stats) { return stats.open_connections == 0; },
                                      kPatience));
  EXPECT_TRUE(MetricBecomes("lmgate_client_connections 0"));
  EXPECT_TRUE(MetricBecomes("lmgate_active_requests 0"));
}

TEST_F(Http2, AnAnswerThatIsCutEndsWithAReset) {
  Start();

  const Http2Answer plain = Chat("cut-after-20");
  const Http2Answer streamed = Chat("cut-mid-chunk-2", /*stream=*/true);

  EXPECT_EQ(plain.status, 200);
  EXPECT_FALSE(plain.ended);
  EXPECT_EQ(plain.reset, kInternalError);
  EXPECT_FALSE(streamed.ended);
  EXPECT_EQ(streamed.reset, kInternalError);
  EXPECT_THAT(streamed.body, HasSubstr("data: "));
}

TEST_F(Http2, TrailersComeThrough) {
  Start();

  const Http2Answer answer = Chat("trailers", /*stream=*/true);

  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.trailers.count("x-fake-trailer"), 1u);
}

TEST_F(Http2, ASlowClientIsNotReadAheadFor) {
  Start({}, {.take_bodies = false, .window_bytes = 1000});
  const int32_t slow = peer().Send(ChatFields(), ChatBody("size-50000000"));
  ASSERT_TRUE(client_->Until([&] { return peer().answer(slow).body.size() == 1000; }));

  // The provider cannot have got rid of it all: it is in nobody's memory.
  const auto done = provider_->WaitForEntry(
      [](const JournalEntry& e) { return e.outcome == Outcome::kCompleted; },
      absl::Milliseconds(500));

  EXPECT_FALSE(done.has_value());
}

TEST_F(Http2, AClientThatTakesNothingIsGivenUp) {
  Start([](dataplane::Options* options) { options->write_timeout = absl::Milliseconds(200); },
        {.take_bodies = false, .window_bytes = 1000});

  const int32_t little = peer().Send(ChatFields(), ChatBody("size-5000"));
  const int32_t much = peer().Send(ChatFields(), ChatBody("size-5000000"));
  client_->Until([&] { return peer().answer(little).over() && peer().answer(much).over(); });

  EXPECT_EQ(peer().answer(little).reset, kInternalError);
  EXPECT_EQ(peer().answer(much).reset, kInternalError);
  EXPECT_TRUE(MetricBecomes("lmgate_active_requests 0"));
}

TEST_F(Http2, AClientThatDoesNotReadItsSocketIsGivenUp) {
  Start([](dataplane::Options* options) { options->write_timeout = absl::Milliseconds(200); },
        {.take_bodies = false, .window_bytes = 1 << 30});
  const int32_t stream = peer().Send(ChatFields(), ChatBody("size-50000000"));
  ASSERT_TRUE(client_->Until([&] { return peer().unsent(stream) == 0; }));
  ASSERT_TRUE(client_->Until([&] { return peer().answer(stream).status == 200; }));

  EXPECT_TRUE(MetricBecomes("lmgate_client_connections 0"));
  EXPECT_TRUE(MetricBecomes("lmgate_active_requests 0"));
}

TEST_F(Http2, HeadLimitsAreThoseOfHttp1) {
  Start([](dataplane::Options* options) {
    options->max_header_bytes = 2048;
    options->max_headers = 10;
  });
  Http2Fields many;
  for (int i = 0; i < 8; ++i) many.emplace_back(StrCat("x-", i), "y");

  const Http2Answer at =
      client_->Exchange(ChatFields({{"x", std::string(1700, 'x')}}), ChatBody("gpt-4o"));
  const Http2Answer over =
      client_->Exchange(ChatFields({{"x", std::string(2000, 'x')}}), ChatBody("gpt-4o"));
  const Http2Answer far_over =
      client_->Exchange(ChatFields({{"x", std::string(50000, 'x')}}), ChatBody("gpt-4o"));
  const Http2Answer too_many = client_->Exchange(ChatFields(many), ChatBody("gpt-4o"));

  EXPECT_EQ(at.status, 200) << at.body;
  EXPECT_EQ(over.status, 431);
  EXPECT_EQ(far_over.status, 431);
  EXPECT_EQ(too_many.status, 431);
  EXPECT_EQ(Chat("gpt-4o").status, 200);
}

TEST_F(Http2, ABodyTooLongIsRefusedAndTheConnectionGoesOn) {
  Start([](dataplane::Options* options) { options->max_body_bytes = 100000; });
  const std::string body(3000000, ' ');

  const Http2Answer told =
      client_->Exchange(ChatFields({{"content-length", StrCat(body.size())}}), body);
  const Http2Answer untold = client_->Exchange(ChatFields(), body);

  EXPECT_EQ(told.status, 413);
  EXPECT_EQ(untold.status, 413);
  EXPECT_EQ(Chat("gpt-4o").status, 200);
}

TEST_F(Http2, ABodyThatDoesNotComeTimesOut) {
  Start([](dataplane::Options* options) { options->body_timeout = absl::Milliseconds(100); });

  const int32_t stream = peer().Open(ChatFields());
  peer().AddBody(stream, "{", /*ends=*/false);
  client_->Until([&] { return peer().answer(stream).over(); });

  EXPECT_EQ(peer().answer(stream).status, 408);
}

TEST_F(Http2, AContinueIsSaidToAClientThatWaitsForIt) {
  Start();
  const std::string body = ChatBody("gpt-4o");

  const int32_t stream = peer().Open(ChatFields({{"expect", "100-continue"}}));
  ASSERT_TRUE(client_->Until([&] { return peer().answer(stream).status == 100; }));
  peer().AddBody(stream, body, /*ends=*/true);
  client_->Until([&] { return peer().answer(stream).over(); });

  EXPECT_EQ(peer().answer(stream).status, 200);
}

TEST_F(Http2, ConnectAndMalformedRequestsAreRefused) {
  Start();

  const Http2Answer connect = client_->Exchange({{":method", "CONNECT"}, {":authority", "x:1"}});
  const Http2Answer smuggled =
      client_->Exchange(ChatFields({{"x", "a\r\n\r\nGET /v1/models HTTP/1.1"}}), ChatBody("a"));
  const Http2Answer chunked =
      client_->Exchange(ChatFields({{"transfer-encoding", "chunked"}}), ChatBody("a"));
  const Http2Answer length =
      client_->Exchange(ChatFields({{"content-length", "1"}}), ChatBody("a"));

  EXPECT_EQ(connect.status, 400);
  EXPECT_EQ(smuggled.reset, kProtocolError);
  EXPECT_EQ(chunked.reset, kProtocolError);
  EXPECT_EQ(length.reset, kProtocolError);
  EXPECT_TRUE(provider_->Journal().empty());
  EXPECT_EQ(Chat("gpt-4o").status, 200);
}

TEST_F(Http2, AFloodEndsTheConnection) {
  Start();
  for (int i = 0; i < 2000; ++i) peer().Ping();

  EXPECT_TRUE(client_->UntilClosed());

  EXPECT_EQ(peer().goaway(), kEnhanceYourCalm);
  EXPECT_TRUE(MetricBecomes("lmgate_client_connections 0"));
}

TEST_F(Http2, RapidResetsEndTheConnection) {
  Start();
  std::vector<int32_t> streams;
  for (int i = 0; i < 2000 && !peer().goaway().has_value(); ++i) {
    const int32_t stream = peer().Send(ChatFields(), ChatBody("silent"));
    client_->Until([&] { return peer().unsent(stream) == 0 || peer().goaway().has_value(); });
    peer().Reset(stream);
  }
  EXPECT_TRUE(client_->UntilClosed());

  EXPECT_EQ(peer().goaway(), kEnhanceYourCalm);
  EXPECT_TRUE(MetricBecomes("lmgate_active_requests 0"));
}

TEST_F(Http2, AnIdleConnectionIsSaidGoodbyeTo) {
  Start([](dataplane::Options* options) { options->idle_timeout = absl::Milliseconds(100); });
  EXPECT_EQ(Chat("delay-300").status, 200) << "with a stream it is not idle";

  EXPECT_TRUE(client_->UntilClosed());

  EXPECT_EQ(peer().goaway(), kNoError);
}

TEST_F(Http2, APrefaceThatDoesNotGoOnTimesOut) {
  Start([](dataplane::Options* options) { options->header_timeout = absl::Milliseconds(100); });
  TestClient half(dataplane_->port());
  half.Send("PRI * HTTP/2.0\r\n");

  EXPECT_NE(half.ReadToClose(), ReadEnd::kTimeout);
}

TEST_F(Http2, DrainLetsStreamsFinish) {
  Start();
  const int32_t stream = peer().Send(ChatFields(), ChatBody("drip-30", /*stream=*/true));
  ASSERT_TRUE(client_->Until([&] { return !peer().answer(stream).body.empty(); }));

  bool all_ended = false;
  std::thread drain([&] { all_ended = dataplane_->app().Shutdown(kPatience); });
  EXPECT_TRUE(client_->Until([&] { return peer().answer(stream).over(); }));
  EXPECT_TRUE(client_->UntilClosed());
  client_->Close();
  drain.join();

  EXPECT_THAT(peer().answer(stream).body, EndsWith("data: [DONE]\n\n"));
  EXPECT_EQ(peer().goaway(), kNoError);
  EXPECT_TRUE(all_ended);
}

TEST_F(Http2, AShutdownEndsWhatIsUnderWay) {
  Start();
  peer().Send(ChatFields(), ChatBody("silent"));
  ASSERT_TRUE(client_->Until([&] { return provider_->Journal().size() == 1; }));

  dataplane_->app().Shutdown(absl::ZeroDuration());

  EXPECT_TRUE(client_->UntilClosed());
}

TEST_F(Http2, OnlyTheFirstBytesOfAConnectionMayBeThePreface) {
  Start();
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  TestClient client(dataplane_->port());
  EXPECT_EQ(client.Get("/healthz").status, 200);

  client.Send(kPreface);

  EXPECT_EQ(client.Read().status, 400);
}

TEST_F(Http2, ItCanBeTurnedOff) {
  Start([](dataplane::Options* options) { options->http2_max_streams = 0; });
  TestClient client(dataplane_->port());

  client.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

  EXPECT_EQ(client.Read().status, 400);
}

TEST_F(Http2, ThePrefaceMayComeInPieces) {
  Start();
  Http2Peer whole;
  const int32_t stream = whole.Send(ChatFields(), ChatBody("gpt-4o"));
  std::string bytes = whole.TakeOutput();
  TestClient client(dataplane_->port());
  for (const char c : bytes) client.Send(std::string_view(&c, 1));

  EXPECT_NE(dataplane_->AccessLog(1), "") << stream;
}

// ---- by curl, which is not ours

class Http2Curl : public Http2 {
 protected:
  // curl's output; `options` go to a shell.
  std::string Curl(std::string_view options) {
    const std::string file = directory_.File("out");
    const std::string command = StrCat("curl -sS -m 10 -H 'authorization: Bearer ", kTestKey, "' ",
                                       options, " > ", file, " 2>&1");
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  testing::TempDir directory_;
};

TEST_F(Http2Curl, SpeaksByPriorKnowledge) {
  Start();

  const std::string output =
      Curl(StrCat("--http2-prior-knowledge -w '%{http_version} %{http_code}' -d '",
                  ChatBody("gpt-4o", /*stream=*/true), "' http://127.0.0.1:", dataplane_->port(),
                  "/v1/chat/completions"));

  EXPECT_THAT(output, EndsWith("data: [DONE]\n\n2 200"));
}

TEST_F(Http2Curl, SpeaksByAlpnUnderTls) {
  const std::string certificate = directory_.File("cert.pem");
  const std::string key = directory_.File("key.pem");
  ASSERT_EQ(std::system(StrCat("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
                               "-nodes -days 2 -subj /CN=localhost -addext "
                               "subjectAltName=IP:127.0.0.1 -keyout ",
                               key, " -out ", certificate, " 2>/dev/null")
                            .c_str()),
            0);
  Start([&](dataplane::Options* options) {
    options->tls_cert = certificate;
    options->tls_key = key;
  });
  const std::string url = StrCat(
      " --cacert ", certificate, " -w '%{http_version} %{http_code}' -d '", ChatBody("size-300000"),
      "' https://127.0.0.1:", dataplane_->port(), "/v1/chat/completions");

  EXPECT_THAT(Curl(StrCat("--http2", url)), EndsWith("2 200"));
  const std::string together =
      Curl(StrCat("--http2 --parallel --parallel-max 40", url, "?n=[1-40]"));
  size_t answers = 0;
  for (size_t at = 0; (at = together.find("2 200", at)) != std::string::npos; ++at) ++answers;
  EXPECT_EQ(answers, 40u);
  EXPECT_THAT(Curl(StrCat("--http1.1", url)), EndsWith("1.1 200"));
}

}  // namespace
}  // namespace lmgate
