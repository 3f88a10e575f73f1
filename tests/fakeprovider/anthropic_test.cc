#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/strings.h"
#include "tests/fakeprovider/provider_fixture.h"

namespace lmgate::fakeprovider {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kVersion = "anthropic-version: 2023-06-01\r\n";
constexpr std::string_view kTools = R"(,"tools":[{"name":"get_weather","input_schema":{
    "type":"object","required":["city"],"properties":{"city":{"type":"string"}}}},
  {"name":"get_time","input_schema":{"type":"object","properties":{}}}])";
constexpr std::string_view kThinking =
    R"(,"thinking":{"type":"enabled","budget_tokens":1024},"max_tokens":2048)";
constexpr std::string_view kHi = R"([{"role":"user","content":"hi"}])";

class AnthropicTest : public ProviderFixture {
 protected:
  TestResponse Post(std::string_view body, std::string_view target = "/v1/messages") const {
    return TestClient(provider_->port()).Post(target, body, kVersion);
  }
  static std::string Body(std::string_view messages, std::string_view more = "",
                          std::string_view model = "claude") {
    const std::string_view limit =
        more.find("\"max_tokens\"") == std::string_view::npos ? R"(,"max_tokens":100)" : "";
    return StrCat(R"({"model":")", model, R"(","messages":)", messages, limit, more, "}");
  }
  json Ask(std::string_view messages, std::string_view more = "") const {
    return Parse(Post(Body(messages, more)).body);
  }
  // The message of the 400; what came instead when it is none.
  std::string Refusal(std::string_view messages, std::string_view more = "") const {
    const TestResponse response = Post(Body(messages, more));
    const json error = Parse(response.body);
    if (response.status != 400) return response.body;
    EXPECT_EQ(error["type"], "error");
    EXPECT_EQ(error["error"]["type"], "invalid_request_error");
    return error["error"]["message"];
  }
  // The message that the events of a stream add up to; checks their order.
  static json Assemble(std::string_view body);
};

json AnthropicTest::Assemble(std::string_view body) {
  json message;
  std::string arguments;
  bool is_open = false;
  for (const std::string& data : ReadEvents(body)) {
    const json event = Parse(data);
    const std::string type = event.value("type", "?");
    EXPECT_THAT(body, HasSubstr(StrCat("event: ", type, "\ndata: ", data, "\n\n")));
    if (type == "message_start") {
      message = event["message"];
    } else if (type == "content_block_start") {
      EXPECT_FALSE(is_open);
      EXPECT_EQ(event["index"], message["content"].size());
      is_open = true;
      arguments.clear();
      message["content"].push_back(event["content_block"]);
    } else if (type == "content_block_delta") {
      EXPECT_TRUE(is_open);
      const json& delta = event["delta"];
      json& block = message["content"].back();
      const std::string kind = delta["type"];
      const auto append = [&block, &delta](const char* name) {
        block[name] = block[name].get<std::string>() + delta[name].get<std::string>();
      };
      if (kind == "text_delta") append("text");
      if (kind == "thinking_delta") append("thinking");
      if (kind == "signature_delta") append("signature");
      if (kind == "input_json_delta") arguments += delta["partial_json"];
    } else if (type == "content_block_stop") {
      is_open = false;
      if (!arguments.empty()) message["content"].back()["input"] = Parse(arguments);
    } else if (type == "message_delta") {
      message.update(event["delta"]);
      message["usage"].update(event["usage"]);
    }
  }
  EXPECT_FALSE(is_open);
  return message;
}

