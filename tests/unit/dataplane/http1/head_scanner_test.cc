#include "dataplane/http1/head_scanner.h"

#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "common/base/strings.h"

namespace lmgate::http1 {
namespace {

constexpr std::string_view kRequest =
    "POST /v1/chat/completions?a=b HTTP/1.1\r\n"
    "Host: gateway\r\n"
    "authorization: Bearer x\r\n"
    "X-Empty:\r\n"
    "X-Spaced: \t in the middle \t\r\n"
    "Content-Length: 12\r\n"
    "\r\n";

ScanStatus StatusOf(std::string_view bytes) {
  RequestHead head;
  return ScanRequestHead(bytes, &head).status;
}

std::string_view ReasonOf(std::string_view bytes) {
  RequestHead head;
  return ScanRequestHead(bytes, &head).reason;
}

// A request with `lines` after its Host.
std::string Get(std::string_view lines) {
  return StrCat("GET / HTTP/1.1\r\nHost: h\r\n", lines, "\r\n");
}

std::string GetWithFields(int count) {
  std::string lines;
  for (int i = 1; i < count; ++i) StrAppend(&lines, "x-", i, ": v\r\n");
  return Get(lines);
}

RequestHead Parse(std::string_view bytes) {
  RequestHead head;
  EXPECT_EQ(ScanRequestHead(bytes, &head).status, ScanStatus::kComplete) << bytes;
  return head;
}

ResponseHead ParseAnswer(std::string_view bytes, bool head_request = false) {
  ResponseHead head;
  EXPECT_EQ(ScanResponseHead(bytes, head_request, &head).status, ScanStatus::kComplete) << bytes;
  return head;
}

ScanStatus AnswerStatusOf(std::string_view bytes) {
  ResponseHead head;
  return ScanResponseHead(bytes, false, &head).status;
}

TEST(ScanRequestHead, ReadsAllOfHead) {
  const RequestHead head = Parse(kRequest);

  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/v1/chat/completions?a=b");
  EXPECT_EQ(head.body, BodyKind::kContentLength);
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.bytes, kRequest.size());
  ASSERT_EQ(head.headers().size(), 5u);
  EXPECT_EQ(head.Find(HeaderId::kAuthorization), "Bearer x");
  EXPECT_EQ(head.Find("x-empty"), "");
  EXPECT_EQ(head.Find("x-spaced"), "in the middle");
  EXPECT_EQ(head.Find("x-none"), std::nullopt);
  EXPECT_EQ(head.headers()[2].name, "X-Empty");
}

TEST(ScanRequestHead, EveryPrefixIsIncomplete) {
  for (size_t length = 0; length < kRequest.size(); ++length) {
    EXPECT_EQ(StatusOf(kRequest.substr(0, length)), ScanStatus::kIncomplete) << length;
  }
}

TEST(ScanRequestHead, WhatFollowsTheHeadChangesNothing) {
  const std::string bytes = StrCat(kRequest, "body\r\n\r\n");

  EXPECT_EQ(Parse(bytes).bytes, kRequest.size());
  EXPECT_EQ(Parse(bytes).headers().size(), 5u);
}

TEST(ScanRequestHead, SkipsOneEmptyLineBeforeTheRequestLine) {
  EXPECT_EQ(StatusOf(StrCat("\r\n", kRequest)), ScanStatus::kComplete);
  EXPECT_EQ(StatusOf("\r"), ScanStatus::kIncomplete);
  EXPECT_EQ(StatusOf("\r\n"), ScanStatus::kIncomplete);
  EXPECT_EQ(StatusOf("\rG"), ScanStatus::kInvalid);
  EXPECT_EQ(StatusOf(StrCat("\r\n\r\n", kRequest)), ScanStatus::kInvalid);
}

TEST(ScanRequestHead, RefusesBareLineEnds) {
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\nHost: h\r\n\r\n"), ScanStatus::kInvalid);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\rHost: h\r\n\r\n"), ScanStatus::kInvalid);
  EXPECT_EQ(ReasonOf(Get("a: b\nc: d\r\n")), "bare LF in the head");
  EXPECT_EQ(ReasonOf(Get("a: b\rc: d\r\n")), "bare CR in the head");
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: h\r\n\n"), ScanStatus::kInvalid);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: h\r\n\r\r\n"), ScanStatus::kInvalid);
}

