#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/strings.h"
#include "dataplane/dialect/anthropic.h"
#include "dataplane/dialect/seal.h"
#include "tests/support/anthropic_grammar.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::ChatResponse;
using chat::ErrorKind;
using chat::FinishReason;
using chat::PartKind;
using lmgate::testing::CheckAnthropicStream;
using lmgate::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = ChatEvent::Kind;

const AnswerContext& Context() {
  static const AnswerContext* const context =
      new AnswerContext{.id = "abc", .created = 17, .model = "claude-sonnet-4-5", .request = {}};
  return *context;
}

std::string ReadFile(std::string_view name) {
  std::ostringstream text;
  text << std::ifstream(StrCat("tests/golden/dialect/anthropic/", name), std::ios::binary).rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

std::vector<ChatEvent> Decode(std::string_view bytes, size_t cut = std::string_view::npos) {
  const auto decoder = Anthropic().NewEventDecoder(Context());
  std::vector<ChatEvent> events;
  decoder->Feed(bytes.substr(0, cut), &events);
  if (cut < bytes.size()) decoder->Feed(bytes.substr(cut), &events);
  decoder->Finish(&events);
  return events;
}

// One event for each JSON text.
std::string Stream(std::vector<std::string_view> events) {
  std::string bytes;
  for (const std::string_view event : events) {
    bytes.append("data: ");
    for (const char c : event) bytes.append(c == '\n' ? "\ndata: " : std::string(1, c));
    bytes.append("\n\n");
  }
  return bytes;
}

std::string Describe(const chat::TokenUsage& usage) {
  return StrCat("usage ", usage.known ? 1 : 0, " ", usage.prompt_tokens, " ",
                usage.completion_tokens, " ", usage.total_tokens, " ", usage.cached_tokens, " ",
                usage.cache_write_tokens, " ", usage.reasoning_tokens);
}

// Everything that an answer says, for comparisons.
std::string Describe(const ChatResponse& response) {
  std::string text = StrCat(response.id, " ", response.model, " ", response.created, "\n");
  for (const chat::Choice& choice : response.choices) {
    for (const chat::Part& part : choice.parts) {
      StrAppend(&text, static_cast<int>(part.kind), " ", part.id, " ", part.name, " [", part.text,
                "] ",
                part.kind == PartKind::kToolCall ? DumpJson(ArgumentsObject(part.arguments)) : "",
                " ", part.signature.origin, " ", part.signature.model, " ", part.signature.data,
                part.signature.redacted ? " redacted" : "");
      for (const chat::Citation& citation : part.citations) {
        StrAppend(&text, " cites ", citation.url, " ", citation.title, " ", citation.cited_text);
      }
      text.push_back('\n');
    }
    StrAppend(&text, "finish ", static_cast<int>(choice.finish), " ", choice.stop_sequence, "\n");
  }
  return StrCat(text, Describe(response.usage));
}

chat::ResponseBuilder Build(const std::vector<ChatEvent>& events) {
  chat::ResponseBuilder builder;
  for (const ChatEvent& event : events) builder.Add(event);
  return builder;
}

std::string DescribeStream(std::string_view bytes) {
  chat::ResponseBuilder builder = Build(Decode(bytes));
  EXPECT_TRUE(builder.ended()) << builder.error().message;
  return Describe(builder.Take());
}

chat::ProviderError ErrorOf(std::string_view bytes) {
  const std::vector<ChatEvent> events = Decode(bytes);
  return events.empty() || events.back().kind != Kind::kError ? chat::ProviderError{}
                                                              : events.back().error;
}

std::string EncodeAll(const std::vector<ChatEvent>& events) {
  const auto encoder = Anthropic().NewEventEncoder(Context());
  std::string bytes;
  for (const ChatEvent& event : events) encoder->Encode(event, &bytes);
  return bytes;
}

class AnthropicGolden : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Streams, AnthropicGolden,
                         ::testing::Values("text", "tools", "hidden", "server_tool", "refusal",
                                           "length"),
                         [](const auto& instance) { return std::string(instance.param); });

TEST_P(AnthropicGolden, StreamSaysWhatThePlainAnswerSays) {
  const auto plain = Anthropic().DecodeResponse(ReadFile(StrCat(GetParam(), ".json")), Context());

  ASSERT_THAT(plain, IsOk());
  EXPECT_EQ(DescribeStream(ReadFile(StrCat(GetParam(), ".sse"))), Describe(*plain));
}

TEST_P(AnthropicGolden, StreamIsTheSameWhereverItIsCut) {
  const std::string bytes = ReadFile(StrCat(GetParam(), ".sse"));
  const std::string whole = DescribeStream(bytes);

  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    ASSERT_EQ(Describe(Build(Decode(bytes, cut)).Take()), whole) << "at " << cut;
  }
}

