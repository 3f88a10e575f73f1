#include "dataplane/http1/body_framing.h"

#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/base/strings.h"

namespace lmgate::http1 {
namespace {

using Status = ChunkTracker::Status;

struct Outcome {
  Status status = Status::kMore;
  std::string payload;
  size_t consumed = 0;
};

Outcome Track(const std::vector<std::string_view>& pieces) {
  ChunkTracker tracker;
  Outcome outcome;
  for (std::string_view piece : pieces) {
    while (!piece.empty() && outcome.status == Status::kMore) {
      const ChunkTracker::Step step = tracker.Next(piece);
      outcome.status = step.status;
      outcome.payload += step.payload;
      outcome.consumed += step.consumed;
      piece.remove_prefix(step.consumed);
    }
  }
  return outcome;
}

Status StatusOf(std::string_view body) { return Track({body}).status; }

constexpr std::string_view kBody =
    "4\r\nWiki\r\n"
    "0006;name=\"v\"\r\npedia \r\n"
    "E\r\nin\r\n\r\nchunks..\r\n"
    "0\r\n"
    "x-trailer: a\r\n"
    "x-other: b\r\n"
    "\r\n";
constexpr std::string_view kPayload = "Wikipedia in\r\n\r\nchunks..";

TEST(ChunkTracker, GivesThePayload) {
  const Outcome outcome = Track({kBody});

  EXPECT_EQ(outcome.status, Status::kDone);
  EXPECT_EQ(outcome.payload, kPayload);
  EXPECT_EQ(outcome.consumed, kBody.size());
}

TEST(ChunkTracker, CutAtAnyByteGivesTheSame) {
  for (size_t cut = 0; cut <= kBody.size(); ++cut) {
    const Outcome outcome = Track({kBody.substr(0, cut), kBody.substr(cut)});

    EXPECT_EQ(outcome.status, Status::kDone) << cut;
    EXPECT_EQ(outcome.payload, kPayload) << cut;
    EXPECT_EQ(outcome.consumed, kBody.size()) << cut;
  }
}

TEST(ChunkTracker, EveryPrefixWantsMore) {
  for (size_t length = 0; length < kBody.size(); ++length) {
    EXPECT_EQ(StatusOf(kBody.substr(0, length)), Status::kMore) << length;
  }
}

TEST(ChunkTracker, LeavesWhatFollowsTheBody) {
  const Outcome outcome = Track({"1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"});

  EXPECT_EQ(outcome.status, Status::kDone);
  EXPECT_EQ(outcome.consumed, std::string_view("1\r\na\r\n0\r\n\r\n").size());
}

TEST(ChunkTracker, StaysDone) {
  ChunkTracker tracker;
  tracker.Next("0\r\n");
  tracker.Next("\r\n");

  EXPECT_TRUE(tracker.done());
  EXPECT_EQ(tracker.Next("more").status, Status::kDone);
  EXPECT_EQ(tracker.Next("more").consumed, 0u);
}

TEST(ChunkTracker, RefusesMalformedFraming) {
  for (const std::string_view body : {"4\nWiki\r\n",
                                      "\r\nWiki",
                                      "g\r\n",
                                      "0x4\r\n",
                                      "-4\r\n",
                                      "+4\r\n",
                                      " 4\r\n",
                                      "4\r\r\n",
                                      "4\r\nWikiX\r\n",
                                      "4\r\nWiki\n0\r\n",
                                      "4\r\nWiki\r0\r\n",
                                      "4;a\nWiki",
                                      "4;a\x01\r\n",
                                      "4;a\x7f\r\n",
                                      "0\r\na: b\n\r\n",
                                      "0\r\na: \x01\r\n",
                                      "0\r\n\n",
                                      "0\r\n\r\r\n",
                                      "0\r\na: b\r\r\n",
                                      ";a\r\n",
                                      "1_0\r\n",
                                      "1,0\r\n",
                                      "1.0\r\n",
                                      "0 0\r\n",
                                      "0x\r\n",
                                      "4h\r\n",
                                      "\t4\r\n",
                                      "\n4\r\n",
                                      "FFFFFFFFFFFFFFFF\r\n",
                                      "10000000000000000\r\n",
                                      "1\r\na0\r\n\r\n",
                                      "1\r\na\r\n\r\n",
                                      "2\r\na\r\n0\r\n\r\n"}) {
    EXPECT_EQ(StatusOf(body), Status::kInvalid) << body;
  }
}

TEST(ChunkTracker, ExtensionsAreAsTheRfcHasThem) {
  for (const std::string_view extension :
       {";a", ";a=b", ";a=\"b\"", ";a;b=c;d", " ;a", "; a", "\t;\ta = b", ";a=\"\"",
        ";a=\"b;c\\\"d\"", ";a=\"b\" ;c", ";a=\"\xc3\xa4\"", ";a ;b"}) {
    EXPECT_EQ(StatusOf(StrCat("0", extension, "\r\n\r\n")), Status::kDone) << extension;
  }
  for (const std::string_view extension :
       {" ",         "\t",       " a",         ";",         "; ",          ";;a",  ";=a",
        ";a=",       ";a= ",     ";a=b ",      ";a ",       ";a=b c",      ";a b", ";a=\"b",
        ";a=\"b\"c", ";a=\"b\\", ";a=\"b\\\"", ";\xc3\xa4", ";a=\xc3\xa4", ";a,b", ";a=b=c"}) {
    EXPECT_EQ(StatusOf(StrCat("0", extension, "\r\n\r\n")), Status::kInvalid) << extension;
  }
}

// To a reader that knows no quotes the chunk begins behind the CRLF, to another one it does not.
TEST(ChunkTracker, RefusesLineEndsInQuotedExtensions) {
  EXPECT_EQ(StatusOf("1;a=\"\r\nX\r\n0\r\n\r\n\"\r\n"), Status::kInvalid);
  EXPECT_EQ(StatusOf("1;a=\"\\\r\nX"), Status::kInvalid);
  EXPECT_EQ(StatusOf("1;a=\"\nX"), Status::kInvalid);
}

TEST(ChunkTracker, TrailersAreHeaderLines) {
  EXPECT_EQ(StatusOf("0\r\na: b\r\nc:\r\nd:\te\r\n\r\n"), Status::kDone);
  for (const std::string_view line : {"a", "a b: c", "a : b", " a: b", "\ta: b", ": b",
                                      "GET / HTTP/1.1", "a: b\r\n c", "\xc3\xa4: b"}) {
    EXPECT_EQ(StatusOf(StrCat("0\r\n", line, "\r\n\r\n")), Status::kInvalid) << line;
  }
}

TEST(ChunkTracker, StopsBeforeTheTrailers) {
  ChunkTracker tracker;
  const std::string_view last_chunk = "0;a=b\r\n";

  EXPECT_EQ(tracker.Next(StrCat(last_chunk, "x: y\r\n\r\n")).consumed, last_chunk.size());
  EXPECT_TRUE(tracker.in_trailers());
  EXPECT_EQ(tracker.Next("x: y\r\n\r\n").status, Status::kDone);
}

TEST(ChunkTracker, StaysInvalid) {
  ChunkTracker tracker;
  tracker.Next("x");

  EXPECT_EQ(tracker.Next("0\r\n\r\n").status, Status::kInvalid);
}

TEST(ChunkTracker, TakesSizeOf15DigitsAndNo16) {
  EXPECT_EQ(StatusOf("FFFFFFFFFFFFFFF\r\nabc"), Status::kMore);
  EXPECT_EQ(StatusOf("000000000000001\r\na\r\n0\r\n\r\n"), Status::kDone);
  EXPECT_EQ(StatusOf("0000000000000001\r\n"), Status::kInvalid);
}

TEST(ChunkTracker, TakesExtensionOf1024BytesAndNo1025) {
  const std::string longest(ChunkTracker::kExtensionBytesMax, 'e');

  EXPECT_EQ(StatusOf(StrCat("0;", longest, "\r\n\r\n")), Status::kDone);
  EXPECT_EQ(StatusOf(StrCat("0;", longest, "e")), Status::kInvalid);
}

TEST(ChunkTracker, LimitOfExtensionIsForOneLine) {
  const std::string extension(ChunkTracker::kExtensionBytesMax, 'e');

  EXPECT_EQ(StatusOf(StrCat("1;", extension, "\r\na\r\n0;", extension, "\r\n\r\n")), Status::kDone);
}

TEST(ChunkTracker, TakesTrailersOf8192BytesAndNo8193) {
  // The CR of a trailer line counts, its LF does not.
  const std::string longest = StrCat("t:", std::string(ChunkTracker::kTrailerBytesMax - 3, 't'));

  EXPECT_EQ(StatusOf(StrCat("0\r\n", longest, "\r\n\r\n")), Status::kDone);
  EXPECT_EQ(StatusOf(StrCat("0\r\n", longest, "t\r\n\r\n")), Status::kInvalid);
}

TEST(ChunkTracker, LimitOfTrailersIsForAllLines) {
  const std::string line = StrCat("t:", std::string(1021, 't'), "\r\n");
  std::string trailers;
  for (int i = 0; i < 8; ++i) trailers += line;

  EXPECT_EQ(StatusOf(StrCat("0\r\n", trailers, "\r\n")), Status::kDone);
  EXPECT_EQ(StatusOf(StrCat("0\r\n", trailers, "t:\r\n\r\n")), Status::kInvalid);
}

TEST(ChunkTracker, KnowsWhereAnotherChunkMayBePutIn) {
  ChunkTracker tracker;
  EXPECT_TRUE(tracker.at_boundary());

  tracker.Next("1");
  EXPECT_FALSE(tracker.at_boundary());
  tracker.Next("\r\na");
  EXPECT_FALSE(tracker.at_boundary());
  tracker.Next("\r");
  EXPECT_FALSE(tracker.at_boundary());
  tracker.Next("\n");
  EXPECT_TRUE(tracker.at_boundary());
  tracker.Next("0\r\n\r\n");
  EXPECT_FALSE(tracker.at_boundary());
}

}  // namespace
}  // namespace lmgate::http1