TEST_F(AnthropicTest, SaysTheLastUserTextBack) {
  const json answer = Ask(R"([{"role":"user","content":"first"},
      {"role":"assistant","content":[{"type":"text","text":"x"}]},
      {"role":"user","content":[{"type":"text","text":"look"},{"type":"image","source":
        {"type":"base64","media_type":"image/png","data":"AAAA"}}]}])");

  EXPECT_EQ(answer["type"], "message");
  EXPECT_EQ(answer["content"],
            Parse(R"([{"type":"text","text":"You said: look [image image/png 3 bytes]"}])"));
  EXPECT_EQ(answer["stop_reason"], "end_turn");
  EXPECT_TRUE(answer["stop_sequence"].is_null());
  EXPECT_GT(answer["usage"]["input_tokens"], 0);
  EXPECT_EQ(answer["usage"]["output_tokens"], 7);
}

TEST_F(AnthropicTest, StreamsTheSameMessage) {
  for (const std::string_view more : {std::string_view(), kTools, kThinking}) {
    SCOPED_TRACE(more);
    json plain = Ask(kHi, more);
    const TestResponse response = Post(Body(kHi, StrCat(R"(,"stream":true)", more)));

    json streamed = Assemble(response.body);
    EXPECT_EQ(response.FindHeader("content-type"), "text/event-stream; charset=utf-8");
    for (json* message : {&plain, &streamed}) {
      message->erase("id");
      for (json& block : (*message)["content"]) block.erase("id");
    }
    EXPECT_EQ(streamed, plain);
  }
}

TEST_F(AnthropicTest, CallsTheFirstToolAndReadsItsResults) {
  const json called = Ask(kHi, kTools);
  const json all = Ask(kHi, StrCat(kTools,
                                   R"(,"tool_choice":{"type":"auto",
                                   "disable_parallel_tool_use":false})"));
  const json forced = Ask(kHi, StrCat(kTools, R"(,"tool_choice":{"type":"tool",
                                                 "name":"get_time"})"));
  const json ended = Ask(R"([{"role":"user","content":"hi"},
      {"role":"assistant","content":[{"type":"tool_use","id":"a","name":"get_weather","input":{}},
                                     {"type":"tool_use","id":"b","name":"get_time","input":{}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"b","content":"late"},
        {"type":"tool_result","tool_use_id":"a","is_error":true,
         "content":[{"type":"text","text":"broken"}]}]}])",
                         kTools);

  EXPECT_EQ(called["stop_reason"], "tool_use");
  EXPECT_EQ(called["content"].size(), 1U);
  EXPECT_EQ(called["content"][0]["input"], Parse(R"({"city":"hi"})"));
  EXPECT_EQ(all["content"].size(), 2U);
  EXPECT_EQ(forced["content"][0]["name"], "get_time");
  EXPECT_EQ(ended["content"][0]["text"], "The tool said: late. The tool failed: broken");
}

TEST_F(AnthropicTest, WantsItsThinkingBack) {
  const json first = Ask(kHi, StrCat(kTools, kThinking));
  const json& call = first["content"][1];
  const auto loop = [&call](const json& content) {
    return json::array(
               {{{"role", "user"}, {"content", "hi"}},
                {{"role", "assistant"}, {"content", content}},
                {{"role", "user"},
                 {"content",
                  {{{"type", "tool_result"}, {"tool_use_id", call["id"]}, {"content", "sunny"}}}}}})
        .dump();
  };
  json forged = first["content"];
  forged[0]["thinking"] = "Thinking about it";
  const std::string more = StrCat(kTools, kThinking);

  EXPECT_EQ(first["content"][0]["thinking"], "Thinking about it.");
  EXPECT_EQ(Ask(loop(first["content"]), more)["content"][1]["text"], "The tool said: sunny");
  EXPECT_THAT(Refusal(loop(json::array({call})), more),
              HasSubstr("messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, "
                        "but found `tool_use`"));
  EXPECT_EQ(Refusal(loop(forged), more),
            "messages.1.content.0: Invalid `signature` in `thinking` block");
  EXPECT_EQ(Ask(loop(json::array({call})), kTools)["content"][0]["text"], "The tool said: sunny");
}

