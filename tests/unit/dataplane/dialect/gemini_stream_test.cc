#include <gmock/gmock.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/strings.h"
#include "dataplane/chat/chat_response.h"
#include "dataplane/dialect/gemini.h"
#include "tests/support/gemini_grammar.h"
#include "tests/support/golden.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::PartKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Kind = ChatEvent::Kind;

std::string ReadGolden(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream("tests/golden/dialect/gemini/" + name, std::ios::binary).rdbuf();
  return text.str();
}

AnswerContext Context() { return {.id = "abc", .created = 7, .model = "gemini-3-pro-preview"}; }

// Decodes in pieces of the given size.
std::vector<ChatEvent> Decode(std::string_view bytes, size_t piece_bytes) {
  const AnswerContext context = Context();
  const auto decoder = Gemini().NewEventDecoder(context);
  std::vector<ChatEvent> events;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece_bytes, bytes.size()))) {
    decoder->Feed(bytes.substr(0, piece_bytes), &events);
  }
  decoder->Finish(&events);
  return events;
}

std::vector<ChatEvent> Decode(std::string_view bytes) { return Decode(bytes, bytes.size() + 1); }

std::string Encode(const std::vector<ChatEvent>& events, bool array = false) {
  AnswerContext context = Context();
  context.gemini_array = array;
  const auto encoder = Gemini().NewEventEncoder(context);
  std::string out;
  for (const ChatEvent& event : events) encoder->Encode(event, &out);
  return out;
}

std::string Describe(const chat::ChatResponse& response) {
  std::string text = StrCat(response.id, " ", response.model, "\n");
  for (const chat::Choice& choice : response.choices) {
    StrAppend(&text, "choice ", static_cast<int>(choice.finish), "\n");
    for (const chat::Part& part : choice.parts) {
      StrAppend(&text, "  ", static_cast<int>(part.kind), " ", part.text, part.id, " ", part.name,
                part.arguments, " ", part.signature.origin, ":", part.signature.data, "\n");
      for (const chat::Citation& citation : part.citations) {
        StrAppend(&text, "    ", citation.url, " ", citation.start, "-", citation.end, "\n");
      }
    }
  }
  const chat::TokenUsage& usage = response.usage;
  StrAppend(&text, "usage ", usage.prompt_tokens, " ", usage.completion_tokens, " ",
            usage.total_tokens, " ", usage.cached_tokens, " ", usage.reasoning_tokens, "\n");
  return text;
}

chat::ChatResponse Build(const std::vector<ChatEvent>& events) {
  chat::ResponseBuilder builder;
  for (const ChatEvent& event : events) builder.Add(event);
  EXPECT_TRUE(builder.ended());
  EXPECT_FALSE(builder.failed());
  return builder.Take();
}

std::string Describe(const std::vector<ChatEvent>& events) { return Describe(Build(events)); }

std::vector<Kind> KindsOf(const std::vector<ChatEvent>& events) {
  std::vector<Kind> kinds;
  for (const ChatEvent& event : events) kinds.push_back(event.kind);
  return kinds;
}

ChatEvent Open(int part, PartKind kind) {
  ChatEvent event{.kind = Kind::kPartOpen, .part = part};
  event.part_kind = kind;
  if (kind == PartKind::kToolCall) {
    event.id = StrCat("id", part);
    event.name = "f";
  }
  return event;
}

ChatEvent Delta(int part, PartKind kind, std::string_view text) {
  ChatEvent event{.kind = Kind::kPartDelta, .part = part};
  event.part_kind = kind;
  event.text = text;
  return event;
}

ChatEvent Close(int part, PartKind kind) {
  ChatEvent event{.kind = Kind::kPartClose, .part = part};
  event.part_kind = kind;
  return event;
}

ChatEvent FinishAs(chat::FinishReason reason) {
  ChatEvent event{.kind = Kind::kFinish};
  event.finish = reason;
  return event;
}

constexpr std::string_view kWholeStreams[] = {"calls", "text", "candidates", "blocked"};

