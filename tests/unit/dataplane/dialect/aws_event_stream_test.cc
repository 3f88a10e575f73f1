#include "dataplane/dialect/aws_event_stream.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using lmgate::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kBroken = absl::StatusCode::kInvalidArgument;

// The reference way to a checksum, bit by bit.
uint32_t SlowCrc32(std::string_view bytes) {
  uint32_t crc = ~0U;
  for (const char c : bytes) {
    crc ^= static_cast<uint8_t>(c);
    for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ (0xEDB88320U & (0U - (crc & 1)));
  }
  return ~crc;
}

std::string Big(uint32_t value, int bytes = 4) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

std::string StringHeader(std::string_view name, std::string_view value) {
  std::string text(1, static_cast<char>(name.size()));
  text += name;
  text += '\x07';
  text += Big(static_cast<uint32_t>(value.size()), 2);
  text += value;
  return text;
}

// A frame that states these lengths, with checksums that fit.
std::string RawFrame(const std::string& headers, const std::string& payload) {
  std::string text = Big(static_cast<uint32_t>(16 + headers.size() + payload.size()));
  text += Big(static_cast<uint32_t>(headers.size()));
  text += Big(SlowCrc32(text));
  text += headers + payload;
  text += Big(SlowCrc32(text));
  return text;
}

std::string RawPrelude(uint32_t total, uint32_t headers) {
  const std::string lengths = Big(total) + Big(headers);
  return lengths + Big(SlowCrc32(lengths));
}

absl::StatusOr<std::vector<EventFrame>> ReadPieces(const std::vector<std::string_view>& pieces) {
  EventFrameReader reader;
  std::vector<EventFrame> frames;
  for (const std::string_view piece : pieces) {
    reader.Feed(piece);
    for (;;) {
      auto frame = reader.Next();
      if (!frame.ok()) return frame.status();
      if (!frame->has_value()) break;
      frames.push_back(**std::move(frame));
    }
  }
  if (!reader.AtBoundary()) return absl::OutOfRangeError("cut");
  return frames;
}

absl::StatusOr<std::vector<EventFrame>> Read(std::string_view bytes) { return ReadPieces({bytes}); }

EventFrame Delta() {
  EventFrame frame;
  frame.event_type = "contentBlockDelta";
  frame.content_type = "application/json";
  frame.payload = R"({"contentBlockIndex":0,"delta":{"text":"Grüße"},"p":"abc"})";
  return frame;
}

TEST(AwsEventStream, WritesTheBytesOfTheSpecification) {
  EventFrame frame;
  frame.event_type = "chunk";
  frame.content_type = "application/json";
  frame.payload = "{'foo':'bar'}";

  std::string bytes;
  AppendEventFrame(frame, &bytes);

  EXPECT_EQ(bytes, RawFrame(StringHeader(":event-type", "chunk") +
                                StringHeader(":content-type", "application/json") +
                                StringHeader(":message-type", "event"),
                            "{'foo':'bar'}"));
}

// "empty message" of the test vectors in Amazon's specification.
TEST(AwsEventStream, ReadsAFrameWithoutHeadersAndPayload) {
  const std::string bytes("\x00\x00\x00\x10\x00\x00\x00\x00\x05\xc2\x48\xeb\x7d\x98\xc8\xff", 16);

  const auto frames = Read(bytes);

  ASSERT_TRUE(frames.ok()) << frames.status();
  ASSERT_EQ(frames->size(), 1U);
  EXPECT_EQ(frames->front().payload, "");
}

// "payload with one 32-bit header" of the same: {'foo':'bar'} with event-type: 0x0000A00C.
TEST(AwsEventStream, ReadsAPublishedFrame) {
  const std::string bytes(
      "\x00\x00\x00\x2d\x00\x00\x00\x10\x41\xc4\x24\xb8\x0a\x65\x76\x65\x6e\x74\x2d\x74\x79\x70\x65"
      "\x04\x00\x00\xa0\x0c\x7b\x27\x66\x6f\x6f\x27\x3a\x27\x62\x61\x72\x27\x7d\x36\xf4\x80\xa0",
      45);

  const auto frames = Read(bytes);

  ASSERT_TRUE(frames.ok()) << frames.status();
  EXPECT_EQ(frames->front().payload, "{'foo':'bar'}");
  EXPECT_EQ(frames->front().event_type, "");
}

TEST(AwsEventStream, ReadsWhatItWroteWhereverItIsCut) {
  EventFrame exception;
  exception.message_type = "exception";
  exception.exception_type = "throttlingException";
  exception.content_type = "application/json";
  exception.payload = R"({"message":"slow down"})";
  std::string bytes;
  AppendEventFrame(Delta(), &bytes);
  AppendEventFrame(exception, &bytes);

  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const std::string_view all = bytes;
    const auto frames = ReadPieces({all.substr(0, cut), all.substr(cut)});
    ASSERT_TRUE(frames.ok()) << frames.status();
    ASSERT_EQ(frames->size(), 2U);
    EXPECT_EQ((*frames)[0].message_type, "");
    EXPECT_EQ((*frames)[0].event_type, "contentBlockDelta");
    EXPECT_EQ((*frames)[0].content_type, "application/json");
    EXPECT_EQ((*frames)[0].payload, Delta().payload);
    EXPECT_EQ((*frames)[1].message_type, "exception");
    EXPECT_EQ((*frames)[1].exception_type, "throttlingException");
    EXPECT_EQ((*frames)[1].payload, exception.payload);
  }
}

