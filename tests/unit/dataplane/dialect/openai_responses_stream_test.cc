#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/base/strings.h"
#include "dataplane/chat/chat_response.h"
#include "dataplane/dialect/json.h"
#include "dataplane/dialect/openai_responses.h"
#include "tests/support/golden.h"
#include "tests/support/openai_responses_grammar.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::ChatResponse;
using chat::PartKind;
using ::lmgate::testing::CheckOpenAiResponsesStream;
using ::lmgate::testing::Golden;
using ::testing::HasSubstr;
using Kind = ChatEvent::Kind;

constexpr const char* kGoldens[] = {"text", "tools", "incomplete", "refusal", "citation"};

AnswerContext Context() {
  AnswerContext context;
  context.id = "abc";
  context.created = 1730000000;
  context.model = "gpt-5";
  return context;
}

std::vector<ChatEvent> Decode(std::string_view bytes, size_t cut = 0) {
  const AnswerContext context = Context();
  const auto decoder = OpenAiResponses().NewEventDecoder(context);
  std::vector<ChatEvent> events;
  decoder->Feed(bytes.substr(0, cut), &events);
  decoder->Feed(bytes.substr(cut), &events);
  decoder->Finish(&events);
  return events;
}

// All that events say; deltas of one part are one.
std::string Text(const std::vector<ChatEvent>& events) {
  std::string text;
  for (const ChatEvent& event : events) {
    StrAppend(&text, static_cast<int>(event.kind), " ", event.part, " ",
              static_cast<int>(event.part_kind), " ", event.id, " ", event.name, " ", event.text,
              " ", event.signature.data, " ", static_cast<int>(event.finish), " ",
              event.usage.total_tokens, " ", event.error.message, " ", event.citations.size(),
              "\n");
  }
  return text;
}

ChatResponse Build(const std::vector<ChatEvent>& events) {
  chat::ResponseBuilder builder;
  for (const ChatEvent& event : events) builder.Add(event);
  EXPECT_TRUE(builder.ended()) << Text(events);
  return builder.Take();
}

std::string Event(std::string_view json) { return StrCat("data: ", json, "\n\n"); }

std::string ReadGolden(const std::string& name) {
  return Golden("dialect/openai-responses/" + name, "");
}

constexpr std::string_view kCompleted =
    R"({"type":"response.completed","response":{"status":"completed","output":[]}})";

TEST(OpenAiResponsesEventDecoder, AStreamSaysWhatThePlainAnswerSays) {
  const AnswerContext context = Context();
  for (const std::string name : kGoldens) {
    const auto plain = OpenAiResponses().DecodeResponse(ReadGolden(name + ".json"), context);
    ASSERT_TRUE(plain.ok());
    const ChatResponse streamed = Build(Decode(ReadGolden(name + ".sse")));
    EXPECT_EQ(Text(chat::EventsOf(streamed)), Text(chat::EventsOf(*plain)));
  }
}

TEST(OpenAiResponsesEventDecoder, IsTheSameWhateverThePieces) {
  const AnswerContext context = Context();
  for (const std::string name : kGoldens) {
    const std::string bytes = ReadGolden(name + ".sse");
    for (const size_t piece_bytes : {1U, 2U, 3U, 7U, 64U}) {
      const auto decoder = OpenAiResponses().NewEventDecoder(context);
      std::vector<ChatEvent> events;
      for (size_t at = 0; at < bytes.size(); at += piece_bytes) {
        decoder->Feed(std::string_view(bytes).substr(at, piece_bytes), &events);
      }
      decoder->Finish(&events);
      EXPECT_EQ(Text(events), Text(Decode(bytes))) << name << " in pieces of " << piece_bytes;
    }
  }
}

// Of the part behind the long responses of the first events: each cut decodes all of it.
TEST(OpenAiResponsesEventDecoder, IsTheSameWhereverTheBytesAreCut) {
  const std::string golden = ReadGolden("tools.sse");
  const size_t first = golden.find("event: response.output_item.added");
  const size_t last = golden.rfind("event: response.completed");
  const std::string bytes = golden.substr(first, last - first) + Event(kCompleted);
  const std::string whole = Text(Decode(bytes));
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    ASSERT_EQ(Text(Decode(bytes, cut)), whole) << "cut at " << cut;
  }
}

