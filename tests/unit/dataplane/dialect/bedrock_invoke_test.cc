#include "dataplane/dialect/bedrock_invoke.h"

#include <absl/strings/escaping.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "dataplane/dialect/aws_event_stream.h"
#include "dataplane/dialect/dialects.h"
#include "dataplane/dialect/json.h"
#include "dataplane/dialect/sse_reader.h"
#include "tests/support/anthropic_grammar.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::ChatRequest;
using chat::ErrorKind;
using chat::PartKind;
using lmgate::testing::CheckAnthropicEvents;
using lmgate::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using Kind = ChatEvent::Kind;

constexpr char kModel[] = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";
constexpr char kBody[] =
    R"({"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["x"],"max_tokens":9,
        "messages":[{"role":"user","content":"Hi"}]})";

const AnswerContext& Context() {
  static const AnswerContext* const context =
      new AnswerContext{.id = "abc", .created = 17, .model = kModel, .request = {}};
  return *context;
}

std::string BadFieldOf(std::string_view body) {
  const auto request = BedrockInvoke().DecodeRequest({.body = body, .model = kModel});
  EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument);
  const auto hint = GetFieldHint(request.status());
  return hint.has_value() ? hint->field : "";
}

std::string Frame(std::string_view anthropic_event) {
  EventFrame frame;
  frame.message_type = "event";
  frame.event_type = "chunk";
  frame.content_type = "application/json";
  frame.payload =
      StrCat(R"({"bytes":")", absl::Base64Escape(ToAbsl(anthropic_event)), R"(","p":"abcdefgh"})");
  std::string bytes;
  AppendEventFrame(frame, &bytes);
  return bytes;
}

std::string ExceptionFrame(std::string_view type, std::string_view message) {
  EventFrame frame;
  frame.message_type = "exception";
  frame.exception_type = type;
  frame.payload = StrCat(R"({"message":")", message, R"("})");
  std::string bytes;
  AppendEventFrame(frame, &bytes);
  return bytes;
}

// The events of a golden stream of Anthropic's.
std::vector<std::string> GoldenEvents(std::string_view name) {
  std::ostringstream text;
  text << std::ifstream(StrCat("tests/golden/dialect/anthropic/", name), std::ios::binary).rdbuf();
  const std::string bytes = text.str();
  std::string_view rest = bytes;
  SseReader reader;
  SseReader::Event event;
  std::vector<std::string> events;
  while (reader.Next(&rest, &event)) events.emplace_back(event.data);
  EXPECT_FALSE(events.empty()) << name;
  return events;
}

std::string GoldenStream(std::string_view name) {
  std::string bytes;
  for (const std::string& event : GoldenEvents(name)) bytes += Frame(event);
  return bytes;
}

std::vector<ChatEvent> Decode(std::string_view bytes, size_t cut = std::string_view::npos) {
  const auto decoder = BedrockInvoke().NewEventDecoder(Context());
  std::vector<ChatEvent> events;
  decoder->Feed(bytes.substr(0, cut), &events);
  if (cut < bytes.size()) decoder->Feed(bytes.substr(cut), &events);
  decoder->Finish(&events);
  return events;
}

std::string EncodeAll(const std::vector<ChatEvent>& events) {
  const auto encoder = BedrockInvoke().NewEventEncoder(Context());
  std::string bytes;
  for (const ChatEvent& event : events) encoder->Encode(event, &bytes);
  return bytes;
}

std::vector<EventFrame> FramesOf(std::string_view bytes) {
  EventFrameReader reader;
  reader.Feed(bytes);
  std::vector<EventFrame> frames;
  for (auto frame = reader.Next(); frame.ok() && frame->has_value(); frame = reader.Next()) {
    frames.push_back(**frame);
  }
  EXPECT_TRUE(reader.AtBoundary());
  return frames;
}

// The Anthropic events in frames, checked.
std::vector<std::string> EventsIn(std::string_view bytes) {
  std::vector<std::string> events;
  for (const EventFrame& frame : FramesOf(bytes)) {
    if (frame.message_type == "exception") continue;
    EXPECT_EQ(frame.event_type, "chunk");
    EXPECT_EQ(frame.content_type, "application/json");
    std::string event;
    const auto payload = ParseObject(frame.payload);
    EXPECT_THAT(payload, IsOk());
    EXPECT_TRUE(absl::Base64Unescape(FindString(*payload, "bytes"), &event));
    events.push_back(std::move(event));
  }
  return events;
}