TEST(GeminiStream, SaysWhatThePlainAnswerSays) {
  for (const std::string_view name : kWholeStreams) {
    SCOPED_TRACE(name);
    const AnswerContext context = Context();
    const auto plain = Gemini().DecodeResponse(ReadGolden(StrCat(name, ".json")), context);

    const auto events = Decode(ReadGolden(StrCat(name, ".sse")));

    ASSERT_TRUE(plain.ok()) << plain.status();
    EXPECT_EQ(Describe(events), Describe(*plain));
  }
}

TEST(GeminiStream, MayBeCutAnywhere) {
  for (const std::string_view name : kWholeStreams) {
    SCOPED_TRACE(name);
    const std::string bytes = ReadGolden(StrCat(name, ".sse"));
    const auto whole = Decode(bytes);
    ASSERT_GT(bytes.size(), 0u);

    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
      const AnswerContext context = Context();
      const auto decoder = Gemini().NewEventDecoder(context);
      std::vector<ChatEvent> events;
      decoder->Feed(std::string_view(bytes).substr(0, cut), &events);
      decoder->Feed(std::string_view(bytes).substr(cut), &events);
      decoder->Finish(&events);
      ASSERT_EQ(KindsOf(events), KindsOf(whole)) << cut;
      ASSERT_EQ(Describe(events), Describe(whole)) << cut;
    }
    EXPECT_EQ(Describe(Decode(bytes, 1)), Describe(whole));
  }
}

TEST(GeminiStream, ArrayIsReadAsAnEventStreamIs) {
  const std::string bytes = ReadGolden("calls_array.json");
  const std::string expected = Describe(Decode(ReadGolden("calls.sse")));

  EXPECT_EQ(Describe(Decode(bytes)), expected);
  EXPECT_EQ(Describe(Decode(bytes, 1)), expected);
  EXPECT_EQ(Describe(Decode(bytes, 7)), expected);
}

TEST(GeminiStream, ArrayThatEndsEarlyIsAnError) {
  const std::string bytes = ReadGolden("calls_array.json");

  const auto events = Decode(std::string_view(bytes).substr(0, bytes.size() - 1));

  EXPECT_EQ(events.back().kind, Kind::kError);
}

TEST(GeminiStream, OneObjectIsAWholeAnswer) {
  const auto events = Decode(ReadGolden("text.json"));

  EXPECT_EQ(Describe(events), Describe(Decode(ReadGolden("text.sse"))));
}

TEST(GeminiStream, ParallelCallsOfConsecutiveChunksHaveIdsOfTheirOwn) {
  const chat::ChatResponse answer = Build(Decode(ReadGolden("calls.sse")));

  const auto& parts = answer.choices[0].parts;
  ASSERT_EQ(parts.size(), 5u);
  EXPECT_EQ(parts[2].id, "call_abc0");
  EXPECT_EQ(parts[3].id, "call_abc1");
  EXPECT_EQ(parts[4].id, "fc-77");
  EXPECT_EQ(parts[2].signature.data, "EtgBCtUBAb4+9vs=");
  EXPECT_EQ(parts[2].signature.model, "gemini-3-pro-preview");
}

TEST(GeminiStream, CallsWinOverStop) {
  const chat::ChatResponse answer = Build(Decode(ReadGolden("calls.sse")));

  EXPECT_EQ(answer.choices[0].finish, chat::FinishReason::kToolCalls);
}

TEST(GeminiStream, StopInEveryChunkEndsNothing) {
  const chat::ChatResponse answer = Build(Decode(ReadGolden("text.sse")));

  EXPECT_EQ(answer.choices[0].parts[0].text, "The quick brown fox");
  EXPECT_EQ(answer.choices[0].finish, chat::FinishReason::kLength);
}

TEST(GeminiStream, TextGoesOutWithItsChunk) {
  const std::string bytes = ReadGolden("text.sse");
  const AnswerContext context = Context();
  const auto decoder = Gemini().NewEventDecoder(context);
  std::vector<ChatEvent> events;

  decoder->Feed(std::string_view(bytes).substr(0, bytes.find("\n\n") + 2), &events);

  EXPECT_THAT(KindsOf(events),
              ElementsAre(Kind::kStart, Kind::kPartOpen, Kind::kPartDelta, Kind::kUsage));
}

