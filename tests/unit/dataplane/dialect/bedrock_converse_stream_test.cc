#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "dataplane/chat/chat_response.h"
#include "dataplane/dialect/aws_event_stream.h"
#include "dataplane/dialect/bedrock_converse.h"
#include "dataplane/dialect/bedrock_converse_words.h"
#include "dataplane/dialect/json.h"
#include "dataplane/dialect/seal.h"
#include "tests/support/bedrock_grammar.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::ChatResponse;
using chat::ErrorKind;
using chat::FinishReason;
using chat::PartKind;
using lmgate::testing::CheckBedrockStream;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = ChatEvent::Kind;

constexpr const char* kGolden[] = {"text", "thinking_tools", "citations"};
constexpr std::string_view kProfile =
    "arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc";

std::string ReadGolden(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(StrCat("tests/golden/dialect/bedrock/", name), std::ios::binary).rdbuf();
  return text.str();
}

std::string Frame(std::string_view type, std::string_view payload) {
  EventFrame frame;
  frame.event_type = type;
  frame.content_type = "application/json";
  frame.payload = payload;
  std::string bytes;
  AppendEventFrame(frame, &bytes);
  return bytes;
}

std::string Exception(std::string_view type, std::string_view payload) {
  EventFrame frame;
  frame.message_type = "exception";
  frame.exception_type = type;
  frame.content_type = "application/json";
  frame.payload = payload;
  std::string bytes;
  AppendEventFrame(frame, &bytes);
  return bytes;
}

// Lines of "TYPE PAYLOAD".
std::string Frames(const std::string& lines) {
  std::string bytes;
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) {
    const size_t space = line.find(' ');
    if (space != std::string::npos) bytes += Frame(line.substr(0, space), line.substr(space + 1));
  }
  return bytes;
}

AnswerContext Context(std::string_view model = kProfile) {
  AnswerContext context;
  context.id = "abc123";
  context.model = model;
  context.request.names_stop_sequence = true;
  return context;
}

std::vector<ChatEvent> Decode(const std::vector<std::string_view>& pieces,
                              const AnswerContext& context) {
  const auto decoder = BedrockConverse().NewEventDecoder(context);
  std::vector<ChatEvent> events;
  for (const std::string_view piece : pieces) decoder->Feed(piece, &events);
  decoder->Finish(&events);
  return events;
}

std::vector<ChatEvent> Decode(std::string_view bytes) {
  const AnswerContext context = Context();
  return Decode({bytes}, context);
}

std::string Encode(const std::vector<ChatEvent>& events) {
  const AnswerContext context = Context();
  const auto encoder = BedrockConverse().NewEventEncoder(context);
  std::string bytes;
  for (const ChatEvent& event : events) encoder->Encode(event, &bytes);
  return bytes;
}

// The events put together, as one text to compare.
std::string Describe(const ChatResponse& response) {
  std::string text;
  for (const chat::Choice& choice : response.choices) {
    for (const chat::Part& part : choice.parts) {
      StrAppend(&text, static_cast<int>(part.kind), " ", part.text, " ", part.id, " ", part.name,
                " ", part.arguments, " ", part.signature.origin, " ", part.signature.model, " ",
                // Without the envelope that it is given to clients in.
                ReadRedactedContent(part.signature.data).data);
      for (const chat::Citation& citation : part.citations) {
        StrAppend(&text, " [", citation.url, " ", citation.title, " ", citation.cited_text, "]");
      }
      text += "\n";
    }
    StrAppend(&text, "finish ", static_cast<int>(choice.finish), " ", choice.stop_sequence, "\n");
  }
  StrAppend(&text, "usage ", response.usage.prompt_tokens, " ", response.usage.completion_tokens,
            " ", response.usage.cached_tokens, " ", response.usage.cache_write_tokens, "\n");
  return text;
}

