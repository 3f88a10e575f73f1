// Whole requests whose target speaks another dialect: what the wire does around the translation.
#include <absl/time/time.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "common/contract/resource.h"
#include "tests/fakeprovider/fake_provider.h"
#include "tests/fakeprovider/test_client.h"
#include "tests/support/scripted_upstream.h"
#include "tests/support/test_dataplane.h"

namespace lmgate {
namespace {

using fakeprovider::FakeProvider;
using fakeprovider::JournalEntry;
using fakeprovider::Outcome;
using fakeprovider::ReadEnd;
using fakeprovider::TestClient;
using fakeprovider::TestResponse;
using ::testing::HasSubstr;
using testing::kTestKey;
using ::testing::Not;
using testing::ScriptedUpstream;
using testing::SnapshotSource;
using testing::TestConnection;
using testing::TestDataplane;
using testing::TestRoute;

std::string AuthHeader() { return StrCat("Authorization: Bearer ", kTestKey, "\r\n"); }

std::string MessagesBody(std::string_view model, bool stream, std::string_view more = "") {
  return StrCat(
      "{\"model\":\"", model, "\",\"stream\":", stream ? "true" : "false",
      ",\"max_tokens\":100,\"messages\":[{\"role\":\"user\",\"content\":\"one two three\"}]", more,
      "}");
}

std::string JsonAnswer(std::string_view status, std::string_view body) {
  return StrCat("HTTP/1.1 ", status,
                "\r\nContent-Type: application/json\r\nContent-Length: ", body.size(), "\r\n\r\n",
                body);
}

// A client that speaks Anthropic's dialect; connection "chat" speaks openai-chat, "claude" its own.
class TranslatedRequest : public ::testing::Test {
 protected:
  TranslatedRequest() {
    auto provider = FakeProvider::Create({});
    EXPECT_TRUE(provider.ok()) << provider.status();
    provider_ = *std::move(provider);
  }

  void Start(const std::vector<std::string>& targets = {"chat.*"},
             const std::function<void(dataplane::Options*)>& change = {},
             std::string_view chat_url = {}) {
    SnapshotSource source = testing::BasicSource(provider_->base_url());
    v1::Connection chat = TestConnection("chat");
    chat.set_base_url(chat_url.empty() ? provider_->base_url() : std::string(chat_url));
    v1::Connection claude = TestConnection("claude");
    claude.set_dialect("anthropic");
    claude.set_base_url(provider_->base_url());
    source.Change({contract::MakeResource(chat), contract::MakeResource(claude)});
    source.Change({contract::MakeResource(TestRoute("*", 1, targets))});
    dataplane_ = std::make_unique<TestDataplane>(source, change);
    client_ = std::make_unique<TestClient>(dataplane_->port());
  }

  TestResponse Ask(std::string_view model, bool stream = false, std::string_view more = "") {
    return client_->Post("/v1/messages", MessagesBody(model, stream, more),
                         AuthHeader() + "anthropic-version: 2023-06-01\r\n");
  }

  std::unique_ptr<FakeProvider> provider_;
  std::unique_ptr<TestDataplane> dataplane_;
  std::unique_ptr<TestClient> client_;
};

TEST_F(TranslatedRequest, PlainAnswerHasTheClientsShape) {
  Start();

  const TestResponse response = Ask("gpt-4o");

  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.FindHeader("content-type"), "application/json");
  EXPECT_THAT(response.body, HasSubstr(R"("type":"message")"));
  EXPECT_THAT(response.body, HasSubstr("You said: one two three"));
  const std::vector<JournalEntry> entries = provider_->Journal();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].FindHeader("anthropic-version"), "");
  EXPECT_THAT(entries[0].body, Not(HasSubstr(kTestKey)));
  EXPECT_THAT(dataplane_->AccessLog(1), HasSubstr(R"("completion_tokens":)"));
}

TEST_F(TranslatedRequest, HeadersOfTheClientsDialectStayHere) {
  Start();

  client_->Post("/v1/messages", MessagesBody("gpt-4o", false),
                AuthHeader() + "anthropic-version: 2023-06-01\r\nanthropic-beta: x\r\n");

  const std::vector<JournalEntry> entries = provider_->Journal();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].FindHeader("anthropic-version"), "");
  EXPECT_EQ(entries[0].FindHeader("anthropic-beta"), "");
  EXPECT_EQ(entries[0].FindHeader("content-type"), "application/json");
}

