#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/strings.h"
#include "tests/fakeprovider/provider_fixture.h"

namespace lmgate::fakeprovider {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class FakeProviderTest : public ProviderFixture {};

TEST_F(FakeProviderTest, SaysWhichAddressIsTaken) {
  Options options;
  options.port = provider_->port();

  const auto second = FakeProvider::Create(options);

  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr(StrCat("127.0.0.1:", options.port, ": Address already in use")));
}

TEST_F(FakeProviderTest, JournalKeepsARequestAsItArrived) {
  TestClient client(provider_->port());
  const std::string body = ChatBody("gpt-4o");

  client.Send(
      StrCat("POST /v1/chat/completions?a=b HTTP/1.1\r\nHost: x\r\nX-Odd:  two  words \r\n"
             "x-odd: again\r\nContent-Length: ",
             body.size(), "\r\n\r\n", body));
  ASSERT_EQ(client.Read().status, 200);

  const auto entries = provider_->Journal();
  ASSERT_THAT(entries, SizeIs(1));
  const JournalEntry& entry = entries[0];
  EXPECT_EQ(entry.seq, 1U);
  EXPECT_EQ(entry.method, "POST");
  EXPECT_EQ(entry.target, "/v1/chat/completions?a=b");
  EXPECT_EQ(entry.headers[1], (std::pair<std::string, std::string>("X-Odd", "two  words")));
  EXPECT_EQ(entry.headers[2], (std::pair<std::string, std::string>("x-odd", "again")));
  EXPECT_EQ(entry.body, body);
  EXPECT_EQ(entry.body_bytes, body.size());
  EXPECT_EQ(entry.model, "gpt-4o");
  EXPECT_EQ(entry.status, 200);
  EXPECT_EQ(entry.outcome, Outcome::kCompleted);
}

TEST_F(FakeProviderTest, AnAnswerThatWasReadIsCompletedInTheJournal) {
  for (int i = 0; i < 200; ++i) {
    const TestResponse response = Chat(i % 2 == 0 ? ChatBody("m") : StreamBody("m"));

    ASSERT_EQ(response.end, ReadEnd::kComplete);
    ASSERT_EQ(provider_->Journal().back().outcome, Outcome::kCompleted) << i;
  }
}

TEST_F(FakeProviderTest, JournalTellsReusedConnections) {
  TestClient client(provider_->port());

  client.Post("/v1/chat/completions", ChatBody("m"));
  client.Post("/v1/chat/completions", StreamBody("m"));
  Chat(ChatBody("m"));

  const auto entries = provider_->Journal();
  ASSERT_THAT(entries, SizeIs(3));
  EXPECT_EQ(entries[0].connection_id, entries[1].connection_id);
  EXPECT_NE(entries[0].connection_id, entries[2].connection_id);
}

TEST_F(FakeProviderTest, JournalIsBoundedAndKeepsTheLatest) {
  Options options;
  options.journal_entries_max = 3;
  Start(options);
  TestClient client(provider_->port());

  for (int i = 0; i < 4; ++i) client.Post("/v1/chat/completions", ChatBody("m"));

  const auto entries = provider_->Journal();
  ASSERT_THAT(entries, SizeIs(3));
  EXPECT_EQ(entries.front().seq, 2U);
  EXPECT_EQ(entries.back().seq, 4U);
}

TEST_F(FakeProviderTest, JournalCutsBodiesBetweenCharacters) {
  Options options;
  options.journal_body_bytes_max = 4;
  Start(options);
  TestClient client(provider_->port());

  client.Post("/v1/files", "1234");
  client.Post("/v1/files", "123\xC3\xA9");

  const auto entries = provider_->Journal();
  EXPECT_EQ(entries[0].body, "1234");
  EXPECT_FALSE(entries[0].body_is_cut);
  EXPECT_EQ(entries[1].body, "123");
  EXPECT_TRUE(entries[1].body_is_cut);
  EXPECT_EQ(entries[1].body_bytes, 5U);
}

