#include "dataplane/dialect/openai_chat_wire.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "dataplane/dialect/seal.h"
#include "tests/unit/dataplane/dialect/openai_chat_answers.h"

namespace lmgate::dialect {
namespace {

using chat::FinishReason;

Json Parse(std::string_view text) { return *ParseJson(text); }

TEST(ChatWire, UsageIsReadAndWritten) {
  const chat::TokenUsage usage =
      ReadChatUsage(Parse(R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":99,)"
                          R"("prompt_tokens_details":{"cached_tokens":3,"cache_write_tokens":2},)"
                          R"("completion_tokens_details":{"reasoning_tokens":4}})"));

  EXPECT_TRUE(usage.known);
  EXPECT_EQ(usage.total_tokens, 15);
  EXPECT_EQ(DumpJson(ChatUsage(usage)),
            R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,)"
            R"("prompt_tokens_details":{"cached_tokens":3,"cache_write_tokens":2},)"
            R"("completion_tokens_details":{"reasoning_tokens":4}})");
}

TEST(ChatWire, UsageThatSaysNothingIsNotKnown) {
  EXPECT_FALSE(ReadChatUsage(Parse("{}")).known);
  EXPECT_FALSE(ReadChatUsage(Parse("[1]")).known);
  EXPECT_EQ(ReadChatUsage(Parse(R"({"prompt_tokens":-5})")).prompt_tokens, 0);
  EXPECT_EQ(
      ReadChatUsage(Parse(R"({"prompt_tokens":1,"prompt_cache_hit_tokens":1})")).cached_tokens, 1);
}

TEST(ChatWire, FinishReasons) {
  EXPECT_EQ(ReadChatFinish(""), std::nullopt);
  EXPECT_EQ(ReadChatFinish("function_call"), FinishReason::kToolCalls);
  EXPECT_EQ(ReadChatFinish("model_length"), FinishReason::kLength);
  EXPECT_EQ(ReadChatFinish("anything"), FinishReason::kStop);
  EXPECT_TRUE(IsChatFailure("insufficient_system_resource"));
  EXPECT_FALSE(IsChatFailure("stop"));
  EXPECT_EQ(ChatFinish(FinishReason::kStopSequence, false, TestContext()), "stop");
  EXPECT_EQ(ChatFinish(FinishReason::kRefusal, true, TestContext()), "stop");
  EXPECT_EQ(ChatFinish(FinishReason::kRefusal, false, TestContext()), "content_filter");
}

TEST(ChatWire, AnnotationsOutsideOfTheirTextHaveNoPlace) {
  const Json annotations =
      Parse(R"([{"type":"url_citation","url_citation":{"url":"u","start_index":1,"end_index":3}},)"
            R"({"type":"file_citation"},null])");

  EXPECT_EQ(ReadChatAnnotations(annotations, 1).front().start, 0);
  const auto outside = ReadChatAnnotations(annotations, 2);
  ASSERT_EQ(outside.size(), 1u);
  EXPECT_EQ(outside.front().start, -1);
  EXPECT_EQ(chat::CodePoints("aü😀"), 3);
}

TEST(ChatWire, ASignedReasoningComesBack) {
  chat::Part part;
  part.kind = chat::PartKind::kReasoning;
  part.text = "hm";
  part.signature = {.origin = "anthropic", .model = "claude", .data = "c2ln"};
  Json message = Json::object();
  message["reasoning_content"] = "hm";
  message["reasoning_details"] = Json::array();
  message["reasoning_details"].push_back(ChatReasoningDetail(part, 0));
  part.text.clear();
  message["reasoning_details"].push_back(ChatReasoningDetail(part, 1));

  const ChatReasoning read = ReadChatReasoning(message);

  ASSERT_EQ(read.signed_parts.size(), 2u);
  EXPECT_EQ(Describe(read.signed_parts[0]), "reasoning hm <anthropic/claude/c2ln>");
  EXPECT_EQ(Describe(read.signed_parts[1]), "reasoning  <anthropic/claude/c2ln>");
}

// Clients that collect the pieces of a stream send them back as pieces.
TEST(ChatWire, PiecesOfOneDetailAreOnePart) {
  const std::string sealed = SealSignature({.origin = "anthropic", .model = "m", .data = "x"}, {});
  const ChatReasoning read = ReadChatReasoning(
      Parse(StrCat(R"({"reasoning_details":[{"type":"reasoning.text","index":0,"text":"a"},)"
                   R"({"type":"reasoning.text","index":0,"text":"b"},)"
                   R"({"type":"reasoning.text","index":0,"signature":")",
                   sealed, "\"}]}")));

  ASSERT_EQ(read.signed_parts.size(), 1u);
  EXPECT_EQ(read.signed_parts.front().text, "ab");
}

TEST(ChatWire, ASignatureOfNobodyIsNone) {
  const ChatReasoning read = ReadChatReasoning(
      Parse(R"({"reasoning_details":[{"type":"reasoning.text","text":"a","signature":"raw"}]})"));

  EXPECT_TRUE(read.signed_parts.empty());
  EXPECT_EQ(read.text, "a");
  EXPECT_TRUE(ChatReasoningDetail(chat::TextPart("a"), 0).is_null());
}

TEST(ChatWire, GooglesThoughtSignatures) {
  const chat::Signature raw = ReadExtraContent(
      Parse(R"({"extra_content":{"google":{"thought_signature":"c2ln"}}})"), "gemini-3");
  Json sealed = Json::object();
  sealed["extra_content"] = ExtraContent(SealSignature(raw, {}));
  const chat::Signature again = ReadExtraContent(sealed, "other");

  EXPECT_EQ(raw.origin, kOriginGemini);
  EXPECT_EQ(raw.model, "gemini-3");
  EXPECT_EQ(again.model, "gemini-3");
  EXPECT_EQ(again.data, "c2ln");
  EXPECT_TRUE(ReadExtraContent(Parse("{}"), "m").data.empty());
}

TEST(ChatWire, AnIdIsTheProvidersWhenItIsOneOfChat) {
  EXPECT_EQ(ChatAnswerId("chatcmpl-1", TestContext()), "chatcmpl-1");
  EXPECT_EQ(ChatAnswerId("msg_1", TestContext()), "chatcmpl-r1");
}

}  // namespace
}  // namespace lmgate::dialect