TEST_F(TranslatedRequest, TooManyValuesAreRefusedInTheClientsShape) {
  Start();
  std::string values = "0";
  for (int i = 0; i < 1'000'000; ++i) values += ",0";

  const TestResponse response = Ask(
      "gpt-4o", /*stream=*/false,
      StrCat(R"(,"tools":[{"name":"f","input_schema":{"type":"object","enum":[)", values, "]}}]"));

  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr(R"("type":"invalid_request_error")"));
  EXPECT_THAT(response.body, HasSubstr("more than 1000000 values"));
  EXPECT_TRUE(provider_->Journal().empty());
}

TEST_F(TranslatedRequest, StreamKeepsBothConnectionsAlive) {
  Start();

  for (int i = 0; i < 20; ++i) {
    const TestResponse response = Ask("gpt-4o", /*stream=*/true);
    ASSERT_EQ(response.end, ReadEnd::kComplete);
    ASSERT_THAT(response.body, HasSubstr("event: message_stop"));
    ASSERT_EQ(response.FindHeader("content-type"), "text/event-stream");
  }

  EXPECT_EQ(provider_->Stats().total_connections, 1u);
}

// A stream of one text, "hello", in two pieces that two reads may take.
TEST_F(TranslatedRequest, StreamIsTheSameHoweverTheProviderFramesIt) {
  const auto chunk = [](std::string_view delta, std::string_view finish) {
    return StrCat(R"(data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m",)",
                  R"("choices":[{"index":0,"delta":)", delta, R"(,"finish_reason":)", finish,
                  "}]}\n\n");
  };
  const std::string begin = chunk(R"({"role":"assistant","content":"hel"})", "null");
  const std::string end =
      StrCat(chunk(R"({"content":"lo"})", "null"), chunk("{}", R"("stop")"), "data: [DONE]\n\n");
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
  const auto chunked = [](std::string_view text) {
    return StrCat(absl::Hex(text.size()), "\r\n", text, "\r\n");
  };
  for (const ScriptedUpstream::Answer& answer : std::vector<ScriptedUpstream::Answer>{
           {.bytes = StrCat(head, "Content-Length: ", begin.size() + end.size(), "\r\n\r\n", begin),
 .later = end},
           {.bytes = StrCat(head, "Connection: close\r\n\r\n", begin), .later = end, .close = true},
           {.bytes = StrCat(head, "Transfer-Encoding: chunked\r\n\r\n", chunked(begin)),
           .later = StrCat(chunked(end), "0\r\n\r\n")}}) {
    ScriptedUpstream upstream({answer});
    Start({"chat.*"}, nullptr, upstream.base_url());

    const TestResponse response = Ask("m", /*stream=*/true);

    EXPECT_EQ(response.end, ReadEnd::kComplete) << answer.bytes;
    EXPECT_THAT(response.body, HasSubstr(R"("text":"hel")"));
    EXPECT_THAT(response.body, HasSubstr(R"("text":"lo")"));
    EXPECT_THAT(response.body, HasSubstr("event: message_stop"));
    EXPECT_THAT(response.body, Not(HasSubstr("chat.completion.chunk"))) << answer.bytes;
  }
}

TEST_F(TranslatedRequest, EventsGoOutAsTheyCome) {
  Start();

  const TestResponse response = Ask("drip-20", /*stream=*/true);

  // "You ", "said: ", "one " …: each in an HTTP chunk of its own, or more than one event of it.
  EXPECT_GE(response.chunks.size(), 5u);
}

TEST_F(TranslatedRequest, CutStreamEndsInAnErrorEvent) {
  Start();
  for (const std::string_view model : {"cut-after-3", "reset-after-3", "malformed-json"}) {
    const TestResponse response = Ask(model, /*stream=*/true);
    const std::string_view code =
        model == "malformed-json" ? "upstream_invalid_response" : "upstream_truncated";

    EXPECT_EQ(response.status, 200) << model;
    EXPECT_THAT(response.body, HasSubstr("event: error")) << model;
    EXPECT_THAT(response.body, HasSubstr(StrCat("\"code\":\"", code, "\""))) << model;
    EXPECT_THAT(response.body,
                HasSubstr(StrCat("\"request_id\":\"", response.FindHeader("request-id"), "\"")));
    EXPECT_THAT(response.body, Not(HasSubstr("message_stop"))) << model;
  }
}

TEST_F(TranslatedRequest, ErrorInTheMiddleOfAStreamIsAnErrorEvent) {
  Start();

  const TestResponse response = Ask("error-after-3", /*stream=*/true);

  EXPECT_THAT(response.body, HasSubstr("event: error"));
  EXPECT_THAT(response.body, HasSubstr(R"("code":"upstream_error")"));
  EXPECT_THAT(response.body, Not(HasSubstr("message_stop")));
  EXPECT_THAT(dataplane_->AccessLog(1), HasSubstr(R"("code":"upstream_error")"));
}

