#include "dataplane/http1/answer_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace lmgate::http1 {
namespace {

using Part = AnswerReader::Part;

// What came out of an answer, read to its end.
struct Taken {
  std::vector<int> interim;
  int status = 0;
  std::string body;
  std::string trailers;
  size_t bytes = 0;
  bool invalid = false;
  bool whole = false;
};

// `piece`: how many bytes come at a time.
Taken ReadAll(std::string_view answer, size_t piece, bool head_request = false) {
  Taken taken;
  AnswerReader reader(head_request);
  ResponseHead head;
  for (size_t end = 0; end < answer.size() && !reader.ended();) {
    end = std::min(answer.size(), end + piece);
    while (!reader.ended()) {
      const AnswerReader::Step step =
          reader.Next(answer.substr(taken.bytes, end - taken.bytes), &head);
      taken.bytes += step.consumed;
      if (step.part == Part::kNothing) break;
      if (step.part == Part::kInterim) taken.interim.push_back(head.status);
      if (step.part == Part::kHead) taken.status = head.status;
      taken.body.append(step.payload);
      if (step.part == Part::kInvalid) {
        taken.invalid = true;
        return taken;
      }
    }
  }
  taken.whole = reader.Finish();
  taken.trailers = reader.trailers();
  return taken;
}

TEST(AnswerReader, ReadsEachFramingInAnyPieces) {
  constexpr std::string_view kLength = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
  constexpr std::string_view kChunked =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\na: "
      "b\r\n\r\n";
  constexpr std::string_view kUntilClose = "HTTP/1.1 200 OK\r\n\r\nhello";
  for (const std::string_view answer : {kLength, kChunked, kUntilClose}) {
    for (size_t piece = 1; piece <= answer.size(); ++piece) {
      const Taken taken = ReadAll(answer, piece);
      EXPECT_EQ(taken.status, 200);
      EXPECT_EQ(taken.body, "hello") << answer << piece;
      EXPECT_TRUE(taken.whole);
      EXPECT_EQ(taken.bytes, answer.size());
      EXPECT_EQ(taken.trailers, answer == kChunked ? "a: b\r\n\r\n" : "");
    }
  }
}

TEST(AnswerReader, InterimHeadsComeBeforeTheHead) {
  const Taken taken = ReadAll(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\na: b\r\n\r\nHTTP/1.1 204 No "
      "Content\r\n\r\n",
      7);

  EXPECT_EQ(taken.interim, (std::vector<int>{100, 103}));
  EXPECT_EQ(taken.status, 204);
  EXPECT_TRUE(taken.whole);
}

TEST(AnswerReader, AnAnswerToHeadHasNoBody) {
  constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";

  EXPECT_TRUE(ReadAll(kHead, 100, /*head_request=*/true).whole);
  EXPECT_FALSE(ReadAll(kHead, 100, /*head_request=*/false).whole);
}

TEST(AnswerReader, AnEndTooEarlyIsNoEnd) {
  for (const std::string_view answer :
       {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n"}) {
    EXPECT_FALSE(ReadAll(answer, 3).whole) << answer;
  }
}

TEST(AnswerReader, WhatIsNoAnswerIsInvalid) {
  for (const std::string_view answer :
       {"nonsense, this", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n"}) {
    EXPECT_TRUE(ReadAll(answer, 100).invalid) << answer;
  }
}

}  // namespace
}  // namespace lmgate::http1
