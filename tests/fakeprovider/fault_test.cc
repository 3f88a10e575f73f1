#include "tests/fakeprovider/fault.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_split.h>
#include <absl/time/clock.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "tests/fakeprovider/provider_fixture.h"

namespace lmgate::fakeprovider {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

TEST(Fault, IsParsedFromTheModelName) {
  EXPECT_EQ(ParseFault("refuse").kind, FaultKind::kRefuse);
  EXPECT_EQ(ParseFault("silent").kind, FaultKind::kSilent);
  EXPECT_EQ(ParseFault("silent-after-headers").kind, FaultKind::kSilentAfterHeaders);
  EXPECT_EQ(ParseFault("status-429").kind, FaultKind::kStatus);
  EXPECT_EQ(ParseFault("status-429-retry-after-7").kind, FaultKind::kStatusRetryAfter);
  EXPECT_EQ(ParseFault("status-429-retry-after-ms-7").kind, FaultKind::kStatusRetryAfterMs);
  EXPECT_THAT(ParseFault("stream-3-20-500").numbers, ElementsAre(3, 20, 500));
}

TEST(Fault, MalformedNamesAreHealthyModels) {
  for (const std::string_view model :
       {"", "gpt-4o", "refuse-", "Refuse", "silent-1", "cut-after", "cut-after-", "cut-after-x",
        "cut-after--1", "cut-after-+1", "cut-after- 1", "cut-after-1-2", "status-199", "status-600",
        "status-4294967696", "stream-1-2", "delay-99999999999999999999"}) {
    EXPECT_EQ(ParseFault(model).kind, FaultKind::kNone) << model;
  }
}

TEST(Fault, NumbersHaveMaxima) {
  EXPECT_EQ(ParseFault("cut-after-1000000").kind, FaultKind::kCutAfter);
  EXPECT_EQ(ParseFault("cut-after-1000001").kind, FaultKind::kNone);
  EXPECT_EQ(ParseFault("size-67108864").kind, FaultKind::kSize);
  EXPECT_EQ(ParseFault("size-67108865").kind, FaultKind::kNone);
}

TEST(Fault, ReadmeHasTheTable) {
  std::ostringstream readme;
  readme << std::ifstream("tests/fakeprovider/README.md").rdbuf();

  for (const FaultRow& row : FaultTable()) {
    EXPECT_THAT(readme.str(), HasSubstr(StrCat("| `", row.pattern, "` | ", row.effect, " |\n")));
  }
  for (const NumberWord& word : NumberWords()) {
    EXPECT_THAT(readme.str(), HasSubstr(StrCat("| `", word.word, "` | ", word.meaning, " | ",
                                               word.minimum, " | ", word.maximum, " |\n")));
  }
}

class FaultTest : public ProviderFixture {
 protected:
  // Sends the request on `client`, expects that nothing of an answer comes, closes and expects the
  // provider to notice.
  void ExpectSilenceUntilClosed(TestClient& client, std::string_view body, int status) {
    client.SendRequest("POST", "/v1/chat/completions", body);
    const TestResponse response = client.Read(kSilence);
    EXPECT_EQ(response.end, ReadEnd::kTimeout);
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(provider_->Journal().back().outcome, Outcome::kActive);
    ExpectNoticedClose(client);
  }