std::string Describe(const std::vector<ChatEvent>& events) {
  chat::ResponseBuilder builder;
  for (const ChatEvent& event : events) builder.Add(event);
  if (builder.failed()) return StrCat("error ", builder.error().message);
  if (!builder.ended()) return "no end";
  return Describe(builder.Take());
}

ChatEvent Event(Kind kind, int part = 0, PartKind part_kind = PartKind::kText,
                std::string text = {}) {
  ChatEvent event{.kind = kind};
  event.part = part;
  event.part_kind = part_kind;
  event.text = std::move(text);
  return event;
}

ChatEvent OpenCall(int part, std::string id, std::string name) {
  ChatEvent event = Event(Kind::kPartOpen, part, PartKind::kToolCall);
  event.id = std::move(id);
  event.name = std::move(name);
  return event;
}

ChatEvent Finish(FinishReason reason) {
  ChatEvent event{.kind = Kind::kFinish};
  event.finish = reason;
  return event;
}

ChatEvent Error(ErrorKind kind, std::string message) {
  ChatEvent event{.kind = Kind::kError};
  event.error.kind = kind;
  event.error.message = std::move(message);
  return event;
}

// "TYPE PAYLOAD" lines of what was written.
std::vector<std::string> Lines(std::string_view bytes) {
  EventFrameReader reader;
  reader.Feed(bytes);
  std::vector<std::string> lines;
  for (auto frame = reader.Next(); frame.ok() && frame->has_value(); frame = reader.Next()) {
    lines.push_back(StrCat((*frame)->event_type, (*frame)->exception_type, " ", (*frame)->payload));
  }
  return lines;
}

TEST(BedrockConverseStream, AStreamSaysWhatThePlainAnswerSays) {
  for (const char* const name : kGolden) {
    const AnswerContext context = Context();
    const auto plain =
        BedrockConverse().DecodeResponse(ReadGolden(StrCat(name, ".answer.json")), context);
    ASSERT_TRUE(plain.ok()) << plain.status();

    EXPECT_EQ(Describe(Decode(Frames(ReadGolden(StrCat(name, ".events"))))), Describe(*plain));
  }
}

TEST(BedrockConverseStream, CutAnywhereItSaysTheSame) {
  const AnswerContext context = Context();
  for (const char* const name : kGolden) {
    const std::string bytes = Frames(ReadGolden(StrCat(name, ".events")));
    const std::string_view all = bytes;
    const std::string whole = Describe(Decode(all));
    for (size_t cut = 1; cut < bytes.size(); ++cut) {
      ASSERT_EQ(Describe(Decode({all.substr(0, cut), all.substr(cut)}, context)), whole) << cut;
    }
    std::vector<std::string_view> single;
    for (size_t i = 0; i < bytes.size(); ++i) single.push_back(all.substr(i, 1));
    EXPECT_EQ(Describe(Decode(single, context)), whole);
  }
}

TEST(BedrockConverseStream, WhatIsReadIsWrittenAgain) {
  for (const char* const name : kGolden) {
    const std::vector<ChatEvent> events = Decode(Frames(ReadGolden(StrCat(name, ".events"))));

    const std::string bytes = Encode(events);

    EXPECT_EQ(CheckBedrockStream(bytes), "") << name;
    EXPECT_EQ(Describe(Decode(bytes)), Describe(events));
  }
}

TEST(BedrockConverseStream, AnAnswerCutOffIsAnError) {
  for (const char* const name : kGolden) {
    const std::string lines = ReadGolden(StrCat(name, ".events"));
    const std::string bytes = Frames(lines.substr(0, lines.find("messageStop")));
    for (size_t end = 0; end <= bytes.size(); end += 7) {
      EXPECT_THAT(Describe(Decode(std::string_view(bytes).substr(0, end))),
                  HasSubstr("ended before it was complete"));
    }
  }
}