TEST(ScanRequestHead, RefusesFoldedLine) {
  EXPECT_EQ(ReasonOf(Get("a: b\r\n c\r\n")), "folded header line");
  EXPECT_EQ(ReasonOf(Get("a: b\r\n\tc\r\n")), "folded header line");
}

TEST(ScanRequestHead, RefusesMalformedNames) {
  EXPECT_EQ(StatusOf(Get("a : b\r\n")), ScanStatus::kInvalid);
  EXPECT_EQ(StatusOf(Get(": b\r\n")), ScanStatus::kInvalid);
  EXPECT_EQ(StatusOf(Get("a b: c\r\n")), ScanStatus::kInvalid);
  EXPECT_EQ(StatusOf(Get("no colon\r\n")), ScanStatus::kInvalid);
  EXPECT_EQ(StatusOf(Get("\xc3\xa4: c\r\n")), ScanStatus::kInvalid);
}

TEST(ScanRequestHead, RefusesControlCharactersInValues) {
  for (int c = 1; c < 0x20; ++c) {
    if (c == '\t') continue;
    EXPECT_EQ(StatusOf(Get(StrCat("a: b", std::string(1, static_cast<char>(c)), "c\r\n"))),
              ScanStatus::kInvalid)
        << c;
  }
  EXPECT_EQ(StatusOf(Get("a: b\x7f\r\n")), ScanStatus::kInvalid);
  EXPECT_EQ(StatusOf(Get(StrCat("a: b", std::string(1, '\0'), "c\r\n"))), ScanStatus::kInvalid);
  EXPECT_EQ(StatusOf(Get("a: b\tc \xc3\xa4\r\n")), ScanStatus::kComplete);
}

TEST(ScanRequestHead, WantsOneHost) {
  EXPECT_EQ(ReasonOf("GET / HTTP/1.1\r\n\r\n"), "missing Host");
  EXPECT_EQ(ReasonOf(Get("host: h\r\n")), "repeated Host");
  EXPECT_EQ(StatusOf("GET / HTTP/1.0\r\n\r\n"), ScanStatus::kComplete);
}

TEST(ScanRequestHead, RefusesMalformedHost) {
  for (const std::string_view host :
       {"a b", "a/b", "a@b", "a,b c", "\"a\"", "\xc3\xa4", "a\tb", "<a>"}) {
    EXPECT_EQ(ReasonOf(StrCat("GET / HTTP/1.1\r\nHost: ", host, "\r\n\r\n")), "malformed Host")
        << host;
  }
  for (const std::string_view host :
       {"", "a", "a.b-c:80", "[::1]:80", "127.0.0.1", "a%20b", "a_b"}) {
    EXPECT_EQ(StatusOf(StrCat("GET / HTTP/1.1\r\nHost: ", host, "\r\n\r\n")), ScanStatus::kComplete)
        << host;
  }
}

TEST(ScanRequestHead, RefusesRepeatedDescriptionsOfTheBody) {
  EXPECT_EQ(ReasonOf(Get("Content-Type: a\r\nContent-Type: a\r\n")), "repeated Content-Type");
  EXPECT_EQ(ReasonOf(Get("Content-Encoding: a\r\ncontent-encoding: b\r\n")),
            "repeated Content-Encoding");
}

TEST(ScanRequestHead, RefusesHttp09) {
  EXPECT_EQ(StatusOf("GET /\r\n"), ScanStatus::kInvalid);
  EXPECT_EQ(StatusOf("GET / \r\n"), ScanStatus::kInvalid);
}

TEST(ScanRequestHead, RefusesAmbiguousContentLength) {
  for (const std::string_view lines :
       {"Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1, 1\r\n", "Content-Length: +1\r\n", "Content-Length: -1\r\n",
        "Content-Length: 0x1\r\n", "Content-Length: 1 1\r\n", "Content-Length:\r\n",
        "Content-Length: 1234567890123456789\r\n"}) {
    EXPECT_EQ(StatusOf(Get(lines)), ScanStatus::kInvalid) << lines;
  }
  EXPECT_EQ(Parse(Get("Content-Length: 123456789012345678\r\n")).content_length,
            123456789012345678u);
}

TEST(ScanRequestHead, RefusesContentLengthWithTransferEncoding) {
  EXPECT_EQ(StatusOf(Get("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")),
            ScanStatus::kInvalid);
  EXPECT_EQ(StatusOf(Get("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n")),
            ScanStatus::kInvalid);
}

