// What the gateway does itself where a provider of another dialect cannot: keeping answers of the
// Responses API, and counting tokens.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

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

}  // namespace
}  // namespace lmgate::testing
