#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/integration/dataplane/scripted_gateway.h"

namespace lmgate::testing {
namespace {

using fakeprovider::TestResponse;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr std::string_view kClaude =
    R"({"id":"msg_1","type":"message","role":"assistant",)"
    R"("model":"claude-1","content":[{"type":"text","text":"hi"}],)"
    R"("stop_reason":"end_turn","stop_sequence":null,)"
    R"("usage":{"input_tokens":1,"output_tokens":1}})";
constexpr std::string_view kGpt =
    R"({"id":"c","object":"chat.completion","created":1,"model":"gpt-1","choices":[{"index":0,)"
    R"("message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}})";

// Routes with edits to providers of three dialects: "gpt*" to openai-chat, "claude*" to anthropic,
// "gemini*" to gemini; "plain-claude" has none.
class SystemEditsOnTheWay : public ScriptedGateway {
 protected:
  void Serve(Answers answers) {
    upstream_ = std::make_unique<ScriptedUpstream>(std::move(answers));
    SnapshotSource source = BasicSource(upstream_->base_url());
    std::vector<v1::Resource> resources;
    int64_t order = 0;
    for (const std::string_view dialect : {"openai-chat", "anthropic", "gemini"}) {
      v1::Connection connection = TestConnection(dialect, "provider-secret");
      connection.set_base_url(upstream_->base_url());
      connection.set_dialect(std::string(dialect));
      resources.push_back(contract::MakeResource(connection));
    }
    const auto add_route = [&](const std::string& model, std::vector<std::string> targets) {
      v1::Route route = TestRoute(model, ++order, targets);
      v1::SystemEdits& edits = *route.mutable_system();
      edits.add_replace()->set_from("Claude");
      edits.mutable_replace(0)->set_to("Bot");
      edits.set_append("Be brief.");
      resources.push_back(contract::MakeResource(route));
    };
    add_route("gpt*", {"openai-chat.gpt-1"});
    add_route("claude*", {"anthropic.claude-1"});
    add_route("gemini*", {"gemini.*"});
    add_route("both*", {"openai-chat.gpt-1", "anthropic.claude-1"});
    resources.push_back(
        contract::MakeResource(TestRoute("plain-claude", ++order, {"anthropic.*"})));
    source.Change(std::move(resources));
    dataplane_ = std::make_unique<TestDataplane>(source);
    client_ = NewClient();
  }
  TestResponse Post(std::string_view path, std::string_view body) {
    return Send(StrCat("POST ", path, " HTTP/1.1\r\n", Auth(),
                       "Content-Type: application/json\r\nContent-Length: ", body.size(),
                       "\r\n\r\n", body));
  }
  // The body that the provider got with its i-th request.
  std::string Received(size_t i) {
    const std::string request = upstream_->requests().at(i);
    return request.substr(request.find("\r\n\r\n") + 4);
  }
};

TEST_F(SystemEditsOnTheWay, ABodyThatPassesThroughChangesNowhereElse) {
  Serve({{.bytes = Ok(kClaude)}});

  const TestResponse response =
      Post("/v1/messages",
           R"({ "big": 12345678901234567890, "system" : "You are Claude.", "model":"claude-x" ,)"
           R"( "max_tokens":9,)"
           R"("messages":[{"role":"user","content":"Claude?"}] })");

  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(Received(0), R"({ "big": 12345678901234567890, "system" : "You are Bot.\n\nBe brief.",)"
                         R"( "model":"claude-1" , "max_tokens":9,)"
                         R"("messages":[{"role":"user","content":"Claude?"}] })");
  EXPECT_EQ(response.body, kClaude);
}

TEST_F(SystemEditsOnTheWay, TheModelOfThePathStaysThere) {
  Serve({{.bytes = Ok()}});

  Post("/v1beta/models/gemini-9:generateContent", R"({"contents":[{"parts":[{"text":"x"}]}]})");

  EXPECT_THAT(upstream_->requests().at(0), HasSubstr("/models/gemini-9:generateContent"));
  EXPECT_EQ(Received(0), R"({"systemInstruction":{"parts":[{"text":"Be brief."}]},)"
                         R"("contents":[{"parts":[{"text":"x"}]}]})");
}

TEST_F(SystemEditsOnTheWay, ATranslatedRequestIsEditedAsWell) {
  Serve({{.bytes = Ok(kGpt)}});

  const TestResponse response =
      Post("/v1/messages", R"({"model":"gpt-x","max_tokens":9,"system":"You are Claude.",)"
                           R"("messages":[{"role":"user","content":"Claude?"}]})");

  EXPECT_EQ(response.status, 200) << response.body;
  const json messages = json::parse(Received(0))["messages"];
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0]["role"], "system");
  EXPECT_THAT(messages[0]["content"].dump(), HasSubstr("You are Bot."));
  EXPECT_THAT(messages[0]["content"].dump(), HasSubstr("Be brief."));
  EXPECT_EQ(messages[1]["content"], "Claude?");
}

TEST_F(SystemEditsOnTheWay, EachTargetGetsTheEditsOnce) {
  Serve({{.bytes = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"}, {.bytes = Ok(kClaude)}});

  const TestResponse response =
      Post("/v1/messages",
           R"({"model":"both","max_tokens":9,"messages":[{"role":"user","content":"x"}]})");

  EXPECT_EQ(response.status, 200) << response.body;
  ASSERT_EQ(requests(), 2u);
  EXPECT_EQ(json::parse(Received(0))["messages"][0]["role"], "system");
  EXPECT_EQ(Received(1), R"({"system":"Be brief.","model":"claude-1","max_tokens":9,)"
                         R"("messages":[{"role":"user","content":"x"}]})");
}

TEST_F(SystemEditsOnTheWay, ARouteWithoutEditsChangesTheModelOnly) {
  Serve({{.bytes = Ok(kClaude)}});
  const std::string body =
      R"({ "model":"plain-claude","system":"Claude","messages":[{"role":"user",)"
      R"("content":"lmg1."}]})";

  Post("/v1/messages", body);

  EXPECT_EQ(Received(0), body);
}

TEST_F(SystemEditsOnTheWay, ThinkingOfAnotherProviderStaysBehind) {
  Serve({{.bytes = Ok(kClaude)}});

  Post("/v1/messages",
       R"({"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t",)"
       R"("signature":"lmg1.e30"},{"type":"text","text":"a"}]}], "model":"plain-claude"})");

  EXPECT_EQ(Received(0),
            R"({"messages":[{"role":"assistant","content":[{"type":"text","text":"a"}]}],)"
            R"( "model":"plain-claude"})");
}

TEST_F(SystemEditsOnTheWay, TokensAreCountedOfTheEditedBody) {
  Serve({{.bytes = Ok(R"({"input_tokens":1})")}});

  Post("/v1/messages/count_tokens",
       R"({"model":"claude-x","messages":[{"role":"user","content":"x"}]})");

  EXPECT_EQ(
      Received(0),
      R"({"system":"Be brief.","model":"claude-1","messages":[{"role":"user","content":"x"}]})");
}

TEST_F(SystemEditsOnTheWay, TheNextRequestIsNotEdited) {
  Serve({{.bytes = Ok(kClaude)}});
  const std::string body = R"({"model":"plain-claude","messages":[]})";

  Post("/v1/messages", R"({"model":"claude-x","messages":[]})");
  Post("/v1/messages", body);

  EXPECT_EQ(Received(1), body);
}

}  // namespace
}  // namespace lmgate::testing