TEST(ScanRequestHead, TakesOnlyOneFinalChunked) {
  EXPECT_EQ(Parse(Get("Transfer-Encoding: Chunked\r\n")).body, BodyKind::kChunked);
  for (const std::string_view lines :
       {"Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding:\r\n", "Transfer-Encoding: chunked;a=b\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"}) {
    EXPECT_EQ(StatusOf(Get(lines)), ScanStatus::kUnsupported) << lines;
  }
  EXPECT_EQ(StatusOf("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), ScanStatus::kInvalid);
}

TEST(ScanRequestHead, TakesOnlyOriginForm) {
  for (const std::string_view target :
       {"http://h/", "*", "h:443", "a", "/a#b", "/\xc3\xa4", "/a\x7f", "/a\tb", ""}) {
    EXPECT_EQ(StatusOf(StrCat("GET ", target, " HTTP/1.1\r\nHost: h\r\n\r\n")),
              ScanStatus::kInvalid)
        << target;
  }
  EXPECT_EQ(StatusOf("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"), ScanStatus::kInvalid);
}

TEST(ScanRequestHead, RefusesMalformedMethods) {
  EXPECT_EQ(StatusOf(" / HTTP/1.1\r\nHost: h\r\n\r\n"), ScanStatus::kInvalid);
  EXPECT_EQ(StatusOf("G@T / HTTP/1.1\r\nHost: h\r\n\r\n"), ScanStatus::kInvalid);
  EXPECT_EQ(StatusOf("GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n"), ScanStatus::kInvalid);
  const std::string twenty(20, 'M');
  EXPECT_EQ(StatusOf(StrCat(twenty, " / HTTP/1.1\r\nHost: h\r\n\r\n")), ScanStatus::kComplete);
  EXPECT_EQ(StatusOf(StrCat(twenty, "M / HTTP/1.1\r\nHost: h\r\n\r\n")), ScanStatus::kInvalid);
}

TEST(ScanRequestHead, OtherVersionsAreUnsupported) {
  EXPECT_EQ(StatusOf("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ScanStatus::kUnsupported);
  EXPECT_EQ(StatusOf("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), ScanStatus::kUnsupported);
  EXPECT_EQ(StatusOf("GET / HTTP/1.2\r\nHost: h\r\n\r\n"), ScanStatus::kUnsupported);
  EXPECT_EQ(StatusOf("GET / http/1.1\r\nHost: h\r\n\r\n"), ScanStatus::kInvalid);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1 \r\nHost: h\r\n\r\n"), ScanStatus::kInvalid);
}

TEST(ScanRequestHead, Takes128HeaderLinesAndNo129) {
  EXPECT_EQ(Parse(GetWithFields(128)).headers().size(), 128u);
  EXPECT_EQ(StatusOf(GetWithFields(129)), ScanStatus::kTooManyFields);
  EXPECT_EQ(ReasonOf(GetWithFields(129)), "too many header lines");
}

TEST(ScanRequestHead, ConnectionDecidesKeepAlive) {
  EXPECT_FALSE(Parse(Get("Connection: foo, Close\r\n")).keep_alive);
  EXPECT_FALSE(Parse(Get("Connection: keep-alive\r\nConnection: close\r\n")).keep_alive);
  EXPECT_FALSE(Parse("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(Parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
}

TEST(ScanRequestHead, KnowsOneExpectation) {
  EXPECT_TRUE(Parse(Get("Expect: 100-Continue\r\n")).expect_continue);
  EXPECT_FALSE(Parse(Get("Expect: 100-Continue\r\n")).expect_unknown);
  for (const std::string_view line :
       {"Expect: 200-ok\r\n", "Expect:\r\n", "Expect: 100-continue, a\r\n",
        "Expect: 100-continue\r\nExpect: b\r\n"}) {
    EXPECT_TRUE(Parse(Get(line)).expect_unknown) << line;
  }
  EXPECT_FALSE(Parse("GET / HTTP/1.0\r\nExpect: 200-ok\r\n\r\n").expect_unknown);
  EXPECT_FALSE(Parse("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expect_continue);
}

TEST(ScanRequestHead, ZeroContentLengthIsNoBody) {
  EXPECT_EQ(Parse(Get("Content-Length: 0\r\n")).body, BodyKind::kNone);
}

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 All right\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 3\r\n"
    "\r\n";

TEST(ScanResponseHead, ReadsAllOfHead) {
  const ResponseHead head = ParseAnswer(kAnswer);

  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, BodyKind::kContentLength);
  EXPECT_EQ(head.content_length, 3u);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.Find(HeaderId::kContentType), "application/json");
  EXPECT_EQ(head.bytes, kAnswer.size());
}

TEST(ScanResponseHead, EveryPrefixIsIncomplete) {
  for (size_t length = 0; length < kAnswer.size(); ++length) {
    EXPECT_EQ(AnswerStatusOf(kAnswer.substr(0, length)), ScanStatus::kIncomplete) << length;
  }
}

TEST(ScanResponseHead, ReasonPhraseMayBeMissing) {
  EXPECT_EQ(ParseAnswer("HTTP/1.1 204\r\n\r\n").status, 204);
  EXPECT_EQ(ParseAnswer("HTTP/1.1 204 \r\n\r\n").status, 204);
}

TEST(ScanResponseHead, RefusesMalformedStatusLines) {
  for (const std::string_view line :
       {"HTTP/1.1 20\r\n", "HTTP/1.1 2000\r\n", "HTTP/1.1  200\r\n", "HTTP/1.1 099 a\r\n",
        "HTTP/2.0 200 OK\r\n", "http/1.1 200 OK\r\n", "HTTP/1.1 200 OK\n"}) {
    EXPECT_EQ(AnswerStatusOf(StrCat(line, "a: b\r\n\r\n")), ScanStatus::kInvalid) << line;
  }
}

TEST(ScanResponseHead, SomeAnswersHaveNoBodyWhateverTheirHeadersSay) {
  EXPECT_EQ(ParseAnswer(kAnswer, true).body, BodyKind::kNone);
  for (const int status : {100, 103, 204, 304}) {
    EXPECT_EQ(ParseAnswer(StrCat("HTTP/1.1 ", status, " x\r\nContent-Length: 3\r\n\r\n")).body,
              BodyKind::kNone)
        << status;
  }
}

// What an answer without a body announces may come nevertheless.
TEST(ScanResponseHead, AnnouncedBodyThatMayNotBeEndsTheConnection) {
  EXPECT_FALSE(ParseAnswer("HTTP/1.1 204 x\r\nContent-Length: 3\r\n\r\n").keep_alive);
  EXPECT_FALSE(ParseAnswer("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n").keep_alive);
  EXPECT_TRUE(ParseAnswer("HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n").keep_alive);
  EXPECT_TRUE(ParseAnswer("HTTP/1.1 304 x\r\nContent-Length: 3\r\n\r\n").keep_alive);
  EXPECT_TRUE(ParseAnswer(kAnswer, true).keep_alive);
}

TEST(ScanResponseHead, WithoutFramingTheBodyEndsWithTheConnection) {
  const ResponseHead head = ParseAnswer("HTTP/1.1 200 OK\r\n\r\n");

  EXPECT_EQ(head.body, BodyKind::kUntilClose);
  EXPECT_FALSE(head.keep_alive);
}

TEST(ScanResponseHead, RefusesAmbiguousFraming) {
  EXPECT_EQ(AnswerStatusOf("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"),
            ScanStatus::kInvalid);
  EXPECT_EQ(
      AnswerStatusOf("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
      ScanStatus::kInvalid);
  EXPECT_EQ(AnswerStatusOf("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
            ScanStatus::kUnsupported);
  EXPECT_EQ(AnswerStatusOf("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ScanStatus::kUnsupported);
}

TEST(HeaderIds, AreFoundInAnyCase) {
  const std::string bytes = Get("X-API-Key: a\r\nPROXY-Authorization: b\r\nx-goog-api-key: c\r\n");
  const RequestHead head = Parse(bytes);

  EXPECT_EQ(head.Find(HeaderId::kXApiKey), "a");
  EXPECT_EQ(head.Find(HeaderId::kProxyAuthorization), "b");
  EXPECT_EQ(head.Find(HeaderId::kXGoogApiKey), "c");
}

TEST(HopByHop, IsTheListOfTheRfcAndWhatConnectionNames) {
  const std::string bytes = Get("Connection: close, X-Private\r\nTE: trailers\r\nAccept: a\r\n");
  const RequestHead head = Parse(bytes);

  EXPECT_TRUE(IsHopByHop(HeaderId::kTe));
  EXPECT_FALSE(IsHopByHop(HeaderId::kAccept));
  EXPECT_TRUE(IsConnectionListed(head.headers(), "x-private"));
  EXPECT_FALSE(IsConnectionListed(head.headers(), "x-priv"));
}

}  // namespace
}  // namespace lmgate::http1