TEST_P(AnthropicGolden, StreamWithoutItsEndIsAnError) {
  const std::string bytes = ReadFile(StrCat(GetParam(), ".sse"));

  for (size_t end = 0; end < bytes.rfind("event: message_stop"); end += 7) {
    const std::vector<ChatEvent> events = Decode(bytes.substr(0, end));
    ASSERT_FALSE(events.empty());
    ASSERT_EQ(events.back().kind, Kind::kError) << "at " << end;
    for (const ChatEvent& event : events) ASSERT_NE(event.kind, Kind::kFinish);
  }
}

TEST_P(AnthropicGolden, WritesALawfulStreamThatSaysTheSame) {
  const std::vector<ChatEvent> events = Decode(ReadFile(StrCat(GetParam(), ".sse")));

  const std::string bytes = EncodeAll(events);

  EXPECT_EQ(CheckAnthropicStream(bytes), "");
  // What a refusal explains is text from here on, and signatures name no model any more.
  if (std::string_view(GetParam()) != "refusal") {
    EXPECT_EQ(DescribeStream(bytes), Describe(Build(events).Take()));
  }
}

TEST_P(AnthropicGolden, WritesThePlainAnswerAsAStream) {
  const auto plain = Anthropic().DecodeResponse(ReadFile(StrCat(GetParam(), ".json")), Context());
  ASSERT_THAT(plain, IsOk());

  EXPECT_EQ(CheckAnthropicStream(EncodeAll(chat::EventsOf(*plain))), "");
}

TEST_P(AnthropicGolden, IsLawfulItself) {
  EXPECT_EQ(CheckAnthropicStream(ReadFile(StrCat(GetParam(), ".sse"))), "");
}

// ---- Reading.

constexpr std::string_view kStart =
    R"({"type":"message_start","message":{"id":"msg_1","model":"m","usage":{"input_tokens":9}}})";
constexpr std::string_view kTextStart =
    R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})";
constexpr std::string_view kStop0 = R"({"type":"content_block_stop","index":0})";
constexpr std::string_view kEnd = R"({"type":"message_stop"})";

constexpr std::string_view Delta(std::string_view reason) {
  return reason == "tool_use" ? R"({"type":"message_delta","delta":{"stop_reason":"tool_use"},
                                    "usage":{"output_tokens":5}})"
                              : R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},
                                    "usage":{"output_tokens":5}})";
}

ChatResponse ResponseOf(std::vector<std::string_view> events) {
  chat::ResponseBuilder builder = Build(Decode(Stream(std::move(events))));
  EXPECT_TRUE(builder.ended()) << builder.error().message;
  ChatResponse response = builder.Take();
  response.choices.resize(1);
  return response;
}

TEST(AnthropicStream, ReadsErrorsOfTheProvider) {
  const std::vector<ChatEvent> events = Decode(ReadFile("error.sse"));

  EXPECT_EQ(events.back().kind, Kind::kError);
  EXPECT_EQ(events.back().error.kind, ErrorKind::kOverloaded);
  EXPECT_EQ(events.back().error.message, "Overloaded");
  EXPECT_EQ(events[events.size() - 2].kind, Kind::kPartDelta);
}

TEST(AnthropicStream, ReadsAnErrorInsteadOfAnAnswer) {
  EXPECT_EQ(ErrorOf("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"
                    "\"rate_limit_error\",\"message\":\"slow\"}}\n\n")
                .kind,
            ErrorKind::kRateLimit);
}

TEST(AnthropicStream, SaysTextAtOnce) {
  const auto decoder = Anthropic().NewEventDecoder(Context());
  std::vector<ChatEvent> events;
  decoder->Feed(Stream({kStart, kTextStart}), &events);
  events.clear();

  decoder->Feed(
      Stream(
          {R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x"}})"}),
      &events);

  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].text, "x");
}

TEST(AnthropicStream, SetsCountsAndNeverAddsThem) {
  const ChatResponse response = ResponseOf(
      {R"({"type":"message_start","message":{"usage":{"input_tokens":10,
           "cache_read_input_tokens":100,"output_tokens":3}}})",
       R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":10,
           "cache_read_input_tokens":null,"output_tokens":20}})",
       kEnd});

  EXPECT_EQ(response.usage.prompt_tokens, 110);
  EXPECT_EQ(response.usage.cached_tokens, 100);
  EXPECT_EQ(response.usage.completion_tokens, 20);
}

