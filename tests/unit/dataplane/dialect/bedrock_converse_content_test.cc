#include "dataplane/dialect/bedrock_converse_content.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/base/error_detail.h"
#include "common/base/strings.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::Part;
using chat::PartKind;
using lmgate::testing::IsOk;
using lmgate::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

std::vector<std::string> own_fields;

absl::StatusOr<std::vector<Part>> Read(std::string_view content) {
  own_fields.clear();
  return ReadConverseContent(Json::parse(content), "c", &own_fields);
}

// The only part of content that is read without complaint.
Part ReadOne(std::string_view block) {
  const auto parts = Read(StrCat("[", block, "]"));
  EXPECT_THAT(parts, IsOk());
  EXPECT_TRUE(parts.ok() && parts->size() == 1);
  return parts.ok() && !parts->empty() ? parts->front() : Part();
}

std::string FieldOf(const absl::Status& status) {
  const auto hint = GetFieldHint(status);
  return hint.has_value() ? hint->field : "";
}

absl::StatusOr<Json> Write(const std::vector<Part>& parts,
                           ConverseContentWriter::Options options = {.model = "claude"}) {
  Json content = Json::array();
  const absl::Status status = ConverseContentWriter(options).Write(parts, &content);
  if (!status.ok()) return status;
  return content;
}

Part Media(PartKind kind, std::string media_type, std::string data, std::string filename = {}) {
  Part part{.kind = kind};
  part.media_type = std::move(media_type);
  part.data = std::move(data);
  part.filename = std::move(filename);
  return part;
}

TEST(BedrockConverseContent, TextMayBeAStringOrBlocks) {
  EXPECT_EQ(Read(R"("hi")")->front().text, "hi");
  EXPECT_EQ(ReadOne(R"({"text":"hi"})").text, "hi");
  EXPECT_EQ(ReadOne(R"({"image":null,"text":"hi"})").text, "hi");
}

TEST(BedrockConverseContent, AnImageHasItsType) {
  const Part part = ReadOne(R"({"image":{"format":"jpeg","source":{"bytes":"aGk="}}})");

  EXPECT_EQ(part.kind, PartKind::kImage);
  EXPECT_EQ(part.media_type, "image/jpeg");
  EXPECT_EQ(part.data, "aGk=");
}

TEST(BedrockConverseContent, ADocumentHasItsTypeAndAnExtension) {
  const Part part =
      ReadOne(R"({"document":{"format":"pdf","name":"Q3 report","source":{"bytes":"aGk="}}})");

  EXPECT_EQ(part.kind, PartKind::kFile);
  EXPECT_EQ(part.media_type, "application/pdf");
  EXPECT_EQ(part.filename, "Q3 report.pdf");
}

TEST(BedrockConverseContent, ADocumentOfTextIsAFileOfText) {
  const Part part = ReadOne(R"({"document":{"name":"n","source":{"text":"hi"}}})");

  EXPECT_EQ(part.media_type, "text/plain");
  EXPECT_EQ(part.data, "aGk=");
}

TEST(BedrockConverseContent, Base64WithoutPaddingIsPadded) {
  EXPECT_EQ(ReadOne(R"({"image":{"format":"png","source":{"bytes":"aGk"}}})").data, "aGk=");
}

TEST(BedrockConverseContent, AToolCallKeepsItsIdAndInput) {
  const Part part =
      ReadOne(R"({"toolUse":{"toolUseId":"tooluse_1","name":"f","input":{"b":1,"a":[]}}})");

  EXPECT_EQ(part.kind, PartKind::kToolCall);
  EXPECT_EQ(part.id, "tooluse_1");
  EXPECT_EQ(part.name, "f");
  EXPECT_EQ(part.arguments, R"({"b":1,"a":[]})");
}

TEST(BedrockConverseContent, AToolResultKeepsItsPartsAndStatus) {
  const Part part =
      ReadOne(R"({"toolResult":{"toolUseId":"t","status":"error","content":[{"text":"a"},)"
              R"({"json":{"b":1}},{"image":{"format":"png","source":{"bytes":"aGk="}}}]}})");

  EXPECT_EQ(part.kind, PartKind::kToolResult);
  EXPECT_TRUE(part.is_error);
  ASSERT_EQ(part.parts.size(), 3U);
  EXPECT_EQ(part.parts[0].text, "a");
  EXPECT_EQ(part.parts[1].text, R"({"b":1})");
  EXPECT_EQ(part.parts[2].kind, PartKind::kImage);
}