TEST(BedrockConverseStream, MessageStopIsEnoughOfAnEnd) {
  const std::string lines = ReadGolden("text.events");

  EXPECT_THAT(Describe(Decode(Frames(lines.substr(0, lines.find("metadata"))))),
              HasSubstr("finish 0"));
}

TEST(BedrockConverseStream, ATextGoesOutAtOnce) {
  const AnswerContext context = Context();
  const auto decoder = BedrockConverse().NewEventDecoder(context);
  std::vector<ChatEvent> events;

  decoder->Feed(Frame("messageStart", R"({"role":"assistant"})"), &events);
  EXPECT_EQ(events.size(), 1U);
  decoder->Feed(Frame("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"text":"a"}})"),
                &events);

  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[1].kind, Kind::kPartOpen);
  EXPECT_EQ(events[2].text, "a");
}

TEST(BedrockConverseStream, AnExceptionBeforeAnythingIsAnError) {
  const auto events = Decode(Exception("throttlingException", R"({"message":"slow down"})"));

  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::kError);
  EXPECT_EQ(events[0].error.kind, ErrorKind::kRateLimit);
  EXPECT_EQ(events[0].error.message, "slow down");
}

TEST(BedrockConverseStream, ExceptionsHaveTheirKinds) {
  const std::pair<const char*, ErrorKind> kRows[] = {
      {"throttlingException", ErrorKind::kRateLimit},
      {"modelStreamErrorException", ErrorKind::kServer},
      {"internalServerException", ErrorKind::kServer},
      {"serviceUnavailableException", ErrorKind::kOverloaded},
      {"validationException", ErrorKind::kBadRequest},
      {"modelTimeoutException", ErrorKind::kTimeout},
      {"somethingNewException", ErrorKind::kServer},
  };
  const std::string lines = ReadGolden("text.events");
  const std::string begin = Frames(lines.substr(0, lines.find("contentBlockStop")));
  for (const auto& [type, kind] : kRows) {
    const auto events = Decode(begin + Exception(type, "not even JSON"));
    EXPECT_EQ(events.back().kind, Kind::kError);
    EXPECT_EQ(events.back().error.kind, kind) << type;
  }
}

TEST(BedrockConverseStream, AnErrorFrameIsAnError) {
  EventFrame frame;
  frame.message_type = "error";
  frame.exception_type = "InternalServerException";
  frame.payload = R"({"message":"broke"})";
  std::string bytes = Frame("messageStart", R"({"role":"assistant"})");
  AppendEventFrame(frame, &bytes);

  EXPECT_EQ(Describe(Decode(bytes)), "error broke");
}

TEST(BedrockConverseStream, AnExceptionAfterMessageStopIsAnErrorStill) {
  const std::string lines = ReadGolden("text.events");
  const std::string bytes = Frames(lines.substr(0, lines.find("metadata"))) +
                            Exception("internalServerException", R"({"message":"late"})");

  EXPECT_EQ(Describe(Decode(bytes)), "error late");
}

TEST(BedrockConverseStream, BrokenFramesAreAnError) {
  std::string bytes = Frames(ReadGolden("text.events"));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);

  EXPECT_THAT(Describe(Decode(bytes)), HasSubstr("checksum"));
}

TEST(BedrockConverseStream, AMalformedToolUseIsAnError) {
  const auto events =
      Decode(Frames("messageStart {\"role\":\"assistant\"}\n"
                    "contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"text\":\"x\"}}\n"
                    "contentBlockStop {\"contentBlockIndex\":0}\n"
                    "messageStop {\"stopReason\":\"malformed_tool_use\"}\n"));

  EXPECT_EQ(Describe(events), "error the model's answer is unusable: malformed_tool_use");
}

