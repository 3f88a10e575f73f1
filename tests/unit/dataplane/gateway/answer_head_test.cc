#include "dataplane/gateway/answer_head.h"

#include <gmock/gmock.h>

#include <string>
#include <string_view>

namespace lmgate::gateway {
namespace {

using http1::BodyKind;
using http1::ResponseHead;
using ::testing::HasSubstr;
using ::testing::Not;

struct Client {
  bool keep_alive = true;
  bool http_1_0 = false;
  bool head_request = false;
};

std::string Encode(std::string_view provider_head, OutFraming framing, Client client = {}) {
  ResponseHead head;
  EXPECT_EQ(http1::ScanResponseHead(provider_head, client.head_request, &head).status,
            http1::ScanStatus::kComplete);
  std::string out = "rest of the answer before";
  EncodeAnswerHead(head, framing, client.keep_alive, client.http_1_0, client.head_request, "req-1",
                   &out);
  return out;
}

TEST(EncodeAnswerHead, PassesContentOn) {
  EXPECT_EQ(Encode("HTTP/1.1 200 Fine\r\nContent-Type: application/json\r\nContent-Length: 5\r\n"
                   "OpenAI-Version: 2020\r\n\r\n",
                   OutFraming::kRaw),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n"
            "OpenAI-Version: 2020\r\nx-request-id: req-1\r\n\r\n");
}

TEST(EncodeAnswerHead, RemovesHopByHopHeadersAndThoseOfTheProvidersSite) {
  EXPECT_EQ(
      Encode("HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Private\r\nKeep-Alive: 5\r\n"
             "X-Private: a\r\nUpgrade: h2c\r\nTrailer: x\r\nProxy-Authenticate: Basic\r\n"
             "Proxy-Connection: close\r\nTE: trailers\r\nSet-Cookie: a=b\r\nServer: nginx\r\n"
             "Alt-Svc: h3\r\nStrict-Transport-Security: max-age=1\r\nContent-Length: 0\r\n\r\n",
             OutFraming::kRaw),
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx-request-id: req-1\r\n\r\n");
}

TEST(EncodeAnswerHead, ConnectionCannotRemoveWhatDescribesTheBody) {
  EXPECT_EQ(
      Encode("HTTP/1.1 200 OK\r\nConnection: content-length, content-type, content-encoding, a\r\n"
             "Content-Length: 5\r\nContent-Type: b\r\nContent-Encoding: gzip\r\nA: c\r\n\r\n",
             OutFraming::kRaw),
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: b\r\nContent-Encoding: gzip\r\n"
      "x-request-id: req-1\r\n\r\n");
}

TEST(EncodeAnswerHead, NoContentHasNoLength) {
  EXPECT_EQ(Encode("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", OutFraming::kRaw),
            "HTTP/1.1 204 No Content\r\nx-request-id: req-1\r\n\r\n");
  EXPECT_THAT(Encode("HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", OutFraming::kRaw),
              HasSubstr("Content-Length: 5\r\n"));
}

TEST(EncodeAnswerHead, KeepsTheProvidersRequestIdUnderAnotherName) {
  EXPECT_EQ(Encode("HTTP/1.1 200 OK\r\nX-Request-Id: theirs\r\nContent-Length: 0\r\n\r\n",
                   OutFraming::kRaw),
            "HTTP/1.1 200 OK\r\nx-upstream-request-id: theirs\r\nContent-Length: 0\r\n"
            "x-request-id: req-1\r\n\r\n");
}

constexpr std::string_view kStream =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(EncodeAnswerHead, StreamIsChunkedAndNotBuffered) {
  EXPECT_EQ(Encode(kStream, OutFraming::kRaw),
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-request-id: req-1\r\n"
            "x-accel-buffering: no\r\ntransfer-encoding: chunked\r\n\r\n");
}

TEST(EncodeAnswerHead, DechunkedAnswerEndsByClose) {
  EXPECT_EQ(Encode(kStream, OutFraming::kDechunked, {.keep_alive = false, .http_1_0 = true}),
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-request-id: req-1\r\n"
            "x-accel-buffering: no\r\nconnection: close\r\n\r\n");
}

TEST(EncodeAnswerHead, AnswerUntilCloseIsChunkedAnew) {
  EXPECT_THAT(Encode("HTTP/1.0 200 OK\r\n\r\n", OutFraming::kRechunked),
              HasSubstr("transfer-encoding: chunked\r\n"));
}

TEST(EncodeAnswerHead, AnswerToHeadKeepsItsLength) {
  const std::string out = Encode("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", OutFraming::kRaw,
                                 {.head_request = true});

  EXPECT_THAT(out, HasSubstr("Content-Length: 7\r\n"));
  EXPECT_THAT(out, Not(HasSubstr("transfer-encoding")));
}

TEST(EncodeAnswerHead, OldClientIsToldThatTheConnectionStays) {
  EXPECT_THAT(
      Encode("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", OutFraming::kRaw, {.http_1_0 = true}),
      HasSubstr("connection: keep-alive\r\n"));
}

TEST(AppendTrailers, DropsWhatTheGatewayActsOn) {
  std::string out = "0\r\n";

  AppendTrailers(
      "x-checksum: 1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nTrailer: a\r\n"
      "Set-Cookie: a=b\r\nConnection: close\r\nAuthorization: a\r\nX-Other:\r\n\r\n",
      &out);

  EXPECT_EQ(out, "0\r\nx-checksum: 1\r\nX-Other:\r\n\r\n");
}

TEST(AppendTrailers, NoneLeaveTheEmptyLine) {
  std::string out;

  AppendTrailers("\r\n", &out);

  EXPECT_EQ(out, "\r\n");
}

TEST(ChooseFraming, FitsBothSides) {
  EXPECT_EQ(ChooseFraming(BodyKind::kChunked, false), OutFraming::kRaw);
  EXPECT_EQ(ChooseFraming(BodyKind::kChunked, true), OutFraming::kDechunked);
  EXPECT_EQ(ChooseFraming(BodyKind::kUntilClose, false), OutFraming::kRechunked);
  EXPECT_EQ(ChooseFraming(BodyKind::kUntilClose, true), OutFraming::kClose);
  EXPECT_EQ(ChooseFraming(BodyKind::kContentLength, true), OutFraming::kRaw);
  EXPECT_EQ(ChooseFraming(BodyKind::kNone, false), OutFraming::kRaw);
}

TEST(IsEventStream, TakesParametersAndAnyCase) {
  EXPECT_TRUE(IsEventStream("text/event-stream"));
  EXPECT_TRUE(IsEventStream("Text/Event-Stream; charset=utf-8"));
  EXPECT_FALSE(IsEventStream("application/json"));
  EXPECT_FALSE(IsEventStream("text/event"));
}

TEST(RequestIdLines, HaveTheNameThatTheClientsSdkReads) {
  using dialect::ErrorShape;
  EXPECT_EQ(RequestIdLines(ErrorShape::kOpenAi, "a"), "x-request-id: a\r\n");
  EXPECT_EQ(RequestIdLines(ErrorShape::kAnthropic, "a"), "x-request-id: a\r\nrequest-id: a\r\n");
  EXPECT_EQ(RequestIdLines(ErrorShape::kBedrock, "a"),
            "x-request-id: a\r\nx-amzn-requestid: a\r\n");
  EXPECT_EQ(RequestIdLines(ErrorShape::kGemini, "a"), "x-request-id: a\r\n");
}

TEST(EncodeLocalAnswer, IsGolden) {
  std::string out;

  EncodeLocalAnswer(503, "application/json", "retry-after: 1\r\n", "{}", false, false, false,
                    "x-request-id: req-1\r\n", &out);

  EXPECT_EQ(out,
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n"
            "content-length: 2\r\nx-request-id: req-1\r\nretry-after: 1\r\n"
            "connection: close\r\n\r\n{}");
}

TEST(EncodeLocalAnswer, DescribesTheBodyToHead) {
  std::string out;

  EncodeLocalAnswer(200, "text/plain", "", "ok\n", true, false, true, "x-request-id: req-1\r\n",
                    &out);

  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n"
            "x-request-id: req-1\r\n\r\n");
}

}  // namespace
}  // namespace lmgate::gateway
