#include "common/contract/endpoint_path.h"

#include <gmock/gmock.h>

#include <vector>

#include "common/contract/provider_preset.h"

namespace lmgate::contract {
namespace {

std::optional<EndpointPath> Split(std::string_view path) {
  static const std::vector<std::string> prefixes{"/team-a/eu", "/team-a", "/v1"};
  return SplitEndpointPath(path, prefixes);
}

TEST(EndpointPath, NamedPathsHaveTheirDialect) {
  for (const std::string_view path :
       {"/v1/chat/completions", "/v1/completions", "/v1/embeddings"}) {
    EXPECT_EQ(Split(path)->dialect, kDialectOpenAiChat) << path;
  }
  for (const std::string_view path : {"/v1/messages", "/v1/messages/count_tokens"}) {
    EXPECT_EQ(Split(path)->dialect, kDialectAnthropic) << path;
  }
}

TEST(EndpointPath, ModelsInPathsAreFound) {
  EXPECT_EQ(Split("/v1/models/a:b:generateContent")->model, "a:b");
  EXPECT_EQ(Split("/v1/models/a:b:generateContent")->dialect, kDialectGemini);
  EXPECT_EQ(Split("/v1/models/a:b")->operation, Operation::kModels);
  EXPECT_EQ(Split("/v1beta/models/:generateContent")->model, "");
  EXPECT_EQ(Split("/v1beta/models/m:countTokens")->operation, Operation::kCountTokens);
  EXPECT_EQ(Split("/team-a/model/arn%3Aaws%2Fx/converse-stream")->model, "arn%3Aaws%2Fx");
  EXPECT_EQ(Split("/team-a/model/x/converse-stream")->prefix, "/team-a");
  EXPECT_TRUE(Split("/model/x/converse-stream")->stream);
  EXPECT_EQ(Split("/model/x/unheard-of")->dialect, "");
  EXPECT_EQ(Split("/model/")->model, "");
}

TEST(EndpointPath, OnlyWhatCanBeTranslatedGenerates) {
  EXPECT_EQ(Split("/v1/responses")->operation, Operation::kGenerate);
  EXPECT_EQ(Split("/v1/responses")->dialect, kDialectOpenAiResponses);
  EXPECT_EQ(Split("/v1/embeddings")->operation, Operation::kOther);
  EXPECT_EQ(Split("/v1/responses/resp_1")->dialect, "");
}

TEST(EndpointPath, OtherPathsUnderV1HaveNone) {
  for (const std::string_view path : {"/v1/", "/v1/models", "/v1/messages/", "/v1/messages/x"}) {
    ASSERT_TRUE(Split(path).has_value()) << path;
    EXPECT_EQ(Split(path)->dialect, "") << path;
  }
}

TEST(EndpointPath, LongestPrefixIsTakenOff) {
  EXPECT_EQ(Split("/team-a/eu/v1/messages")->prefix, "/team-a/eu");
  EXPECT_EQ(Split("/team-a/v1/messages")->prefix, "/team-a");
  EXPECT_EQ(Split("/team-a/v1/messages")->rest, "/messages");
  EXPECT_EQ(Split("/team-a/v1/messages")->dialect, kDialectAnthropic);
  EXPECT_EQ(Split("/v1/messages")->prefix, "");
}

TEST(EndpointPath, PrefixMayBeV1Itself) {
  EXPECT_EQ(Split("/v1/v1/messages")->prefix, "/v1");
  EXPECT_EQ(Split("/v1/v1/messages")->rest, "/messages");
}

TEST(EndpointPath, PathsOutsideV1AreNone) {
  for (const std::string_view path : {"", "/", "/v1", "/v1x/models", "/v2/models", "/V1/models",
                                      "/x/v1/models", "/team-ax/v1/models", "/team-a/models"}) {
    EXPECT_FALSE(Split(path).has_value()) << path;
  }
}

}  // namespace
}  // namespace lmgate::contract
