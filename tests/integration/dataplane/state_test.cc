// What the gateway does itself where a provider of another dialect cannot: keeping answers of the
// Responses API and what is signed of calls, and counting tokens.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/fakeprovider/fake_provider.h"
#include "tests/integration/dataplane/scripted_gateway.h"

namespace lmgate::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr std::string_view kPlain =
    R"({"id":"c","object":"chat.completion","created":1,"model":"a","choices":[{"index":0,)"
    R"("message":{"role":"assistant","content":"first answer"},"finish_reason":"stop"}]})";
constexpr std::string_view kStream =
    "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"a\","
    "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"first answer\"},"
    "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

class StateTest : public ScriptedGateway {
 protected:
  fakeprovider::TestResponse Post(std::string_view path, std::string_view body) {
    return Send(StrCat("POST ", path, " HTTP/1.1\r\n", Auth(),
                       "Content-Type: application/json\r\nContent-Length: ", body.size(),
                       "\r\n\r\n", body));
  }
  Json Ask(std::string_view body) {
    return Json::parse(Post("/v1/responses", body).body, nullptr, false);
  }
  static std::string Next(const Json& answer) {
    return StrCat(R"({"model":"a","input":"second","previous_response_id":")",
                  answer["id"].get<std::string>(), R"("})");
  }
  static ScriptedUpstream::Answer Stream() {
    return {.bytes = StrCat("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                            "Content-Length: ",
                            kStream.size(), "\r\n\r\n", kStream)};
  }
};

TEST_F(StateTest, AnAnswerIsTheHistoryOfTheNextRequest) {
  Start({{.bytes = Ok(kPlain)}});

  const Json second = Ask(Next(Ask(R"({"model":"a","input":"first"})")));

  EXPECT_EQ(second["status"], "completed");
  EXPECT_THAT(last_request(), HasSubstr(R"("content":"first"})"));
  EXPECT_THAT(last_request(), HasSubstr("first answer"));
  EXPECT_THAT(last_request(), HasSubstr("second"));
}

TEST_F(StateTest, AStreamedAnswerIsKeptBeforeItsEndIsTold) {
  Start({Stream()});

  const std::string events =
      Post("/v1/responses", R"({"model":"a","input":"first","stream":true})").body;
  const size_t completed = events.find("event: response.completed\ndata: ");
  ASSERT_NE(completed, std::string::npos) << events;
  const size_t data = events.find('{', completed);
  const Json last = Json::parse(events.substr(data, events.find('\n', data) - data));
  Post("/v1/responses", Next(last["response"]));

  EXPECT_THAT(last_request(), HasSubstr("first answer"));
}

TEST_F(StateTest, WhatIsNotKnownIsNotFound) {
  Start({{.bytes = Ok(kPlain)}});
  const Json unstored = Ask(R"({"model":"a","input":"first","store":false})");
  const size_t before = requests();

  for (const std::string& body : {Next(unstored), Next(Json{{"id", "resp_nobody"}})}) {
    const auto answer = Post("/v1/responses", body);
    const Json error = Json::parse(answer.body)["error"];
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(error["type"], "invalid_request_error");
    EXPECT_EQ(error["code"], "previous_response_not_found");
    EXPECT_EQ(error["param"], "previous_response_id");
  }
  EXPECT_EQ(requests(), before);
}

TEST_F(StateTest, NothingIsKeptWithoutMemoryForIt) {
  Start({{.bytes = Ok(kPlain)}},
        [](dataplane::Options* options) { options->response_store_bytes = 0; });

  const auto answer = Post("/v1/responses", Next(Ask(R"({"model":"a","input":"first"})")));

  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("previous_response_id"));
}

TEST_F(StateTest, TokensAreEstimatedWhereTheProviderCannotCount) {
  Start();

  const auto anthropic = Post("/v1/messages/count_tokens",
                              R"({"model":"a","messages":[{"role":"user","content":"hello"}]})");
  const auto gemini =
      Post("/v1beta/models/a:countTokens", R"({"contents":[{"parts":[{"text":"hello"}]}]})");
  const auto whole =
      Post("/v1beta/models/a:countTokens",
           R"({"generateContentRequest":{"contents":[{"parts":[{"text":"hello"}]}]}})");

  EXPECT_EQ(anthropic.status, 200);
  EXPECT_GT(Json::parse(anthropic.body)["input_tokens"], 0);
  EXPECT_EQ(gemini.status, 200);
  EXPECT_GT(Json::parse(gemini.body)["totalTokens"], 0);
  EXPECT_EQ(whole.body, gemini.body);
  EXPECT_EQ(requests(), 0U);
}

