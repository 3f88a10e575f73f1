#include "dataplane/gateway/endpoints.h"

#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/base/strings.h"
#include "common/contract/provider_preset.h"

namespace lmgate::gateway {
namespace {

using Action = EndpointMatch::Action;

EndpointMatch Match(std::string_view method, std::string_view target) {
  static const std::vector<std::string> prefixes{"/team-a/eu", "/team-a", "/v1"};
  return MatchEndpoint(method, target, prefixes);
}

TEST(MatchEndpoint, ChatCompletionsNeedAModel) {
  const EndpointMatch match = Match("POST", "/v1/chat/completions?a=b");

  EXPECT_EQ(match.action, Action::kProxy);
  EXPECT_EQ(match.upstream_path, "/chat/completions");
  EXPECT_EQ(match.query, "a=b");
  EXPECT_EQ(match.dialect, contract::kDialectOpenAiChat);
  EXPECT_TRUE(match.needs_model);
  EXPECT_EQ(match.shape, ErrorShape::kOpenAi);
}

TEST(MatchEndpoint, MessagesSpeakAnthropic) {
  for (const std::string_view path : {"/v1/messages", "/v1/messages/count_tokens"}) {
    EXPECT_EQ(Match("POST", path).dialect, contract::kDialectAnthropic);
    EXPECT_EQ(Match("POST", path).shape, ErrorShape::kAnthropic);
  }
}

TEST(MatchEndpoint, PathsOfNoDialectHaveTheShapeOfTheSdkThatAsksForThem) {
  EXPECT_EQ(Match("POST", "/v1/messages/batches").shape, ErrorShape::kAnthropic);
  EXPECT_EQ(Match("POST", "/team-a/v1/messages/batches/b1/cancel").shape, ErrorShape::kAnthropic);
  for (const std::string_view path :
       {"/v1beta1/models/g:generateContent", "/v1alpha/models", "/team-a/v1beta1/cachedContents",
        "/v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent",
        "/v1beta/files"}) {
    EXPECT_EQ(Match("POST", path).shape, ErrorShape::kGemini) << path;
  }
  for (const std::string_view path : {"/v1/batches", "/nowhere", "/v1/files", "/"}) {
    EXPECT_EQ(Match("POST", path).shape, ErrorShape::kOpenAi) << path;
  }
}

TEST(MatchEndpoint, GeminiAndBedrockNameTheModelInThePath) {
  const EndpointMatch gemini =
      Match("POST", "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse");

  EXPECT_EQ(gemini.action, Action::kProxy);
  EXPECT_EQ(gemini.shape, ErrorShape::kGemini);
  EXPECT_EQ(gemini.operation, contract::Operation::kGenerate);
  EXPECT_EQ(gemini.path_model, "gemini-2.5-flash");
  EXPECT_TRUE(gemini.stream);
  EXPECT_EQ(gemini.upstream_path, "/models/gemini-2.5-flash:streamGenerateContent");

  const EndpointMatch bedrock = Match("POST", "/model/anthropic.claude%3A0/invoke");

  EXPECT_EQ(bedrock.shape, ErrorShape::kBedrock);
  EXPECT_EQ(bedrock.path_model, "anthropic.claude%3A0");
  EXPECT_TRUE(bedrock.invoke);
  EXPECT_FALSE(bedrock.stream);
  EXPECT_EQ(bedrock.upstream_path, "/model/anthropic.claude%3A0/invoke");
  EXPECT_EQ(Match("GET", "/model/x/converse").action, Action::kMethodNotAllowed);
  EXPECT_EQ(Match("GET", "/v1beta/models").action, Action::kListModels);
}

TEST(MatchEndpoint, KnownPathsTakeTheirMethodOnly) {
  EXPECT_EQ(Match("GET", "/v1/chat/completions").action, Action::kMethodNotAllowed);
  EXPECT_EQ(Match("POST", "/v1/models").action, Action::kMethodNotAllowed);
  EXPECT_EQ(Match("POST", "/healthz").action, Action::kMethodNotAllowed);
  EXPECT_EQ(Match("HEAD", "/healthz").action, Action::kHealth);
}

TEST(MatchEndpoint, ModelsAreListedAndShown) {
  EXPECT_EQ(Match("GET", "/v1/models").action, Action::kListModels);
  EXPECT_EQ(Match("GET", "/v1/models/a%2Fb").action, Action::kGetModel);
  EXPECT_EQ(Match("GET", "/v1/models/a%2Fb").model_id, "a%2Fb");
  EXPECT_EQ(Match("DELETE", "/v1/models/ft:a").action, Action::kProxy);
}

TEST(MatchEndpoint, OtherPathsUnderV1PassThrough) {
  const EndpointMatch match = Match("GET", "/v1/files/x");

  EXPECT_EQ(match.action, Action::kProxy);
  EXPECT_EQ(match.upstream_path, "/files/x");
  EXPECT_EQ(match.dialect, "");
  EXPECT_FALSE(match.needs_model);
}

// CONNECT makes a tunnel, TRACE shows the provider's credential; and of an answer to an unknown
// method nobody knows how it ends.
TEST(MatchEndpoint, OnlyKnownMethodsPass) {
  for (const std::string_view method :
       {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    EXPECT_EQ(Match(method, "/v1/files/x").action, Action::kProxy) << method;
  }
  for (const std::string_view method : {"CONNECT", "TRACE", "head", "get", "PROPFIND", "X"}) {
    EXPECT_EQ(Match(method, "/v1/files/x").action, Action::kMethodNotAllowed) << method;
  }
}

TEST(MatchEndpoint, PathsOutsideV1AreNotFound) {
  for (const std::string_view path : {"/", "/v1", "/v2/models", "/V1/models", "/x/v1/models",
                                      "/team-ax/v1/models", "/metrics", "/team-a/models"}) {
    EXPECT_EQ(Match("GET", path).action, Action::kNotFound) << path;
  }
}

TEST(MatchEndpoint, LongestPrefixIsTaken) {
  EXPECT_EQ(Match("GET", "/team-a/v1/models").path_prefix, "/team-a");
  EXPECT_EQ(Match("GET", "/team-a/eu/v1/models").path_prefix, "/team-a/eu");
  EXPECT_EQ(Match("GET", "/team-a/eu/v1/models").action, Action::kListModels);
  EXPECT_EQ(Match("GET", "/v1/models").path_prefix, "");
}

TEST(MatchEndpoint, RefusesDotSegments) {
  for (const std::string_view path : {"/v1/..;/admin",
                                      "/v1/..;a=b/admin",
                                      "/v1/.;/x",
                                      "/v1/..\\admin",
                                      "/v1/x\\..\\..\\admin",
                                      "/v1/..%5cadmin",
                                      "/v1/x%5C..%5C..",
                                      "/v1/../admin",
                                      "/v1/./models",
                                      "/v1/..",
                                      "/v1/.",
                                      "/..",
                                      "/v1/files/%2e%2e/x",
                                      "/v1/files/.%2E",
                                      "/v1/%2e",
                                      "/v1/files/%2E./x",
                                      "/team-a/../v1/models",
                                      "/v1/files/..%2fx",
                                      "/v1/files/x%2F..%2F..%2Fadmin",
                                      "/v1/x%2f.."}) {
    EXPECT_EQ(Match("GET", path).action, Action::kInvalid) << path;
  }
}

TEST(MatchEndpoint, DotsWithinSegmentsAreFine) {
  for (const std::string_view path : {"/v1/files/...", "/v1/files/a..b", "/v1/.hidden",
                                      "/v1/files/a%2e", "/v1/files/%2ea", "/v1/files?x=/../"}) {
    EXPECT_EQ(Match("GET", path).action, Action::kProxy) << path;
  }
}

TEST(PercentDecode, UndoesEscapesAndKeepsMalformedOnes) {
  EXPECT_EQ(PercentDecode("a%2Fb%2fc%20"), "a/b/c ");
  EXPECT_EQ(PercentDecode("%"), "%");
  EXPECT_EQ(PercentDecode("%4"), "%4");
  EXPECT_EQ(PercentDecode("%4g%41"), "%4gA");
  EXPECT_EQ(PercentDecode("%2541"), "%41");
}

TEST(FindQueryParameter, TakesTheFirst) {
  EXPECT_EQ(FindQueryParameter("a=1&model=x%2Fy&model=z", "model"), "x/y");
  EXPECT_EQ(FindQueryParameter("xmodel=1&model", "model"), "");
  EXPECT_EQ(FindQueryParameter("", "model"), "");
}

// Else the provider would see a model that was never checked.
TEST(FindQueryParameter, ComparesNamesDecoded) {
  EXPECT_EQ(FindQueryParameter("mod%65l=x&model=y", "model"), "x");
}

TEST(RemoveKeyParameter, TakesOutEveryKey) {
  EXPECT_EQ(RemoveKeyParameter("key=lmg-1&a=b&key=2&k%65y=3"), "a=b");
  EXPECT_EQ(RemoveKeyParameter("keys=1&a=key&key"), "keys=1&a=key");
  EXPECT_EQ(RemoveKeyParameter("key=1"), "");
}

}  // namespace
}  // namespace lmgate::gateway