TEST(GeminiStream, EndWithoutReasonIsAnError) {
  const std::string bytes = ReadGolden("calls.sse");

  const auto events = Decode(std::string_view(bytes).substr(0, bytes.rfind("data: ")));

  EXPECT_EQ(events.back().kind, Kind::kError);
  EXPECT_THAT(events.back().error.message, HasSubstr("before it was complete"));
  EXPECT_THAT(KindsOf(events), Not(::testing::Contains(Kind::kFinish)));
}

TEST(GeminiStream, CandidateWithoutReasonIsAnError) {
  const std::string bytes = ReadGolden("candidates.sse");

  const auto events = Decode(std::string_view(bytes).substr(0, bytes.rfind("data: ")));

  EXPECT_EQ(events.back().kind, Kind::kError);
}

TEST(GeminiStream, NothingIsAnError) {
  EXPECT_THAT(KindsOf(Decode("")), ElementsAre(Kind::kError));
  EXPECT_THAT(KindsOf(Decode("[]")), ElementsAre(Kind::kError));
}

TEST(GeminiStream, ErrorInTheStreamIsTheProviders) {
  const auto events = Decode(ReadGolden("error.sse"));

  EXPECT_EQ(events.back().kind, Kind::kError);
  EXPECT_EQ(events.back().error.kind, chat::ErrorKind::kOverloaded);
  EXPECT_EQ(events.back().error.message, "The model is overloaded. Please try again later.");
}

TEST(GeminiStream, ErrorAsTheFirstEventHasNoStart) {
  constexpr std::string_view kErrors[] = {
      "data: "
      "{\"error\":{\"code\":429,\"message\":\"later\",\"status\":\"RESOURCE_EXHAUSTED\"}}\n\n",
      "[{\"error\":{\"code\":429,\"message\":\"later\",\"status\":\"RESOURCE_EXHAUSTED\"}}]"};
  for (const std::string_view bytes : kErrors) {
    const auto events = Decode(bytes);

    ASSERT_THAT(KindsOf(events), ElementsAre(Kind::kError)) << bytes;
    EXPECT_EQ(events[0].error.kind, chat::ErrorKind::kRateLimit);
  }
}

TEST(GeminiStream, NoiseIsAnErrorNotACrash) {
  for (const std::string_view bytes :
       {"data: {\n\n", "data: 5\n\n", "[1]", "{\"a\"", "[{}x", "<html></html>",
        "data: {\"candidates\":[{\"index\":-1}]}\n\n", "data: {\"candidates\":[7]}\n\n",
        "data: {\"candidates\":[{\"index\":99999}]}\n\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{}}]}}]}\n\n"}) {
    EXPECT_EQ(Decode(bytes).back().kind, Kind::kError) << bytes;
  }
}

TEST(GeminiStream, DoneOfOtherDialectsIsIgnored) {
  const auto events = Decode(ReadGolden("text.sse") + "data: [DONE]\n\n");

  EXPECT_EQ(events.back().kind, Kind::kEnd);
}

TEST(GeminiStream, EncodesWhatItDecoded) {
  for (const std::string_view name : kWholeStreams) {
    SCOPED_TRACE(name);
    const auto events = Decode(ReadGolden(StrCat(name, ".sse")));

    const std::string out = Encode(events);

    EXPECT_EQ(testing::CheckGeminiStream(out), "");
    EXPECT_EQ(Describe(Decode(out)), Describe(events));
  }
}

TEST(GeminiStream, EncodedStreamIsAsWritten) {
  const std::string out = Encode(Decode(ReadGolden("calls.sse")));

  EXPECT_EQ(out, testing::Golden("dialect/gemini/calls_encoded.sse", out));
}