TEST(BedrockConverseContent, ReasoningKeepsItsSignature) {
  const Part part =
      ReadOne(R"({"reasoningContent":{"reasoningText":{"text":"hm","signature":"c2ln"}}})");

  EXPECT_EQ(part.kind, PartKind::kReasoning);
  EXPECT_EQ(part.text, "hm");
  EXPECT_EQ(part.signature.origin, "anthropic");
  EXPECT_EQ(part.signature.data, "c2ln");
  EXPECT_EQ(ReadOne(R"({"reasoningContent":{"redactedContent":"c2ln"}})").signature.data, "c2ln");
}

TEST(BedrockConverseContent, ACachePointMarksThePartBeforeIt) {
  const auto parts =
      Read(R"([{"cachePoint":{"type":"default"}},{"text":"a"},{"cachePoint":{"type":"default"}},)"
           R"({"text":"b"}])");

  ASSERT_THAT(parts, IsOk());
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_TRUE((*parts)[0].cache);
  EXPECT_FALSE((*parts)[1].cache);
}

TEST(BedrockConverseContent, WhatOnlyConverseKnowsIsNamed) {
  EXPECT_THAT(Read(R"([{"text":"x"},{"guardContent":{"text":{"text":"x"}}}])"), IsOk());
  EXPECT_THAT(own_fields, ElementsAre("c[1].guardContent"));
  EXPECT_THAT(Read(R"([{"video":{}}])"), IsOk());
  EXPECT_THAT(own_fields, ElementsAre("c[0].video"));
  EXPECT_THAT(Read(R"([{"image":{"format":"png","source":{"s3Location":{"uri":"s3://b/k"}}}}])"),
              IsOk());
  EXPECT_THAT(own_fields, ElementsAre("c[0].image.source.s3Location"));
  EXPECT_THAT(
      Read(R"([{"document":{"format":"txt","name":"n","context":"c","citations":{"enabled":true},)"
           R"("source":{"content":[{"text":"x"}]}}}])"),
      IsOk());
  EXPECT_THAT(own_fields, ElementsAre("c[0].document.context", "c[0].document.source.content"));
  EXPECT_THAT(Read(R"([{"toolUse":{"toolUseId":"t","name":"f","type":"server_tool_use"}}])"),
              IsOk());
  EXPECT_THAT(own_fields, ElementsAre("c[0].toolUse.type"));
}

TEST(BedrockConverseContent, WrongFieldsAreNamed) {
  const std::pair<const char*, const char*> kRows[] = {
      {R"(7)", "c"},
      {R"([7])", "c[0]"},
      {R"([{}])", "c[0]"},
      {R"([{"text":7}])", "c[0].text"},
      {R"([{"image":{"source":{"bytes":"aGk="}}}])", "c[0].image.format"},
      {R"([{"image":{"format":"png"}}])", "c[0].image.source"},
      {R"([{"image":{"format":"png","source":{}}}])", "c[0].image.source.bytes"},
      {R"([{"image":{"format":"png","source":{"bytes":"%%%"}}}])", "c[0].image.source.bytes"},
      {R"([{"image":{"format":"png","source":{"bytes":""}}}])", "c[0].image.source.bytes"},
      {R"([{"document":{"format":"exe","name":"n","source":{"bytes":"aGk="}}}])",
       "c[0].document.format"},
      {R"([{"toolUse":{"name":"f"}}])", "c[0].toolUse.toolUseId"},
      {R"([{"toolUse":{"toolUseId":"t"}}])", "c[0].toolUse.name"},
      {R"([{"toolResult":{"toolUseId":"t","status":"maybe"}}])", "c[0].toolResult.status"},
      {R"([{"toolResult":{"toolUseId":"t","content":[{"text":1}]}}])",
       "c[0].toolResult.content[0].text"},
      {R"([{"reasoningContent":{}}])", "c[0].reasoningContent.redactedContent"},
  };
  for (const auto& [content, field] : kRows) {
    const auto parts = Read(content);
    EXPECT_THAT(parts, StatusIs(kInvalid, HasSubstr(field))) << content;
    EXPECT_EQ(FieldOf(parts.status()), field) << content;
  }
}

TEST(BedrockConverseContent, BlankTextsAreLeftOut) {
  EXPECT_EQ(*Write({chat::TextPart(""), chat::TextPart(" \n"), chat::TextPart("a")}),
            Json::parse(R"([{"text":"a"}])"));
}

TEST(BedrockConverseContent, MediaGoInline) {
  EXPECT_EQ(*Write({Media(PartKind::kImage, "image/webp", "aGk="),
                    Media(PartKind::kFile, "application/pdf", "aGk=", "a.pdf")}),
            Json::parse(R"([{"image":{"format":"webp","source":{"bytes":"aGk="}}},)"
                        R"({"document":{"format":"pdf","name":"a","source":{"bytes":"aGk="}}}])"));
}

TEST(BedrockConverseContent, MediaThatConverseCannotCarryAreRefused) {
  Part url{.kind = PartKind::kImage};
  url.url = "https://example.com/a.png";

  EXPECT_THAT(Write({url}), StatusIs(kInvalid, HasSubstr("inline only")));
  EXPECT_THAT(Write({Media(PartKind::kAudio, "audio/wav", "aGk=")}),
              StatusIs(kInvalid, HasSubstr("no audio")));
  EXPECT_THAT(Write({Media(PartKind::kImage, "image/tiff", "aGk=")}),
              StatusIs(kInvalid, HasSubstr("image/tiff")));
  EXPECT_THAT(Write({Media(PartKind::kFile, "application/zip", "aGk=", "a.zip")}),
              StatusIs(kInvalid, HasSubstr("application/zip")));
}

TEST(BedrockConverseContent, AFilesFormatMayFollowFromItsName) {
  const auto format_of = [](std::string type, std::string name) {
    const auto content = Write({Media(PartKind::kFile, std::move(type), "aGk=", std::move(name))});
    return content.ok() ? FindString((*content)[0]["document"], "format") : "none";
  };

  EXPECT_EQ(format_of("application/octet-stream", "a.DOCX"), "docx");
  EXPECT_EQ(format_of("text/x-python", "a.py"), "txt");
  EXPECT_EQ(format_of("application/json", ""), "txt");
  EXPECT_EQ(format_of("text/markdown", "a.txt"), "md");
}

TEST(BedrockConverseContent, DocumentNamesAreCleanAndDiffer) {
  std::vector<Part> parts;
  for (const char* const name : {"a/b__c.v2.pdf", "", "Ünder.pdf", "x.pdf", "x.pdf", "x (2).pdf",
                                 "x.pdf", "[1]-(2).pdf", ".pdf"}) {
    parts.push_back(Media(PartKind::kFile, "application/pdf", "aGk=", name));
  }
  const auto content = Write(parts);
  ASSERT_THAT(content, IsOk());

  std::vector<std::string> names;
  for (const Json& block : *content) names.push_back(FindString(block["document"], "name"));
  EXPECT_THAT(names, ElementsAre("a b c v2", "document", "nder", "x", "x (2)", "x (2) (2)", "x (3)",
                                 "[1]-(2)", "pdf"));
}

TEST(BedrockConverseContent, IdsThatConverseRefusesAreReplacedAlike) {
  Part call{.kind = PartKind::kToolCall};
  call.id = std::string(65, 'x');
  call.name = "f";
  Part result{.kind = PartKind::kToolResult};
  result.id = call.id;

  const auto content = Write({call, result});

  ASSERT_THAT(content, IsOk());
  const std::string id = FindString((*content)[0]["toolUse"], "toolUseId");
  EXPECT_LE(id.size(), 64U);
  EXPECT_EQ(FindString((*content)[1]["toolResult"], "toolUseId"), id);
}

TEST(BedrockConverseContent, AResultIsNeverEmpty) {
  Part result{.kind = PartKind::kToolResult};
  result.id = "t";
  result.parts = {chat::TextPart("")};
  result.is_error = true;

  EXPECT_EQ(*Write({result}),
            Json::parse(R"json([{"toolResult":{"toolUseId":"t","content":[{"text":"(no output)"}],
                                "status":"error"}}])json"));
}

