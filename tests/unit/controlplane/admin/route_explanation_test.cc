#include "controlplane/admin/route_explanation.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/error_detail.h"
#include "tests/support/status_matchers.h"

namespace lmgate::admin {
namespace {

using ::lmgate::testing::IsOk;
using ::lmgate::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kConfig[] = R"(
  connections { name: "openai" provider: "openai" api_key: "env:K" }
  connections { name: "claude" provider: "anthropic" api_key: "env:K" }
  groups { name: "all" connections: "*" }
  groups { name: "free" connections: "openai" models: "gpt-*" models: "smart" }
  routes { name: "team" order: 1 model: "*" path_prefix: "/team" to { connection: "openai" } }
  routes { name: "gold" order: 2 model: "gpt-*" headers { key: "X-Tier" value: "gold" }
           to { connection: "openai" model: "gpt-5" } }
  routes { name: "gpt" order: 3 model: "gpt-*" to { connection: "openai" model: "*" } }
  routes { name: "smart" order: 4 model: "smart" strategy: "fallback"
           to { connection: "claude" model: "claude-x" }
           to { connection: "openai" model: "gpt-5" } }
  routes { name: "claude" order: 5 model: "claude-*" to { connection: "claude" } }
)";

class RouteExplanationTest : public ::testing::Test {
 protected:
  template <typename Message>
  static Message Parse(const std::string& text) {
    Message message;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
    return message;
  }
  absl::StatusOr<v1::TestRouteReply> Explain(const std::string& request,
                                             const std::string& key = "") {
    const auto config = Parse<v1::ConfigSet>(kConfig + more_);
    const auto parsed = Parse<v1::Key>(key);
    return ExplainRoute(config, Parse<v1::TestRouteRequest>(request),
                        key.empty() ? nullptr : &parsed, absl::FromUnixSeconds(1000));
  }

  std::string more_;
};

TEST_F(RouteExplanationTest, NamesTheRouteTheTargetAndTheRoutesBefore) {
  const auto reply = Explain("model: 'gpt-4' group: 'all'");

  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->code(), "ok");
  EXPECT_EQ(reply->route(), "gpt");
  EXPECT_EQ(reply->strategy(), "first");
  ASSERT_EQ(reply->targets_size(), 1);
  EXPECT_EQ(reply->targets(0).connection(), "openai");
  EXPECT_EQ(reply->targets(0).model(), "gpt-4");
  EXPECT_TRUE(reply->targets(0).allowed());
  ASSERT_EQ(reply->skipped_size(), 2);
  EXPECT_EQ(reply->skipped(0).route(), "team");
  EXPECT_EQ(reply->skipped(1).route(), "gold");
  EXPECT_NE(reply->skipped(1).reason(), reply->skipped(0).reason());
}

TEST_F(RouteExplanationTest, HeadersAndPathPrefixCount) {
  EXPECT_EQ(Explain("model: 'gpt-4' headers { key: 'x-tier' value: 'gold' }")->route(), "gold");
  EXPECT_EQ(Explain("model: 'gpt-4' path: '/team/v1/chat/completions'")->route(), "team");
}

TEST_F(RouteExplanationTest, UnknownModelIsNotFoundAfterAllRoutes) {
  const auto reply = Explain("model: 'llama'");

  EXPECT_EQ(reply->code(), "model_not_found");
  EXPECT_EQ(reply->route(), "");
  EXPECT_EQ(reply->skipped_size(), 5);
}

TEST_F(RouteExplanationTest, TargetOfAForbiddenConnectionSaysWhyNot) {
  const auto reply = Explain("model: 'smart' group: 'free'");

  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->code(), "ok");
  EXPECT_FALSE(reply->targets(0).allowed());
  EXPECT_THAT(reply->targets(0).reason(), HasSubstr("group \"free\" may not use"));
  EXPECT_TRUE(reply->targets(1).allowed());
}