TEST(GeminiStream, EncodesAnArrayInPieces) {
  const auto events = Decode(ReadGolden("calls.sse"));

  const std::string out = Encode(events, /*array=*/true);

  EXPECT_EQ(testing::CheckGeminiStream(out), "");
  EXPECT_TRUE(out.starts_with("[{"));
  EXPECT_TRUE(out.ends_with("}\n]"));
  EXPECT_EQ(Describe(Decode(out)), Describe(events));
}

TEST(GeminiStream, NamesItsContentType) {
  AnswerContext context = Context();
  EXPECT_EQ(Gemini().NewEventEncoder(context)->content_type(), "text/event-stream");
  context.gemini_array = true;
  EXPECT_EQ(Gemini().NewEventEncoder(context)->content_type(), "application/json");
}

TEST(GeminiStream, CallWaitsForItsArguments) {
  const AnswerContext context = Context();
  const auto encoder = Gemini().NewEventEncoder(context);
  std::string out;
  encoder->Encode(ChatEvent{.kind = Kind::kStart}, &out);
  encoder->Encode(Open(0, PartKind::kToolCall), &out);
  encoder->Encode(Delta(0, PartKind::kToolCall, "{\"a\""), &out);
  encoder->Encode(Delta(0, PartKind::kToolCall, ":1}"), &out);
  EXPECT_EQ(out, "");

  encoder->Encode(Close(0, PartKind::kToolCall), &out);

  EXPECT_THAT(out, HasSubstr(R"({"functionCall":{"id":"id0","name":"f","args":{"a":1}},)"
                             R"("thoughtSignature":"bG1nMS5lMzA="})"));
}

TEST(GeminiStream, InterleavedCallsAndTextsStayApart) {
  std::vector<ChatEvent> events = {ChatEvent{.kind = Kind::kStart},
                                   Open(0, PartKind::kToolCall),
                                   Open(1, PartKind::kToolCall),
                                   Delta(1, PartKind::kToolCall, "{\"b\":"),
                                   Delta(0, PartKind::kToolCall, "{\"a\":1}"),
                                   Open(2, PartKind::kText),
                                   Delta(2, PartKind::kText, "words"),
                                   Delta(1, PartKind::kToolCall, "2}"),
                                   Close(0, PartKind::kToolCall),
                                   Close(1, PartKind::kToolCall),
                                   Close(2, PartKind::kText),
                                   FinishAs(chat::FinishReason::kToolCalls),
                                   ChatEvent{.kind = Kind::kEnd}};

  const std::string out = Encode(events);

  EXPECT_EQ(testing::CheckGeminiStream(out), "");
  EXPECT_THAT(out, HasSubstr(R"("args":{"a":1})"));
  EXPECT_THAT(out, HasSubstr(R"("args":{"b":2})"));
  EXPECT_THAT(out, HasSubstr(R"({"text":"words"})"));
}

TEST(GeminiStream, EmptyArgumentsAreAnObject) {
  std::vector<ChatEvent> events = {
      ChatEvent{.kind = Kind::kStart}, Open(0, PartKind::kToolCall), Close(0, PartKind::kToolCall),
      FinishAs(chat::FinishReason::kToolCalls), ChatEvent{.kind = Kind::kEnd}};

  const std::string out = Encode(events);

  EXPECT_THAT(out, HasSubstr(R"("args":{})"));
  EXPECT_EQ(testing::CheckGeminiStream(out), "");
}

TEST(GeminiStream, ReasonAndUsageComeOnceAndLast) {
  ChatEvent usage{.kind = Kind::kUsage};
  usage.usage = {.known = true,
                 .prompt_tokens = 10,
                 .completion_tokens = 9,
                 .total_tokens = 19,
                 .cached_tokens = 4,
                 .reasoning_tokens = 3};
  std::vector<ChatEvent> events = {ChatEvent{.kind = Kind::kStart},       Open(0, PartKind::kText),
                                   Delta(0, PartKind::kText, "hi"),       Close(0, PartKind::kText),
                                   FinishAs(chat::FinishReason::kLength), usage,
                                   ChatEvent{.kind = Kind::kEnd}};

  const std::string out = Encode(events);

  EXPECT_EQ(testing::CheckGeminiStream(out), "");
  EXPECT_THAT(out.substr(out.rfind("data: ")),
              HasSubstr(R"("finishReason":"MAX_TOKENS"}],"usageMetadata":{"promptTokenCount":10,)"
                        R"("candidatesTokenCount":6,"totalTokenCount":19,)"
                        R"("cachedContentTokenCount":4,"thoughtsTokenCount":3})"));
}

