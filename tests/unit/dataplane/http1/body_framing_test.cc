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
    "E \r\nin\r\n\r\nchunks..\r\n"
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
  tracker.Next("0\r\n\r\n");

  EXPECT_TRUE(tracker.done());
  EXPECT_EQ(tracker.Next("more").status, Status::kDone);
  EXPECT_EQ(tracker.Next("more").consumed, 0u);
}

TEST(ChunkTracker, RefusesMalformedFraming) {
  for (const std::string_view body :
       {"4\nWiki\r\n",      "\r\nWiki",  "g\r\n",       "0x4\r\n",         "-4\r\n",
        "+4\r\n",           " 4\r\n",    "4\r\r\n",     "4\r\nWikiX\r\n",  "4\r\nWiki\n0\r\n",
        "4\r\nWiki\r0\r\n", "4;a\nWiki", "4;a\x01\r\n", "4;a\x7f\r\n",     "0\r\na: b\n\r\n",
        "0\r\na: \x01\r\n", "0\r\n\n",   "0\r\n\r\r\n", "0\r\na: b\r\r\n", ";a\r\n"}) {
    EXPECT_EQ(StatusOf(body), Status::kInvalid) << body;
  }
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
  const std::string longest(ChunkTracker::kTrailerBytesMax - 1, 't');

  EXPECT_EQ(StatusOf(StrCat("0\r\n", longest, "\r\n\r\n")), Status::kDone);
  EXPECT_EQ(StatusOf(StrCat("0\r\n", longest, "t\r\n\r\n")), Status::kInvalid);
}

TEST(ChunkTracker, LimitOfTrailersIsForAllLines) {
  const std::string line = StrCat(std::string(1023, 't'), "\r\n");
  std::string trailers;
  for (int i = 0; i < 8; ++i) trailers += line;

  EXPECT_EQ(StatusOf(StrCat("0\r\n", trailers, "\r\n")), Status::kDone);
  EXPECT_EQ(StatusOf(StrCat("0\r\n", trailers, "t\r\n\r\n")), Status::kInvalid);
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
