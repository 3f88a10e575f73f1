#include "dataplane/dialect/openai_responses_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/base/strings.h"
#include "dataplane/chat/chat_response.h"
#include "dataplane/dialect/openai_responses.h"
#include "dataplane/dialect/sse_reader.h"
#include "tests/support/openai_responses_grammar.h"

namespace lmgate::dialect {
namespace {

using chat::ChatEvent;
using chat::FinishReason;
using chat::PartKind;
using ::lmgate::testing::CheckOpenAiResponsesStream;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Kind = ChatEvent::Kind;

class OpenAiResponsesEncoderTest : public ::testing::Test {
 protected:
  OpenAiResponsesEncoderTest() {
    context_.id = "abc";
    context_.created = 1730000000;
    context_.model = "claude";
    context_.request.tools = {{.name = "f"}, {.name = "apply_patch", .freeform = true}};
  }

  void Encode(const ChatEvent& event) { encoder_.Encode(event, &bytes_); }
  void Start() { Encode({.kind = Kind::kStart, .id = "up_1", .name = "claude-x"}); }
  void Open(int part, PartKind kind, std::string id = {}, std::string name = {}) {
    Encode({.kind = Kind::kPartOpen, .part = part, .part_kind = kind, .id = id, .name = name});
  }
  void Add(int part, PartKind kind, std::string text) {
    Encode({.kind = Kind::kPartDelta, .part = part, .part_kind = kind, .text = text});
  }
  void Close(int part, PartKind kind, chat::Signature signature = {}) {
    Encode({.kind = Kind::kPartClose, .part = part, .part_kind = kind, .signature = signature});
  }
  void Write(int part, PartKind kind, std::string text, std::string id = {},
             std::string name = {}) {
    Open(part, kind, id, name);
    Add(part, kind, text);
    Close(part, kind);
  }
  void End(FinishReason finish = FinishReason::kStop) {
    Encode({.kind = Kind::kFinish, .finish = finish});
    Encode({.kind = Kind::kEnd});
  }
  void Fail(chat::ProviderError error) {
    ChatEvent event{.kind = Kind::kError};
    event.error = std::move(error);
    Encode(event);
  }

  std::vector<std::string> Types() {
    std::vector<std::string> types;
    SseReader reader;
    std::string_view rest = bytes_;
    SseReader::Event event;
    while (reader.Next(&rest, &event)) {
      types.emplace_back(event.type.substr(std::string_view("response.").size()));
    }
    return types;
  }
  Json Final() { return *ParseJson(encoder_.final_response()); }