  void ExpectNoticedClose(TestClient& client) {
    const absl::Time closed_at = absl::Now();
    client.Close();
    const auto entry = WaitForOutcome(Outcome::kClientClosed);
    ASSERT_TRUE(entry.has_value());
    // Promptly, with room for a busy machine under a sanitizer.
    EXPECT_LT(*entry->finished_at - closed_at, absl::Seconds(2));
  }
};

TEST_F(FaultTest, RefuseResets) {
  const TestResponse response = Chat(ChatBody("refuse"));

  EXPECT_EQ(response.end, ReadEnd::kReset);
  EXPECT_EQ(response.status, 0);
  EXPECT_TRUE(WaitForOutcome(Outcome::kProviderClosed).has_value());
}

TEST_F(FaultTest, SilentNeverAnswersAndNoticesTheClose) {
  TestClient client(provider_->port());

  ExpectSilenceUntilClosed(client, ChatBody("silent"), 0);
}

TEST_F(FaultTest, SilentAfterHeadersSendsTheHeadOnly) {
  TestClient plain(provider_->port());
  ExpectSilenceUntilClosed(plain, ChatBody("silent-after-headers"), 200);
  provider_->ClearJournal();
  TestClient stream(provider_->port());
  ExpectSilenceUntilClosed(stream, StreamBody("silent-after-headers"), 200);
}

TEST_F(FaultTest, CutAfterEndsAStreamAtAChunk) {
  for (const size_t count : {0, 1, 5, 40}) {
    const TestResponse response = Chat(StreamBody(StrCat("cut-after-", count)));

    EXPECT_EQ(response.end, ReadEnd::kFin);
    EXPECT_THAT(response.chunks, SizeIs(count));
    EXPECT_EQ(response.status, 200);
  }
  const auto entry = WaitForOutcome(Outcome::kProviderClosed);
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(provider_->Journal().back().chunks_sent, 40U);
}

TEST_F(FaultTest, CutAfterEndsAPlainBodyAtAByte) {
  for (const size_t count : {0, 1, 700, 10'000}) {
    const TestResponse response = Chat(ChatBody(StrCat("cut-after-", count)));

    EXPECT_EQ(response.end, ReadEnd::kFin);
    EXPECT_THAT(response.body, SizeIs(count));
  }
}

TEST_F(FaultTest, CutAfterNeverCutsNothing) {
  TestClient client(provider_->port());

  const TestResponse response =
      client.Post("/v1/embeddings", R"({"model":"cut-after-1000000","input":"a","dimensions":1})");

  EXPECT_EQ(response.end, ReadEnd::kFin);
}

TEST_F(FaultTest, CutMidChunkLeavesHalfAChunk) {
  const TestResponse response = Chat(StreamBody("cut-mid-chunk-2"));

  EXPECT_EQ(response.end, ReadEnd::kFin);
  EXPECT_THAT(response.chunks, SizeIs(2));
}

TEST_F(FaultTest, ResetAfterResets) {
  EXPECT_EQ(Chat(StreamBody("reset-after-3")).end, ReadEnd::kReset);
  EXPECT_EQ(Chat(ChatBody("reset-after-3")).end, ReadEnd::kReset);
}

TEST_F(FaultTest, StallAfterFallsSilentAndNoticesTheClose) {
  TestClient client(provider_->port());

  client.SendRequest("POST", "/v1/chat/completions", StreamBody("stall-after-3"));
  const TestResponse response = client.Read(kSilence);

  EXPECT_EQ(response.end, ReadEnd::kTimeout);
  EXPECT_THAT(response.chunks, SizeIs(3));
  ExpectNoticedClose(client);
}

TEST_F(FaultTest, ErrorAfterEndsAStreamWithAnErrorEvent) {
  const TestResponse response = Chat(StreamBody("error-after-2"));

  const std::vector<std::string> events = ReadEvents(response.body);
  EXPECT_EQ(response.end, ReadEnd::kComplete);
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(Parse(events[2])["error"]["type"], "server_error");
  EXPECT_EQ(Chat(ChatBody("error-after-2")).status, 500);
}

TEST_F(FaultTest, DripGapsEventsAndBytes) {
  const absl::Time start = absl::Now();

  const TestResponse stream = Chat(StreamBody("drip-20"));
  const absl::Duration streamed = absl::Now() - start;
  const TestResponse plain = Chat(ChatBody("drip-1"));
  const absl::Duration dripped = absl::Now() - start - streamed;

  EXPECT_EQ(ContentOf(stream), "You said: hi");
  EXPECT_GE(streamed, absl::Milliseconds(6 * 20));
  EXPECT_EQ(ContentOf(plain), "You said: hi");
  EXPECT_GE(dripped, absl::Milliseconds(static_cast<int64_t>(plain.body.size())));
}

TEST_F(FaultTest, StreamingNoticesTheClose) {
  TestClient client(provider_->port());

  client.SendRequest("POST", "/v1/chat/completions", StreamBody("stream-1000000-10-1000000"));
  ASSERT_TRUE(provider_
                  ->WaitForEntry([](const JournalEntry& entry) { return entry.chunks_sent >= 1; },
                                 kDeadline)
                  .has_value());

  ExpectNoticedClose(client);
}

TEST_F(FaultTest, StreamingIntoAFullSocketNoticesTheClose) {
  TestClient client(provider_->port());

  // More than the buffers of both sides take: nobody reads it.
  client.SendRequest("POST", "/v1/chat/completions", StreamBody("stream-1000-1048576-0"));
  ASSERT_TRUE(provider_
                  ->WaitForEntry([](const JournalEntry& entry) { return entry.chunks_sent >= 1; },
                                 kDeadline)
                  .has_value());

  ExpectNoticedClose(client);
}

TEST_F(FaultTest, BytewiseSplitsEveryByte) {
  const TestResponse stream = Chat(StreamBody("bytewise"));
  const TestResponse plain = Chat(ChatBody("bytewise"));

  EXPECT_EQ(ContentOf(stream), "You said: hi");
  EXPECT_EQ(stream.chunks.size(), stream.body.size());
  EXPECT_EQ(ContentOf(plain), "You said: hi");
}

TEST_F(FaultTest, DelayHoldsTheAnswer) {
  const absl::Time start = absl::Now();

  EXPECT_EQ(Chat(ChatBody("delay-60")).status, 200);

  EXPECT_GE(absl::Now() - start, absl::Milliseconds(60));
}

TEST_F(FaultTest, DelayNoticesTheClose) {
  TestClient client(provider_->port());

  ExpectSilenceUntilClosed(client, ChatBody("delay-3600000"), 0);
}

TEST_F(FaultTest, StatusAnswersThatStatus) {
  TestClient client(provider_->port());
  for (const int status : {301, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504, 529}) {
    for (const std::string& body :
         {ChatBody(StrCat("status-", status)), StreamBody(StrCat("status-", status))}) {
      const TestResponse response = client.Post("/v1/chat/completions", body);

      EXPECT_EQ(response.status, status);
      const json error = Parse(response.body)["error"];
      EXPECT_TRUE(error.contains("message") && error.contains("type") && error.contains("param") &&
                  error.contains("code"))
          << response.body;
    }
  }
  EXPECT_EQ(client.Post("/v1/chat/completions", ChatBody("status-204")).body, "");
  EXPECT_EQ(client.Post("/v1/chat/completions", ChatBody("status-304")).body, "");
  EXPECT_EQ(ContentOf(client.Post("/v1/chat/completions", ChatBody("status-201"))), "You said: hi");
}

TEST_F(FaultTest, StatusCarriesRetryAfter) {
  const TestResponse seconds = Chat(ChatBody("status-429-retry-after-47"));
  const TestResponse millis = Chat(ChatBody("status-503-retry-after-ms-250"));

  EXPECT_EQ(seconds.status, 429);
  EXPECT_EQ(seconds.FindHeader("retry-after"), "47");
  EXPECT_EQ(Parse(seconds.body)["error"]["code"], "rate_limit_exceeded");
  EXPECT_EQ(millis.status, 503);
  EXPECT_EQ(millis.FindHeader("retry-after-ms"), "250");
}

TEST_F(FaultTest, FailHealsAfterN) {
  TestClient client(provider_->port());
  const std::string body = ChatBody("fail-2-503");

  EXPECT_EQ(client.Post("/v1/chat/completions", body).status, 503);
  EXPECT_EQ(client.Post("/v1/chat/completions", body).status, 503);
  EXPECT_EQ(client.Post("/v1/chat/completions", body).status, 200);
  EXPECT_EQ(client.Post("/v1/chat/completions", body).status, 200);
  client.SendRequest("DELETE", "/__journal", "");
  EXPECT_EQ(client.Read().status, 204);
  EXPECT_EQ(client.Post("/v1/chat/completions", body).status, 503);
}

TEST_F(FaultTest, NamedErrorsHaveTheirCodes) {
  const TestResponse quota = Chat(ChatBody("insufficient-quota"));
  const TestResponse context = Chat(ChatBody("context-length-exceeded"));

  EXPECT_EQ(quota.status, 429);
  EXPECT_EQ(Parse(quota.body)["error"]["code"], "insufficient_quota");
  EXPECT_EQ(context.status, 400);
  EXPECT_EQ(Parse(context.body)["error"]["code"], "context_length_exceeded");
}

TEST_F(FaultTest, MalformedChunkComesAfterGoodOnes) {
  const TestResponse stream = Chat(StreamBody("malformed-chunk"));
  const TestResponse plain = Chat(ChatBody("malformed-chunk"));

  EXPECT_EQ(stream.end, ReadEnd::kMalformed);
  EXPECT_THAT(stream.chunks, SizeIs(2));
  EXPECT_EQ(plain.end, ReadEnd::kMalformed);
  EXPECT_THAT(plain.chunks, SizeIs(2));
}

TEST_F(FaultTest, MalformedJsonSpoilsOneEvent) {
  const TestResponse stream = Chat(StreamBody("malformed-json"));
  const TestResponse plain = Chat(ChatBody("malformed-json"));

  const std::vector<std::string> events = ReadEvents(stream.body);
  EXPECT_FALSE(Parse(events[1]).is_discarded());
  EXPECT_TRUE(Parse(events[2]).is_discarded());
  EXPECT_EQ(events.back(), "[DONE]");
  EXPECT_EQ(plain.end, ReadEnd::kComplete);
  EXPECT_TRUE(Parse(plain.body).is_discarded());
}

TEST_F(FaultTest, OddChunksAreLegal) {
  const TestResponse response = Chat(StreamBody("odd-chunks"));

  const std::vector<std::string> events = ReadEvents(response.body);
  EXPECT_EQ(ContentOf(response), "You said: hi");
  for (const std::string& event : events) {
    EXPECT_TRUE(event == "[DONE]" || Parse(event).is_object()) << event;
  }
  EXPECT_THAT(response.body, StartsWith(": "));
  EXPECT_GT(events.size(), response.chunks.size());
}

TEST_F(FaultTest, HugeLineIsOneEvent) {
  const TestResponse response = Chat(StreamBody("huge-line-300"));

  size_t longest = 0;
  for (const std::string& event : ReadEvents(response.body)) {
    longest = std::max(longest, event.size());
  }
  EXPECT_GT(longest, 300U * 1024);
  EXPECT_EQ(response.end, ReadEnd::kComplete);
}

TEST_F(FaultTest, HugeHeaderIsAsLargeAsAsked) {
  const TestResponse response = Chat(ChatBody("huge-header-100"));

  EXPECT_THAT(response.FindHeader("x-huge"), SizeIs(100 * 1024));
  EXPECT_EQ(ContentOf(response), "You said: hi");
}

TEST_F(FaultTest, StreamIsNumbered) {
  const TestResponse response = Chat(StreamBody("stream-300-40-0"));

  const std::vector<std::string> events = ReadEvents(response.body);
  ASSERT_THAT(events, SizeIs(303));  // role, contents, finish, [DONE]
  for (size_t i = 0; i < 300; ++i) {
    const json chunk = Parse(events[i + 1]);
    const std::string content = chunk["choices"][0]["delta"]["content"];
    EXPECT_THAT(content, SizeIs(40));
    EXPECT_EQ(std::stoul(content.substr(0, 8)), i);
    EXPECT_EQ(chunk["seq"], i);
    EXPECT_GT(chunk["ts"], 0);
  }
}

TEST_F(FaultTest, StreamKeepsItsPace) {
  const absl::Time start = absl::Now();

  Chat(StreamBody("stream-20-10-5000"));

  EXPECT_GE(absl::Now() - start, absl::Milliseconds(100));
}

TEST_F(FaultTest, SizeIsExact) {
  for (const size_t size : {0, 1, 4095, 4096, 4097, 1'000'000}) {
    EXPECT_THAT(ContentOf(Chat(ChatBody(StrCat("size-", size)))), SizeIs(size));
    EXPECT_THAT(ContentOf(Chat(StreamBody(StrCat("size-", size)))), SizeIs(size));
  }
}

TEST_F(FaultTest, EchoTellsWhatArrived) {
  TestClient client(provider_->port());
  const std::string body = ChatBody("echo", R"(,"user":"ä\"b")");

  const TestResponse plain = client.Post("/v1/chat/completions?q=1", body, "x-one: 1\r\n");
  const TestResponse stream = Chat(StreamBody("echo"));

  const json echo = Parse(ContentOf(plain));
  EXPECT_EQ(echo["method"], "POST");
  EXPECT_EQ(echo["target"], "/v1/chat/completions?q=1");
  EXPECT_EQ(echo["headers"][2], json::array({"x-one", "1"}));
  EXPECT_EQ(echo["body"], body);
  std::string header;
  ASSERT_TRUE(absl::Base64Unescape(plain.FindHeader("x-fake-echo"), &header));
  EXPECT_EQ(Parse(header), echo);
  EXPECT_EQ(Parse(ContentOf(stream))["body"], StreamBody("echo"));
}

TEST_F(FaultTest, NoUsageLeavesItOut) {
  const TestResponse stream =
      Chat(StreamBody("no-usage", R"(,"stream_options":{"include_usage":true})"));

  EXPECT_FALSE(Parse(Chat(ChatBody("no-usage")).body).contains("usage"));
  EXPECT_THAT(stream.body, Not(HasSubstr("usage\":{")));
}

TEST_F(FaultTest, ChunkedPlainAnswerIsTheSame) {
  const TestResponse response = Chat(ChatBody("chunked"));

  EXPECT_THAT(response.chunks, SizeIs(3));
  EXPECT_EQ(ContentOf(response), "You said: hi");
}

TEST_F(FaultTest, TrailersFollowTheBody) {
  const TestResponse plain = Chat(ChatBody("trailers"));
  const TestResponse stream = Chat(StreamBody("trailers"));

  EXPECT_EQ(plain.trailers, "x-fake-trailer: the-end\r\n");
  EXPECT_EQ(ContentOf(plain), "You said: hi");
  EXPECT_EQ(stream.trailers, "x-fake-trailer: the-end\r\n");
}

TEST_F(FaultTest, GzipHasItsFraming) {
  const TestResponse plain = Chat(ChatBody("gzip"));
  const TestResponse stream = Chat(StreamBody("gzip"));

  for (const TestResponse& response : {plain, stream}) {
    EXPECT_EQ(response.FindHeader("content-encoding"), "gzip");
    EXPECT_THAT(response.body, StartsWith("\x1f\x8b\x08"));
    EXPECT_THAT(response.body, HasSubstr("choices"));
  }
}

TEST_F(FaultTest, CloseEndsTheBodyByFin) {
  for (const std::string& body : {ChatBody("close"), StreamBody("close")}) {
    const TestResponse response = Chat(body);

    EXPECT_EQ(response.end, ReadEnd::kComplete);
    EXPECT_EQ(response.FindHeader("content-length"), "");
    EXPECT_EQ(response.FindHeader("transfer-encoding"), "");
    EXPECT_EQ(response.FindHeader("connection"), "close");
    EXPECT_EQ(ContentOf(response), "You said: hi");
  }
}

TEST_F(FaultTest, HalfCloseReadsOnAndStaysSilent) {
  TestClient client(provider_->port());

  const TestResponse response = client.Post("/v1/chat/completions", ChatBody("half-close"));
  EXPECT_EQ(ContentOf(response), "You said: hi");
  EXPECT_EQ(response.FindHeader("connection"), "");
  EXPECT_EQ(client.ReadToClose(), ReadEnd::kFin);
  client.SendRequest("POST", "/v1/chat/completions", ChatBody("later"));

  const auto later = provider_->WaitForEntry(
      [](const JournalEntry& entry) { return entry.model == "later"; }, kDeadline);
  ASSERT_TRUE(later.has_value());
  EXPECT_EQ(later->outcome, Outcome::kActive);
  ExpectNoticedClose(client);
}

TEST_F(FaultTest, IdleCloseEndsAnIdleConnection) {
  TestClient fin(provider_->port());
  TestClient reset(provider_->port());

  EXPECT_EQ(fin.Post("/v1/chat/completions", ChatBody("idle-close-30")).status, 200);
  EXPECT_EQ(reset.Post("/v1/chat/completions", ChatBody("idle-reset-0")).status, 200);

  EXPECT_EQ(fin.ReadToClose(), ReadEnd::kFin);
  EXPECT_EQ(reset.ReadToClose(), ReadEnd::kReset);
}

TEST_F(FaultTest, IdleCloseSparesABusyConnection) {
  TestClient client(provider_->port());

  EXPECT_EQ(client.Post("/v1/chat/completions", ChatBody("idle-close-60000")).status, 200);

  EXPECT_EQ(client.Post("/v1/chat/completions", ChatBody("m")).status, 200);
  EXPECT_EQ(client.Post("/v1/chat/completions", StreamBody("m")).end, ReadEnd::kComplete);
}

TEST_F(FaultTest, ThenSilentAnswersOnce) {
  TestClient client(provider_->port());

  EXPECT_EQ(client.Post("/v1/chat/completions", ChatBody("then-silent")).status, 200);

  ExpectSilenceUntilClosed(client, ChatBody("m"), 0);
}

TEST_F(FaultTest, InterimAnswersComeBeforeTheAnswer) {
  const TestResponse hints = Chat(ChatBody("early-hints"));
  const TestResponse unasked = Chat(StreamBody("unasked-continue"));

  EXPECT_THAT(hints.interim_answers, ElementsAre(StartsWith("HTTP/1.1 103 ")));
  EXPECT_EQ(ContentOf(hints), "You said: hi");
  EXPECT_THAT(unasked.interim_answers, ElementsAre(StartsWith("HTTP/1.1 100 ")));
  EXPECT_EQ(ContentOf(unasked), "You said: hi");
}

TEST_F(FaultTest, WrongLengthPromisesMoreThanItSends) {
  TestClient client(provider_->port());

  client.SendRequest("POST", "/v1/chat/completions", ChatBody("wrong-length"));
  const TestResponse response = client.Read(kSilence);

  EXPECT_EQ(response.end, ReadEnd::kTimeout);
  EXPECT_EQ(response.FindHeader("content-length"), StrCat(response.body.size() + 100));
  EXPECT_TRUE(Parse(response.body).is_object());
}

TEST_F(FaultTest, ExtraBytesFollowTheAnswer) {
  TestClient client(provider_->port());

  const TestResponse asked = client.Post("/v1/chat/completions", ChatBody("extra-bytes"));
  const TestResponse unasked = client.Read();

  EXPECT_EQ(ContentOf(asked), "You said: hi");
  EXPECT_EQ(unasked.body, "{\"unasked\": true}");
}

TEST_F(FaultTest, OverloadedIs503AtOpenai) { EXPECT_EQ(Chat(ChatBody("overloaded")).status, 503); }

constexpr std::string_view kTwoTools = R"(,"tools":[
    {"type":"function","function":{"name":"a","parameters":{"type":"object","properties":
      {"x":{"type":"string"}}}}},
    {"type":"function","function":{"name":"b","parameters":{"type":"object","properties":
      {"y":{"type":"string"}}}}}])";