TEST_F(StateTest, WhatCannotBeCountedIsABadRequest) {
  Start();

  const auto answer = Post("/v1/messages/count_tokens", R"({"model":"a"})");

  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(Json::parse(answer.body)["error"]["type"], "invalid_request_error");
}

// A client of openai-chat that sends back what the API knows of a call and nothing else, and a
// provider that wants its signatures.
class SignedCallsState : public ::testing::Test {
 protected:
  SignedCallsState() {
    auto provider = fakeprovider::FakeProvider::Create({});
    EXPECT_TRUE(provider.ok()) << provider.status();
    provider_ = *std::move(provider);
  }

  void Start(std::string_view dialect,
             const std::function<void(dataplane::Options*)>& change = {}) {
    SnapshotSource source = BasicSource(provider_->base_url());
    v1::Connection up = TestConnection("up");
    up.set_dialect(std::string(dialect));
    up.set_base_url(provider_->base_url());
    source.Change({contract::MakeResource(up),
                   contract::MakeResource(TestKey("key2", kOtherKey, "default"))});
    dataplane_ = std::make_unique<TestDataplane>(source, change);
    client_ = std::make_unique<fakeprovider::TestClient>(dataplane_->port());
  }

  // The answer's last message, as a client of the API remembers it. Null = refused.
  Json Ask(std::string_view model, bool stream, std::string_view key = kTestKey, int n = 1) {
    Json body = Json::parse(
        R"({"reasoning_effort":"low","parallel_tool_calls":true,"tools":[{"type":"function",)"
        R"("function":{"name":"one","parameters":{"type":"object"}}},{"type":"function",)"
        R"("function":{"name":"two","parameters":{"type":"object"}}}]})");
    body["model"] = model;
    body["stream"] = stream;
    body["n"] = n;
    body["messages"] = messages_;
    const auto response = client_->Post("/v1/chat/completions", body.dump(),
                                        StrCat("Authorization: Bearer ", key, "\r\n"));
    EXPECT_EQ(response.status, 200) << response.body;
    if (response.status != 200) return nullptr;
    return stream ? Collect(response.body)
                  : Known(Json::parse(response.body)["choices"].back()["message"]);
  }

  // Adds an answer that calls tools, and their results.
  void Answer(const Json& said) {
    ASSERT_TRUE(said.contains("tool_calls")) << said;
    messages_.push_back(said);
    for (const Json& call : said["tool_calls"]) {
      messages_.push_back(Json{{"role", "tool"}, {"tool_call_id", call["id"]}, {"content", "ok"}});
    }
  }

  Json LastRequest() { return Json::parse(provider_->Journal().back().body); }

  static Json Known(const Json& message) {
    Json known = {{"role", "assistant"}, {"content", message["content"]}};
    for (const Json& call : message.value("tool_calls", Json::array())) {
      known["tool_calls"].push_back(Json{
          {"id", call["id"]},
          {"type", "function"},
          {"function",
           {{"name", call["function"]["name"]}, {"arguments", call["function"]["arguments"]}}}});
    }
    return known;
  }

  static Json Collect(std::string_view events) {
    Json message = {{"content", ""}};
    constexpr std::string_view kData = "data: ";
    for (size_t at = events.find(kData); at != std::string_view::npos;
         at = events.find(kData, at + 1)) {
      const std::string_view data = events.substr(at + kData.size());
      const Json chunk = Json::parse(data.substr(0, data.find('\n')), nullptr, false);
      if (!chunk.is_object() || chunk["choices"].empty()) continue;
      const Json& delta = chunk["choices"][0]["delta"];
      if (delta.contains("content") && delta["content"].is_string()) {
        message["content"] =
            message["content"].get<std::string>() + delta["content"].get<std::string>();
      }
      for (const Json& piece : delta.value("tool_calls", Json::array())) {
        Json& call = message["tool_calls"][piece["index"].get<size_t>()];
        if (piece.contains("id")) {
          call = piece;
          continue;
        }
        Json& arguments = call["function"]["arguments"];
        arguments =
            arguments.get<std::string>() + piece["function"]["arguments"].get<std::string>();
      }
    }
    return Known(message);
  }