  AnswerContext context_;
  OpenAiResponsesEncoder encoder_{context_};
  std::string bytes_;
};

TEST_F(OpenAiResponsesEncoderTest, WritesAMessage) {
  Start();
  Write(0, PartKind::kText, "hi");
  End();

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_THAT(Types(), ElementsAre("created", "in_progress", "output_item.added",
                                   "content_part.added", "output_text.delta", "output_text.done",
                                   "content_part.done", "output_item.done", "completed"));
  EXPECT_EQ(Final()["model"], "claude-x");
  EXPECT_EQ(Final()["output"][0]["content"][0]["text"], "hi");
}

TEST_F(OpenAiResponsesEncoderTest, EachDeltaGoesOutAtOnce) {
  Start();
  Open(0, PartKind::kText);
  for (const char* const piece : {"a", "b", "c"}) {
    bytes_.clear();
    Add(0, PartKind::kText, piece);
    EXPECT_THAT(bytes_, HasSubstr(StrCat("\"delta\":\"", std::string(piece), "\"")));
  }
}

TEST_F(OpenAiResponsesEncoderTest, WritesReasoningAsOneSummaryPart) {
  Start();
  Open(0, PartKind::kReasoning);
  Add(0, PartKind::kReasoning, "wh");
  Add(0, PartKind::kReasoning, "y");
  Close(0, PartKind::kReasoning, {.origin = "anthropic", .model = "claude", .data = "sig"});
  Write(1, PartKind::kText, "hi");
  End();

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_EQ(Final()["output"][0]["summary"][0]["text"], "why");
  EXPECT_THAT(Final()["output"][0]["encrypted_content"].get<std::string>(),
              ::testing::StartsWith("lmg1."));
}

TEST_F(OpenAiResponsesEncoderTest, HiddenReasoningIsAnItemWithoutSummary) {
  Start();
  Open(0, PartKind::kReasoning);
  Close(0, PartKind::kReasoning, {.origin = "anthropic", .data = "redacted"});
  End();

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_TRUE(Final()["output"][0]["summary"].empty());
}

TEST_F(OpenAiResponsesEncoderTest, EmptyTextAndReasoningAreNoItems) {
  Start();
  Open(0, PartKind::kReasoning);
  Close(0, PartKind::kReasoning);
  Open(1, PartKind::kText);
  Add(1, PartKind::kText, "");
  Close(1, PartKind::kText);
  Write(2, PartKind::kToolCall, "{}", "c", "f");
  End(FinishReason::kToolCalls);

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_EQ(Final()["output"].size(), 1U);
  EXPECT_EQ(Final()["output"][0]["id"], "fc_abc_0");
}

TEST_F(OpenAiResponsesEncoderTest, InterleavedCallsAndTextKeepTheirIndexes) {
  Start();
  Open(0, PartKind::kToolCall, "c0", "f");
  Open(1, PartKind::kToolCall, "c1", "f");
  Add(1, PartKind::kToolCall, "{\"b\"");
  Open(2, PartKind::kText);
  Add(2, PartKind::kText, "mean");
  Add(0, PartKind::kToolCall, "{}");
  Add(1, PartKind::kToolCall, ":1}");
  Add(2, PartKind::kText, "while");
  Close(1, PartKind::kToolCall);
  Close(0, PartKind::kToolCall);
  Close(2, PartKind::kText);
  End(FinishReason::kToolCalls);

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_EQ(Final()["output"][0]["call_id"], "c0");
  EXPECT_EQ(Final()["output"][1]["arguments"], "{\"b\":1}");
  EXPECT_EQ(Final()["output"][2]["content"][0]["text"], "meanwhile");
}

TEST_F(OpenAiResponsesEncoderTest, ACallWithoutArgumentsHasAnEmptyObject) {
  Start();
  Open(0, PartKind::kToolCall, "c", "f");
  Close(0, PartKind::kToolCall);
  End(FinishReason::kToolCalls);

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_EQ(Final()["output"][0]["arguments"], "{}");
}

TEST_F(OpenAiResponsesEncoderTest, CustomCallsComeBackAsText) {
  Start();
  Open(0, PartKind::kToolCall, "c", "apply_patch");
  Add(0, PartKind::kToolCall, R"({"input":"*** Begin\)");
  Add(0, PartKind::kToolCall, R"(n+x"})");
  Close(0, PartKind::kToolCall);
  End(FinishReason::kToolCalls);

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_THAT(bytes_, HasSubstr(R"("delta":"*** Begin")"));
  EXPECT_EQ(Final()["output"][0]["type"], "custom_tool_call");
  EXPECT_EQ(Final()["output"][0]["input"], "*** Begin\n+x");
}

TEST_F(OpenAiResponsesEncoderTest, CustomCallsOfAnotherFormWaitForTheirEnd) {
  Start();
  Write(0, PartKind::kToolCall, R"({"patch":"p"})", "c", "apply_patch");
  End(FinishReason::kToolCalls);

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_EQ(Final()["output"][0]["input"], "p");
}

TEST_F(OpenAiResponsesEncoderTest, WritesCitationsWhereTheyCome) {
  Start();
  Open(0, PartKind::kText);
  Add(0, PartKind::kText, "Öl");
  ChatEvent citation{.kind = Kind::kPartDelta, .part = 0};
  citation.citations = {{.url = "https://e.com", .title = "E"}};
  Encode(citation);
  Add(0, PartKind::kText, " more");
  Close(0, PartKind::kText);
  End();

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_EQ(Final()["output"][0]["content"][0]["annotations"][0]["end_index"], 2);
}

TEST_F(OpenAiResponsesEncoderTest, ASignedCallHasAReasoningItemBeforeIt) {
  Start();
  ChatEvent open{.kind = Kind::kPartOpen, .part_kind = PartKind::kToolCall, .id = "c", .name = "f"};
  open.signature = {.origin = "gemini", .data = "t"};
  Encode(open);
  Close(0, PartKind::kToolCall);
  End(FinishReason::kToolCalls);

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_EQ(Final()["output"][0]["type"], "reasoning");
  EXPECT_EQ(Final()["output"][1]["type"], "function_call");
}

TEST_F(OpenAiResponsesEncoderTest, EndsAsTheAnswerDid) {
  Start();
  Write(0, PartKind::kText, "hi");
  End(FinishReason::kLength);

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_EQ(Types().back(), "incomplete");
  EXPECT_EQ(Final()["incomplete_details"]["reason"], "max_output_tokens");
}

TEST_F(OpenAiResponsesEncoderTest, TheLastItemOfACutAnswerIsIncomplete) {
  Start();
  Write(0, PartKind::kText, "whole");
  Write(1, PartKind::kToolCall, "{\"half", "call_1", "f");
  End(FinishReason::kLength);

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_EQ(Final()["output"][0]["status"], "completed");
  EXPECT_EQ(Final()["output"][1]["status"], "incomplete");
}

TEST_F(OpenAiResponsesEncoderTest, ARefusalIsInTheMessageOfItsText) {
  Start();
  Write(0, PartKind::kText, "I cannot");
  End(FinishReason::kRefusal);

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_EQ(Final()["output"].size(), 1U);
  EXPECT_EQ(Final()["output"][0]["content"][0]["text"], "I cannot");
  EXPECT_EQ(Final()["output"][0]["content"][1]["type"], "refusal");
}

TEST_F(OpenAiResponsesEncoderTest, ARefusalWithWordsOfItsOwnIsInTheMessageOfItsText) {
  Start();
  Write(0, PartKind::kText, "I cannot");
  Write(1, PartKind::kRefusal, "against the rules");
  End(FinishReason::kRefusal);

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_EQ(Final()["output"].size(), 1U);
  EXPECT_EQ(Final()["output"][0]["content"].size(), 2U);
  EXPECT_EQ(Final()["output"][0]["content"][1]["refusal"], "against the rules");
}

TEST_F(OpenAiResponsesEncoderTest, ARefusalIsNeverSilent) {
  Start();
  End(FinishReason::kRefusal);

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_EQ(Final()["output"][0]["content"][0]["type"], "refusal");
}

TEST_F(OpenAiResponsesEncoderTest, UsageIsTheLastThatCame) {
  Start();
  ChatEvent usage{.kind = Kind::kUsage};
  usage.usage = {.known = true, .prompt_tokens = 1, .completion_tokens = 2};
  Encode(usage);
  usage.usage.completion_tokens = 5;
  Encode(usage);
  End();

  EXPECT_EQ(Final()["usage"]["output_tokens"], 5);
  EXPECT_EQ(Final()["usage"]["total_tokens"], 6);
}

TEST_F(OpenAiResponsesEncoderTest, AnErrorIsAFailedResponseAndTheEnd) {
  Start();
  Write(0, PartKind::kText, "whole");
  Open(1, PartKind::kText);
  Add(1, PartKind::kText, "half");
  Fail({.kind = chat::ErrorKind::kRateLimit, .message = "Slow down."});
  End();

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_EQ(Types().back(), "failed");
  EXPECT_EQ(Final()["error"]["code"], "rate_limit_exceeded");
  EXPECT_EQ(Final()["output"].size(), 1U);
}

TEST_F(OpenAiResponsesEncoderTest, AnErrorBeforeAnythingIsAStreamOfItsOwn) {
  Fail({.message = "gone"});

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_THAT(Types(), ElementsAre("created", "in_progress", "failed"));
}

TEST_F(OpenAiResponsesEncoderTest, HasNoFinalResponseBeforeTheEnd) {
  Start();
  Write(0, PartKind::kText, "hi");

  EXPECT_EQ(encoder_.final_response(), "");
}

TEST_F(OpenAiResponsesEncoderTest, AnAnswerThatIsTooLongFails) {
  constexpr size_t kPartBytes = 256;  // that each part counts besides
  for (const size_t bytes_max : {kPartBytes + 100, kPartBytes + 99}) {
    OpenAiResponsesEncoder encoder(context_, bytes_max);
    std::string bytes;
    encoder.Encode({.kind = Kind::kStart}, &bytes);
    encoder.Encode({.kind = Kind::kPartOpen}, &bytes);
    encoder.Encode({.kind = Kind::kPartDelta, .text = std::string(100, 'x')}, &bytes);
    encoder.Encode({.kind = Kind::kPartClose}, &bytes);
    encoder.Encode({.kind = Kind::kFinish}, &bytes);
    encoder.Encode({.kind = Kind::kEnd}, &bytes);
    EXPECT_EQ(CheckOpenAiResponsesStream(bytes), "");
    EXPECT_THAT(
        bytes, HasSubstr(bytes_max == kPartBytes + 100 ? "response.completed" : "response.failed"));
  }
}

TEST_F(OpenAiResponsesEncoderTest, OtherChoicesStayOut) {
  Start();
  Encode({.kind = Kind::kPartOpen, .choice = 1});
  Encode({.kind = Kind::kPartDelta, .choice = 1, .text = "other"});
  End();

  EXPECT_THAT(bytes_, Not(HasSubstr("other")));
}

TEST_F(OpenAiResponsesEncoderTest, StreamAndPlainAnswerAreTheSame) {
  chat::ChatResponse response;
  response.model = "claude-x";
  response.usage = {.known = true, .prompt_tokens = 3, .completion_tokens = 4};
  chat::Part reasoning;
  reasoning.kind = PartKind::kReasoning;
  reasoning.text = "why";
  chat::Part call;
  call.kind = PartKind::kToolCall;
  call.id = "c";
  call.name = "apply_patch";
  call.arguments = R"({"input":"p"})";
  call.signature = {.origin = "gemini", .data = "t"};
  response.choices.push_back(
      {.parts = {reasoning, chat::TextPart("hi"), call}, .finish = FinishReason::kToolCalls});

  for (const ChatEvent& event : chat::EventsOf(response)) Encode(event);

  EXPECT_EQ(CheckOpenAiResponsesStream(bytes_), "");
  EXPECT_EQ(encoder_.final_response(), OpenAiResponses().EncodeResponse(response, context_));
}

}  // namespace
}  // namespace lmgate::dialect