TEST_F(RouteExplanationTest, TargetOfAnotherDialectSaysWhyNot) {
  // Embeddings are translated for nobody.
  const auto smart = Explain("model: 'smart' group: 'all' path: '/v1/embeddings'");
  EXPECT_EQ(smart->code(), "ok");
  EXPECT_THAT(smart->targets(0).reason(), HasSubstr("speaks anthropic"));

  EXPECT_EQ(Explain("model: 'claude-x' group: 'all' path: '/v1/embeddings'")->code(),
            "dialect_unsupported");
  EXPECT_EQ(Explain("model: 'claude-x' group: 'all'")->code(), "ok");
  EXPECT_EQ(Explain("model: 'claude-x' group: 'all' path: '/v1/messages'")->code(), "ok");
}

TEST_F(RouteExplanationTest, TargetsNameTheDialectThatTheyAreAskedIn) {
  const auto chat = Explain("model: 'smart' group: 'all'");
  ASSERT_THAT(chat, IsOk());
  EXPECT_EQ(chat->dialect(), "openai-chat");
  EXPECT_EQ(chat->targets(0).dialect(), "anthropic");
  EXPECT_EQ(chat->targets(0).handling(), "translated");
  EXPECT_EQ(chat->targets(1).dialect(), "openai-chat");
  EXPECT_EQ(chat->targets(1).handling(), "passed");

  // The second dialect of a connection is as good as its first.
  const auto responses = Explain("model: 'smart' group: 'all' path: '/v1/responses'");
  EXPECT_EQ(responses->targets(1).dialect(), "openai-responses");
  EXPECT_EQ(responses->targets(1).handling(), "passed");
}

TEST_F(RouteExplanationTest, TokensForAnotherDialectAreCountedHere) {
  const auto reply = Explain("model: 'smart' group: 'all' path: '/v1/messages/count_tokens'");

  EXPECT_EQ(reply->targets(0).handling(), "passed");
  EXPECT_EQ(reply->targets(1).handling(), "counted");
  EXPECT_EQ(reply->targets(1).dialect(), "");
}

TEST_F(RouteExplanationTest, OtherPathsPassInWhateverTheySpeak) {
  const auto reply = Explain("model: 'smart' group: 'all' path: '/v1/rerank'");

  EXPECT_EQ(reply->dialect(), "");
  EXPECT_EQ(reply->targets(0).handling(), "passed");
  EXPECT_EQ(reply->targets(0).dialect(), "");
}

TEST_F(RouteExplanationTest, WhatIsNotAllowedIsNotHandled) {
  const auto reply = Explain("model: 'smart' group: 'free'");

  EXPECT_EQ(reply->targets(0).dialect(), "anthropic");
  EXPECT_EQ(reply->targets(0).handling(), "");
}

TEST_F(RouteExplanationTest, ModelListsOfGroupAndKeyCount) {
  EXPECT_EQ(Explain("model: 'claude-x' group: 'free'")->code(), "model_not_allowed");
  EXPECT_EQ(Explain("model: 'gpt-4'", "group: 'all' state: 'active' models: 'gpt-5'")->code(),
            "model_not_allowed");
  EXPECT_EQ(Explain("model: 'gpt-5'", "group: 'all' state: 'active' models: 'gpt-5'")->code(),
            "ok");
}

TEST_F(RouteExplanationTest, StateOfTheKeyComesFirst) {
  EXPECT_EQ(Explain("model: 'gpt-5'", "group: 'all' state: 'blocked'")->code(), "key_blocked");
  EXPECT_EQ(Explain("model: 'gpt-5'", "group: 'all' state: 'revoked'")->code(), "key_revoked");
  EXPECT_EQ(Explain("model: 'gpt-5'", "group: 'all' state: 'active' expires_at { seconds: 1000 }")
                ->code(),
            "key_expired");
  EXPECT_EQ(Explain("model: 'gpt-5'", "group: 'all' state: 'active' expires_at { seconds: 1001 }")
                ->code(),
            "ok");
}

TEST_F(RouteExplanationTest, DisabledServiceIsSaid) {
  more_ = "settings { enabled: false }";

  EXPECT_EQ(Explain("model: 'gpt-5'")->code(), "service_disabled");
}

TEST_F(RouteExplanationTest, MissingGroupIsNotFoundWithAHint) {
  const auto reply = Explain("model: 'x' group: 'fre'");

  EXPECT_THAT(reply, StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"fre\"")));
  EXPECT_EQ(GetFieldHint(reply.status())->hint, "did you mean \"free\"?");
}

}  // namespace
}  // namespace lmgate::admin
