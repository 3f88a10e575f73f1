#include "dataplane/dialect/sealed_history.h"

#include <absl/strings/escaping.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/strings.h"
#include "dataplane/dialect/anthropic.h"
#include "dataplane/dialect/bedrock_converse_words.h"
#include "dataplane/dialect/gemini_contents.h"
#include "dataplane/dialect/seal.h"

namespace lmgate::dialect {
namespace {

using ::testing::Eq;
using ::testing::Optional;

const chat::Signature kOpenAis{.origin = "openai", .model = "gpt-5", .data = "gAAAA"};
const chat::Signature kAnthropics{.origin = "anthropic", .model = "c", .data = "EqRk"};

// As an Anthropic client was given it.
std::string Sealed() { return SealSignature(kOpenAis, kOriginAnthropic); }

TEST(StripSealed, LooksForTheEnvelopeOnly) {
  for (const char* dialect : {"anthropic", "openai-responses", "gemini", "bedrock"}) {
    EXPECT_EQ(
        StripSealed(dialect, R"({"messages":[{"role":"assistant","content":[{"type":"thinking",)"
                             R"("thinking":"t","signature":"EqRk"}]}]})"),
        std::nullopt);
  }
  // Said, and not signed.
  EXPECT_EQ(StripSealed("anthropic", R"({"messages":[{"role":"user","content":"lmg1.x"}]})"),
            std::nullopt);
  EXPECT_EQ(StripSealed("anthropic", "lmg1."), std::nullopt);
}

TEST(StripSealed, AnthropicLosesForeignThinking) {
  const std::string own = R"({"type":"thinking","thinking":"own","signature":"EqRk"} ,)"
                          R"( {"type":"redacted_thinking","data":"Eq"})";
  EXPECT_THAT(
      StripSealed("anthropic",
                  StrCat(R"({"n":12345678901234567890, "messages":[{"role":"assistant","content":[)"
                         R"({"type":"thinking","thinking":"t","signature":")",
                         Sealed(), R"("}, )", R"({"type":"redacted_thinking","data":")", Sealed(),
                         R"("}, )", own, R"(, {"type":"text","text":"a"}]}]})")),
      Optional(
          Eq(StrCat(R"({"n":12345678901234567890, "messages":[{"role":"assistant","content":[)",
                    own, R"(, {"type":"text","text":"a"}]}]})"))));
}

TEST(StripSealed, UnsignedThinkingIsForeignToo) {
  EXPECT_THAT(
      StripSealed("anthropic",
                  StrCat(R"({"messages":[{"role":"assistant","content":[{"type":"thinking",)"
                         R"("thinking":"t","signature":")",
                         kSealOfNothing, R"("},{"type":"text","text":"a"}]}]})")),
      Optional(
          Eq(R"({"messages":[{"role":"assistant","content":[{"type":"text","text":"a"}]}]})")));
}

TEST(StripSealed, ATurnOfWhichNothingIsLeftGoes) {
  EXPECT_THAT(
      StripSealed("anthropic",
                  StrCat(R"({"messages":[{"role":"user","content":"a"},{"role":"assistant",)"
                         R"("content":[{"type":"redacted_thinking","data":")",
                         Sealed(), R"("}]},{"role":"user","content":"b"}]})")),
      Optional(
          Eq(R"({"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]})")));
}

// A session of Claude Code that another provider's thinking began; `more` = further messages.
std::string ToolLoop(std::string_view thinking, std::string_view more = "") {
  return StrCat(
      R"({"thinking":{"type":"enabled","budget_tokens":2048},"max_tokens":9,)",
      R"("context_management":{"edits":[{"type":"clear_thinking_20251015"},{"type":"x"}]},)",
      R"("messages":[{"role":"user","content":"a"},{"role":"assistant","content":[)", thinking,
      R"({"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[)",
      R"({"type":"tool_result","tool_use_id":"t"}]})", more, "]}");
}
std::string SealedThinking() {
  return StrCat(R"({"type":"thinking","thinking":"t","signature":")", Sealed(), "\"},");
}

TEST(StripSealed, ThinkingIsOffInALoopThatLostIt) {
  EXPECT_THAT(
      StripSealed("anthropic", ToolLoop(SealedThinking())),
      Optional(
          Eq(R"({"max_tokens":9,"context_management":{"edits":[{"type":"x"}]},)"
             R"("messages":[{"role":"user","content":"a"},{"role":"assistant","content":[)"
             R"({"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[)"
             R"({"type":"tool_result","tool_use_id":"t"}]}]})")));
}

TEST(StripSealed, ThinkingStaysOnAfterTheLoop) {
  const char* const next = R"(,{"role":"assistant","content":"b"},{"role":"user","content":"c"})";

  EXPECT_THAT(StripSealed("anthropic", ToolLoop(SealedThinking(), next)),
              Optional(Eq(ToolLoop("", next))));
}

TEST(StripSealed, AdaptiveThinkingStays) {
  const auto adaptive = [](std::string text) {
    const std::string_view budget = R"("enabled","budget_tokens":2048)";
    return text.replace(text.find(budget), budget.size(), R"("adaptive")");
  };

  EXPECT_THAT(StripSealed("anthropic", adaptive(ToolLoop(SealedThinking()))),
              Optional(Eq(adaptive(ToolLoop("")))));
}