// As it is where the answer comes in one piece.
TEST_F(TranslatedRequest, StreamThatIsNoneAtAllIsAnInvalidResponse) {
  const std::string garbage = "data: \x1f\x8b\x08 not what it says\n\n";
  ScriptedUpstream upstream(
      {{.bytes = StrCat("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: ",
                        garbage.size(), "\r\n\r\n", garbage)}});
  Start({"chat.*"}, {}, upstream.base_url());

  const TestResponse response = Ask("m", /*stream=*/true);

  EXPECT_EQ(response.status, 502) << response.body;
  EXPECT_THAT(response.body, HasSubstr("upstream_invalid_response"));
}

// Nothing has been said yet: the status can still say it, and the next target may do better.
TEST_F(TranslatedRequest, ErrorInThePlaceOfAStreamIsAStatus) {
  const std::string event =
      "data: {\"error\":{\"message\":\"busy now\",\"type\":\"rate_limit_exceeded\",\"code\":null}}"
      "\n\n";
  ScriptedUpstream upstream(
      {{.bytes = StrCat("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: ",
                        event.size(), "\r\n\r\n", event)}});
  Start({"chat.*"}, {}, upstream.base_url());

  const TestResponse alone = Ask("m", /*stream=*/true);

  EXPECT_EQ(alone.status, 429) << alone.body;
  EXPECT_THAT(alone.body, HasSubstr("rate_limit_error"));
  EXPECT_THAT(alone.body, HasSubstr("busy now"));

  Start({"chat.*", "claude.*"}, {}, upstream.base_url());
  const TestResponse second = Ask("m", /*stream=*/true);

  EXPECT_EQ(second.status, 200);
  EXPECT_THAT(second.body, HasSubstr("message_stop"));
}

TEST_F(TranslatedRequest, ErrorInThePlaceOfAnAnswerIsAStatus) {
  const std::string body =
      R"({"error":{"message":"busy now","type":"rate_limit_exceeded","code":null}})";
  ScriptedUpstream upstream({{.bytes = JsonAnswer("200 OK", body)}});
  Start({"chat.*"}, {}, upstream.base_url());

  const TestResponse alone = Ask("m");

  EXPECT_EQ(alone.status, 429) << alone.body;
  EXPECT_THAT(alone.body, HasSubstr("rate_limit_error"));
  EXPECT_THAT(alone.body, HasSubstr("busy now"));

  Start({"chat.*", "claude.*"}, {}, upstream.base_url());

  EXPECT_EQ(Ask("m").status, 200);
}

TEST_F(TranslatedRequest, CompressedAnswerIsInvalidHoweverItComes) {
  for (const std::string_view type : {"application/json", "text/event-stream"}) {
    ScriptedUpstream upstream({{.bytes = StrCat("HTTP/1.1 200 OK\r\nContent-Type: ", type,
                                                "\r\nContent-Encoding: gzip\r\n"
                                                "Content-Length: 4\r\n\r\n\x1f\x8b\x08?")}});
    Start({"chat.*"}, {}, upstream.base_url());

    const TestResponse response = Ask("m", type == "text/event-stream");

    EXPECT_EQ(response.status, 502) << response.body;
    EXPECT_THAT(response.body, HasSubstr("upstream_invalid_response"));
  }
}

TEST_F(TranslatedRequest, FallsBackBetweenDialects) {
  Start({"chat.status-500", "claude.*"});

  const TestResponse response = Ask("claude-sonnet-4-5");

  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_THAT(response.body, HasSubstr("You said: one two three"));
}

TEST_F(TranslatedRequest, AStreamThatBeginsWithAnErrorMovesOnInItsOwnDialectToo) {
  Start({"claude.error-after-0", "claude.m"});

  for (int i = 0; i < 3; ++i) {
    const TestResponse response = Ask("m", /*stream=*/true);

    EXPECT_EQ(response.status, 200);
    EXPECT_THAT(response.body, HasSubstr("event: message_stop"));
    EXPECT_THAT(response.body, Not(HasSubstr("event: error")));
  }
  // The last target's word is passed on as it is.
  Start({"claude.error-after-0"});
  EXPECT_THAT(Ask("m", /*stream=*/true).body, HasSubstr("event: error"));
  // And what begins slowly, or byte by byte, as it comes.
  for (const std::string_view first : {"claude.bytewise", "claude.drip-100"}) {
    Start({std::string(first), "claude.m"});
    const TestResponse response = Ask("m", /*stream=*/true);
    EXPECT_EQ(response.end, ReadEnd::kComplete);
    EXPECT_THAT(response.body, HasSubstr("event: message_stop"));
  }
}