TEST_F(FaultTest, ToolInterleavedTakesTurns) {
  std::vector<int> indexes;
  std::vector<std::string> arguments(2);
  for (const std::string& event :
       ReadEvents(Chat(StreamBody("tool-interleaved", kTwoTools)).body)) {
    if (event == "[DONE]") continue;
    const nlohmann::json delta = Parse(event)["choices"][0]["delta"];
    if (!delta.contains("tool_calls")) continue;
    const nlohmann::json& piece = delta["tool_calls"][0];
    indexes.push_back(piece["index"]);
    arguments[piece["index"].get<size_t>()] += piece["function"]["arguments"];
  }

  ASSERT_GE(indexes.size(), 6U);
  EXPECT_EQ(std::vector<int>(indexes.begin(), indexes.begin() + 4), (std::vector<int>{0, 1, 0, 1}));
  EXPECT_EQ(arguments, (std::vector<std::string>{R"({"x":"hi"})", R"({"y":"hi"})"}));
}

TEST_F(FaultTest, ToolNoIndexHasNone) {
  for (const std::string& event : ReadEvents(Chat(StreamBody("tool-no-index", kTwoTools)).body)) {
    if (event == "[DONE]") continue;
    const nlohmann::json delta = Parse(event)["choices"][0]["delta"];
    if (!delta.contains("tool_calls")) continue;
    EXPECT_FALSE(delta["tool_calls"][0].contains("index"));
  }
}