TEST(BedrockConverseStream, ToolCallsWinOverEndTurn) {
  const auto events = Decode(Frames(
      "messageStart {\"role\":\"assistant\"}\n"
      "contentBlockStart {\"contentBlockIndex\":0,\"start\":{\"toolUse\":{\"toolUseId\":\"t1\","
      "\"name\":\"f\"}}}\n"
      "contentBlockStop {\"contentBlockIndex\":0}\n"
      "messageStop {\"stopReason\":\"end_turn\"}\n"));

  EXPECT_THAT(Describe(events), HasSubstr("4 "));
  EXPECT_THAT(Describe(events),
              HasSubstr(StrCat("finish ", static_cast<int>(FinishReason::kToolCalls))));
}

TEST(BedrockConverseStream, ACallWithoutAnIdGetsOne) {
  const auto events = Decode(Frames(
      "messageStart {\"role\":\"assistant\"}\n"
      "contentBlockStart {\"contentBlockIndex\":0,\"start\":{\"toolUse\":{\"name\":\"f\"}}}\n"
      "contentBlockStop {\"contentBlockIndex\":0}\n"
      "contentBlockStart {\"contentBlockIndex\":1,\"start\":{\"toolUse\":{\"name\":\"f\"}}}\n"));

  ASSERT_GE(events.size(), 5U);
  EXPECT_EQ(events[1].id, "call_abc1230");
  EXPECT_EQ(events[4].id, "call_abc1231");
}

TEST(BedrockConverseStream, ArgumentsWithoutACallAreAnError) {
  EXPECT_THAT(Describe(Decode(Frames(
                  "contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"toolUse\":{\"input\":"
                  "\"{}\"}}}\n"))),
              HasSubstr("never began"));
}

TEST(BedrockConverseStream, AnImageIsAnError) {
  EXPECT_THAT(
      Describe(Decode(Frame("contentBlockStart", R"({"start":{"image":{"format":"png"}}})"))),
      HasSubstr("image"));
  EXPECT_THAT(Describe(Decode(Frame("contentBlockDelta",
                                    R"({"delta":{"image":{"source":{"bytes":"aGk="}}}})"))),
              HasSubstr("image"));
}

TEST(BedrockConverseStream, UnknownEventsAndDeltasAreSkipped) {
  const std::string lines = ReadGolden("text.events");
  const std::string odd =
      "somethingNew {\"x\":1}\n"
      "contentBlockDelta {\"contentBlockIndex\":7,\"delta\":{\"hologram\":{}}}\n"
      "contentBlockStop {\"contentBlockIndex\":7}\n";
  const size_t at = lines.find("contentBlockStop");

  EXPECT_EQ(Describe(Decode(Frames(lines.substr(0, at) + odd + lines.substr(at)))),
            Describe(Decode(Frames(lines))));
}

TEST(BedrockConverseStream, BlocksThatNeverEndEndWithTheMessage) {
  const auto events =
      Decode(Frames("contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"text\":\"a\"}}\n"
                    "contentBlockDelta {\"contentBlockIndex\":1,\"delta\":{\"text\":\"b\"}}\n"
                    "messageStop {\"stopReason\":\"max_tokens\"}\n"));

  std::vector<Kind> kinds;
  for (const ChatEvent& event : events) kinds.push_back(event.kind);
  EXPECT_THAT(kinds, ElementsAre(Kind::kStart, Kind::kPartOpen, Kind::kPartDelta, Kind::kPartClose,
                                 Kind::kPartOpen, Kind::kPartDelta, Kind::kPartClose, Kind::kFinish,
                                 Kind::kEnd));
}

TEST(BedrockConverseStream, OpenBlocksHaveALimit) {
  std::string bytes;
  const auto open = [](int index) {
    return Frame("contentBlockStart", StrCat("{\"contentBlockIndex\":", index,
                                             ",\"start\":{\"toolUse\":{\"name\":\"f\"}}}"));
  };
  for (int i = 0; i < 1024; ++i) bytes += open(i);
  EXPECT_THAT(Describe(Decode(bytes)), HasSubstr("before it was complete"));

  EXPECT_THAT(Describe(Decode(bytes + open(1024))), HasSubstr("too many open parts"));
}