TEST(AnthropicStream, ReadsTextAndInputThatComeWithTheStart) {
  const ChatResponse response = ResponseOf(
      {kStart,
       R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":"He"}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"y"}})",
       kStop0,
       R"({"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t",
           "name":"f","input":{"a":1}}})",
       R"({"type":"content_block_stop","index":1})", Delta("tool_use"), kEnd});

  EXPECT_EQ(response.choices[0].parts[0].text, "Hey");
  EXPECT_EQ(response.choices[0].parts[1].arguments, R"({"a":1})");
}

TEST(AnthropicStream, PrefersPiecesToTheInputOfTheStart) {
  const ChatResponse response = ResponseOf(
      {kStart,
       R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t",
           "name":"f","input":{"a":1}}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta",
           "partial_json":"{\"a\":1}"}})",
       kStop0, Delta("tool_use"), kEnd});

  EXPECT_EQ(response.choices[0].parts[0].arguments, R"({"a":1})");
}

TEST(AnthropicStream, SkipsWhatItDoesNotKnow) {
  const ChatResponse response = ResponseOf(
      {kStart, R"({"type":"something_new","index":0})",
       R"({"type":"content_block_start","index":0,"content_block":{"type":"new_block"}})",
       R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"no"}})",
       kStop0,
       R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"new_delta","text":"no"}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"yes"}})",
       R"({"type":"content_block_stop","index":1})", Delta("end_turn"), kEnd});

  ASSERT_EQ(response.choices[0].parts.size(), 1u);
  EXPECT_EQ(response.choices[0].parts[0].text, "yes");
}

TEST(AnthropicStream, CallsWinOverAnOrdinaryEnd) {
  const ChatResponse response = ResponseOf(
      {kStart,
       R"({"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t",
           "name":"f","input":{}}})",
       kStop0, Delta("end_turn"), kEnd});

  EXPECT_EQ(response.choices[0].finish, FinishReason::kToolCalls);
}

TEST(AnthropicStream, ClosesWhatTheProviderForgotToClose) {
  const ChatResponse response = ResponseOf(
      {kStart, kTextStart,
       R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}})",
       R"({"type":"content_block_start","index":1,"content_block":{"type":"thinking"}})",
       R"({"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta",
           "thinking":"b"}})",
       Delta("end_turn"), kEnd});

  ASSERT_EQ(response.choices[0].parts.size(), 2u);
  EXPECT_EQ(response.choices[0].parts[1].text, "b");
}

TEST(AnthropicStream, OpensTextWhoseStartWasLost) {
  const ChatResponse response = ResponseOf(
      {kStart,
       R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}})",
       Delta("end_turn"), kEnd, "[DONE]"});

  EXPECT_EQ(response.choices[0].parts[0].text, "a");
}

TEST(AnthropicStream, RefusesACallWithoutBeginning) {
  EXPECT_THAT(ErrorOf(Stream({kStart, R"({"type":"content_block_delta","index":0,"delta":
              {"type":"input_json_delta","partial_json":"{}"}})"}))
                  .message,
              HasSubstr("no beginning"));
}

TEST(AnthropicStream, RefusesRubbish) {
  EXPECT_THAT(ErrorOf("data: {\"type\":\n\n").message, HasSubstr("no JSON object"));
  std::string many = Stream({kStart});
  for (int i = 0; i < 300; ++i) {
    StrAppend(&many, R"(data: {"type":"content_block_start","index":)", i,
              R"(,"content_block":{"type":"tool_use","id":"t","name":"f"}})", "\n\n");
  }
  EXPECT_THAT(ErrorOf(many).message, HasSubstr("too many"));
}

TEST(AnthropicStream, SaysNothingAfterItsEnd) {
  EXPECT_EQ(Decode(Stream({kStart, Delta("end_turn"), kEnd, kTextStart, kEnd})).back().kind,
            Kind::kEnd);
}

TEST(AnthropicStream, CountsByBedrocksMetricsWhereThereIsNoUsage) {
  const ChatResponse response =
      ResponseOf({R"({"type":"message_start","message":{"id":"msg_1"}})",
                  R"({"type":"message_delta","delta":{"stop_reason":"end_turn"}})",
                  R"({"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":5,
           "outputTokenCount":6,"cacheReadInputTokenCount":7}})"});

  EXPECT_EQ(response.usage.prompt_tokens, 12);
  EXPECT_EQ(response.usage.completion_tokens, 6);
}

// ---- Writing. Events as another dialect's decoder gives them.

ChatEvent Of(Kind kind, int part = 0, PartKind part_kind = PartKind::kText, std::string text = "") {
  ChatEvent event{.kind = kind, .part = part};
  event.part_kind = part_kind;
  event.text = std::move(text);
  return event;
}