TEST_F(FakeProviderTest, ServesTheJournalOverHttp) {
  TestClient client(provider_->port());
  client.Post("/v1/files", "one");
  client.Post("/v1/files", "\xFF\xFE", "authorization: Bearer sk-1\r\n");

  const TestResponse after = client.Get("/__journal?after=1");
  const TestResponse all = client.Get("/__journal");

  const nlohmann::json entries = Parse(after.body);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0]["seq"], 2);
  EXPECT_EQ(entries[0]["body"], "//4=");
  EXPECT_EQ(entries[0]["body_encoding"], "base64");
  EXPECT_EQ(entries[0]["outcome"], "completed");
  EXPECT_EQ(entries[0]["headers"][2], nlohmann::json::array({"authorization", "Bearer sk-1"}));
  EXPECT_EQ(Parse(all.body).size(), 2U);
}

TEST_F(FakeProviderTest, DeleteClearsTheJournalAndKeepsCounting) {
  TestClient client(provider_->port());
  client.Post("/v1/files", "one");

  client.SendRequest("DELETE", "/__journal", "");
  EXPECT_EQ(client.Read().status, 204);
  client.Post("/v1/files", "two");

  const auto entries = provider_->Journal();
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].seq, 2U);
}

TEST_F(FakeProviderTest, StatsCountConnectionsAndRequests) {
  TestClient first(provider_->port());
  TestClient second(provider_->port());
  first.Post("/v1/chat/completions", ChatBody("m"));
  second.SendRequest("POST", "/v1/chat/completions", ChatBody("silent"));
  ASSERT_TRUE(provider_->WaitForStats(
      [](const JournalStats& stats) { return stats.requests == 2 && stats.active_requests == 1; },
      kDeadline));

  const nlohmann::json stats = Parse(first.Get("/__stats").body);

  EXPECT_EQ(stats["open_connections"], 2);
  EXPECT_EQ(stats["total_connections"], 2);
  EXPECT_EQ(stats["requests"], 2);
  EXPECT_EQ(stats["active_requests"], 1);
  first.Close();
  second.Close();
  EXPECT_TRUE(provider_->WaitForStats(
      [](const JournalStats& now) { return now.open_connections == 0 && now.active_requests == 0; },
      kDeadline));
}

TEST_F(FakeProviderTest, TakesChunkedBodies) {
  TestClient client(provider_->port());

  client.Send(
      "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
      "3\r\n{\"m\r\n35;ext=1\r\nodel\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hey\"}"
      "\r\n2\r\n]}\r\n0\r\nx-trailer: 1\r\n\r\n");
  const TestResponse response = client.Read();

  EXPECT_EQ(ContentOf(response), "You said: hey");
  EXPECT_EQ(client.Post("/v1/chat/completions", ChatBody("m")).status, 200);
}