TEST(BedrockConverseContent, OnlyItsOwnReasoningGoesBack) {
  Part own{.kind = PartKind::kReasoning, .text = "hm"};
  own.signature = {.origin = "bedrock", .model = "claude", .data = "c2ln"};
  Part redacted = own;
  redacted.text.clear();
  Part of_other_model = own;
  of_other_model.signature.model = "claude-2";
  Part foreign = own;
  foreign.signature.origin = "anthropic";
  Part unsigned_text{.kind = PartKind::kReasoning, .text = "hm"};
  const std::vector<Part> all = {own, redacted, of_other_model, foreign, unsigned_text};

  EXPECT_EQ(*Write(all, {.model = "claude"}),
            Json::parse(R"([{"reasoningContent":{"reasoningText":{"text":"hm","signature":)"
                        R"("c2ln"}}},{"reasoningContent":{"redactedContent":"c2ln"}}])"));
}

TEST(BedrockConverseContent, CachePointsFollowTheirPart) {
  Part text = chat::TextPart("a");
  text.cache = true;
  Part blank = chat::TextPart("");
  blank.cache = true;

  EXPECT_EQ(*Write({text, blank}, {.model = "claude", .sends_cache_points = true}),
            Json::parse(R"([{"text":"a"},{"cachePoint":{"type":"default"}}])"));
  EXPECT_EQ(*Write({text}), Json::parse(R"([{"text":"a"}])"));
}

}  // namespace
}  // namespace lmgate::dialect