TEST_F(TranslatedRequest, RefusalHasTheClientsShapeAndKeepsRetryAfter) {
  Start();

  const TestResponse limited = Ask("status-429-retry-after-7");

  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.FindHeader("retry-after"), "7");
  EXPECT_THAT(limited.body, HasSubstr("rate_limit_error"));

  const TestResponse overloaded = Ask("status-503");

  EXPECT_EQ(overloaded.status, 529);
  EXPECT_THAT(overloaded.body, HasSubstr("overloaded_error"));
  EXPECT_EQ(Ask("context-length-exceeded").status, 400);
}

TEST_F(TranslatedRequest, GeminiClientIsToldInTheBodyWhenToComeAgain) {
  Start();

  const TestResponse response =
      client_->Post("/v1beta/models/status-429-retry-after-7:generateContent",
                    R"({"contents":[{"role":"user","parts":[{"text":"one"}]}]})", AuthHeader());

  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.FindHeader("retry-after"), "7");
  EXPECT_THAT(response.body, HasSubstr(R"("retryDelay":"7s")"));
}

TEST_F(TranslatedRequest, RefusalKeepsTheProvidersMessage) {
  for (const std::string_view body :
       {R"([{"error":{"message":"too spicy"}}])", R"({"detail":[{"msg":"too spicy"}]})",
        R"({"detail":"too spicy"})", R"({"message":"too spicy"})", "too spicy"}) {
    ScriptedUpstream upstream({{.bytes = JsonAnswer("422 Unprocessable Entity", body)}});
    Start({"chat.*"}, {}, upstream.base_url());

    const TestResponse response = Ask("m");

    EXPECT_EQ(response.status, 400) << body;
    EXPECT_THAT(response.body, HasSubstr(R"("message":"too spicy")")) << body;
  }
}

TEST_F(TranslatedRequest, RefusalDoesNotRepeatTheCredential) {
  const std::string said = R"({"error":{"message":"no literal-secret here","code":429}})";
  for (const std::string_view status : {"200 OK", "429 Too Many Requests"}) {
    ScriptedUpstream upstream({{.bytes = JsonAnswer(status, said)}});
    Start({"chat.*"}, {}, upstream.base_url());

    const TestResponse response = Ask("m");

    EXPECT_EQ(response.status, 429);
    EXPECT_THAT(response.body, HasSubstr("no **** here")) << response.body;
  }
}

TEST_F(TranslatedRequest, RedirectOfTheProviderIsNotTheClientsFault) {
  ScriptedUpstream upstream({{.bytes = "HTTP/1.1 302 Found\r\nLocation: https://x.example/\r\n"
                                       "Content-Length: 0\r\n\r\n"}});
  Start({"chat.*"}, {}, upstream.base_url());

  const TestResponse alone = Ask("m");

  EXPECT_EQ(alone.status, 502) << alone.body;
  EXPECT_THAT(alone.body, HasSubstr("upstream_error"));
  EXPECT_EQ(alone.FindHeader("location"), "");

  Start({"chat.*", "claude.*"}, {}, upstream.base_url());

  EXPECT_EQ(Ask("m").status, 200);
}

TEST_F(TranslatedRequest, RefusedCredentialIsOursNotTheClients) {
  Start();

  const TestResponse response = Ask("status-401");

  EXPECT_EQ(response.status, 502);
  EXPECT_EQ(response.FindHeader("x-should-retry"), "false");
  EXPECT_THAT(response.body, HasSubstr("upstream_auth_failed"));
}

// ---- a refused key of Google's, which has the status of a malformed request

constexpr std::string_view kRefusedKey =
    R"({"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT",)"
    R"("details":[{"reason":"API_KEY_INVALID","domain":"googleapis.com"}]}})";
constexpr std::string_view kMalformed =
    R"({"error":{"code":400,"message":"Bad temperature.","status":"INVALID_ARGUMENT"}})";

