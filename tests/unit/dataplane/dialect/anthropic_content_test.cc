#include "dataplane/dialect/anthropic_content.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using chat::Role;
using chat::Turn;
using lmgate::testing::IsOk;
using lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<ChatRequest> Read(std::string_view blocks) {
  const auto body =
      ParseObject(StrCat(R"({"messages":[{"role":"user","content":[)", blocks, "]}]}"));
  EXPECT_THAT(body, IsOk());
  ChatRequest request;
  const absl::Status read = ReadAnthropicMessages(*body, &request);
  if (!read.ok()) return read;
  return request;
}

Part OfKind(PartKind kind, std::string text = "") {
  Part part;
  part.kind = kind;
  part.text = std::move(text);
  return part;
}

Part Thinking(std::string origin) {
  Part part = OfKind(PartKind::kReasoning, "t");
  part.signature = {.origin = std::move(origin), .model = "m", .data = "E"};
  return part;
}

Turn User(std::vector<Part> parts) { return {.role = Role::kUser, .parts = std::move(parts)}; }
Turn Assistant(std::vector<Part> parts) {
  return {.role = Role::kAssistant, .parts = std::move(parts)};
}

TEST(AnthropicContent, ReadsDocumentsInResults) {
  const auto request = Read(
      R"({"type":"tool_result","tool_use_id":"t","content":[{"type":"document","title":"T",
          "source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}}]})");

  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->turns[0].parts[0].parts[0].kind, PartKind::kFile);
}

TEST(AnthropicContent, NamesForeignBlocksInResults) {
  const auto request =
      Read(R"({"type":"tool_result","tool_use_id":"t","content":[{"type":"search_result"}]})");

  ASSERT_THAT(request, IsOk());
  EXPECT_THAT(request->own_fields, ElementsAre("messages[0].content[0].content[0]"));
}

TEST(AnthropicContent, NestsOnce) {
  EXPECT_THAT(Read(R"({"type":"tool_result","tool_use_id":"t","content":[{"type":"document",
                       "source":{"type":"content","content":[]}}]})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("too deeply")));
}

TEST(AnthropicContent, ReadsDataUrls) {
  const auto request =
      Read(R"({"type":"image","source":{"type":"url","url":"data:image/PNG;base64,AAAA"}})");

  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->turns[0].parts[0].media_type, "image/png");
  EXPECT_EQ(request->turns[0].parts[0].data, "AAAA");
}

TEST(AnthropicContent, WritesAUserWhereThereIsNone) {
  AnthropicContentRules rules;
  const auto messages = WriteAnthropicMessages({}, &rules);

  ASSERT_THAT(messages, IsOk());
  EXPECT_EQ(messages->dump(), R"([{"role":"user","content":"."}])");
}

// "content cannot be empty if `is_error` is true".
TEST(AnthropicContent, AFailureSaysSomething) {
  Part result = OfKind(PartKind::kToolResult);
  result.id = "t";
  result.is_error = true;
  AnthropicContentRules rules;

  const auto content_of = [&](std::vector<Part> parts) {
    result.parts = std::move(parts);
    const auto messages = WriteAnthropicMessages({User({result})}, &rules);
    EXPECT_THAT(messages, IsOk());
    const Json& block = (*messages)[0]["content"][0];
    EXPECT_EQ(block["is_error"], true);
    return block["content"].get<std::string>();
  };

  EXPECT_EQ(content_of({OfKind(PartKind::kText, "why")}), "why");
  EXPECT_EQ(content_of({OfKind(PartKind::kText, " ")}), "Error");
  EXPECT_EQ(content_of({}), "Error");
}

// "all content must be type 'text' if is_error is true".
TEST(AnthropicContent, AFailureWithAPictureIsSaidByWords) {
  Part image = OfKind(PartKind::kImage);
  image.media_type = "image/png";
  image.data = "iVBORw0KGgo=";
  Part result = OfKind(PartKind::kToolResult);
  result.id = "t";
  result.is_error = true;
  result.parts = {OfKind(PartKind::kText, "why"), image};
  AnthropicContentRules rules;

  const auto messages = WriteAnthropicMessages({User({result})}, &rules);

  ASSERT_THAT(messages, IsOk());
  const Json block = (*messages)[0]["content"][0];
  EXPECT_FALSE(block.contains("is_error"));
  EXPECT_EQ(block["content"][0]["text"], "Error:");
  EXPECT_EQ(block["content"][1]["text"], "why");
  EXPECT_EQ(block["content"][2]["type"], "image");
}

TEST(AnthropicContent, LeavesThinkingOutWhenItIsOff) {
  AnthropicContentRules rules{.model = "m", .sends_reasoning = false};
  const auto messages = WriteAnthropicMessages(
      {User({chat::TextPart("q")}), Assistant({Thinking("anthropic"), chat::TextPart("a")})},
      &rules);

  ASSERT_THAT(messages, IsOk());
  EXPECT_EQ((*messages)[1]["content"].size(), 1u);
}

}  // namespace
}  // namespace lmgate::dialect