TEST_F(AnthropicTest, ShowsTheSystemText) {
  const json answer = Ask(R"([{"role":"user","content":"system?"}])",
                          R"(,"system":[{"type":"text","text":"a"},{"type":"text","text":"b"}])");

  EXPECT_EQ(answer["content"][0]["text"], "a\n\nb");
}

TEST_F(AnthropicTest, StopsWhereItShould) {
  const json stopped = Ask(kHi, R"(,"stop_sequences":["said"])");
  const json cut = Ask(kHi, R"(,"max_tokens":2)");

  EXPECT_EQ(stopped["content"][0]["text"], "You ");
  EXPECT_EQ(stopped["stop_reason"], "stop_sequence");
  EXPECT_EQ(stopped["stop_sequence"], "said");
  EXPECT_EQ(cut["stop_reason"], "max_tokens");
}

TEST_F(AnthropicTest, KeepsToTheOutputFormat) {
  const json answer = Ask(kHi, R"(,"output_config":{"format":{"type":"json_schema","schema":{
      "type":"object","additionalProperties":false,"properties":{"a":{"type":"string"}}}}})");

  EXPECT_EQ(answer["content"][0]["text"], R"({"a":"hi"})");
}

TEST_F(AnthropicTest, TellsCachedTokensApart) {
  const json usage = Ask(R"([{"role":"user","content":[{"type":"text","text":"12345678",
      "cache_control":{"type":"ephemeral"}}]}])")["usage"];

  EXPECT_EQ(usage["input_tokens"], 1);
  EXPECT_EQ(usage["cache_read_input_tokens"], 1);
}

TEST_F(AnthropicTest, CountsTokensAndListsModels) {
  const json count = Parse(Post(R"({"model":"m","messages":[{"role":"user","content":"12345"}]})",
                                "/v1/messages/count_tokens?beta=true")
                               .body);
  const json models = Parse(TestClient(provider_->port()).Get("/v1/models", kVersion).body);

  EXPECT_EQ(count, Parse(R"({"input_tokens":2})"));
  EXPECT_EQ(models["data"][0]["type"], "model");
  EXPECT_EQ(models["has_more"], false);
}

TEST_F(AnthropicTest, LetsTheKeyInByBothHeaders) {
  Options options;
  options.api_key = "right";
  Start(options);
  const auto status = [this](std::string_view header) {
    return TestClient(provider_->port())
        .Post("/v1/messages", Body(kHi), StrCat(kVersion, header))
        .status;
  };

  EXPECT_EQ(status("x-api-key: right\r\n"), 200);
  EXPECT_EQ(status("authorization: Bearer right\r\n"), 200);
  EXPECT_EQ(status("x-api-key: wrong\r\n"), 401);
}

TEST_F(AnthropicTest, HasItsOwnErrors) {
  const auto error = [this](std::string_view model) {
    const TestResponse response = Post(Body(kHi, "", model));
    return StrCat(response.status, " ", Parse(response.body)["error"]["type"].get<std::string>());
  };

  EXPECT_EQ(error("status-429"), "429 rate_limit_error");
  EXPECT_EQ(error("status-500"), "500 api_error");
  EXPECT_EQ(error("overloaded"), "529 overloaded_error");
  EXPECT_EQ(error("insufficient-quota"), "402 billing_error");
  EXPECT_EQ(error("context-length-exceeded"), "400 invalid_request_error");
}

TEST_F(AnthropicTest, SpoilsItsStreams) {
  const auto events = [this](std::string_view model) {
    return ReadEvents(Post(Body(kHi, R"(,"stream":true)", model)).body);
  };

  const std::vector<std::string> failed = events("error-after-3");
  EXPECT_EQ(failed.size(), 4U);
  EXPECT_EQ(Parse(failed.back())["error"]["type"], "api_error");
  EXPECT_TRUE(Parse(events("malformed-json")[2]).is_discarded());
  EXPECT_EQ(Assemble(Post(Body(kHi, R"(,"stream":true)", "bytewise")).body)["content"][0]["text"],
            "You said: hi");
  EXPECT_FALSE(Parse(events("no-usage").front())["message"].contains("usage"));
  EXPECT_EQ(events("odd-chunks").size(), events("m").size() + 4);
}