TEST(OpenAiResponsesEventDecoder, WhatIsDecodedCanBeEncoded) {
  const AnswerContext context = Context();
  for (const std::string name : {"text", "tools", "incomplete", "refusal", "citation", "failed"}) {
    const auto encoder = OpenAiResponses().NewEventEncoder(context);
    std::string bytes;
    for (const ChatEvent& event : Decode(ReadGolden(name + ".sse"))) encoder->Encode(event, &bytes);
    EXPECT_EQ(CheckOpenAiResponsesStream(bytes), "") << name;
  }
}

TEST(OpenAiResponsesEventDecoder, AFailedResponseIsAnError) {
  const std::vector<ChatEvent> events = Decode(ReadGolden("failed.sse"));

  EXPECT_EQ(events.back().kind, Kind::kError);
  EXPECT_EQ(events.back().error.kind, chat::ErrorKind::kRateLimit);
  EXPECT_EQ(events.back().error.message, "Slow down.");
}

TEST(OpenAiResponsesEventDecoder, AnErrorEventIsAnError) {
  for (const std::string_view event :
       {R"({"type":"error","code":"server_error","message":"Oops","param":null})",
        R"({"type":"error","error":{"code":"server_error","message":"Oops"}})",
        R"({"error":{"code":"server_error","message":"Oops"}})"}) {
    const std::vector<ChatEvent> events = Decode(Event(event));
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].kind, Kind::kError);
    EXPECT_EQ(events[0].error.message, "Oops");
  }
}

TEST(OpenAiResponsesEventDecoder, AStreamWithoutItsEndIsAnError) {
  const std::string bytes = ReadGolden("text.sse");
  const size_t last = bytes.rfind("event: response.completed");

  for (const std::string& cut :
       {bytes.substr(0, last), bytes.substr(0, last) + "data: [DONE]\n\n", std::string()}) {
    const std::vector<ChatEvent> events = Decode(cut);
    EXPECT_EQ(events.back().kind, Kind::kError);
    EXPECT_THAT(events.back().error.message, HasSubstr("before it was complete"));
  }
}

TEST(OpenAiResponsesEventDecoder, ArgumentsMayComeInDoneOnly) {
  const ChatResponse response = Build(Decode(
      Event(
          R"({"type":"response.output_item.added","output_index":0,)"
          R"("item":{"type":"function_call","id":"fc","call_id":"c","name":"f","arguments":""}})") +
      Event(R"({"type":"response.function_call_arguments.done","output_index":0,)"
            R"("arguments":"{\"a\":1}"})") +
      Event(R"({"type":"response.output_item.done","output_index":0,)"
            R"("item":{"type":"function_call","id":"fc","call_id":"c","name":"f",)"
            R"("arguments":"{\"a\":1}"}})") +
      Event(kCompleted)));

  EXPECT_EQ(response.choices[0].parts[0].arguments, R"({"a":1})");
  EXPECT_EQ(response.choices[0].finish, chat::FinishReason::kToolCalls);
}

TEST(OpenAiResponsesEventDecoder, ACallMayComeInItsDoneOnly) {
  const ChatResponse response =
      Build(Decode(Event(R"({"type":"response.output_item.done","output_index":0,)"
                         R"("item":{"type":"function_call","id":"fc","call_id":"c","name":"f",)"
                         R"("arguments":"{}"}})") +
                   Event(kCompleted)));

  EXPECT_EQ(response.choices[0].parts[0].id, "c");
  EXPECT_EQ(response.choices[0].parts[0].name, "f");
}

TEST(OpenAiResponsesEventDecoder, TextMayComeInDoneOnly) {
  for (const std::string_view event :
       {R"({"type":"response.output_text.done","output_index":0,"content_index":0,"text":"hi"})",
        R"({"type":"response.content_part.done","output_index":0,"content_index":0,)"
        R"("part":{"type":"output_text","text":"hi"}})",
        R"({"type":"response.output_item.done","output_index":0,"item":{"type":"message",)"
        R"("content":[{"type":"output_text","text":"hi"}]}})",
        R"({"type":"response.output_text.delta","output_index":0,"content_index":0,)"
        R"("delta":"hi"})"}) {
    const ChatResponse response = Build(Decode(Event(event) + Event(kCompleted)));
    ASSERT_EQ(response.choices[0].parts.size(), 1U);
    EXPECT_EQ(response.choices[0].parts[0].text, "hi");
  }
}

