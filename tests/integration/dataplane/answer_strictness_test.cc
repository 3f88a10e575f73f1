// What providers may not do, over whole requests: what reaches the client, and what becomes of the
// provider's connection.
#include <string>
#include <string_view>

#include "tests/integration/dataplane/scripted_gateway.h"

namespace lmgate {
namespace {

using fakeprovider::ReadEnd;
using fakeprovider::TestResponse;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ScriptedUpstream;

using AnswerStrictness = testing::ScriptedGateway;

TEST_F(AnswerStrictness, AmbiguousHeadsAreRefused) {
  for (const std::string_view answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 2\n\nab",
        "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\na: b\r\n c\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\na: b\x01\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nab", "ICY 200 OK\r\n\r\n", "{}"}) {
    Start({{.bytes = std::string(answer)}, {.bytes = Ok("next")}});

    const TestResponse response = Send(Chat());

    EXPECT_EQ(response.status, 502) << answer;
    EXPECT_THAT(response.body, HasSubstr("upstream_invalid_response")) << answer;
    EXPECT_EQ(Send(Chat()).body, "next") << answer;
    EXPECT_EQ(upstream_->connections(), 2u) << answer;
  }
}

// Nobody asked for an upgrade; whoever believes in one makes a tunnel.
TEST_F(AnswerStrictness, SwitchingProtocolsIsRefused) {
  Start(
      {{.bytes = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"},
       {.bytes = Ok("next")}});

  EXPECT_EQ(Send(Chat(R"({"model":"a"})", "Connection: Upgrade\r\nUpgrade: h2c\r\n")).status, 502);
  EXPECT_EQ(Send(Chat()).body, "next");
  EXPECT_EQ(upstream_->connections(), 2u);
}

TEST_F(AnswerStrictness, BytesBehindAnAnswerBelongToNobody) {
  const std::string smuggled = Ok("smuggled");
  for (const ScriptedUpstream::Answer& answer :
       {ScriptedUpstream::Answer{.bytes = Ok() + smuggled},
        ScriptedUpstream::Answer{.bytes = Ok(), .later = smuggled},
        ScriptedUpstream::Answer{
            .bytes =
                StrCat("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", smuggled)},
        ScriptedUpstream::Answer{.bytes = StrCat("HTTP/1.1 204 No\r\n\r\n", smuggled)},
        ScriptedUpstream::Answer{.bytes = StrCat("HTTP/1.1 304 No\r\n\r\n", smuggled)},
        // Who announces a body may send it.
        ScriptedUpstream::Answer{
            .bytes = StrCat("HTTP/1.1 204 No\r\nContent-Length: ", smuggled.size(), "\r\n\r\n")},
        ScriptedUpstream::Answer{
            .bytes =
                StrCat("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")}}) {
    Start({answer, {.bytes = Ok("next")}});
    ASSERT_LT(Send(Chat()).status, 400) << answer.bytes;
    EXPECT_TRUE(upstream_->WaitForClosedConnection(absl::Seconds(10))) << answer.bytes;

    EXPECT_EQ(Send(Chat()).body, "next") << answer.bytes << answer.later;
    EXPECT_EQ(upstream_->connections(), 2u) << answer.bytes << answer.later;
  }
}

TEST_F(AnswerStrictness, BytesBehindAnAnswerToHeadBelongToNobody) {
  Start({{.bytes = Ok("smuggled")}, {.bytes = Ok("next")}});

  EXPECT_EQ(Send(StrCat("HEAD /v1/files HTTP/1.1\r\n", Auth(), "\r\n"), false).status, 200);

  EXPECT_EQ(Send(Chat()).body, "next");
  EXPECT_EQ(upstream_->connections(), 2u);
}

TEST_F(AnswerStrictness, SixteenInterimAnswersPassUnseenAndNoMore) {
  std::string interim;
  for (int i = 0; i < 16; ++i) {
    interim += i % 2 == 0 ? "HTTP/1.1 103 Early\r\nLink: </a>\r\nContent-Length: 5\r\n\r\n"
                          : "HTTP/1.1 100 Continue\r\n\r\n";
  }
  Start({{.bytes = interim + Ok("last")},
         {.bytes = StrCat(interim, "HTTP/1.1 102 Processing\r\n\r\n", Ok())}});

  const TestResponse response = Send(Chat());

  EXPECT_EQ(response.body, "last");
  EXPECT_THAT(response.interim_answers, IsEmpty());
  EXPECT_EQ(Send(Chat()).status, 502);
}

TEST_F(AnswerStrictness, MalformedChunksAreNoCleanEnd) {
  for (const std::string_view body :
       {"2\r\nab\r\nx\r\n", "2\r\nab0\r\n\r\n", "2 \r\nab\r\n0\r\n\r\n", "+2\r\nab\r\n0\r\n\r\n",
        "2\nab\r\n0\r\n\r\n", "2;a=\"\r\nab\"\r\nab\r\n0\r\n\r\n",
        "2\r\nab\r\n0\r\nno colon\r\n\r\n", "2\r\nab\r\n0\r\na: b\n\r\n"}) {
    Start({{.bytes = StrCat("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", body)}});

    const TestResponse response = Send(Chat());

    EXPECT_NE(response.end, ReadEnd::kComplete) << body;
    EXPECT_NE(response.end, ReadEnd::kTimeout) << body;
  }
}

TEST_F(AnswerStrictness, TrailersPassWithoutWhatBelongsToTheHop) {
  Start(
      {{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-a\r\n\r\n2\r\nab\r\n"
                 "0\r\nx-a: 1\r\nContent-Length: 5\r\nSet-Cookie: b=c\r\n",
        .later = "Transfer-Encoding: chunked\r\nx-d: 2\r\n\r\n"},
       {.bytes = Ok("next")}});

  const TestResponse response = Send(Chat());

  EXPECT_EQ(response.body, "ab");
  EXPECT_EQ(response.trailers, "x-a: 1\r\nx-d: 2\r\n");
  EXPECT_EQ(Send(Chat()).body, "next");
  EXPECT_EQ(upstream_->connections(), 1u);
}

TEST_F(AnswerStrictness, HeadersOfTheHopStayHere) {
  Start({{.bytes = "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Private, content-length\r\n"
                   "Keep-Alive: timeout=5\r\nX-Private: a\r\nUpgrade: h2c\r\nAlt-Svc: h3\r\n"
                   "Proxy-Authenticate: Basic\r\nSet-Cookie: b=c\r\nTrailer: d\r\n"
                   "X-Public: e\r\nContent-Length: 2\r\n\r\nab"},
         {.bytes = Ok("next")}});

  const TestResponse response = Send(Chat());

  EXPECT_EQ(response.body, "ab");
  EXPECT_EQ(response.FindHeader("x-public"), "e");
  EXPECT_EQ(response.FindHeader("content-length"), "2");
  for (const std::string_view gone : {"Connection", "Keep-Alive", "X-Private", "Upgrade", "Alt-Svc",
                                      "Proxy", "Cookie", "Trailer"}) {
    EXPECT_THAT(response.head, Not(HasSubstr(gone)));
  }
  EXPECT_EQ(Send(Chat()).body, "next");
}

TEST_F(AnswerStrictness, NoContentHasNoLengthForTheClientToWaitFor) {
  Start({{.bytes = "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"}, {.bytes = Ok("next")}});

  const TestResponse response = Send(Chat());

  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.FindHeader("content-length"), "");
  EXPECT_EQ(Send(Chat()).body, "next");
}

TEST_F(AnswerStrictness, BodyUntilCloseIsFramedAnew) {
  for (const std::string_view head : {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n",
                                      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"}) {
    Start({{.bytes = StrCat(head, "ab"), .later = "cd", .close = true}, {.bytes = Ok("next")}});

    const TestResponse response = Send(Chat());

    EXPECT_EQ(response.end, ReadEnd::kComplete) << head;
    EXPECT_EQ(response.body, "abcd") << head;
    EXPECT_EQ(response.FindHeader("transfer-encoding"), "chunked") << head;
    EXPECT_EQ(Send(Chat()).body, "next") << head;
  }
}

TEST_F(AnswerStrictness, EncodedContentPassesAsItIs) {
  const std::string zipped("\x1f\x8b\x08\0\0\0\0\0\0\x03\0", 11);
  Start({{.bytes = StrCat("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ",
                          zipped.size(), "\r\n\r\n", zipped)}});

  const TestResponse response = Send(Chat());

  EXPECT_EQ(response.FindHeader("content-encoding"), "gzip");
  EXPECT_EQ(response.body, zipped);
}

TEST_F(AnswerStrictness, HeadsHaveALimit) {
  const auto answer = [](size_t head_bytes) {
    const std::string start = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx-pad: ";
    return StrCat(start, std::string(head_bytes - start.size() - 4, 'p'), "\r\n\r\n");
  };
  Start({{.bytes = answer(2048)}, {.bytes = answer(2049)}},
        [](dataplane::Options* options) { options->max_answer_header_bytes = 2048; });

  EXPECT_EQ(Send(Chat()).status, 200);
  EXPECT_EQ(Send(Chat()).status, 502);

  Start({{.bytes = answer(65536)}, {.bytes = answer(65537)}});
  EXPECT_EQ(Send(Chat()).status, 200);
  EXPECT_EQ(Send(Chat()).status, 502);
}

TEST_F(AnswerStrictness, IdleConnectionsHaveLimits) {
  Start({}, [](dataplane::Options* options) { options->max_idle_upstreams = 0; });
  EXPECT_EQ(Send(Chat()).status, 200);
  EXPECT_EQ(Send(Chat()).status, 200);
  EXPECT_EQ(upstream_->connections(), 2u);

  Start({}, [](dataplane::Options* options) { options->max_idle_upstreams = 1; });
  EXPECT_EQ(Send(Chat()).status, 200);
  EXPECT_EQ(Send(Chat()).status, 200);
  EXPECT_EQ(upstream_->connections(), 1u);

  Start({}, [](dataplane::Options* options) {
    options->upstream_idle_timeout = absl::Milliseconds(100);
  });
  EXPECT_EQ(Send(Chat()).status, 200);
  EXPECT_TRUE(upstream_->WaitForClosedConnection(absl::Seconds(10)));
  EXPECT_EQ(Send(Chat()).status, 200);
  EXPECT_EQ(upstream_->connections(), 2u);
}

}  // namespace
}  // namespace lmgate
