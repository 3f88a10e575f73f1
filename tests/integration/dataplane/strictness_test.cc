// What clients may not do, over whole requests: what reaches the provider, and what becomes of the
// connection.
#include <string>
#include <string_view>

#include "tests/integration/dataplane/scripted_gateway.h"

namespace lmgate {
namespace {

using fakeprovider::ReadEnd;
using fakeprovider::TestResponse;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kTestKey;
using ::testing::Not;
using ::testing::StartsWith;

using Strictness = testing::ScriptedGateway;

TEST_F(Strictness, MalformedHeadsEndTheConnection) {
  Start();

  for (const std::string& head :
       {std::string("GET /v1/x HTTP/1.1\r\nHost: x\r\na: b\x01\r\n\r\n"),
        std::string("GET /v1/x HTTP/1.1\r\nHost: x\r\na: b\0c\r\n\r\n", 39),
        std::string("GET /v1/x HTTP/1.1\r\nHost: x\r\na\0b: c\r\n\r\n", 39),
        std::string("GET /v1/x HTTP/1.1\r\nHost: x\r\na: b\rc: d\r\n\r\n"),
        std::string("GET /v1/x HTTP/1.1\r\nHost: x\r\na: b\nc: d\r\n\r\n"),
        std::string("GET /v1/x HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n"),
        std::string("GET /v1/x HTTP/1.1\r\nHost: x\r\na b: c\r\n\r\n"),
        std::string("GET /v1/x HTTP/1.1\r\nHost: x y\r\n\r\n"),
        std::string("GET /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na"),
        std::string("GET /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1_0\r\n\r\n"),
        std::string("GET /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na"),
        std::string(
            "GET /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        std::string(
            "GET /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        std::string("GET /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \x0b"
                    "chunked\r\n\r\n"),
        std::string("GET /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n"),
        std::string("POST /v1/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        std::string("GET /v1/x HTTP/1.1\r\nHost: x\r\nContent-Type: a\r\nContent-Type: b\r\n\r\n"),
        std::string("G\x01T /v1/x HTTP/1.1\r\nHost: x\r\n\r\n"),
        std::string("GET  /v1/x HTTP/1.1\r\nHost: x\r\n\r\n"),
        std::string("GET /v1/x  HTTP/1.1\r\nHost: x\r\n\r\n"),
        std::string("GET /v1/x HTTP/1.1 \r\nHost: x\r\n\r\n"),
        std::string("GET /v1/x HTTP/2.0\r\nHost: x\r\n\r\n"),
        std::string("GET /v1/x\r\n"),
        std::string("\r\n\r\nGET /v1/x HTTP/1.1\r\nHost: x\r\n\r\n"),
        std::string("\x16\x03\x01\x02")}) {
    // What follows a head that nobody can read must not be read as a request.
    const TestResponse response = SendAlone(StrCat(head, Chat()));
    EXPECT_EQ(response.status, 400) << head;
    EXPECT_EQ(response.FindHeader("connection"), "close") << head;
    EXPECT_EQ(client_->ReadToClose(), ReadEnd::kFin) << head;
  }
  EXPECT_EQ(requests(), 0u);
}

TEST_F(Strictness, OneEmptyLineBeforeARequestIsSkippedHoweverItComes) {
  Start();

  EXPECT_EQ(Send(StrCat("\r\n", Chat())).status, 200);
  client_->Send("\r");
  EXPECT_EQ(client_->Read(absl::Milliseconds(50)).end, ReadEnd::kTimeout);
  EXPECT_EQ(Send(StrCat("\n", Chat())).status, 200);
}

TEST_F(Strictness, TargetsAreTakenInOriginFormOnly) {
  Start();

  for (const std::string_view target : {"http://x/v1/files", "https://x/v1/files", "*", "x:443",
                                        "v1/files", "/v1/files#a", "?a=b"}) {
    for (const std::string_view method : {"GET", "CONNECT", "OPTIONS"}) {
      EXPECT_EQ(SendAlone(StrCat(method, " ", target, " HTTP/1.1\r\n", Auth(), "\r\n")).status, 400)
          << method << target;
    }
  }
  EXPECT_EQ(requests(), 0u);
}

// A tunnel, and a look at the request with the provider's credential in it.
TEST_F(Strictness, OnlyMethodsWithAKnownMeaningReachTheProvider) {
  Start();

  for (const std::string_view method : {"CONNECT", "TRACE", "TRACK", "get", "DEBUG"}) {
    EXPECT_EQ(Send(StrCat(method, " /v1/files HTTP/1.1\r\n", Auth(), "\r\n")).status, 405)
        << method;
  }
  EXPECT_EQ(requests(), 0u);
  for (const std::string_view method : {"GET", "DELETE", "OPTIONS", "PATCH", "PUT"}) {
    EXPECT_EQ(Send(StrCat(method, " /v1/files HTTP/1.1\r\n", Auth(), "\r\n")).status, 200)
        << method;
  }
}

TEST_F(Strictness, MalformedChunksEndTheConnection) {
  Start();

  for (const std::string_view body : {"+d\r\n",
                                      "-1\r\n",
                                      "0xd\r\n",
                                      "d_\r\n",
                                      "1_0\r\n",
                                      " d\r\n",
                                      "d \r\n",
                                      "d\n",
                                      "\r\n",
                                      ";a\r\n",
                                      "d;\r\n",
                                      "d;a=\"\r\n",
                                      "d;a=\"\n",
                                      "10000000000000000\r\n",
                                      "ffffffffffffffff\r\n",
                                      "d\r\n{\"model\":\"a\"}0\r\n\r\n",
                                      "d\r\n{\"model\":\"a\"}\n0\r\n\r\n",
                                      "c\r\n{\"model\":\"a\"}\r\n0\r\n\r\n",
                                      "d\r\n{\"model\":\"a\"}\r\n0\r\nGET / HTTP/1.1\r\n\r\n",
                                      "d\r\n{\"model\":\"a\"}\r\n0\r\na: b\n\r\n",
                                      "d\r\n{\"model\":\"a\"}\r\n0\r\n a: b\r\n\r\n"}) {
    const TestResponse response = SendAlone(StrCat(ChunkedChat(body), Chat()));
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(response.FindHeader("connection"), "close") << body;
    EXPECT_EQ(client_->ReadToClose(), ReadEnd::kFin) << body;
  }
  EXPECT_EQ(requests(), 0u);
}

TEST_F(Strictness, ChunksReachTheProviderWithoutTheirFraming) {
  Start();

  const TestResponse response =
      Send(ChunkedChat("5;a=\"b\"\r\n{\"mod\r\n00008;c\r\nel\":\"a\"}\r\n0\r\nx-trailer: 1\r\n"
                       "Content-Length: 7\r\n\r\n",
                       "Trailer: x-trailer\r\nTE: trailers\r\n"));

  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(last_request(), EndsWith("content-length: 13\r\n\r\n{\"model\":\"a\"}"));
  for (const std::string_view gone : {"railer", "chunked", "TE:", "Length: 7"}) {
    EXPECT_THAT(last_request(), Not(HasSubstr(gone)));
  }
  EXPECT_EQ(Send(Chat()).status, 200) << "the connection goes on behind the trailers";
}

TEST_F(Strictness, HeadersOfTheHopStayHere) {
  Start();

  EXPECT_EQ(Send(Chat(R"({"model":"a"})",
                      "Connection: keep-alive, Upgrade, HTTP2-Settings, OpenAI-Beta\r\n"
                      "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nKeep-Alive: 5\r\n"
                      "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic a\r\n"
                      "TE: trailers\r\nOpenAI-Beta: b\r\nCookie: c=d\r\nX-Forwarded-For: 1\r\n"
                      "OpenAI-Organization: e\r\n"))
                .status,
            200);

  for (const std::string_view gone : {"Connection", "Upgrade", "HTTP2", "Keep-Alive", "Proxy", "TE",
                                      "OpenAI-Beta", "Cookie", "Forwarded"}) {
    EXPECT_THAT(last_request(), Not(HasSubstr(gone)));
  }
}

TEST_F(Strictness, ConnectionRemovesNothingThatTheGatewayNeeds) {
  Start();
  constexpr std::string_view kBody = R"({"model":"a"})";

  EXPECT_EQ(Send(Chat(kBody,
                      "Connection: authorization, content-length, host, content-type\r\n"
                      "Connection: x-request-id, transfer-encoding, x-api-key\r\n"))
                .status,
            200);

  EXPECT_THAT(last_request(), HasSubstr("Authorization: Bearer provider-secret\r\n"));
  EXPECT_THAT(last_request(), HasSubstr("content-length: 13\r\n"));
  EXPECT_THAT(last_request(), HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(last_request(), HasSubstr("ost: 127.0.0.1"));
  EXPECT_THAT(last_request(), HasSubstr("x-request-id: req_"));
  EXPECT_THAT(last_request(), Not(HasSubstr(kTestKey)));
}

TEST_F(Strictness, UnknownExpectationFailsAndTheConnectionGoesOn) {
  Start();

  const TestResponse response = Send(Chat(R"({"model":"a"})", "Expect: 200-ok\r\n"));

  EXPECT_EQ(response.status, 417);
  EXPECT_EQ(requests(), 0u);
  EXPECT_EQ(Send(Chat()).status, 200);
}

TEST_F(Strictness, ExpectationWithTheBodyThereIsNotAnswered) {
  Start();

  const TestResponse response = Send(Chat(R"({"model":"a"})", "Expect: 100-continue\r\n"));

  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.interim_answers, IsEmpty());
  EXPECT_THAT(last_request(), Not(HasSubstr("xpect")));
}

TEST_F(Strictness, ExpectationOfChunksIsAnswered) {
  Start();
  client_->Send(ChunkedChat("", "Expect: 100-continue\r\n"));

  const TestResponse interim = client_->Read(absl::Milliseconds(300));
  const TestResponse response = Send("d\r\n{\"model\":\"a\"}\r\n0\r\n\r\n");

  EXPECT_EQ(interim.interim_answers.size(), 1u);
  EXPECT_EQ(response.status, 200);
}

// The client may send the body nevertheless or not: nobody knows where the next request begins.
TEST_F(Strictness, RefusedExpectationEndsTheConnection) {
  Start();
  client_->Send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\n"
      "Expect: 100-continue\r\nContent-Length: 13\r\n\r\n");

  const TestResponse response = client_->Read();

  EXPECT_EQ(response.status, 401);
  EXPECT_THAT(response.interim_answers, IsEmpty());
  EXPECT_EQ(response.FindHeader("connection"), "close");
}

TEST_F(Strictness, Http10EndsUnlessAskedToStay) {
  Start();
  const auto request = [](std::string_view lines) {
    return StrCat("POST /v1/chat/completions HTTP/1.0\r\n", Auth(), lines,
                  "Content-Length: 13\r\n\r\n{\"model\":\"a\"}");
  };

  EXPECT_EQ(Send(request("Connection: keep-alive\r\n")).FindHeader("connection"), "keep-alive");
  const TestResponse last = Send(request(""));
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.FindHeader("connection"), "close");
  EXPECT_EQ(client_->ReadToClose(), ReadEnd::kFin);
}

TEST_F(Strictness, Http10IsNeverAnsweredWithChunks) {
  Start(
      {{.bytes =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx: y\r\n\r\n"}});

  const TestResponse response =
      Send(StrCat("GET /v1/files HTTP/1.0\r\n", Auth(), "Connection: keep-alive\r\n\r\n"));

  EXPECT_EQ(response.body, "ab");
  EXPECT_THAT(response.head, Not(HasSubstr("chunked")));
  EXPECT_EQ(response.FindHeader("connection"), "close");
}

TEST_F(Strictness, HeadHasNoBodyAndTheConnectionGoesOn) {
  Start({{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"},
         {.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
         {.bytes = "HTTP/1.1 200 OK\r\n\r\n"},
         {.bytes = Ok("last")}});
  const std::string head = StrCat("HEAD /v1/files HTTP/1.1\r\n", Auth(), "\r\n");

  EXPECT_EQ(Send(head, false).FindHeader("content-length"), "7");
  EXPECT_EQ(Send(head, false).status, 200);
  EXPECT_EQ(Send(head, false).status, 200);
  EXPECT_EQ(Send("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n", false).FindHeader("content-length"),
            "3");
  EXPECT_EQ(Send("HEAD /v1/models HTTP/1.1\r\nHost: x\r\n\r\n", false).status, 401);
  EXPECT_EQ(Send(Chat()).body, "last");
  EXPECT_EQ(upstream_->connections(), 1u);
}

TEST_F(Strictness, BadRequestBehindGoodOnesIsAnsweredLast) {
  Start({{.bytes = Ok("first")}, {.bytes = Ok("second")}});
  client_->Send(StrCat(Chat(), Chat(), "GET / HTTP/1.1\nHost: x\n\n", Chat()));

  EXPECT_EQ(client_->Read().body, "first");
  EXPECT_EQ(client_->Read().body, "second");
  EXPECT_EQ(client_->Read().status, 400);
  EXPECT_EQ(client_->ReadToClose(), ReadEnd::kFin);
  EXPECT_EQ(requests(), 2u);
}

TEST_F(Strictness, RefusedRequestLeavesTheNextOneWhereItIs) {
  Start();
  const std::string wrong =
      "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\n"
      "Content-Length: 13\r\n\r\n{\"model\":\"a\"}";
  client_->Send(StrCat(wrong, wrong, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", Chat()));

  EXPECT_EQ(client_->Read().status, 401);
  EXPECT_EQ(client_->Read().status, 401);
  EXPECT_EQ(client_->Read().status, 404);
  EXPECT_EQ(client_->Read().status, 200);
}

TEST_F(Strictness, RequestBehindAStreamWaitsForItsEnd) {
  Start({{.bytes = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n",
          .later = "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"},
         {.bytes = Ok("second")}});
  client_->Send(StrCat(Chat(R"({"model":"a","stream":true})"), Chat()));

  EXPECT_EQ(client_->Read().body, "data: 1\n\ndata: [DONE]\n\n");
  EXPECT_EQ(client_->Read().body, "second");
}

TEST_F(Strictness, NothingIsReadBehindAClose) {
  Start();
  client_->Send(StrCat(Chat(R"({"model":"a"})", "Connection: close\r\n"), Chat()));

  EXPECT_EQ(client_->Read().FindHeader("connection"), "close");
  EXPECT_EQ(client_->ReadToClose(), ReadEnd::kFin);
  EXPECT_EQ(requests(), 1u);
}

// A key for model "a" gets no other, however the body names it.
TEST_F(Strictness, ModelThatIsReadIsTheModelThatIsRoutedBy) {
  Start({}, {}, {"a"});
  const auto post = [&](std::string_view target, std::string_view lines, std::string_view body) {
    return SendAlone(StrCat("POST ", target, " HTTP/1.1\r\n", Auth(), lines,
                            "Content-Length: ", body.size(), "\r\n\r\n", body))
        .status;
  };
  const std::string form_type = "Content-Type: multipart/form-data; boundary=b\r\n";
  const std::string form =
      "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nb\r\n--b--\r\n";

  EXPECT_EQ(post("/v1/chat/completions", "", R"({"model":"b"})"), 403);
  EXPECT_EQ(post("/v1/moderations", "Content-Type: application/json\r\n", R"({"model":"b"})"), 403);
  EXPECT_EQ(post("/v1/moderations", "Content-Type: Application/JSON\r\n", R"({"model":"b"})"), 403);
  EXPECT_EQ(post("/v1/moderations", "Content-Type: text/plain\r\n", R"({"model":"b"})"), 403);
  EXPECT_EQ(post("/v1/moderations", "", " \r\n{\"model\":\"b\"}"), 403);
  EXPECT_EQ(post("/v1/audio/speech", form_type, form), 403);
  EXPECT_EQ(post("/v1/files?model=b", "", ""), 403);
  EXPECT_EQ(requests(), 0u);

  EXPECT_EQ(post("/v1/chat/completions", "", R"({"model":"a","Model":"b"})"), 400);
  EXPECT_EQ(post("/v1/chat/completions", "", R"({"model":"a","model":"b"})"), 400);
  EXPECT_EQ(post("/v1/chat/completions", "", R"({"model":"a"}{"model":"b"})"), 400);
  EXPECT_EQ(post("/v1/chat/completions", "", R"({"model":"a\u0000b"})"), 400);
  EXPECT_EQ(post("/v1/chat/completions", "", "\xef\xbb\xbf{\"model\":\"a\"}"), 400);
  EXPECT_EQ(post("/v1/chat/completions?model=b", "", R"({"model":"a"})"), 400);
  EXPECT_EQ(post("/v1/moderations", "", "\xef\xbb\xbf{\"model\":\"b\"}"), 400);
  EXPECT_EQ(post("/v1/moderations", "Content-Encoding: gzip\r\n", "\x1f\x8b"), 400);
  EXPECT_EQ(post("/v1/moderations?model=a", "Content-Encoding: identity\r\n", R"({"model":"b"})"),
            400);
  EXPECT_EQ(
      post("/v1/moderations", "Content-Type: application/x-www-form-urlencoded\r\n", "model=b"),
      400);
  EXPECT_EQ(post("/v1/moderations", StrCat(form_type, form_type), form), 400);
  EXPECT_EQ(requests(), 0u);

  EXPECT_EQ(post("/v1/moderations", "Content-Type: text/plain\r\n", R"({"model":"a"})"), 200);
  EXPECT_EQ(post("/v1/moderations?model=a", "Content-Type: text/plain\r\n", "text"), 200);
  EXPECT_EQ(post("/v1/audio", "Content-Type: audio/wav\r\n", "RIFF"), 200);
}

// ---- limits that request_test.cc has not

TEST_F(Strictness, HeaderLinesHaveALimit) {
  Start({}, [](dataplane::Options* options) { options->max_headers = 10; });
  const auto request = [](int lines) {
    std::string text = "GET /healthz HTTP/1.1\r\nHost: x\r\n";
    for (int i = 1; i < lines; ++i) text += "a: b\r\n";
    return text + "\r\n";
  };

  EXPECT_EQ(Send(request(10)).status, 200);
  EXPECT_EQ(Send(request(11)).status, 431);
  EXPECT_EQ(SendAlone(request(1000)).status, 431) << "more than the scanner has room for";
}

TEST_F(Strictness, ChunkedBodiesHaveTheSameLimit) {
  Start({}, [](dataplane::Options* options) { options->max_body_bytes = 1024; });
  const auto request = [](size_t bytes) {
    const std::string body = StrCat(R"({"model":"a","x":")", std::string(bytes - 20, 'x'), "\"}");
    return ChunkedChat(StrCat("200\r\n", body.substr(0, 512), "\r\n", absl::Hex(bytes - 512),
                              "\r\n", body.substr(512), "\r\n0\r\n\r\n"));
  };

  EXPECT_EQ(Send(request(1024)).status, 200);
  const TestResponse refused = Send(request(1025));
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.FindHeader("connection"), "close");
}

TEST_F(Strictness, ClientThatAsksNothingIsClosed) {
  Start({}, [](dataplane::Options* options) { options->idle_timeout = absl::Milliseconds(100); });
  ASSERT_EQ(Send(Chat()).status, 200);

  EXPECT_EQ(client_->ReadToClose(), ReadEnd::kFin);
  EXPECT_EQ(NewClient()->ReadToClose(), ReadEnd::kFin);
}

TEST_F(Strictness, ClientThatTakesNothingIsGivenUp) {
  Start({{.bytes = Ok(std::string(64 << 20, 'x'))}},
        [](dataplane::Options* options) { options->write_timeout = absl::Milliseconds(100); });
  client_->Send(Chat());

  EXPECT_THAT(dataplane_->AccessLog(1), HasSubstr("\"code\":\"client_closed\""));
  EXPECT_NE(client_->Read().end, ReadEnd::kComplete);
}

TEST_F(Strictness, ARequestThatCannotBeReadForItsTranslationIsRefused) {
  Start();

  const std::string body = R"({"model":"a","max_tokens":1,"messages":5})";
  const TestResponse response = Send(
      StrCat("POST /v1/messages HTTP/1.1\r\n", Auth(),
             "Content-Type: application/json\r\nContent-Length: ", body.size(), "\r\n\r\n", body));

  EXPECT_EQ(response.status, 400) << response.body;
  EXPECT_EQ(requests(), 0u);
  EXPECT_EQ(Send(Chat()).status, 200) << "and the connection goes on";
}

}  // namespace
}  // namespace lmgate