TEST(OpenAiResponsesEventDecoder, TheLastEventMayHoldAll) {
  const ChatResponse response = Build(Decode(
      Event(R"({"type":"response.completed","response":{"id":"r","model":"m","status":"completed",)"
            R"("output":[{"type":"message","content":[{"type":"output_text","text":"hi"}]},)"
            R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}})")));

  EXPECT_EQ(response.id, "r");
  ASSERT_EQ(response.choices.size(), 1U);
  ASSERT_EQ(response.choices[0].parts.size(), 2U);
}

TEST(OpenAiResponsesEventDecoder, AnIndexThatIsUsedAgainIsAnotherItem) {
  const auto call = [](std::string_view id) {
    return Event(StrCat(R"({"type":"response.output_item.added","output_index":0,)"
                        R"("item":{"type":"function_call","id":"fc_)",
                        id, R"(","call_id":")", id, R"(","name":"f"}})")) +
           Event(R"({"type":"response.function_call_arguments.delta","output_index":0,)"
                 R"("delta":"{}"})") +
           Event(StrCat(R"({"type":"response.output_item.done","output_index":0,)"
                        R"("item":{"type":"function_call","id":"fc_)",
                        id, R"(","call_id":")", id, R"(","name":"f","arguments":"{}"}})"));
  };

  const ChatResponse response = Build(Decode(call("a") + call("b") + Event(kCompleted)));

  ASSERT_EQ(response.choices[0].parts.size(), 2U);
  EXPECT_EQ(response.choices[0].parts[1].id, "b");
  EXPECT_EQ(response.choices[0].parts[1].arguments, "{}");
}

TEST(OpenAiResponsesEventDecoder, RawReasoningIsReasoning) {
  const ChatResponse response = Build(
      Decode(Event(R"({"type":"response.output_item.added","output_index":0,)"
                   R"("item":{"type":"reasoning","id":"rs","summary":[]}})") +
             Event(R"({"type":"response.content_part.added","output_index":0,"content_index":0,)"
                   R"("part":{"type":"reasoning_text","text":""}})") +
             Event(R"({"type":"response.reasoning_text.delta","output_index":0,"content_index":0,)"
                   R"("delta":"why"})") +
             Event(R"({"type":"response.content_part.done","output_index":0,"content_index":0,)"
                   R"("part":{"type":"reasoning_text","text":"why"}})") +
             Event(R"({"type":"response.output_item.done","output_index":0,)"
                   R"("item":{"type":"reasoning","id":"rs","summary":[],)"
                   R"("content":[{"type":"reasoning_text","text":"why not"}]}})") +
             Event(kCompleted)));

  ASSERT_EQ(response.choices[0].parts.size(), 1U);
  EXPECT_EQ(response.choices[0].parts[0].kind, PartKind::kReasoning);
  EXPECT_EQ(response.choices[0].parts[0].text, "why not");
}

TEST(OpenAiResponsesEventDecoder, OnlyCallsAreOpenTogether) {
  const std::vector<ChatEvent> events =
      Decode(Event(R"({"type":"response.output_text.delta","output_index":0,"content_index":0,)"
                   R"("delta":"a"})") +
             Event(R"({"type":"response.reasoning_summary_text.delta","output_index":1,)"
                   R"("summary_index":0,"delta":"b"})") +
             Event(R"({"type":"response.output_text.delta","output_index":0,"content_index":0,)"
                   R"("delta":"c"})") +
             Event(kCompleted));

  int open = 0;
  for (const ChatEvent& event : events) {
    open += event.kind == Kind::kPartOpen ? 1 : event.kind == Kind::kPartClose ? -1 : 0;
    EXPECT_LE(open, 1);
  }
  EXPECT_EQ(open, 0);
  EXPECT_EQ(Build(events).choices[0].parts.size(), 3U);
}

TEST(OpenAiResponsesEventDecoder, OtherEventsAndCommentsSayNothing) {
  const ChatResponse response =
      Build(Decode(": keep-alive\n\n" +
                   Event(R"({"type":"response.web_search_call.searching","output_index":0})") +
                   Event(R"({"type":"response.output_item.added","output_index":0,)"
                         R"("item":{"type":"web_search_call"}})") +
                   Event(R"({"type":"keepalive"})") + Event(kCompleted)));

  EXPECT_TRUE(response.choices[0].parts.empty());
}