TEST(AwsEventStream, AFrameIsReadAsSoonAsItIsWhole) {
  std::string bytes;
  AppendEventFrame(Delta(), &bytes);
  EventFrameReader reader;

  for (size_t i = 0; i < bytes.size(); ++i) {
    reader.Feed(std::string_view(bytes).substr(i, 1));
    const auto frame = reader.Next();
    ASSERT_TRUE(frame.ok());
    EXPECT_EQ(frame->has_value(), i + 1 == bytes.size());
    EXPECT_EQ(reader.AtBoundary(), i + 1 == bytes.size());
  }
}

TEST(AwsEventStream, AnErrorsWordsAreHeaders) {
  const std::string bytes = RawFrame(StringHeader(":message-type", "error") +
                                         StringHeader(":error-code", "InternalError") +
                                         StringHeader(":error-message", "it \"broke\""),
                                     "");

  const auto frames = Read(bytes);

  ASSERT_TRUE(frames.ok()) << frames.status();
  EXPECT_EQ(frames->front().message_type, "error");
  EXPECT_EQ(frames->front().exception_type, "InternalError");
  EXPECT_EQ(frames->front().payload, R"({"message":"it \"broke\""})");

  std::string again;
  AppendEventFrame(frames->front(), &again);
  const auto read_again = Read(again);
  ASSERT_TRUE(read_again.ok());
  EXPECT_EQ(read_again->front().exception_type, "InternalError");
  EXPECT_EQ(read_again->front().payload, R"({"message":"it \"broke\""})");
}

TEST(AwsEventStream, HeadersOfAllTypesAreSkipped) {
  using namespace std::string_literals;
  const std::string headers =
      "\x01"s
      "t\x00"s
      "\x01"s
      "f\x01"s
      "\x01"s
      "b\x02z"s
      "\x01"s
      "s\x03zz"s
      "\x01"s
      "i\x04zzzz"s
      "\x01"s
      "l\x05zzzzzzzz"s
      "\x01"s
      "B\x06\x00\x03zzz"s +
      StringHeader("own", "x") +
      "\x01"s
      "T\x08zzzzzzzz"s
      "\x01"s
      "U\x09zzzzzzzzzzzzzzzz"s;

  const auto frames = Read(RawFrame(headers + StringHeader(":event-type", "chunk"), "x"));

  ASSERT_TRUE(frames.ok()) << frames.status();
  EXPECT_EQ(frames->front().event_type, "chunk");
  EXPECT_EQ(frames->front().payload, "x");
}

TEST(AwsEventStream, AHeaderOfNoKnownTypeIsRefused) {
  using namespace std::string_literals;
  EXPECT_THAT(Read(RawFrame("\x01"s
                            "x\x0az"s,
                            "")),
              StatusIs(kBroken, HasSubstr("headers")));
}

TEST(AwsEventStream, AHeaderThatEndsTooSoonIsRefused) {
  using namespace std::string_literals;
  const std::string whole = StringHeader(":event-type", "chunk");
  for (size_t bytes = 1; bytes < whole.size(); ++bytes) {
    EXPECT_THAT(Read(RawFrame(whole.substr(0, bytes), "")), StatusIs(kBroken, HasSubstr("headers")))
        << bytes;
  }
}

TEST(AwsEventStream, ABitFlippedAnywhereIsFound) {
  std::string bytes;
  AppendEventFrame(Delta(), &bytes);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
    EXPECT_THAT(Read(flipped), StatusIs(kBroken, HasSubstr("checksum"))) << i;
  }
}

TEST(AwsEventStream, AfterAnErrorNothingIsRead) {
  std::string good;
  AppendEventFrame(Delta(), &good);
  EventFrameReader reader;
  reader.Feed("this is no event stream");
  EXPECT_FALSE(reader.Next().ok());

  reader.Feed(good);

  EXPECT_FALSE(reader.Next().ok());
  EXPECT_FALSE(reader.AtBoundary());
}

TEST(AwsEventStream, HeadersHaveALimit) {
  // Of two-byte lengths, so several make up the size.
  const auto headers_of = [](size_t bytes) {
    std::string headers;
    while (headers.size() < bytes) {
      const size_t value = std::min<size_t>(bytes - headers.size(), 30000);
      headers += StringHeader("x", std::string(value - 5, 'v'));
    }
    return headers;
  };
  ASSERT_EQ(headers_of(kFrameHeadersBytesMax).size(), kFrameHeadersBytesMax);

  EXPECT_TRUE(Read(RawFrame(headers_of(kFrameHeadersBytesMax), "x")).ok());
  EXPECT_THAT(Read(RawPrelude(1 << 20, kFrameHeadersBytesMax + 1)),
              StatusIs(kBroken, HasSubstr("131072 bytes of headers")));
}

TEST(AwsEventStream, ThePayloadHasALimit) {
  EventFrame frame;
  frame.payload.assign(kFramePayloadBytesMax, 'x');
  std::string bytes;
  AppendEventFrame(frame, &bytes);
  EXPECT_TRUE(Read(bytes).ok());

  EXPECT_THAT(Read(RawPrelude(kFramePayloadBytesMax + 17, 0)),
              StatusIs(kBroken, HasSubstr("25165824 bytes of payload")));
}

TEST(AwsEventStream, AFrameShorterThanItsHeadersIsRefused) {
  EXPECT_THAT(Read(RawPrelude(15, 0)), StatusIs(kBroken, HasSubstr("shorter")));
  EXPECT_THAT(Read(RawPrelude(20, 5)), StatusIs(kBroken, HasSubstr("shorter")));
}

}  // namespace
}  // namespace lmgate::dialect