struct RefusalCase {
  std::string_view messages;
  std::string_view more;
  std::string_view message;
};

class AnthropicRefusalTest : public AnthropicTest,
                             public testing::WithParamInterface<RefusalCase> {};

TEST_P(AnthropicRefusalTest, IsA400) {
  EXPECT_THAT(Refusal(GetParam().messages, GetParam().more),
              HasSubstr(std::string(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Refusals, AnthropicRefusalTest,
    testing::Values(
        RefusalCase{kHi, R"(,"n":1)", "n: Extra inputs are not permitted"},
        RefusalCase{kHi, R"(,"max_tokens":null)", "max_tokens: Field required"},
        RefusalCase{kHi, R"(,"temperature":1.5)", "temperature: Input should be less"},
        RefusalCase{kHi, R"(,"thinking":{"type":"enabled","budget_tokens":1023})", "1024"},
        RefusalCase{kHi, R"(,"thinking":{"type":"enabled","budget_tokens":2048})",
                    "`max_tokens` must be greater"},
        RefusalCase{kHi,
                    R"(,"max_tokens":2000,"temperature":0,
                       "thinking":{"type":"enabled","budget_tokens":1024})",
                    "`temperature` may only be set to 1"},
        RefusalCase{kHi, R"(,"tool_choice":{"type":"auto"})", "while providing tools"},
        RefusalCase{kHi, R"(,"tools":[{"name":"a b","input_schema":{"type":"object"}}])",
                    "tools.0.custom.name"},
        RefusalCase{kHi, R"(,"tools":[{"name":"a"}])", "tools.0.custom.input_schema"},
        RefusalCase{kHi, R"(,"stop_sequences":[" "])", "non-whitespace"},
        RefusalCase{R"([{"role":"assistant","content":"a"}])", "", "first message must use"},
        RefusalCase{R"([{"role":"system","content":"a"}])", "", "Unexpected role"},
        RefusalCase{R"([{"role":"user","content":""}])", "", "non-empty content"},
        RefusalCase{R"([{"role":"user","content":[{"type":"text","text":""}]}])", "",
                    "text content blocks must be non-empty"},
        RefusalCase{R"([{"role":"user","content":"a"},{"role":"assistant","content":"b "}])", "",
                    "trailing whitespace"},
        RefusalCase{R"([{"role":"user","content":[{"type":"image","source":
                        {"type":"base64","media_type":"image/jpg","data":"AAAA"}}]}])",
                    "", "media_type"},
        RefusalCase{R"([{"role":"user","content":"a"},{"role":"assistant","content":
                        [{"type":"tool_use","id":"a.b","name":"f","input":{}}]}])",
                    "", "String should match pattern '^[a-zA-Z0-9_-]+$'"},
        RefusalCase{R"([{"role":"user","content":"a"},{"role":"assistant","content":
                        [{"type":"tool_use","id":"a","name":"f","input":"{}"}]}])",
                    "", "tool_use.input: Input should be a valid dictionary"},
        RefusalCase{R"([{"role":"user","content":"a"},{"role":"assistant","content":
                        [{"type":"tool_use","id":"a","name":"f","input":{}}]},
                        {"role":"user","content":"b"}])",
                    "", "`tool_use` ids were found without `tool_result` blocks"},
        RefusalCase{R"([{"role":"user","content":"a"},{"role":"assistant","content":
                        [{"type":"tool_use","id":"a","name":"f","input":{}}]},
                        {"role":"user","content":[{"type":"text","text":"first"},
                          {"type":"tool_result","tool_use_id":"a"}]}])",
                    "", "`tool_use` ids were found without `tool_result` blocks"},
        RefusalCase{R"([{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}])", "",
                    "unexpected `tool_use_id`"}));

}  // namespace
}  // namespace lmgate::fakeprovider