TEST(BedrockInvoke, TakesModelAndStreamFromThePath) {
  const auto request =
      BedrockInvoke().DecodeRequest({.body = kBody, .model = kModel, .stream = true});

  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->model, kModel);
  EXPECT_TRUE(request->stream);
  EXPECT_EQ(request->turns[0].parts[0].text, "Hi");
  EXPECT_TRUE(request->own_fields.empty());
}

TEST(BedrockInvoke, RefusesThemInTheBody) {
  EXPECT_EQ(BadFieldOf(R"({"anthropic_version":"v","stream":true})"), "stream");
  EXPECT_EQ(BadFieldOf(R"({"anthropic_version":"v","model":"m"})"), "model");
  EXPECT_EQ(BadFieldOf(R"({"max_tokens":1,"messages":[]})"), "anthropic_version");
}

TEST(BedrockInvoke, WritesTheModelIntoThePath) {
  auto request = BedrockInvoke().DecodeRequest({.body = kBody, .model = "m"});
  ASSERT_THAT(request, IsOk());
  BackendTraits traits;
  traits.model = kModel;

  auto upstream = BedrockInvoke().EncodeRequest(*request, traits);

  ASSERT_THAT(upstream, IsOk());
  EXPECT_EQ(upstream->path, "/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke");
  EXPECT_EQ(upstream->body, R"({"anthropic_version":"bedrock-2023-05-31","max_tokens":9,)"
                            R"("messages":[{"role":"user","content":[{"type":"text",)"
                            R"("text":"Hi"}]}]})");
  EXPECT_THAT(upstream->headers, ElementsAre(Pair("accept", "application/json")));
  request->stream = true;
  traits.model = "arn:aws:bedrock:eu:1:inference-profile/x";
  upstream = BedrockInvoke().EncodeRequest(*request, traits);
  ASSERT_THAT(upstream, IsOk());
  EXPECT_EQ(upstream->path,
            "/model/arn%3Aaws%3Abedrock%3Aeu%3A1%3Ainference-profile%2Fx"
            "/invoke-with-response-stream");
}

TEST(BedrockInvoke, BetasStandInTheBody) {
  const auto request =
      BedrockInvoke().DecodeRequest({.body = R"({"anthropic_version":"v","max_tokens":9,
                   "anthropic_beta":["computer-use-2025-01-24","context-1m-2025-08-07"],
                   "messages":[{"role":"user","content":"Hi"}]})"});
  ASSERT_THAT(request, IsOk());
  EXPECT_THAT(request->betas, ElementsAre("computer-use-2025-01-24", "context-1m-2025-08-07"));

  const auto upstream = BedrockInvoke().EncodeRequest(*request, {.model = kModel});

  ASSERT_THAT(upstream, IsOk());
  EXPECT_THAT(upstream->body, HasSubstr(R"("anthropic_beta":["context-1m-2025-08-07"])"));
}

TEST(BedrockInvoke, BetasThatAreNoNamesAreRefused) {
  EXPECT_EQ(BadFieldOf(R"({"anthropic_version":"v","max_tokens":9,"anthropic_beta":[1],
                           "messages":[{"role":"user","content":"Hi"}]})"),
            "anthropic_beta");
}

TEST(BedrockInvoke, DefinesTheToolsOfTheHistory) {
  const auto request =
      BedrockInvoke().DecodeRequest({.body = R"({"anthropic_version":"v","max_tokens":9,"messages":[
           {"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}},
                                          {"type":"tool_use","id":"b","name":"f","input":{}}]},
           {"role":"user","content":[{"type":"tool_result","tool_use_id":"a"},
                                     {"type":"tool_result","tool_use_id":"b"}]}]})"});
  ASSERT_THAT(request, IsOk());

  const auto upstream = BedrockInvoke().EncodeRequest(*request, {.model = kModel});

  ASSERT_THAT(upstream, IsOk());
  EXPECT_THAT(upstream->body, HasSubstr(R"("tools":[{"name":"f","input_schema":{"type":"object",)"
                                        R"("properties":{}}}],"tool_choice":{"type":"none"})"));
}