TEST(BedrockConverseStream, SignaturesHaveALimit) {
  std::string bytes;
  const std::string piece(1 << 20, 'A');
  const std::string delta =
      Frame("contentBlockDelta",
            StrCat(R"({"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":")", piece,
                   "\"}}}"));
  for (int i = 0; i < 4; ++i) bytes += delta;
  EXPECT_THAT(Describe(Decode(bytes)), HasSubstr("before it was complete"));

  EXPECT_THAT(Describe(Decode(bytes + delta)), HasSubstr("signatures are too long"));
}

TEST(BedrockConverseStream, WritesTextWithoutABlockStart) {
  const auto lines =
      Lines(Encode({Event(Kind::kStart), Event(Kind::kPartOpen),
                    Event(Kind::kPartDelta, 0, PartKind::kText, "hi"), Event(Kind::kPartClose),
                    Finish(FinishReason::kStop), Event(Kind::kEnd)}));

  EXPECT_THAT(lines,
              ElementsAre("messageStart {\"role\":\"assistant\"}",
                          "contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"text\":\"hi\"}}",
                          "contentBlockStop {\"contentBlockIndex\":0}",
                          "messageStop {\"stopReason\":\"end_turn\"}",
                          "metadata {\"usage\":{\"inputTokens\":0,\"outputTokens\":0,"
                          "\"totalTokens\":0},\"metrics\":{\"latencyMs\":0}}"));
}

TEST(BedrockConverseStream, InterleavedCallsAreWrittenOneAfterAnother) {
  const std::string bytes =
      Encode({Event(Kind::kStart), OpenCall(0, "a", "f"), OpenCall(1, "b", "g"),
              Event(Kind::kPartDelta, 1, PartKind::kToolCall, "{\"x\":"),
              Event(Kind::kPartDelta, 0, PartKind::kToolCall, "{\"y\":1}"),
              Event(Kind::kPartDelta, 1, PartKind::kToolCall, "2}"),
              Event(Kind::kPartClose, 0, PartKind::kToolCall),
              Event(Kind::kPartClose, 1, PartKind::kToolCall), Finish(FinishReason::kToolCalls),
              Event(Kind::kEnd)});

  EXPECT_EQ(CheckBedrockStream(bytes), "");
  EXPECT_THAT(Describe(Decode(bytes)), HasSubstr("4  a f {\"y\":1}"));
  EXPECT_THAT(Describe(Decode(bytes)), HasSubstr("4  b g {\"x\":2}"));
}

TEST(BedrockConverseStream, ACallWithoutArgumentsHasAnEmptyObject) {
  const std::string bytes = Encode({Event(Kind::kStart), OpenCall(0, "a", "f"),
                                    Event(Kind::kPartClose, 0, PartKind::kToolCall),
                                    Finish(FinishReason::kToolCalls), Event(Kind::kEnd)});

  EXPECT_EQ(CheckBedrockStream(bytes), "");
  EXPECT_EQ(Lines(bytes)[2],
            "contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"toolUse\":{\"input\":"
            "\"{}\"}}}");
}

TEST(BedrockConverseStream, WhatProvesACallIsWrittenBeforeIt) {
  ChatEvent open = OpenCall(0, "a", "f");
  open.signature = {.origin = "gemini", .model = "g", .data = "d"};

  const std::string bytes =
      Encode({Event(Kind::kStart), open, Event(Kind::kPartClose, 0, PartKind::kToolCall),
              Finish(FinishReason::kToolCalls), Event(Kind::kEnd)});

  EXPECT_EQ(CheckBedrockStream(bytes), "");
  EXPECT_THAT(Lines(bytes)[1], HasSubstr("\"redactedContent\":\"bG1nMS"));
  EXPECT_THAT(Lines(bytes)[3], HasSubstr("\"contentBlockIndex\":1"));
}