TEST_F(FakeProviderTest, AnswersExpectContinueBeforeTheBodyComes) {
  TestClient client(provider_->port());
  const std::string body = ChatBody("m");
  client.Send(StrCat("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n",
                     "content-length: ", body.size(), "\r\n\r\n"));

  // The body is held back: only the interim answer can come.
  EXPECT_EQ(client.Read(kSilence).interim_answers.size(), 1U);
  client.Send(body);

  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(FakeProviderTest, LimitsTheBody) {
  Options options;
  options.body_bytes_max = 100;
  Start(options);

  EXPECT_EQ(TestClient(provider_->port()).Post("/v1/files", std::string(100, 'a')).status, 200);
  EXPECT_EQ(TestClient(provider_->port()).Post("/v1/files", std::string(101, 'a')).status, 413);
  TestClient chunked(provider_->port());
  chunked.Send("POST /v1/files HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n65\r\n");
  EXPECT_EQ(chunked.Read().status, 413);
}

TEST_F(FakeProviderTest, LimitsTheHead) {
  const std::string start = "GET /v1/models HTTP/1.1\r\nx: ";
  const size_t filled = 64 * 1024 - start.size() - 4;

  TestClient fits(provider_->port());
  fits.Send(StrCat(start, std::string(filled, 'a'), "\r\n\r\n"));
  EXPECT_EQ(fits.Read().status, 200);
  TestClient bursts(provider_->port());
  bursts.Send(StrCat(start, std::string(filled + 1, 'a'), "\r\n\r\n"));
  EXPECT_EQ(bursts.Read().status, 431);
}

TEST_F(FakeProviderTest, TakesLargeBodies) {
  const std::string text(16 * 1024 * 1024, 'a');

  const TestResponse response =
      Chat(StrCat(R"({"model":"m","messages":[{"role":"user","content":")", text, R"("}]})"));

  EXPECT_EQ(ContentOf(response), StrCat("You said: ", std::string(1024, 'a')));
  EXPECT_GT(provider_->Journal()[0].body_bytes, text.size());
}

class BadRequest : public ProviderFixture, public testing::WithParamInterface<std::string_view> {};

TEST_P(BadRequest, IsRefusedWith400AndClosed) {
  TestClient client(provider_->port());

  client.Send(GetParam());
  const TestResponse response = client.Read();

  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(Parse(response.body)["error"]["type"], "invalid_request_error");
  EXPECT_EQ(response.FindHeader("connection"), "close");
}

// What a gateway must never send: RFC 9112, 3, 5.1, 6.3, 7.1.
INSTANTIATE_TEST_SUITE_P(
    Framing, BadRequest,
    testing::Values("nonsense\r\n\r\n", "GET /v1/models HTTP/2.0\r\n\r\n", "GET  HTTP/1.1\r\n\r\n",
                    "GET v1 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nname : value\r\n\r\n",
                    "GET / HTTP/1.1\r\n folded\r\n\r\n", "GET / HTTP/1.1\r\na: b\nc: d\r\n\r\n",
                    "POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n",
                    "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
                    "POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
                    "POST / HTTP/1.1\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
                    "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
                    "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n"));

TEST_F(FakeProviderTest, ClosesWhenTheClientAsksForIt) {
  TestClient client(provider_->port());

  const TestResponse response = client.Get("/v1/models", "connection: close\r\n");

  EXPECT_EQ(response.FindHeader("connection"), "close");
  EXPECT_EQ(client.ReadToClose(), ReadEnd::kFin);
}

TEST_F(FakeProviderTest, AnswersRequestsThatCameTogether) {
  TestClient client(provider_->port());
  const std::string body = StreamBody("m");

  client.SendRequest("POST", "/v1/chat/completions", body);
  client.SendRequest("POST", "/v1/chat/completions", body);

  EXPECT_EQ(client.Read().end, ReadEnd::kComplete);
  EXPECT_EQ(client.Read().end, ReadEnd::kComplete);
}

TEST_F(FakeProviderTest, StopsWithAnswersUnderWay) {
  TestClient silent(provider_->port());
  TestClient streaming(provider_->port());
  TestClient idle(provider_->port());
  silent.SendRequest("POST", "/v1/chat/completions", ChatBody("silent"));
  streaming.SendRequest("POST", "/v1/chat/completions", StreamBody("drip-1"));
  idle.Get("/v1/models");
  ASSERT_TRUE(provider_->WaitForStats([](const JournalStats& stats) { return stats.requests == 3; },
                                      kDeadline));

  provider_.reset();

  EXPECT_EQ(silent.ReadToClose(), ReadEnd::kFin);
}

TEST_F(FakeProviderTest, OnlyLetsTheKeyIn) {
  Options options;
  options.api_key = "sk-right";
  Start(options);
  TestClient client(provider_->port());

  const TestResponse none = client.Post("/v1/chat/completions", ChatBody("m"));
  const TestResponse wrong =
      client.Post("/v1/chat/completions", ChatBody("m"), "authorization: Bearer sk-wrong\r\n");
  const TestResponse right =
      client.Post("/v1/chat/completions", ChatBody("m"), "Authorization: Bearer sk-right\r\n");

  EXPECT_EQ(none.status, 401);
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(Parse(wrong.body)["error"]["code"], "invalid_api_key");
  EXPECT_EQ(right.status, 200);
  EXPECT_EQ(client.Get("/__stats").status, 200);
}

}  // namespace
}  // namespace lmgate::fakeprovider