TEST(GeminiStream, ErrorReplacesTheEnd) {
  for (const bool array : {false, true}) {
    const std::string out = Encode(Decode(ReadGolden("error.sse")), array);

    EXPECT_EQ(testing::CheckGeminiStream(out), "");
    EXPECT_TRUE(testing::IsGeminiError(out));
    EXPECT_THAT(out, HasSubstr(R"("code":503)"));
    EXPECT_THAT(out, HasSubstr(R"("status":"UNAVAILABLE")"));
    EXPECT_THAT(out, Not(HasSubstr("finishReason")));
  }
}

TEST(GeminiStream, SignatureOfReasoningFollowsItsText) {
  ChatEvent close = Close(0, PartKind::kReasoning);
  close.signature = {.origin = "anthropic", .model = "claude", .data = "c2ln"};
  std::vector<ChatEvent> events = {
      ChatEvent{.kind = Kind::kStart},      Open(0, PartKind::kReasoning),
      Delta(0, PartKind::kReasoning, "hm"), close,
      FinishAs(chat::FinishReason::kStop),  ChatEvent{.kind = Kind::kEnd}};

  const std::string out = Encode(events);

  EXPECT_EQ(testing::CheckGeminiStream(out), "");
  EXPECT_THAT(out, HasSubstr(R"({"text":"hm","thought":true})"));
  EXPECT_THAT(out, HasSubstr(R"({"text":"","thought":true,"thoughtSignature":"bG1nMS5)"));
}

TEST(GeminiStream, HeldArgumentsHaveALimit) {
  const AnswerContext context = Context();
  const auto encoder = Gemini().NewEventEncoder(context);
  std::string out;
  encoder->Encode(Open(0, PartKind::kToolCall), &out);
  const std::string piece(1 << 20, ' ');
  for (int i = 0; i < 16; ++i) encoder->Encode(Delta(0, PartKind::kToolCall, piece), &out);
  EXPECT_EQ(out, "");

  encoder->Encode(Delta(0, PartKind::kToolCall, " "), &out);

  EXPECT_TRUE(testing::IsGeminiError(out));
}

TEST(GeminiGrammar, RefusesWhatIsNotLawful) {
  constexpr std::string_view kTail = R"(,"modelVersion":"m","responseId":"r"})";
  const auto event = [&](std::string_view candidates) {
    return StrCat("data: {\"candidates\":[", candidates, "]", kTail, "\n\n");
  };
  constexpr std::string_view kEnd =
      R"({"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0})";
  const std::string end = event(kEnd);

  EXPECT_EQ(testing::CheckGeminiStream(end), "");
  EXPECT_NE(testing::CheckGeminiStream(""), "");
  EXPECT_NE(testing::CheckGeminiStream(end + end), "");
  EXPECT_NE(testing::CheckGeminiStream(end.substr(0, end.size() - 1)), "");
  EXPECT_NE(testing::CheckGeminiStream(StrCat("event: x\n", end)), "");
  EXPECT_NE(testing::CheckGeminiStream(StrCat(end, "data: [DONE]\n\n")), "");
  EXPECT_NE(testing::CheckGeminiStream(
                event(R"({"content":{"parts":[{"text":"a"}],"role":"model"},"index":0})")),
            "");
  EXPECT_NE(testing::CheckGeminiStream(event(
                R"({"content":{"parts":[{}],"role":"model"},"finishReason":"STOP","index":0})")),
            "");
}

}  // namespace
}  // namespace lmgate::dialect