TEST(OpenAiResponsesEventDecoder, TheTypeMayStandInTheEventOnly) {
  const ChatResponse response = Build(
      Decode("event: response.output_text.delta\ndata: {\"output_index\":0,\"delta\":\"hi\"}\n\n" +
             Event(kCompleted)));

  EXPECT_EQ(response.choices[0].parts[0].text, "hi");
}

TEST(OpenAiResponsesEventDecoder, WhatIsNotLawfulIsAnError) {
  for (const std::string_view event :
       {"nonsense", "[]", R"({"type":"response.output_text.delta","output_index":-1,"delta":"x"})",
        R"({"type":"response.output_text.delta","output_index":4097,"delta":"x"})",
        R"({"type":"response.output_text.delta","content_index":4097,"delta":"x"})",
        R"({"type":"response.output_item.added","output_index":0})"}) {
    EXPECT_EQ(Decode(Event(event) + Event(kCompleted)).back().kind, Kind::kError) << event;
  }
  EXPECT_EQ(
      Decode(Event(R"({"type":"response.output_text.delta","output_index":4096,"delta":"x"})") +
             Event(kCompleted))
          .back()
          .kind,
      Kind::kEnd);
}

TEST(OpenAiResponsesEventDecoder, NamesAreNotEndless) {
  for (const size_t bytes : {4096U, 4097U}) {
    const std::vector<ChatEvent> events =
        Decode(Event(StrCat(R"({"type":"response.output_item.added","output_index":0,)"
                            R"("item":{"type":"function_call","call_id":"c","name":")",
                            std::string(bytes, 'x'), R"("}})")) +
               Event(kCompleted));
    EXPECT_EQ(events.back().kind, bytes == 4096 ? Kind::kEnd : Kind::kError);
  }
}

TEST(OpenAiResponsesEventDecoder, PiecesAreNotEndless) {
  for (const int pieces : {1 << 14, (1 << 14) + 1}) {
    std::string bytes;
    for (int i = 0; i < pieces; ++i) {
      bytes += Event(StrCat(R"({"type":"response.output_text.delta","output_index":)", i / 4096,
                            R"(,"content_index":)", i % 4096, R"(,"delta":"x"})"));
    }
    const std::vector<ChatEvent> events = Decode(bytes + Event(kCompleted));
    EXPECT_EQ(events.back().kind, pieces == 1 << 14 ? Kind::kEnd : Kind::kError);
  }
}

TEST(OpenAiResponsesEventDecoder, NothingComesAfterTheEnd) {
  const std::vector<ChatEvent> events =
      Decode(Event(kCompleted) +
             Event(R"({"type":"response.output_text.delta","output_index":0,"delta":"x"})"));

  EXPECT_EQ(events.back().kind, Kind::kEnd);
}

TEST(OpenAiResponsesGrammar, TheProvidersOwnStreamsAreLawful) {
  // But for the obfuscation and the name of done, which this gateway adds for all.
  EXPECT_EQ(CheckOpenAiResponsesStream(ReadGolden("text.sse")), "");
  EXPECT_EQ(CheckOpenAiResponsesStream(ReadGolden("citation.sse")), "");
}

TEST(OpenAiResponsesGrammar, SeesWhatIsWrong) {
  const std::string bytes = ReadGolden("text.sse");
  const auto without = [&](std::string_view type) {
    const size_t at = bytes.find(StrCat("event: ", type, "\n"));
    const size_t end = bytes.find("\n\n", at) + 2;
    return bytes.substr(0, at) + bytes.substr(end);
  };

  EXPECT_NE(CheckOpenAiResponsesStream(""), "");
  EXPECT_NE(CheckOpenAiResponsesStream(bytes + bytes), "");
  EXPECT_NE(CheckOpenAiResponsesStream(without("response.content_part.added")), "");
  EXPECT_NE(CheckOpenAiResponsesStream(without("response.output_item.done")), "");
  EXPECT_NE(CheckOpenAiResponsesStream(without("response.completed")), "");
}

}  // namespace
}  // namespace lmgate::dialect