  static constexpr std::string_view kOtherKey = "other-key-secret";
  static constexpr std::string_view kClaude = "claude-sonnet-4-5";
  static constexpr std::string_view kGemini = "gemini-3-pro-preview";

  Json messages_ = Json::parse(R"([{"role":"user","content":"all tools"}])");
  std::unique_ptr<fakeprovider::FakeProvider> provider_;
  std::unique_ptr<TestDataplane> dataplane_;
  std::unique_ptr<fakeprovider::TestClient> client_;
};

// The provider checks the signature, and that the turn begins with it.
TEST_F(SignedCallsState, ClaudeGetsItsThinkingBackAndGoesOnThinking) {
  Start("anthropic");
  for (const bool stream : {false, true}) {
    SCOPED_TRACE(stream);
    messages_.erase(messages_.begin() + 1, messages_.end());
    Answer(Ask(kClaude, stream));

    const Json last = Ask(kClaude, stream);

    EXPECT_EQ(last["content"], "The tool said: ok; ok");
    const Json sent = LastRequest();
    EXPECT_TRUE(sent.contains("thinking"));
    const Json& content = sent["messages"][1]["content"];
    ASSERT_EQ(content.size(), 3U);
    EXPECT_EQ(content[0]["thinking"], "Thinking about it.");
    EXPECT_FALSE(content[0]["signature"].get<std::string>().empty());
    EXPECT_EQ(content[1]["type"], "tool_use");
  }
}

TEST_F(SignedCallsState, GeminiGetsTheSignatureOfItsFirstCallBack) {
  Start("gemini");
  for (const bool stream : {false, true}) {
    SCOPED_TRACE(stream);
    messages_.erase(messages_.begin() + 1, messages_.end());
    Answer(Ask(kGemini, stream));

    const Json last = Ask(kGemini, stream);

    EXPECT_EQ(last["content"], "The tool said: ok; ok");
    const Json parts = LastRequest()["contents"][1]["parts"];
    ASSERT_EQ(parts.size(), 2U);
    EXPECT_THAT(parts[0].value("thoughtSignature", "skip_thought"),
                ::testing::Not(HasSubstr("skip_thought")));
    EXPECT_FALSE(parts[1].contains("thoughtSignature"));
  }
}

TEST_F(SignedCallsState, ReasoningOfResponsesGoesBackWithItsCall) {
  Start("openai-responses");
  Answer(Ask("gpt-5", /*stream=*/true));

  const Json last = Ask("gpt-5", /*stream=*/true);

  EXPECT_EQ(last["content"], "The tool said: ok; ok");
  const Json input = LastRequest()["input"];
  EXPECT_EQ(input[1]["type"], "reasoning");
  EXPECT_EQ(input[2]["type"], "function_call");
}

TEST_F(SignedCallsState, SoDoesEachOfSeveralAnswers) {
  Start("anthropic");
  Answer(Ask(kClaude, /*stream=*/false, kTestKey, /*n=*/2));

  Ask(kClaude, /*stream=*/false);

  EXPECT_EQ(provider_->Journal().size(), 3U);
  EXPECT_TRUE(LastRequest().contains("thinking"));
}

TEST_F(SignedCallsState, AnotherKeyIsServedWithoutIt) {
  Start("anthropic");
  Answer(Ask(kClaude, /*stream=*/false));

  const Json last = Ask(kClaude, /*stream=*/false, kOtherKey);

  EXPECT_EQ(last["content"], "The tool said: ok; ok");
  const Json sent = LastRequest();
  EXPECT_FALSE(sent.contains("thinking"));
  EXPECT_EQ(sent["messages"][1]["content"][0]["type"], "tool_use");
}

TEST_F(SignedCallsState, WithoutMemoryThinkingEndsForTheLoop) {
  Start("anthropic", [](dataplane::Options* options) { options->response_store_bytes = 0; });
  Answer(Ask(kClaude, /*stream=*/false));

  const Json last = Ask(kClaude, /*stream=*/false);

  EXPECT_EQ(last["content"], "The tool said: ok; ok");
  EXPECT_FALSE(LastRequest().contains("thinking"));
}

}  // namespace
}  // namespace lmgate::testing
