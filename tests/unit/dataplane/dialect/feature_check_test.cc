#include "dataplane/dialect/feature_check.h"

#include <gtest/gtest.h>

#include <vector>

#include "common/base/error_detail.h"
#include "tests/support/status_matchers.h"

namespace lmgate::dialect {
namespace {

using chat::ChatRequest;
using chat::Part;
using chat::PartKind;
using contract::Feature;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

ChatRequest With(Part part) {
  ChatRequest request;
  request.turns.push_back({.role = chat::Role::kUser, .parts = {std::move(part)}});
  return request;
}

Part ImageByUrl() {
  Part part{.kind = PartKind::kImage};
  part.url = "https://x.test/i.png";
  return part;
}

TEST(FeatureCheck, AnEmptyRequestUsesNothing) {
  EXPECT_TRUE(UsedFeatures({}).empty());
  EXPECT_THAT(CheckFeatures({}, "openai-chat", "bedrock"), IsOk());
}

TEST(FeatureCheck, FeaturesComeInTheTablesOrderAndOnce) {
  ChatRequest request = With(ImageByUrl());
  request.turns[0].parts.push_back(ImageByUrl());
  request.stop = {"a"};
  request.system = {chat::TextPart("s")};

  EXPECT_EQ(UsedFeatures(request),
            (std::vector<Feature>{Feature::kSystemText, Feature::kImageUrl, Feature::kStop}));
}

TEST(FeatureCheck, WhatIsInAResultCounts) {
  Part image{.kind = PartKind::kImage};
  image.data = "aGk=";
  Part result{.kind = PartKind::kToolResult};
  result.is_error = true;
  result.parts = {image};

  EXPECT_EQ(UsedFeatures(With(result)),
            (std::vector<Feature>{Feature::kImageData, Feature::kTools, Feature::kToolResultError,
                                  Feature::kToolResultImage}));
}

TEST(FeatureCheck, OnlyWhatAsksForSomethingCounts) {
  ChatRequest request;
  request.n = 1;
  request.parallel_tool_calls = true;
  chat::Tool tool;
  tool.name = "f";
  tool.strict = false;
  request.tools = {tool};

  EXPECT_EQ(UsedFeatures(request), std::vector<Feature>{Feature::kTools});
}

TEST(FeatureCheck, ZeroAndFalseAsk) {
  ChatRequest request;
  request.temperature = 0;
  request.seed = 0;
  request.parallel_tool_calls = false;

  EXPECT_EQ(UsedFeatures(request), (std::vector<Feature>{Feature::kParallelToolCalls,
                                                         Feature::kTemperature, Feature::kSeed}));
}

TEST(FeatureCheck, ARefusalNamesTheFieldInTheClientsDialect) {
  const absl::Status chat = CheckFeatures(With(ImageByUrl()), "openai-chat", "bedrock");
  EXPECT_THAT(chat, StatusIs(kInvalid, AllOf(HasSubstr("image_url"), HasSubstr("bedrock"))));
  EXPECT_EQ(GetFieldHint(chat)->field, "image_url");
  EXPECT_EQ(GetFieldHint(CheckFeatures(With(ImageByUrl()), "gemini", "bedrock"))->field,
            "fileData");
}

TEST(FeatureCheck, AFileOfAProviderGoesBetweenOpenAisDialectsOnly) {
  Part file{.kind = PartKind::kFile};
  file.file_id = "file-1";

  EXPECT_THAT(CheckFeatures(With(file), "openai-chat", "openai-responses"), IsOk());
  EXPECT_THAT(CheckFeatures(With(file), "anthropic", "openai-chat"),
              StatusIs(kInvalid, HasSubstr("source.file_id")));
  EXPECT_THAT(CheckFeatures(With(file), "openai-chat", "anthropic"),
              StatusIs(kInvalid, HasSubstr("file.file_id")));
}

TEST(FeatureCheck, FieldsOfOneDialectAreNamedAsTheyCame) {
  ChatRequest request;
  request.own_fields = {"tools[2]", "logprobs"};

  const absl::Status status = CheckFeatures(request, "openai-responses", "openai-chat");

  EXPECT_THAT(status, StatusIs(kInvalid, HasSubstr("such a field")));
  EXPECT_EQ(GetFieldHint(status)->field, "tools[2]");
}

}  // namespace
}  // namespace lmgate::dialect
