#include "dataplane/dialect/sse_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace lmgate::dialect {
namespace {

using Events = std::vector<std::pair<std::string, std::string>>;  // type, data

class SseReaderTest : public ::testing::Test {
 protected:
  void Feed(std::string_view bytes) {
    SseReader::Event event;
    while (reader_.Next(&bytes, &event)) {
      events_.emplace_back(std::string(event.type), std::string(event.data));
    }
    EXPECT_TRUE(reader_.broken() || bytes.empty());
  }

  Events Finish() {
    SseReader::Event event;
    if (reader_.Finish(&event)) {
      events_.emplace_back(std::string(event.type), std::string(event.data));
    }
    return events_;
  }

  SseReader reader_;
  Events events_;
};

Events ReadWhole(const std::vector<std::string_view>& pieces) {
  SseReader reader;
  SseReader::Event event;
  Events events;
  for (std::string_view piece : pieces) {
    while (reader.Next(&piece, &event)) {
      events.emplace_back(std::string(event.type), std::string(event.data));
    }
  }
  if (reader.Finish(&event)) events.emplace_back(std::string(event.type), std::string(event.data));
  return events;
}

TEST_F(SseReaderTest, ReadsTypeAndData) {
  Feed("event: ping\ndata: {}\n\ndata:x\n\n");

  EXPECT_EQ(events_, (Events{{"ping", "{}"}, {"", "x"}}));
}

TEST_F(SseReaderTest, ALineEndsWithLfCrlfOrCr) {
  const Events expected = {{"a", "1"}, {"", "2\n3"}};

  EXPECT_EQ(ReadWhole({"event: a\ndata: 1\n\ndata: 2\ndata: 3\n\n"}), expected);
  EXPECT_EQ(ReadWhole({"event: a\r\ndata: 1\r\n\r\ndata: 2\r\ndata: 3\r\n\r\n"}), expected);
  EXPECT_EQ(ReadWhole({"event: a\rdata: 1\r\rdata: 2\rdata: 3\r\r"}), expected);
  EXPECT_EQ(ReadWhole({"event: a\r\ndata: 1\n\rdata: 2\rdata: 3\n\r\n"}), expected);
}

TEST_F(SseReaderTest, ThePiecesDoNotMatter) {
  for (const std::string_view stream :
       {"\xef\xbb\xbf"
        "event: a\r\ndata: {\"x\":1}\r\n\r\n: ping\r\n\r\ndata: \xf0\x9f\x98\x80\r\ndata:\r\n\r\n",
        "event: a\rdata: 1\r\rid: 3\rretry: 5\rdata: 2\r", "data: a\n\ndata: b\n\r\n\r\ndata: c"}) {
    const Events whole = ReadWhole({stream});
    std::vector<std::string_view> bytes;
    for (size_t i = 0; i < stream.size(); ++i) {
      bytes.push_back(stream.substr(i, 1));
      EXPECT_EQ(ReadWhole({stream.substr(0, i), stream.substr(i)}), whole) << i;
    }
    EXPECT_EQ(ReadWhole(bytes), whole);
  }
}

TEST_F(SseReaderTest, AnEventIsOutWhenItsEmptyLineIs) {
  Feed("data: 1\n");
  EXPECT_EQ(events_.size(), 0u);
  Feed("\n");
  EXPECT_EQ(events_.size(), 1u);
  // Not only when it is known whether a LF follows.
  Feed("data: 2\r\r");
  EXPECT_EQ(events_.size(), 2u);
}

TEST_F(SseReaderTest, ABomMayOpenTheStreamAndNothingElse) {
  Feed(
      "\xef\xbb\xbf"
      "data: 1\n\n\xef\xbb\xbf"
      "data: 2\n\n");

  EXPECT_EQ(Finish(), (Events{{"", "1"}}));
}

TEST_F(SseReaderTest, CommentsAndUnknownFieldsAreSkipped) {
  Feed(": keep-alive\nid: 1\nretry: 10\nwhatever\ndata: 1\n:\n\n");

  EXPECT_EQ(events_, (Events{{"", "1"}}));
}

TEST_F(SseReaderTest, OneBlankIsTakenOffAValue) {
  Feed("data:  two\n\ndata\n\n");

  EXPECT_EQ(events_, (Events{{"", " two"}, {"", ""}}));
}

TEST_F(SseReaderTest, AnEventWithoutDataIsNone) {
  Feed("event: lost\n\ndata: 1\n\n");

  EXPECT_EQ(events_, (Events{{"", "1"}}));
}

TEST_F(SseReaderTest, TheEndCompletesTheLastEvent) {
  Feed("event: a\ndata: 1");

  EXPECT_EQ(Finish(), (Events{{"a", "1"}}));
}

TEST_F(SseReaderTest, TheEndOfNothingIsNothing) { EXPECT_EQ(Finish(), Events{}); }

TEST_F(SseReaderTest, ALineIsReadToItsLimit) {
  constexpr std::string_view kName = "data: ";
  const std::string line = std::string(kName) + std::string(SseReader::kEventBytesMax - 6, 'x');

  Feed(line);
  EXPECT_FALSE(reader_.broken());
  Feed("x");
  EXPECT_TRUE(reader_.broken());
}

TEST_F(SseReaderTest, ManyLinesOfOneEventHaveTheSameLimit) {
  const std::string line = "data: " + std::string(1 << 20, 'x') + "\n";
  for (size_t i = 0; i < SseReader::kEventBytesMax / line.size(); ++i) Feed(line);
  EXPECT_FALSE(reader_.broken());

  Feed(line + line);

  EXPECT_TRUE(reader_.broken());
  EXPECT_EQ(Finish(), Events{});
}

TEST_F(SseReaderTest, ManyEventsHaveNoLimit) {
  const std::string event = "data: " + std::string(1 << 20, 'x') + "\n\n";
  for (size_t i = 0; i < 2 + SseReader::kEventBytesMax / event.size(); ++i) Feed(event);

  EXPECT_FALSE(reader_.broken());
}

TEST(AppendSseEvent, WritesWhatTheReaderReads) {
  std::string bytes;
  AppendSseEvent("a", "{}", &bytes);
  AppendSseEvent("", "1", &bytes);

  EXPECT_EQ(bytes, "event: a\ndata: {}\n\ndata: 1\n\n");
  EXPECT_EQ(ReadWhole({bytes}), (Events{{"a", "{}"}, {"", "1"}}));
}

}  // namespace
}  // namespace lmgate::dialect