TEST(BedrockConverseStream, APartThatSaysNothingMakesNoBlock) {
  const std::string bytes =
      Encode({Event(Kind::kStart), Event(Kind::kPartOpen, 0, PartKind::kReasoning),
              Event(Kind::kPartClose, 0, PartKind::kReasoning), Event(Kind::kPartOpen, 1),
              Event(Kind::kPartDelta, 1, PartKind::kText, "x"), Event(Kind::kPartClose, 1),
              Finish(FinishReason::kStop), Event(Kind::kEnd)});

  EXPECT_EQ(CheckBedrockStream(bytes), "");
}

TEST(BedrockConverseStream, AForeignSignatureIsSealed) {
  ChatEvent close = Event(Kind::kPartClose, 0, PartKind::kReasoning);
  close.signature = {.origin = "gemini", .model = "gemini-3-pro", .data = "c2ln"};
  const std::vector<ChatEvent> hidden = {Event(Kind::kStart),
                                         Event(Kind::kPartOpen, 0, PartKind::kReasoning), close};
  std::vector<ChatEvent> shown = hidden;
  shown.insert(shown.begin() + 2, Event(Kind::kPartDelta, 0, PartKind::kReasoning, "hm"));

  EXPECT_THAT(Lines(Encode(shown))[2], HasSubstr("\"signature\":\"lmg1."));
  // Base64 of "lmg1.".
  EXPECT_THAT(Lines(Encode(hidden))[1], HasSubstr("\"redactedContent\":\"bG1nMS"));
}

TEST(BedrockConverseStream, ReasoningThatNobodySignedHasASealOfNothing) {
  const std::string bytes =
      Encode({Event(Kind::kStart), Event(Kind::kPartOpen, 0, PartKind::kReasoning),
              Event(Kind::kPartDelta, 0, PartKind::kReasoning, "hm"),
              Event(Kind::kPartClose, 0, PartKind::kReasoning), Finish(FinishReason::kStop),
              Event(Kind::kEnd)});

  EXPECT_EQ(CheckBedrockStream(bytes), "");
  EXPECT_THAT(Lines(bytes)[2], HasSubstr(StrCat("\"signature\":\"", kSealOfNothing)));
}

TEST(BedrockConverseStream, ErrorsAreExceptionsAndNothingEnds) {
  const std::pair<ErrorKind, const char*> kRows[] = {
      {ErrorKind::kRateLimit, "throttlingException"},
      {ErrorKind::kQuota, "throttlingException"},
      {ErrorKind::kBadRequest, "validationException"},
      {ErrorKind::kTooLarge, "validationException"},
      {ErrorKind::kContextTooLong, "validationException"},
      {ErrorKind::kOverloaded, "serviceUnavailableException"},
      {ErrorKind::kServer, "internalServerException"},
      {ErrorKind::kCredential, "modelStreamErrorException"},
      {ErrorKind::kForbidden, "modelStreamErrorException"},
      {ErrorKind::kNotFound, "modelStreamErrorException"},
      {ErrorKind::kTimeout, "modelStreamErrorException"},
  };
  for (const auto& [kind, type] : kRows) {
    const std::string bytes =
        Encode({Event(Kind::kStart), Event(Kind::kPartOpen),
                Event(Kind::kPartDelta, 0, PartKind::kText, "x"), Error(kind, "so it is")});

    EXPECT_EQ(CheckBedrockStream(bytes), "");
    EXPECT_EQ(Lines(bytes).back(), StrCat(type, " {\"message\":\"so it is\"}"));
  }
}

TEST(BedrockConverseStream, TheContentTypeIsThatOfEventStreams) {
  const AnswerContext context = Context();

  EXPECT_EQ(BedrockConverse().NewEventEncoder(context)->content_type(),
            "application/vnd.amazon.eventstream");
}

}  // namespace
}  // namespace lmgate::dialect