class GoogleKey : public TranslatedRequest {
 protected:
  // Connection "google" speaks Gemini's dialect and answers with `answer`.
  void StartWith(const ScriptedUpstream::Answer& answer,
                 const std::vector<std::string>& targets = {"google.m"},
                 std::string_view auth = {}) {
    upstream_ = std::make_unique<ScriptedUpstream>(std::vector<ScriptedUpstream::Answer>{answer});
    SnapshotSource source = testing::BasicSource(provider_->base_url());
    v1::Connection google = TestConnection("google", auth.empty() ? "literal-secret" : "");
    google.set_dialect("gemini");
    google.set_base_url(upstream_->base_url());
    if (!auth.empty()) google.mutable_auth()->set_mode(std::string(auth));
    v1::Connection chat = TestConnection("chat");
    chat.set_base_url(provider_->base_url());
    source.Change({contract::MakeResource(google), contract::MakeResource(chat)});
    source.Change({contract::MakeResource(TestRoute("*", 1, targets))});
    dataplane_ = std::make_unique<TestDataplane>(source, nullptr);
    client_ = std::make_unique<TestClient>(dataplane_->port());
  }
  TestResponse AskAsGemini() {
    return client_->Post("/v1beta/models/m:generateContent",
                         R"({"contents":[{"role":"user","parts":[{"text":"one two"}]}]})",
                         StrCat("x-goog-api-key: ", kTestKey, "\r\n"));
  }

  std::unique_ptr<ScriptedUpstream> upstream_;
};

TEST_F(GoogleKey, RefusedIsNotTheClientsFault) {
  const std::string answer = JsonAnswer("400 Bad Request", kRefusedKey);
  const size_t cut = answer.size() - 30;
  StartWith({.bytes = answer.substr(0, cut), .later = answer.substr(cut)});

  for (const TestResponse& response : {AskAsGemini(), Ask("m"), Ask("m", /*stream=*/true)}) {
    EXPECT_EQ(response.status, 502) << response.body;
    EXPECT_EQ(response.FindHeader("x-should-retry"), "false");
    EXPECT_THAT(response.body, HasSubstr("upstream_auth_failed"));
    EXPECT_THAT(response.body, HasSubstr("API key not valid."));
  }
}

TEST_F(GoogleKey, RefusedIsSeenHoweverTheAnswerIsFramed) {
  const std::string head = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n";
  const std::string chunks =
      StrCat(absl::Hex(kRefusedKey.size() - 9), "\r\n", kRefusedKey.substr(9), "\r\n0\r\n\r\n");
  for (const ScriptedUpstream::Answer& answer : std::vector<ScriptedUpstream::Answer>{
           {.bytes = StrCat(head, "Transfer-Encoding: chunked\r\n\r\n9\r\n",
                            kRefusedKey.substr(0, 9), "\r\n"),
 .later = chunks},
           {.bytes = StrCat(head, "Connection: close\r\n\r\n", kRefusedKey.substr(0, 50)),
           .later = std::string(kRefusedKey.substr(50)),
           .close = true}}) {
    StartWith(answer);

    EXPECT_EQ(AskAsGemini().status, 502) << answer.bytes;
  }
}

TEST_F(GoogleKey, RefusedMovesOnToTheNextTarget) {
  StartWith({.bytes = JsonAnswer("400 Bad Request", kRefusedKey)}, {"google.m", "chat.*"});

  EXPECT_EQ(AskAsGemini().status, 200);
  EXPECT_EQ(Ask("m").status, 200);
}

TEST_F(GoogleKey, TheClientsOwnIsTheClientsMatter) {
  StartWith({.bytes = JsonAnswer("400 Bad Request", kRefusedKey)}, {"google.m", "chat.*"},
            "passthrough");

  const TestResponse mirrored = AskAsGemini();

  EXPECT_EQ(mirrored.status, 400);
  EXPECT_EQ(mirrored.body, kRefusedKey);
  EXPECT_EQ(Ask("m").status, 401);
}

TEST_F(GoogleKey, AMalformedRequestIsStillTheClientsFault) {
  const std::string answer = JsonAnswer("400 Bad Request", kMalformed);
  StartWith(
      {.bytes = answer.substr(0, answer.size() - 30), .later = answer.substr(answer.size() - 30)});

  for (int i = 0; i < 3; ++i) {
    const TestResponse mirrored = AskAsGemini();

    EXPECT_EQ(mirrored.status, 400);
    EXPECT_EQ(mirrored.body, kMalformed);
  }
  EXPECT_EQ(Ask("m").status, 400);
  EXPECT_EQ(upstream_->connections(), 1u);
}