ChatEvent OpenCall(int part, std::string id) {
  ChatEvent event = Of(Kind::kPartOpen, part, PartKind::kToolCall);
  event.id = std::move(id);
  event.name = "f";
  return event;
}

// The parts of an answer between its start and its end.
std::string Written(std::vector<ChatEvent> parts, FinishReason finish = FinishReason::kStop) {
  std::vector<ChatEvent> events = {Of(Kind::kStart)};
  for (ChatEvent& event : parts) events.push_back(std::move(event));
  ChatEvent finished = Of(Kind::kFinish);
  finished.finish = finish;
  events.push_back(finished);
  events.push_back(Of(Kind::kEnd));
  std::string bytes = EncodeAll(events);
  EXPECT_EQ(CheckAnthropicStream(bytes), "") << bytes;
  return bytes;
}

// What a stream says, block for block, as the decoder understands it.
std::vector<std::string> Said(const std::string& bytes) {
  std::vector<std::string> said;
  const ChatResponse response = Build(Decode(bytes)).Take();
  for (const chat::Part& part : response.choices.at(0).parts) {
    said.push_back(part.kind == PartKind::kToolCall ? StrCat(part.id, part.arguments) : part.text);
  }
  return said;
}

TEST(AnthropicStream, WritesOneBlockAfterAnother) {
  const std::string bytes = Written(
      {OpenCall(0, "a"), Of(Kind::kPartDelta, 0, PartKind::kToolCall, "{\"x\":"), OpenCall(1, "b"),
       Of(Kind::kPartDelta, 1, PartKind::kToolCall, "{}"), Of(Kind::kPartOpen, 2),
       Of(Kind::kPartDelta, 2, PartKind::kText, "meanwhile"),
       Of(Kind::kPartDelta, 0, PartKind::kToolCall, "1}"), Of(Kind::kPartClose, 2),
       Of(Kind::kPartClose, 0, PartKind::kToolCall), Of(Kind::kPartClose, 1, PartKind::kToolCall)},
      FinishReason::kToolCalls);

  EXPECT_THAT(Said(bytes), ::testing::UnorderedElementsAre("a{\"x\":1}", "b{}", "meanwhile"));
}

TEST(AnthropicStream, OpensNoBlockThatSaysNothing) {
  const std::string bytes =
      Written({Of(Kind::kPartOpen, 0), Of(Kind::kPartDelta, 0), Of(Kind::kPartClose, 0),
               Of(Kind::kPartOpen, 1, PartKind::kReasoning),
               Of(Kind::kPartClose, 1, PartKind::kReasoning)});

  EXPECT_THAT(bytes, ::testing::Not(HasSubstr("content_block")));
}

TEST(AnthropicStream, WritesCallsWithoutArguments) {
  const std::string bytes = Written(
      {OpenCall(0, "a"), Of(Kind::kPartClose, 0, PartKind::kToolCall)}, FinishReason::kToolCalls);

  EXPECT_THAT(bytes, HasSubstr(R"("input":{})"));
  EXPECT_THAT(bytes, HasSubstr(R"("stop_reason":"tool_use")"));
}

