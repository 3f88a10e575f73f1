#include "dataplane/http2/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "tests/support/http2_peer.h"

namespace lmgate::http2 {
namespace {

using http1::HeaderField;
using http1::HeaderId;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Http2Answer;
using testing::Http2Fields;
using testing::Http2Peer;
using ::testing::Pair;
using ::testing::StartsWith;
using Kind = Session::Event::Kind;

// What the session has said of one stream.
struct Seen {
  std::optional<RequestHead::Text> request;
  std::string body;
  bool request_ended = false;
  bool closed = false;
  size_t taken = 0;
};

// A session and nghttp2's client, which hand each other their bytes.
class Http2Session : public ::testing::Test {
 protected:
  explicit Http2Session(Http2Peer::Options options = {true, 1 << 20}) : peer_(options) {}

  // Until neither has anything to say.
  void Talk(size_t piece = 1 << 20) {
    for (;;) {
      std::string to_server = peer_.TakeOutput();
      std::string_view rest = to_server;
      while (!rest.empty()) {
        session_.Receive(rest.substr(0, piece), now_ms_);
        Look();
        rest.remove_prefix(std::min(piece, rest.size()));
      }
      std::string to_client;
      session_.Produce(64 << 10, &to_client);
      Look();
      if (to_server.empty() && to_client.empty()) return;
      EXPECT_TRUE(peer_.Feed(to_client));
    }
  }
  void Look() {
    for (Session::Event& event : session_.TakeEvents()) {
      Seen& seen = seen_[event.stream];
      switch (event.kind) {
        case Kind::kRequest:
          seen.request = std::move(event.request);
          break;
        case Kind::kBody:
          seen.body.append(event.body);
          if (consume_) session_.Consume(event.stream, event.body.size());
          break;
        case Kind::kRequestEnd:
          seen.request_ended = true;
          break;
        case Kind::kTaken:
          ++seen.taken;
          break;
        case Kind::kClosed:
          seen.closed = true;
          break;
      }
    }
  }
  // Answers with 200 and no body whatever is open, so that streams end.
  void AnswerAll() {
    for (const auto& [stream, seen] : seen_) session_.Answer(stream, 204, {}, /*ends=*/true);
    Talk();
  }