TEST_F(FaultTest, FinishEarlyComesWithTheLastContent) {
  const TestResponse response = Chat(StreamBody("finish-early"));

  const std::vector<std::string> events = ReadEvents(response.body);
  const nlohmann::json last = Parse(events[events.size() - 2])["choices"][0];
  EXPECT_EQ(ContentOf(response), "You said: hi");
  EXPECT_EQ(last["delta"]["content"], "hi");
  EXPECT_EQ(last["finish_reason"], "stop");
}

TEST_F(FaultTest, IsSelectedOnEveryPath) {
  TestClient client(provider_->port());

  EXPECT_EQ(client.Post("/v1/embeddings", R"({"model":"status-503","input":"a"})").status, 503);
  EXPECT_EQ(client.Post("/v1/images", R"({"model":"status-502"})").status, 502);
  EXPECT_EQ(client.Get("/v1/files?model=status-504").status, 504);
}

TEST_F(FaultTest, LeavesNothingBehind) {
  for (const FaultRow& row : FaultTable()) {
    for (const bool is_stream : {false, true}) {
      std::string model;
      for (const absl::string_view word : absl::StrSplit(ToAbsl(row.pattern), '-')) {
        const bool is_word = word.find_first_of("abcdefghijklmnopqrstuvwxyz") != word.npos;
        StrAppend(&model, model.empty() ? "" : "-",
                  is_word ? std::string(word) : (word == "CODE" ? "503" : "1"));
      }
      ASSERT_EQ(ParseFault(model).kind, row.kind) << model;
      TestClient client(provider_->port());
      client.SendRequest("POST", "/v1/chat/completions",
                         is_stream ? StreamBody(model) : ChatBody(model));
      client.Read(absl::Milliseconds(5));
    }
  }

  EXPECT_TRUE(provider_->WaitForStats(
      [](const JournalStats& stats) {
        return stats.open_connections == 0 && stats.active_requests == 0;
      },
      kDeadline));
  EXPECT_EQ(provider_->Stats().requests, FaultTable().size() * 2);
}

}  // namespace
}  // namespace lmgate::fakeprovider