TEST(BedrockInvoke, AnswersAsAnthropicDoes) {
  const chat::ChatResponse response{.choices = {{.parts = {chat::TextPart("Hi")}}}};

  const std::string body = BedrockInvoke().EncodeResponse(response, Context());

  EXPECT_THAT(body, HasSubstr(R"("content":[{"type":"text","text":"Hi"}])"));
  EXPECT_THAT(BedrockInvoke().DecodeResponse(body, Context()), IsOk());
}

class BedrockInvokeGolden : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Streams, BedrockInvokeGolden,
                         ::testing::Values("text", "tools", "hidden", "length"),
                         [](const auto& instance) { return std::string(instance.param); });

TEST_P(BedrockInvokeGolden, WritesWhatItReadsInFrames) {
  const std::vector<ChatEvent> events = Decode(GoldenStream(StrCat(GetParam(), ".sse")));
  EXPECT_EQ(events.back().kind, Kind::kEnd);

  const std::string bytes = EncodeAll(events);

  EXPECT_EQ(CheckAnthropicEvents(EventsIn(bytes), /*broken_off=*/false), "");
  const std::vector<ChatEvent> again = Decode(bytes);
  EXPECT_EQ(again.back().kind, Kind::kEnd);
  EXPECT_EQ(EncodeAll(again), bytes);
}

TEST(BedrockInvoke, StreamIsTheSameWhereverItIsCut) {
  const std::string bytes = GoldenStream("text.sse");
  const std::string whole = EncodeAll(Decode(bytes));

  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    ASSERT_EQ(EncodeAll(Decode(bytes, cut)), whole) << "at " << cut;
  }
}

TEST(BedrockInvoke, StreamWithoutItsEndIsAnError) {
  const std::string bytes = GoldenStream("text.sse");

  EXPECT_EQ(Decode(bytes.substr(0, bytes.size() - 1)).back().kind, Kind::kError);
  EXPECT_EQ(Decode("").back().kind, Kind::kError);
}

TEST(BedrockInvoke, ReadsExceptions) {
  const std::string bytes = StrCat(Frame(R"({"type":"message_start","message":{}})"),
                                   ExceptionFrame("throttlingException", "slow"));

  const ChatEvent last = Decode(bytes).back();

  EXPECT_EQ(last.kind, Kind::kError);
  EXPECT_EQ(last.error.kind, ErrorKind::kRateLimit);
  EXPECT_EQ(last.error.message, "slow");
}

TEST(BedrockInvoke, BrokenFramesAreAnError) {
  std::string bytes = GoldenStream("text.sse");
  bytes[20] = static_cast<char>(bytes[20] ^ 1);

  EXPECT_EQ(Decode(bytes).back().kind, Kind::kError);
}

TEST(BedrockInvoke, WritesErrorsAsExceptions) {
  const auto exception = [](ErrorKind kind) {
    ChatEvent start;
    ChatEvent error{.kind = Kind::kError};
    error.error.kind = kind;
    error.error.message = "why";
    const std::string bytes = EncodeAll({start, error, ChatEvent{.kind = Kind::kEnd}});
    EXPECT_EQ(CheckAnthropicEvents(EventsIn(bytes), /*broken_off=*/true), "");
    const EventFrame frame = FramesOf(bytes).back();
    EXPECT_EQ(frame.message_type, "exception");
    EXPECT_EQ(frame.payload, R"({"message":"why"})");
    return frame.exception_type;
  };

  EXPECT_EQ(exception(ErrorKind::kRateLimit), "throttlingException");
  EXPECT_EQ(exception(ErrorKind::kOverloaded), "serviceUnavailableException");
  EXPECT_EQ(exception(ErrorKind::kTimeout), "modelTimeoutException");
  EXPECT_EQ(exception(ErrorKind::kBadRequest), "validationException");
  EXPECT_EQ(exception(ErrorKind::kServer), "internalServerException");
  EXPECT_EQ(exception(ErrorKind::kForbidden), "modelStreamErrorException");
}

TEST(BedrockInvoke, IsAnAwsEventStream) {
  EXPECT_EQ(BedrockInvokeDialect().NewEventEncoder(Context())->content_type(),
            "application/vnd.amazon.eventstream");
}

}  // namespace
}  // namespace lmgate::dialect