  int64_t now_ms_ = 1'000'000;
  bool consume_ = true;
  Session session_{{.streams_max = 10, .head_bytes_max = 1000, .headers_max = 20}, now_ms_};
  Http2Peer peer_;
  std::map<int32_t, Seen> seen_;
};

TEST_F(Http2Session, ARequestComesAsHttp1InAnyPieces) {
  for (const size_t piece : {1u, 7u, 100000u}) {
    const int32_t stream = peer_.Send(Http2Peer::Post("/v1/x", {{"content-length", "5"}}), "hello");

    Talk(piece);

    ASSERT_TRUE(seen_[stream].request.has_value());
    EXPECT_EQ(seen_[stream].request->head,
              "POST /v1/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\n");
    EXPECT_EQ(seen_[stream].body, "hello");
    EXPECT_TRUE(seen_[stream].request_ended);
  }
}

TEST_F(Http2Session, AnAnswerGoesOutWithHeadBodyAndTrailers) {
  const int32_t stream = peer_.Send(Http2Peer::Post("/"));
  Talk();
  const std::vector<HeaderField> fields = {
      {.name = "Content-Type", .value = "text/plain", .id = HeaderId::kContentType},
      {.name = "connection", .value = "close", .id = HeaderId::kConnection},
      {.name = "transfer-encoding", .value = "chunked", .id = HeaderId::kTransferEncoding}};

  session_.AnswerInterim(stream, 103, {});
  session_.Answer(stream, 200, fields, /*ends=*/false);
  Talk();
  EXPECT_EQ(peer_.answer(stream).status, 200) << "before any body";
  session_.AddBody(stream, "one ");
  Talk();
  EXPECT_EQ(peer_.answer(stream).body, "one ");
  session_.AddBody(stream, "two");
  session_.EndBody(stream, "X-Sum:  7 \r\n\r\n");
  Talk();

  const Http2Answer& answer = peer_.answer(stream);
  EXPECT_THAT(answer.interim, ElementsAre(103));
  EXPECT_THAT(answer.headers, ElementsAre(Pair("content-type", "text/plain")));
  EXPECT_EQ(answer.body, "one two");
  EXPECT_THAT(answer.trailers, ElementsAre(Pair("x-sum", "7")));
  EXPECT_TRUE(answer.ended);
  EXPECT_TRUE(seen_[stream].closed);
}

TEST_F(Http2Session, AnAnswerBeforeTheRequestsEndStopsItWithoutAnError) {
  const int32_t stream = peer_.Open(Http2Peer::Post("/"));
  Talk();

  session_.Answer(stream, 401, {}, /*ends=*/true);
  Talk();

  EXPECT_EQ(peer_.answer(stream).status, 401);
  EXPECT_TRUE(peer_.answer(stream).ended);
  EXPECT_TRUE(seen_[stream].closed);
}

TEST_F(Http2Session, AClientsResetClosesTheStream) {
  const int32_t stream = peer_.Send(Http2Peer::Post("/"));
  Talk();

  peer_.Reset(stream);
  Talk();

  EXPECT_TRUE(seen_[stream].closed);
  EXPECT_FALSE(session_.ended());
}

TEST_F(Http2Session, StreamsTakeTurns) {
  const int32_t first = peer_.Send(Http2Peer::Post("/"));
  const int32_t second = peer_.Send(Http2Peer::Post("/"));
  Talk();
  session_.Answer(first, 200, {}, /*ends=*/false);
  session_.Answer(second, 200, {}, /*ends=*/false);
  session_.AddBody(first, std::string(Session::kAnswerBytesMax, 'x'));
  session_.AddBody(second, "an event");

  std::string out;
  session_.Produce(40 << 10, &out);
  ASSERT_TRUE(peer_.Feed(out));

  EXPECT_FALSE(peer_.answer(first).body.empty());
  EXPECT_EQ(peer_.answer(second).body, "an event");
}

TEST_F(Http2Session, ABodyThatIsCutEndsWithAResetAfterWhatCame) {
  const int32_t stream = peer_.Send(Http2Peer::Post("/"));
  Talk();
  session_.Answer(stream, 200, {}, /*ends=*/false);
  session_.AddBody(stream, "half");

  session_.CutBody(stream);
  Talk();

  EXPECT_EQ(peer_.answer(stream).body, "half");
  EXPECT_FALSE(peer_.answer(stream).ended);
  EXPECT_EQ(peer_.answer(stream).reset, NGHTTP2_INTERNAL_ERROR);
}

TEST_F(Http2Session, MalformedRequestsAreResetAndTheOthersGoOn) {
  const std::vector<Http2Fields> malformed = {
      Http2Peer::Post("/", {{"connection", "close"}}),
      Http2Peer::Post("/", {{"transfer-encoding", "chunked"}}),
      Http2Peer::Post("/", {{"te", "gzip"}}),
      Http2Peer::Post("/", {{"Upper", "x"}}),
      Http2Peer::Post("/", {{"x", "a\r\nb: c"}}),
      Http2Peer::Post("/", {{"x", std::string("a\0b", 3)}}),
      Http2Peer::Post("/", {{"host", "other"}}),
      Http2Peer::Post("/", {{":path", "/again"}}),
      Http2Peer::Post("/", {{"content-length", "1"}}),
      Http2Peer::Post("/", {{"content-length", "x"}}),
      Http2Peer::Post("/a b"),
      Http2Peer::Post(""),
      Http2Peer::Post("x"),
      {{":method", "GET"}, {":path", "/"}, {":authority", "h"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}},
  };
  for (const Http2Fields& fields : malformed) {
    const int32_t stream = peer_.Send(fields);
    Talk();
    EXPECT_FALSE(seen_[stream].request.has_value()) << fields.back().first << fields.back().second;
    EXPECT_EQ(peer_.answer(stream).reset, NGHTTP2_PROTOCOL_ERROR)
        << fields.back().first << fields.back().second;
  }

  const int32_t good = peer_.Send(Http2Peer::Post("/"));
  Talk();

  EXPECT_TRUE(seen_[good].request.has_value());
}

TEST_F(Http2Session, ABodyThatIsNotAsLongAsSaidIsReset) {
  const int32_t longer = peer_.Send(Http2Peer::Post("/", {{"content-length", "2"}}), "abc");
  const int32_t shorter = peer_.Send(Http2Peer::Post("/", {{"content-length", "4"}}), "abc");

  Talk();

  EXPECT_FALSE(seen_[longer].request_ended);
  EXPECT_FALSE(seen_[shorter].request_ended);
  EXPECT_EQ(peer_.answer(longer).reset, NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(peer_.answer(shorter).reset, NGHTTP2_PROTOCOL_ERROR);
}

TEST_F(Http2Session, AHeadThatIsTooLongComesCut) {
  const int32_t stream = peer_.Send(Http2Peer::Post("/", {{"x", std::string(60'000, 'x')}}));

  Talk();

  ASSERT_TRUE(seen_[stream].request.has_value());
  EXPECT_GT(seen_[stream].request->head.size(), 1000u);
}

TEST_F(Http2Session, ABodyIsTakenAsFarAsItWasConsumed) {
  consume_ = false;
  const int32_t stream = peer_.Send(Http2Peer::Post("/"), std::string(5 << 20, 'x'));

  Talk();
  EXPECT_EQ(seen_[stream].body.size(), Session::kStreamWindowBytes);
  session_.Consume(stream, Session::kStreamWindowBytes);
  Talk();
  EXPECT_EQ(seen_[stream].body.size(), 2 * Session::kStreamWindowBytes);

  consume_ = true;
  session_.Consume(stream, Session::kStreamWindowBytes);
  Talk();
  EXPECT_EQ(seen_[stream].body.size(), size_t{5 << 20});
}

TEST_F(Http2Session, AllStreamsTogetherHaveAWindowAsWell) {
  consume_ = false;
  for (int i = 0; i < 4; ++i) peer_.Send(Http2Peer::Post("/"), std::string(1 << 20, 'x'));

  Talk();

  size_t bytes = 0;
  for (const auto& [stream, seen] : seen_) bytes += seen.body.size();
  EXPECT_EQ(bytes, Session::kConnectionWindowBytes);
}

TEST_F(Http2Session, AStreamThatEndsGivesTheWindowBack) {
  consume_ = false;
  for (int i = 0; i < 8; ++i) {
    const int32_t stream = peer_.Send(Http2Peer::Post("/"), std::string(1 << 20, 'x'));
    Talk();
    EXPECT_EQ(seen_[stream].body.size(), Session::kStreamWindowBytes) << i;
    session_.Answer(stream, 204, {}, /*ends=*/true);
    Talk();
    EXPECT_TRUE(seen_[stream].closed);
  }
}

TEST_F(Http2Session, StreamsUpToTheLimitAndOneMore) {
  std::vector<int32_t> streams;
  // Before the settings are known, as many as one likes.
  for (int i = 0; i < 11; ++i) streams.push_back(peer_.Send(Http2Peer::Post("/")));

  Talk();

  EXPECT_EQ(peer_.streams_max(), 10u);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(seen_[streams[static_cast<size_t>(i)]].request) << i;
  EXPECT_FALSE(seen_[streams[10]].request.has_value());
  EXPECT_EQ(peer_.answer(streams[10]).reset, NGHTTP2_REFUSED_STREAM);
  EXPECT_FALSE(session_.ended());
}

TEST_F(Http2Session, ResetsUpToTheLimitAndOneMore) {
  // One glitch: the client's settings.
  for (int64_t i = 1; i < Session::kGlitchesMax; ++i) {
    const int32_t stream = peer_.Send(Http2Peer::Post("/"));
    Talk();
    peer_.Reset(stream);
    Talk();
  }
  EXPECT_FALSE(peer_.goaway().has_value());
  EXPECT_FALSE(session_.ended());

  const int32_t stream = peer_.Send(Http2Peer::Post("/"));
  Talk();
  peer_.Reset(stream);
  Talk();

  EXPECT_EQ(peer_.goaway(), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_TRUE(session_.ended());
}

TEST_F(Http2Session, ResetsInTheirTimeAreNoFlood) {
  for (int64_t i = 0; i < 2 * Session::kGlitchesMax; ++i) {
    const int32_t stream = peer_.Send(Http2Peer::Post("/"));
    Talk();
    peer_.Reset(stream);
    now_ms_ += 1000 / Session::kGlitchesPerSecond + 1;
    Talk();
  }

  EXPECT_FALSE(session_.ended());
}

TEST_F(Http2Session, PingsAreAnsweredUntilTheyAreAFlood) {
  for (int i = 0; i < 100; ++i) peer_.Ping();
  Talk();
  EXPECT_EQ(peer_.pongs(), 100u);

  for (int64_t i = 0; i < Session::kGlitchesMax; ++i) {
    peer_.Ping();
    Talk();
  }

  EXPECT_EQ(peer_.goaway(), NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_F(Http2Session, SettingsAreAFloodAfterSome) {
  for (int64_t i = 0; i <= Session::kGlitchesMax; ++i) {
    peer_.SendSettings();
    Talk();
  }

  EXPECT_EQ(peer_.goaway(), NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_F(Http2Session, WindowUpdatesWithoutDataAreAFloodAfterSome) {
  for (int64_t i = 0; i <= 2 * Session::kGlitchesMax; ++i) {
    peer_.SendWindowUpdate();
    Talk();
  }

  EXPECT_EQ(peer_.goaway(), NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST_F(Http2Session, ALongAnswersWindowUpdatesAreNoFlood) {
  const int32_t stream = peer_.Send(Http2Peer::Post("/"));
  Talk();
  session_.Answer(stream, 200, {}, /*ends=*/false);
  for (int i = 0; i < 5000; ++i) {
    session_.AddBody(stream, "x");
    peer_.SendWindowUpdate();
    Talk();
  }

  EXPECT_EQ(peer_.answer(stream).body.size(), 5000u);
  EXPECT_FALSE(session_.ended());
}

TEST_F(Http2Session, WhatIsNoHttp2EndsIt) {
  session_.Receive("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", now_ms_);

  EXPECT_TRUE(session_.ended());
}

TEST_F(Http2Session, ANoticeOfShutdownStillServesNewStreams) {
  const int32_t before = peer_.Send(Http2Peer::Post("/"));
  Talk();
  session_.SendShutdownNotice();
  const int32_t crossing = peer_.Send(Http2Peer::Post("/"));
  Talk();
  EXPECT_EQ(peer_.goaway(), NGHTTP2_NO_ERROR);
  EXPECT_TRUE(seen_[crossing].request.has_value());

  session_.ShutDown();
  Talk();
  EXPECT_FALSE(session_.ended()) << "two streams are open";
  session_.Answer(before, 204, {}, /*ends=*/true);
  session_.Answer(crossing, 204, {}, /*ends=*/true);
  Talk();

  EXPECT_TRUE(peer_.answer(before).ended);
  EXPECT_TRUE(peer_.answer(crossing).ended);
  EXPECT_TRUE(session_.ended());
}

TEST_F(Http2Session, AHeadIsUnderWayUntilItsEnd) {
  EXPECT_TRUE(session_.head_under_way()) << "the client's settings have not come";
  Talk();
  EXPECT_FALSE(session_.head_under_way());
  peer_.Send(Http2Peer::Post("/"));
  const std::string bytes = peer_.TakeOutput();

  session_.Receive(std::string_view(bytes).substr(0, bytes.size() - 1), now_ms_);
  EXPECT_TRUE(session_.head_under_way());
  session_.Receive(std::string_view(bytes).substr(bytes.size() - 1), now_ms_);
  EXPECT_FALSE(session_.head_under_way());
}

TEST_F(Http2Session, CallsForAStreamThatIsOverDoNothing) {
  const int32_t stream = peer_.Send(Http2Peer::Post("/"));
  Talk();
  peer_.Reset(stream);
  Talk();

  session_.Answer(stream, 200, {}, /*ends=*/false);
  session_.AddBody(stream, "x");
  session_.EndBody(stream, {});
  session_.CutBody(stream);
  session_.Reset(stream);
  session_.Consume(stream, 100);
  Talk();

  EXPECT_EQ(session_.Room(stream), 0u);
  EXPECT_FALSE(session_.ended());
}

// A client that takes nothing.
class Http2SessionUntaken : public Http2Session {
 protected:
  Http2SessionUntaken() : Http2Session({.take_bodies = false, .window_bytes = 1000}) {}
};

TEST_F(Http2SessionUntaken, AnAnswerWaitsAndItsRoomIsBounded) {
  const int32_t stream = peer_.Send(Http2Peer::Post("/"));
  Talk();
  session_.Answer(stream, 200, {}, /*ends=*/false);
  EXPECT_EQ(session_.Room(stream), Session::kAnswerBytesMax);

  session_.AddBody(stream, std::string(Session::kAnswerBytesMax + 1000, 'x'));
  Talk();
  EXPECT_EQ(session_.Room(stream), 0u);
  EXPECT_EQ(session_.Pending(stream), Session::kAnswerBytesMax);
  EXPECT_EQ(peer_.answer(stream).body.size(), 1000u);

  session_.Reset(stream);
  Talk();
  EXPECT_EQ(peer_.answer(stream).reset, NGHTTP2_INTERNAL_ERROR);
  EXPECT_TRUE(seen_[stream].closed);
}

}  // namespace
}  // namespace lmgate::http2
