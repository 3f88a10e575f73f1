#include "dataplane/dialect/gemini_chunk.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::PartKind;
using ::testing::ElementsAre;
using Form = GeminiChunkReader::Form;
using Kind = ChatEvent::Kind;

std::vector<ChatEvent> Read(const std::vector<std::string_view>& chunks,
                            Form form = Form::kStream) {
  const AnswerContext context{.id = "x", .model = "gemini-3-pro"};
  GeminiChunkReader reader(context);
  std::vector<ChatEvent> events;
  for (const std::string_view chunk : chunks) {
    reader.Add(ParseJson(chunk).value_or(Json()), &events);
  }
  reader.End(form, &events);
  return events;
}

std::vector<Kind> KindsOf(const std::vector<ChatEvent>& events) {
  std::vector<Kind> kinds;
  for (const ChatEvent& event : events) kinds.push_back(event.kind);
  return kinds;
}

constexpr std::string_view kHello = R"({"candidates":[{"content":{"parts":[{"text":"hello"}]}}]})";
constexpr std::string_view kStop = R"({"candidates":[{"finishReason":"STOP"}]})";

TEST(GeminiChunk, TextStaysOpenOverChunks) {
  EXPECT_THAT(KindsOf(Read({kHello, kHello, kStop})),
              ElementsAre(Kind::kStart, Kind::kPartOpen, Kind::kPartDelta, Kind::kPartDelta,
                          Kind::kPartClose, Kind::kFinish, Kind::kEnd));
}

TEST(GeminiChunk, PartsAreNumberedInTheirOrder) {
  const auto events = Read({R"({"candidates":[{"content":{"parts":[
    {"text":"t","thought":true},{"text":"a"},{"functionCall":{"name":"f"}},{"text":"b"}]}}]})",
                            kStop});

  std::vector<int> opened;
  for (const ChatEvent& event : events) {
    if (event.kind == Kind::kPartOpen) opened.push_back(event.part);
  }
  EXPECT_THAT(opened, ElementsAre(0, 1, 2, 3));
}

TEST(GeminiChunk, SignatureOfACallIsGivenAtItsOpening) {
  const auto events = Read({R"({"candidates":[{"content":{"parts":[
    {"function_call":{"name":"f"},"thought_signature":"c2ln"}]}}]})",
                            kStop});

  EXPECT_EQ(events[1].kind, Kind::kPartOpen);
  EXPECT_EQ(events[1].signature.origin, "gemini");
  EXPECT_EQ(events[1].signature.model, "gemini-3-pro");
  EXPECT_EQ(events[1].signature.data, "c2ln");
}

TEST(GeminiChunk, SignatureOfAnEmptyTextBelongsToWhatWasSaid) {
  const auto events = Read({kHello, R"({"candidates":[{"content":{"parts":[
    {"text":"","thoughtSignature":"c2ln"}]},"finishReason":"STOP"}]})"});

  EXPECT_THAT(KindsOf(events), ElementsAre(Kind::kStart, Kind::kPartOpen, Kind::kPartDelta,
                                           Kind::kPartClose, Kind::kFinish, Kind::kEnd));
  EXPECT_EQ(events[3].signature.data, "c2ln");
}

TEST(GeminiChunk, SignatureOfAThoughtComesAtItsClose) {
  const auto events = Read({R"({"candidates":[{"content":{"parts":[
    {"text":"hm","thought":true,"thoughtSignature":"c2ln"},{"text":"a"}]},
    "finishReason":"STOP"}]})"});

  EXPECT_EQ(events[1].signature.data, "");
  EXPECT_EQ(events[3].kind, Kind::kPartClose);
  EXPECT_EQ(events[3].signature.data, "c2ln");
}

TEST(GeminiChunk, UsageKeepsWhatALaterChunkLeavesOut) {
  const auto events = Read(
      {kHello, R"({"usageMetadata":{"promptTokenCount":5,"thoughtsTokenCount":2}})",
       R"({"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"candidatesTokenCount":3}})"});

  const ChatEvent& usage = events[events.size() - 4];
  ASSERT_EQ(usage.kind, Kind::kUsage);
  EXPECT_EQ(usage.usage.prompt_tokens, 5);
  EXPECT_EQ(usage.usage.completion_tokens, 5);
  EXPECT_EQ(usage.usage.total_tokens, 10);
}

TEST(GeminiChunk, OnlyAWholeAnswerMayLackItsReason) {
  EXPECT_EQ(Read({kHello}, Form::kWhole).back().kind, Kind::kEnd);
  EXPECT_EQ(Read({kHello}, Form::kStream).back().kind, Kind::kError);
}

TEST(GeminiChunk, PictureIsShownAsText) {
  const auto events = Read({R"({"candidates":[{"content":{"parts":[
    {"inlineData":{"mimeType":"image/png","data":"AAAA"}}]},"finishReason":"STOP"}]})"});

  EXPECT_EQ(events[2].text, "![image](data:image/png;base64,AAAA)");
}

TEST(GeminiChunk, ChoicesHaveALimit) {
  EXPECT_EQ(Read({R"({"candidates":[{"index":127}]})"}).front().kind, Kind::kStart);
  EXPECT_EQ(Read({R"({"candidates":[{"index":128}]})"}).back().kind, Kind::kError);
}

TEST(GeminiChunk, NothingFollowsAnError) {
  EXPECT_THAT(KindsOf(Read({R"({"error":{"message":"no"}})", kHello, kStop})),
              ElementsAre(Kind::kError));
}

TEST(GeminiUsage, ThoughtsAreApart) {
  EXPECT_EQ(DumpJson(WriteGeminiUsage({.known = true,
                                       .prompt_tokens = 7,
                                       .completion_tokens = 5,
                                       .total_tokens = 12,
                                       .cached_tokens = 0,
                                       .reasoning_tokens = 9})),
            R"({"promptTokenCount":7,"candidatesTokenCount":0,"totalTokenCount":12,)"
            R"("thoughtsTokenCount":5})");
}

TEST(GeminiCitations, OffsetsAreOfTheWholeText) {
  GeminiCitations citations;
  citations.BeginText();
  citations.AddText("äb");
  citations.BeginText();
  citations.AddText("cöd");

  citations.Add({{.url = "u", .start = 1, .end = 2}});

  EXPECT_EQ(DumpJson(citations.Take()),
            R"({"citationSources":[{"startIndex":4,"endIndex":6,"uri":"u"}]})");
  EXPECT_TRUE(citations.Take().is_null());
}

}  // namespace
}  // namespace lmgate::dialect