TEST_F(GoogleKey, ALongRefusalIsPassedOnAsItComes) {
  const std::string body = StrCat(R"({"error":{"message":")", std::string(40'000, 'x'), "\"}}");
  const std::string answer = JsonAnswer("400 Bad Request", body);
  StartWith({.bytes = answer.substr(0, 20'000), .later = answer.substr(20'000)});

  const TestResponse response = AskAsGemini();

  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, body);
}

TEST_F(GoogleKey, ARefusalThatNeverComesWholeIsPassedOnToItsEnd) {
  const std::string answer = JsonAnswer("400 Bad Request", kMalformed);
  StartWith({.bytes = answer.substr(0, answer.size() - 30), .close = true});

  const TestResponse response = AskAsGemini();

  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.end, ReadEnd::kComplete);
}

TEST_F(TranslatedRequest, RefusalsMessageIsReadInTheShapeOfEveryDialect) {
  constexpr std::string_view kBodies[] = {
      R"({"error":{"message":"words of it","type":"invalid_request_error","code":null}})",
      R"({"type":"error","error":{"type":"invalid_request_error","message":"words of it"}})",
      R"({"error":{"code":400,"message":"words of it","status":"INVALID_ARGUMENT"}})",
      R"([{"error":{"code":400,"message":"words of it","status":"INVALID_ARGUMENT"}}])",
      R"({"message":"words of it"})",
      "words of it"};
  std::vector<ScriptedUpstream::Answer> answers;
  for (const std::string_view body : kBodies) {
    for (const std::string_view status : {"400 Bad Request", "401 Unauthorized"}) {
      answers.push_back({.bytes = StrCat("HTTP/1.1 ", status, "\r\nContent-Length: ", body.size(),
                                         "\r\n\r\n", body)});
    }
  }
  ScriptedUpstream upstream(std::move(answers));
  Start({"chat.*"}, {}, upstream.base_url());

  for (const std::string_view body : kBodies) {
    const TestResponse refused = Ask("m");
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_THAT(refused.body, HasSubstr("words of it")) << body;
    const TestResponse credential = Ask("m");
    EXPECT_EQ(credential.status, 502) << body;
    EXPECT_THAT(credential.body, HasSubstr("credential (401): words of it")) << body;
  }
}

TEST_F(TranslatedRequest, MalformedRequestIsTheClientsFault) {
  Start();

  const TestResponse response = client_->Post(
      "/v1/messages", R"({"model":"gpt-4o","max_tokens":"many","messages":[]})", AuthHeader());

  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("max_tokens"));
  EXPECT_TRUE(provider_->Journal().empty());
}