TEST(StripSealed, InvokeIsAnthropics) {
  EXPECT_THAT(
      StripSealed("bedrock",
                  StrCat(R"({"anthropic_version":"v","messages":[{"role":"assistant","content":[)",
                         SealedThinking(), R"({"type":"text","text":"a"}]}]})")),
      Optional(Eq(R"({"anthropic_version":"v","messages":[{"role":"assistant","content":[)"
                  R"({"type":"text","text":"a"}]}]})")));
}

TEST(StripSealed, ResponsesLoseForeignReasoning) {
  const std::string sealed = SealSignature(kAnthropics, kOriginOpenAi);
  EXPECT_THAT(
      StripSealed(
          "openai-responses",
          StrCat(
              R"({"input":[{"type":"reasoning","encrypted_content":"gAAAA"},{"type":"reasoning",)"
              R"("summary":[],"encrypted_content":")",
              sealed, R"("},{"role":"user","content":"lmg1."}]})")),
      Optional(Eq(R"({"input":[{"type":"reasoning","encrypted_content":"gAAAA"},)"
                  R"({"role":"user","content":"lmg1."}]})")));
}

TEST(StripSealed, GeminiLosesTheSignatureOnly) {
  const std::string sealed = WriteGeminiSignature(kAnthropics);
  for (const std::string name : {"thoughtSignature", "thought_signature"}) {
    EXPECT_THAT(
        StripSealed("gemini",
                    StrCat(R"({"contents":[{"role":"model","parts":[{"text":"a",")", name, "\":\"",
                           sealed, R"("},{"text":"b",")", name, R"(":"CiQ"}]}]})")),
        Optional(Eq(StrCat(R"({"contents":[{"role":"model","parts":[{"text":"a"},{"text":"b",")",
                           name, R"(":"CiQ"}]}]})"))));
  }
}

TEST(StripSealed, GeminiCallsKeepAPlaceOfASignature) {
  EXPECT_THAT(
      StripSealed("gemini", StrCat(R"({"contents":[{"parts":[{"thoughtSignature":")",
                                   WriteGeminiSignature(kAnthropics),
                                   R"(","functionCall":{"name":"f"}}]}]})")),
      Optional(
          Eq(R"({"contents":[{"parts":[{"thoughtSignature":"skip_thought_signature_validator",)"
             R"("functionCall":{"name":"f"}}]}]})")));
}

TEST(StripSealed, GeminiLosesForeignThoughts) {
  const std::string sealed = WriteGeminiSignature(kAnthropics);
  EXPECT_THAT(
      StripSealed(
          "gemini",
          StrCat(R"({"contents":[{"parts":[{"thought":true,"text":"t","thoughtSignature":")",
                 sealed, R"("},{"text":"","thoughtSignature":")", sealed,
                 R"("},{"text":"a"}]},{"parts":[{"thought":true,"text":"t","thoughtSignature":")",
                 sealed, R"("}]}]})")),
      Optional(Eq(R"({"contents":[{"parts":[{"text":"a"}]}]})")));
}

TEST(StripSealed, ConverseLosesForeignReasoning) {
  EXPECT_THAT(
      StripSealed(
          "bedrock",
          StrCat(
              R"({"messages":[{"role":"assistant","content":[{"reasoningContent":{"reasoningText":)"
              R"({"text":"t","signature":")",
              Sealed(), R"("}}},{"reasoningContent":{"redactedContent":")",
              WriteRedactedContent(kOpenAis),
              R"("}},{"reasoningContent":{"reasoningText":{"text":"own","signature":"Eq"}}},)"
              R"({"text":"a"}]}]})")),
      Optional(
          Eq(R"({"messages":[{"role":"assistant","content":[{"reasoningContent":{"reasoningText":)"
             R"({"text":"own","signature":"Eq"}}},{"text":"a"}]}]})")));
}

TEST(StripSealed, ConverseTurnsAlternateStill) {
  EXPECT_THAT(
      StripSealed("bedrock",
                  StrCat(R"({"messages":[{"role":"assistant","content":[{"reasoningContent":)"
                         R"({"redactedContent":")",
                         WriteRedactedContent(kOpenAis), R"("}}]}]})")),
      Optional(Eq(R"({"messages":[{"role":"assistant","content":[{"text":"."}]}]})")));
}

TEST(StripSealed, ConverseThinkingIsOffInALoopThatLostIt) {
  EXPECT_THAT(
      StripSealed(
          "bedrock",
          StrCat(R"({"additionalModelRequestFields":{"thinking":{"type":"enabled",)"
                 R"("budget_tokens":1024},)"
                 R"("top_k":1},"messages":[{"role":"assistant","content":[{"reasoningContent":)"
                 R"({"redactedContent":")",
                 WriteRedactedContent(kOpenAis),
                 R"("}},{"toolUse":{"toolUseId":"t"}}]},{"role":"user","content":)"
                 R"([{"toolResult":{"toolUseId":"t"}}]}]})")),
      Optional(Eq(R"({"additionalModelRequestFields":{"top_k":1},"messages":[{"role":"assistant",)"
                  R"("content":)"
                  R"([{"toolUse":{"toolUseId":"t"}}]},{"role":"user","content":)"
                  R"([{"toolResult":{"toolUseId":"t"}}]}]})")));
}

TEST(StripSealed, ChatBodiesStay) {
  EXPECT_EQ(
      StripSealed("openai-chat", R"({"messages":[{"role":"assistant","reasoning":"lmg1.x"}]})"),
      std::nullopt);
}

}  // namespace
}  // namespace lmgate::dialect