TEST(AnthropicStream, SignsThinkingThatNobodySigned) {
  const std::string bytes =
      Written({Of(Kind::kPartOpen, 0, PartKind::kReasoning),
               Of(Kind::kPartDelta, 0, PartKind::kReasoning, "hm"),
               Of(Kind::kPartClose, 0, PartKind::kReasoning), Of(Kind::kPartOpen, 1),
               Of(Kind::kPartDelta, 1, PartKind::kText, "x"), Of(Kind::kPartClose, 1)});

  EXPECT_THAT(bytes,
              HasSubstr(StrCat(R"({"type":"signature_delta","signature":")", kSealOfNothing)));
  EXPECT_THAT(Said(bytes), ElementsAre("hm", "x"));
}

TEST(AnthropicStream, SealsTheSignaturesOfOthers) {
  ChatEvent signed_piece = Of(Kind::kPartDelta, 0, PartKind::kReasoning);
  signed_piece.signature = {.origin = "gemini", .model = "g", .data = "d"};
  const std::string bytes = Written({Of(Kind::kPartOpen, 0, PartKind::kReasoning),
                                     Of(Kind::kPartDelta, 0, PartKind::kReasoning, "hm"),
                                     signed_piece, Of(Kind::kPartClose, 0, PartKind::kReasoning)});

  EXPECT_THAT(bytes, HasSubstr(SealSignature(signed_piece.signature, "anthropic")));
}

TEST(AnthropicStream, HidesReasoningThatHasNoText) {
  ChatEvent close = Of(Kind::kPartClose, 0, PartKind::kReasoning);
  close.signature = {.origin = "openai", .model = "", .data = "g"};

  EXPECT_THAT(Written({Of(Kind::kPartOpen, 0, PartKind::kReasoning), close}),
              HasSubstr(R"("type":"redacted_thinking","data":"lmg1.)"));
}

TEST(AnthropicStream, WritesWhatProvesACallBeforeIt) {
  ChatEvent open = OpenCall(0, "a");
  open.signature = {.origin = "gemini", .model = "g", .data = "d"};

  const std::string bytes =
      Written({open, Of(Kind::kPartClose, 0, PartKind::kToolCall)}, FinishReason::kToolCalls);

  EXPECT_THAT(bytes, HasSubstr(StrCat(R"("type":"redacted_thinking","data":")",
                                      SealSignature(open.signature, "anthropic"))));
  EXPECT_THAT(Said(bytes), ElementsAre("", "a"));
}

TEST(AnthropicStream, WritesRefusalsAsText) {
  const std::string bytes = Written({Of(Kind::kPartOpen, 0, PartKind::kRefusal),
                                     Of(Kind::kPartDelta, 0, PartKind::kRefusal, "No."),
                                     Of(Kind::kPartClose, 0, PartKind::kRefusal)},
                                    FinishReason::kContentFilter);

  EXPECT_THAT(Said(bytes), ElementsAre("No."));
  EXPECT_THAT(bytes, HasSubstr(R"("stop_reason":"refusal")"));
  EXPECT_THAT(bytes, HasSubstr(R"("stop_details":{"type":"refusal")"));
}

TEST(AnthropicStream, CountsAtTheEnd) {
  ChatEvent usage = Of(Kind::kUsage);
  usage.usage = {.known = true, .prompt_tokens = 30, .completion_tokens = 4, .cached_tokens = 20};
  const std::string bytes = EncodeAll({Of(Kind::kStart), Of(Kind::kFinish), usage, Of(Kind::kEnd)});

  EXPECT_EQ(CheckAnthropicStream(bytes), "");
  EXPECT_THAT(bytes, HasSubstr(R"("usage":{"input_tokens":0,"cache_creation_input_tokens":0,)"
                               R"("cache_read_input_tokens":0,"output_tokens":0}}})"));
  EXPECT_THAT(bytes, HasSubstr(R"("usage":{"input_tokens":10,"cache_creation_input_tokens":0,)"
                               R"("cache_read_input_tokens":20,"output_tokens":4}})"));
}

TEST(AnthropicStream, EndsWithAnErrorInsteadOfAnEnd) {
  ChatEvent error = Of(Kind::kError);
  error.error.kind = ErrorKind::kOverloaded;
  error.error.message = "busy";
  const std::string bytes =
      EncodeAll({Of(Kind::kStart), Of(Kind::kPartOpen),
                 Of(Kind::kPartDelta, 0, PartKind::kText, "x"), error, Of(Kind::kEnd)});

  EXPECT_THAT(bytes, HasSubstr("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"
                               "\"overloaded_error\",\"message\":\"busy\"}"));
  EXPECT_THAT(bytes, ::testing::Not(HasSubstr("message_stop")));
  EXPECT_EQ(CheckAnthropicStream(bytes), "");
}

TEST(AnthropicStream, IsAnEventStream) {
  EXPECT_EQ(Anthropic().NewEventEncoder(Context())->content_type(), "text/event-stream");
}

// ---- The checker itself.

TEST(AnthropicGrammar, FindsWhatIsWrong) {
  const std::string good = ReadFile("tools.sse");
  const auto without = [&](std::string_view type) {
    std::string bytes = good;
    const size_t begin = bytes.rfind(StrCat("event: ", type, "\n"));
    bytes.erase(begin, bytes.find("\n\n", begin) + 2 - begin);
    return CheckAnthropicStream(bytes);
  };

  EXPECT_EQ(CheckAnthropicStream(good), "");
  EXPECT_THAT(without("message_start"), HasSubstr("before message_start"));
  EXPECT_THAT(without("message_stop"), HasSubstr("no end"));
  EXPECT_THAT(without("message_delta"), HasSubstr("without message_delta"));
  EXPECT_THAT(without("content_block_start"), HasSubstr("not open"));
  EXPECT_THAT(without("content_block_stop"), HasSubstr("while a block is open"));
  EXPECT_THAT(CheckAnthropicStream(good + good), HasSubstr("after the end"));
}

}  // namespace
}  // namespace lmgate::dialect