TEST_F(TranslatedRequest, WhatCannotBeSaidThereIsRefusedByName) {
  Start();

  const TestResponse response = Ask(
      "gpt-4o", false, R"(,"mcp_servers":[{"type":"url","name":"x","url":"https://x.example"}])");

  EXPECT_EQ(response.status, 400) << response.body;
  EXPECT_THAT(response.body, HasSubstr("mcp_servers"));
  EXPECT_THAT(response.body, HasSubstr("dialect_unsupported"));
}

// The word that makes Anthropic's SDK send the whole conversation.
TEST_F(TranslatedRequest, ServerHeldThreadIsRefusedSoThatTheSdkFallsBack) {
  Start();

  const TestResponse response = Ask("gpt-4o", false, R"(,"thread":{"id":"t"})");

  EXPECT_EQ(response.status, 400) << response.body;
  EXPECT_THAT(response.body, HasSubstr(R"("error_code":"thread_unsupported_request")"));
  EXPECT_THAT(response.body, HasSubstr(R"("unsupported":["thread"])"));
}

TEST_F(TranslatedRequest, SilentStreamIsKeptAlive) {
  Start({"chat.*"}, [](dataplane::Options* options) {
    options->keep_alive_event_interval = absl::Milliseconds(40);
  });

  const TestResponse response = Ask("drip-300", /*stream=*/true);

  EXPECT_EQ(response.end, ReadEnd::kComplete);
  EXPECT_THAT(response.body, HasSubstr("event: ping"));
  EXPECT_THAT(response.body, HasSubstr("message_stop"));
}

TEST_F(TranslatedRequest, ClientThatLeavesEndsTheProvidersStream) {
  Start();
  client_->SendRequest("POST", "/v1/messages", MessagesBody("stall-after-2", true), AuthHeader());
  EXPECT_EQ(client_->Read(absl::Milliseconds(300)).status, 200);

  client_->Close();

  EXPECT_TRUE(provider_->WaitForStats([](const auto& stats) { return stats.open_connections == 0; },
                                      absl::Seconds(10)));
  EXPECT_THAT(dataplane_->AccessLog(1), HasSubstr("client_closed"));
}

TEST_F(TranslatedRequest, OldClientGetsItsStreamToTheClose) {
  Start();
  const std::string body = MessagesBody("gpt-4o", true);
  client_->Send(StrCat("POST /v1/messages HTTP/1.0\r\n", AuthHeader(),
                       "Content-Type: application/json\r\nContent-Length: ", body.size(),
                       "\r\n\r\n", body));

  const TestResponse response = client_->Read();

  EXPECT_EQ(response.FindHeader("transfer-encoding"), "");
  EXPECT_THAT(response.body, HasSubstr("message_stop"));
}

TEST_F(TranslatedRequest, AnswerHasALengthLimit) {
  Start({"chat.*"},
        [](dataplane::Options* options) { options->max_translated_answer_bytes = 4000; });

  EXPECT_EQ(Ask("size-3000").status, 200);
  const TestResponse response = Ask("size-4000");

  EXPECT_EQ(response.status, 502);
  EXPECT_THAT(response.body, HasSubstr("upstream_invalid_response"));
}

TEST_F(TranslatedRequest, ModelsAreListedForTheSdkThatAsks) {
  Start();

  const TestResponse anthropic =
      client_->Get("/v1/models", AuthHeader() + "anthropic-version: 2023-06-01\r\n");
  const TestResponse gemini = client_->Get("/v1beta/models", AuthHeader());
  const TestResponse one = client_->Get("/v1beta/models/gemini-2.5-flash", AuthHeader());
  const TestResponse openai = client_->Get("/v1/models", AuthHeader());

  EXPECT_THAT(anthropic.body, HasSubstr(R"("has_more":false)"));
  EXPECT_THAT(anthropic.body, HasSubstr(R"("type":"model")"));
  EXPECT_THAT(gemini.body, HasSubstr(R"({"models":[{)"));
  EXPECT_THAT(gemini.body, HasSubstr("generateContent"));
  EXPECT_THAT(one.body, HasSubstr(R"("name":"models/gemini-2.5-flash")"));
  EXPECT_THAT(openai.body, HasSubstr(R"("object":"list")"));
}

TEST_F(TranslatedRequest, AnswersNameTheRequestAsTheSdkReadsIt) {
  Start();
  const std::string lines = StrCat(AuthHeader(), "x-request-id: my-id\r\n");
  for (const TestResponse& response :
       {client_->Post("/v1/messages", MessagesBody("gpt-4o", false), lines),
        client_->Post("/v1/messages", MessagesBody("gpt-4o", true), lines),
        client_->Post("/v1/messages", MessagesBody("status-429", false), lines),
        client_->Post("/v1/messages", "{", lines)}) {
    EXPECT_EQ(response.FindHeader("request-id"), "my-id") << response.body;
    EXPECT_EQ(response.FindHeader("x-request-id"), "my-id");
  }
  for (const TestResponse& response :
       {client_->Post("/model/gpt-4o/converse",
                      R"({"messages":[{"role":"user","content":[{"text":"x"}]}]})", lines),
        client_->Post("/model/gpt-4o/converse", "{", lines)}) {
    EXPECT_EQ(response.FindHeader("x-amzn-requestid"), "my-id") << response.body;
  }
}

TEST_F(TranslatedRequest, ErrorsOfEveryPathHaveItsShape) {
  Start();

  const TestResponse gemini =
      client_->Post("/v1beta/models/m:generateContent", "{}", "x-goog-api-key: wrong\r\n");
  const TestResponse bedrock =
      client_->Post("/model/m/converse", "{}", "Authorization: Bearer wrong\r\n");

  EXPECT_EQ(gemini.status, 401);
  EXPECT_THAT(gemini.body, HasSubstr(R"("status":"UNAUTHENTICATED")"));
  EXPECT_EQ(bedrock.status, 403);
  EXPECT_EQ(bedrock.FindHeader("x-amzn-errortype"), "UnrecognizedClientException");
}

TEST_F(TranslatedRequest, MissingKeyIsAskedForAsTheClientsSdkSendsIt) {
  Start();

  EXPECT_THAT(client_->Post("/v1/messages", "{}").body, HasSubstr("`x-api-key: KEY`"));
  EXPECT_THAT(client_->Post("/v1beta/models/m:generateContent", "{}").body,
              HasSubstr("`x-goog-api-key: KEY`"));
  EXPECT_THAT(client_->Post("/model/m/converse", "{}").body,
              HasSubstr("`Authorization: Bearer KEY`"));
  EXPECT_THAT(client_->Post("/v1/chat/completions", "{}").body,
              HasSubstr("`Authorization: Bearer KEY`"));
}

TEST_F(TranslatedRequest, ErrorsOfPathsThatNothingServesHaveTheSdksShape) {
  Start();

  const TestResponse batches = client_->Post("/v1/messages/batches", "{}", AuthHeader());
  const TestResponse files =
      client_->Get("/v1/files", AuthHeader() + "anthropic-version: 2023-06-01\r\n");
  const TestResponse vertex =
      client_->Post("/v1beta1/models/m:generateContent", "{}", AuthHeader());

  EXPECT_EQ(batches.status, 404);
  EXPECT_THAT(batches.body, HasSubstr(R"({"type":"error")"));
  EXPECT_THAT(files.body, HasSubstr(R"({"type":"error")"));
  EXPECT_EQ(vertex.status, 404);
  EXPECT_THAT(vertex.body, HasSubstr(R"("status":"NOT_FOUND")"));
}

// ---- several answers of a provider that gives one

class FannedOutRequest : public TranslatedRequest {
 protected:
  TestResponse AskTwice(std::string_view model, bool stream) {
    return client_->Post(
        "/v1/chat/completions",
        StrCat("{\"model\":\"", model, "\",\"n\":2,\"stream\":", stream ? "true" : "false",
               ",\"messages\":[{\"role\":\"user\",\"content\":\"one two three\"}]}"),
        AuthHeader());
  }
};

TEST_F(FannedOutRequest, BothAnswersAreChoicesOfOne) {
  Start({"claude.*"});

  const TestResponse response = AskTwice("claude-sonnet-4-5", /*stream=*/false);

  ASSERT_EQ(response.status, 200) << response.body;
  const auto body = nlohmann::json::parse(response.body);
  ASSERT_EQ(body["choices"].size(), 2u);
  EXPECT_EQ(body["choices"][1]["index"], 1);
  EXPECT_EQ(body["choices"][1]["message"]["content"], "You said: one two three");
  EXPECT_EQ(provider_->Journal().size(), 2u);
  EXPECT_EQ(body["usage"]["completion_tokens"].get<int>() % 2, 0);
}

TEST_F(FannedOutRequest, StreamsEndTogetherAndTheConnectionServesOn) {
  Start({"claude.*"});
  for (int i = 0; i < 5; ++i) {
    const TestResponse response = AskTwice("claude-sonnet-4-5", /*stream=*/true);

    ASSERT_EQ(response.end, ReadEnd::kComplete);
    EXPECT_THAT(response.body, HasSubstr(R"("index":1)"));
    EXPECT_TRUE(response.body.ends_with("data: [DONE]\n\n"));
  }
}

TEST_F(FannedOutRequest, OneRefusalRefusesAll) {
  Start({"claude.*"});

  EXPECT_EQ(AskTwice("fail-1-429", /*stream=*/false).status, 429);
  EXPECT_EQ(AskTwice("status-401", /*stream=*/true).status, 502);
}

TEST_F(FannedOutRequest, OneCutStreamEndsAllWithAnError) {
  Start({"claude.*"});

  const TestResponse response = AskTwice("cut-after-4", /*stream=*/true);

  EXPECT_THAT(response.body, HasSubstr(R"({"error":)"));
  EXPECT_THAT(response.body, Not(HasSubstr("[DONE]")));
}

TEST_F(FannedOutRequest, ClientThatLeavesEndsThemAll) {
  Start({"claude.*"});
  client_->SendRequest("POST", "/v1/chat/completions",
                       R"({"model":"stall-after-3","n":3,"stream":true,)"
                       R"("messages":[{"role":"user","content":"x"}]})",
                       AuthHeader());
  EXPECT_EQ(client_->Read(absl::Milliseconds(300)).status, 200);
  client_->Close();

  EXPECT_TRUE(provider_->WaitForStats([](const auto& stats) { return stats.open_connections == 0; },
                                      absl::Seconds(10)));
}

TEST_F(FannedOutRequest, NumberOfAnswersHasALimit) {
  Start({"claude.*"});
  const auto ask = [this](int n) {
    return client_
        ->Post(
            "/v1/chat/completions",
            StrCat(
                R"({"model":"claude-sonnet-4-5","messages":[{"role":"user","content":"x"}],"n":)",
                n, "}"),
            AuthHeader())
        .status;
  };

  EXPECT_EQ(ask(16), 200);
  EXPECT_EQ(ask(17), 400);
}

}  // namespace
}  // namespace lmgate
